"""Exercises about the pipelines of this repository, and the grader."""
