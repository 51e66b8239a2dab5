"""The demo, its plot, and the questions that can be asked about it afterwards."""
