"""The contrast: the same faults happen to every pipeline, for real, and what was observed becomes a table."""
