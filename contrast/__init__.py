"""The contrast: let the same real faults happen to every pipeline, and tabulate what is observed."""
