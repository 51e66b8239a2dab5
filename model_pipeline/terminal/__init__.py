"""Output to the terminal during a run and at its end."""
