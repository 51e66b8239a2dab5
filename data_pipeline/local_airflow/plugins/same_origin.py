"""Airflow loads this plugin, which makes its API server answer only to its own pages.

https://airflow.apache.org/docs/apache-airflow/stable/administration-and-deployment/plugins.html
"""

from airflow.plugins_manager import AirflowPlugin

from churn.harness.same_origin import SameOriginOnly


class SameOriginPlugin(AirflowPlugin):
    """A middleware around all of Airflow's pages and its REST API."""

    name = "same_origin"
    fastapi_root_middlewares = [{"name": "same origin only", "middleware": SameOriginOnly}]  # noqa: RUF012
