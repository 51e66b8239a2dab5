"""The same assets in Dagster."""
