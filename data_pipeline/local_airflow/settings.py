"""The settings of this Airflow, as environment variables: LocalExecutor on SQLite, on 127.0.0.1, no example DAGs."""

import json
import os
import secrets
from pathlib import Path

from churn.harness.addresses import sqlite_url
from churn.storage.months import add_months, first_day

REPOSITORY = Path(__file__).resolve().parents[2]
# Airflow imports `airflow_local_settings` from the second folder: it holds our house rules.
PYTHONPATH = f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'data_pipeline/local_airflow/config'}"
LESSON = REPOSITORY / "data_pipeline"
USER = "admin"
PASSWORDS = "passwords.json"  # in Airflow's home


def environment(folder: Path, url: str, months: list[str], lesson: Path = LESSON) -> dict[str, str]:
    """Return all variables of Airflow's processes. AIRFLOW variables of the user's shell are left out.

    `lesson` is the folder whose DAGs Airflow loads.
    """
    home = folder / "airflow"
    bundle = {"name": "churn", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle"}
    settings = {
        "core__executor": "LocalExecutor",
        "core__parallelism": "3",  # tasks at once; a core each, and one that is only starting
        "core__load_examples": "False",
        "core__dags_are_paused_at_creation": "False",
        "core__execution_api_server_url": f"{url}/execution/",
        "core__plugins_folder": str(REPOSITORY / "data_pipeline/local_airflow/plugins"),
        "core__simple_auth_manager_users": f"{USER}:ADMIN",
        "core__simple_auth_manager_passwords_file": str(home / PASSWORDS),
        "database__sql_alchemy_conn": sqlite_url(home / "airflow.db"),
        "dag_processor__dag_bundle_config_list": json.dumps([{**bundle, "kwargs": {"path": str(lesson)}}]),
        "api__host": "127.0.0.1",
        "api__port": url.rpartition(":")[2],
        "api__base_url": url,
        "api__workers": "1",
        "api__maximum_page_limit": "10000",
        "api__secret_key": secrets.token_urlsafe(48),  # tokens of an earlier run are worth nothing
        "api_auth__jwt_secret": secrets.token_urlsafe(48),
        "logging__logging_level": "WARNING",
        # The defaults of these two would be lost if the path of Airflow's home has a "%".
        "logging__base_log_folder": str(home / "logs"),
        "logging__dag_processor_child_process_log_directory": str(home / "logs/dag_processor"),
        "scheduler__scheduler_idle_sleep_time": "0.2",
        # How long to wait for a killed task, and for the tasks of a killed scheduler: 300 s each by default.
        "scheduler__task_instance_heartbeat_timeout": "30",
        "scheduler__orphaned_tasks_check_interval": "30",
        # A worker that misses the end of its task sleeps until the next heartbeat: 5 s by default.
        "workers__min_heartbeat_interval": "1",
    }
    variables = {
        "churn_source": str(folder / "source"),
        "churn_lake": str(folder / "lake"),
        "churn_first_month": months[0],
    }
    shell = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))}
    return {
        **shell,
        **{f"AIRFLOW__{name.upper()}": value for name, value in settings.items()},
        **{f"AIRFLOW_VAR_{name.upper()}": value for name, value in variables.items()},
        "AIRFLOW_HOME": str(home),
        "PYTHONPATH": PYTHONPATH,
        # No time passes in a simulated world: without this, Airflow would ask for an export of the present month.
        "CHURN_EXPORTS_END": first_day(add_months(months[-1], 1)).isoformat(),
    }


def write_password(home: Path, password: str) -> None:
    """Write the password where Airflow looks for it, into a file that only this user can read.

    Airflow makes a password itself if it finds none, but prints it into its log.
    """
    file = home / PASSWORDS
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps({USER: password}), encoding="utf-8")
