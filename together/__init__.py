"""The four nested in one run: Airflow owns the months, containers the environment, MLflow the record, scikit-learn the model."""

import os

# MLflow reports usage to its makers unless this is set before it is imported: no function can decline later.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
