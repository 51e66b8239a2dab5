"""The simulated operator: who sends the data, and what goes wrong with it."""
