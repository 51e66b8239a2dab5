"""The four nested in one run: Airflow, containers, MLflow and scikit-learn."""

import os

# MLflow reports usage to its makers unless this is set before it is imported: no function can decline later.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
