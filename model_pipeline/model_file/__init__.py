"""The model as a file: skops, and the review of the types that a file may bring."""
