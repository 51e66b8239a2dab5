"""What the terminal shows during a run and at its end."""
