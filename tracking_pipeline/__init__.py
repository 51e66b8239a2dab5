"""The tracking pipeline: what we tried, what won and what is live, in MLflow."""

import os

# MLflow reports usage to its makers unless this is set before it is imported: no function can decline later.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
