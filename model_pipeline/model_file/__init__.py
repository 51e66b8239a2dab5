"""The model as a file: skops, and the review of the types it may bring."""
