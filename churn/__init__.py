"""The problem all four pipelines solve, and the plain answer: no orchestrator, tracker or container in here."""
