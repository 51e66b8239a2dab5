"""The tracking pipeline: what we tried, what won and what is live, in MLflow."""

import os

# MLflow reports usage to its makers unless told not to, and reads this when it is imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
