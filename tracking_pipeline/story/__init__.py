"""The story that the demo tells: three months, a bad challenger, a rollback, and the lineage."""
