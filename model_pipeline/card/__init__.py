"""The card of a run for people: scores, plots, and the model card as Markdown and HTML."""
