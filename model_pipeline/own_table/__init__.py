"""The road for a table of your own: read a CSV, find out what its columns are, hold rows out, fit, and show."""
