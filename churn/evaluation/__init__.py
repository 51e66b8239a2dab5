"""How good predictions are, and how good any could be."""
