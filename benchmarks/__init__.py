"""How fast it is, and how much memory it takes: `make bench`. Figures to print, not tests to pass."""
