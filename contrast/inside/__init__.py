"""Code that must run inside a pipeline's own environment, because the pipeline has no command for it."""
