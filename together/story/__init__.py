"""The demo, its picture, and the questions that can be asked about it afterwards."""
