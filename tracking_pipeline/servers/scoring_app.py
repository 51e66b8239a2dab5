"""MLflow's scoring server, which answers only to its own pages. uvicorn imports it; see `scoring.py`."""

from mlflow.pyfunc.scoring_server.app import app

from churn.harness.same_origin import SameOriginOnly

app.add_middleware(SameOriginOnly)
