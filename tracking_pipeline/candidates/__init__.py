"""The candidates: which settings are tried, and how one of them is fitted and judged. MLflow plays no part in it."""
