"""The reports of all pipelines side by side, in the terminal and as a page: it reads files, never a pipeline's code."""
