"""`python -m data_pipeline.in_dagster.demo`: the same year on Dagster, with the same broken month.

In a deployment Dagster's daemon starts the runs. Here this process starts them, and asks Dagster which ones to start.
With `--ui` it opens the last such year in Dagster's own pages instead.
"""

import json
import os
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from churn.collect import data_fingerprint
from churn.evaluation.ceiling import ceiling_roc_auc
from churn.harness.addresses import plain_path
from churn.harness.command import OperatorData, operator_data, parser
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.processes import alone_in, free_port, guarded
from churn.harness.report import STAGES, Report, Stage, report_on
from churn.harness.signals import until_stopped
from churn.harness.terminal import console, print_scores, progress_bar, styled
from churn.harness.unfinished import unfinished
from churn.lake import months_of, parquet_in, partition
from churn.simulator.delivery import deliver
from churn.storage.months import add_months
from churn.train import training_and_holdout

STAGE_OF_STEP = dict(zip(["raw", "valid", "process", "training", "model", "predictions"], STAGES, strict=True))
VERSION = version("dagster")
LOCATION = "data_pipeline.in_dagster.assets"
SETTINGS = "telemetry:\n  enabled: false\nnux:\n  enabled: false\n"  # and no window that asks for a mail address
BUSY = "Dagster is running in {}: wait for it, or stop it first (Ctrl-C where it was started)"
ONLY_ERRORS = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@exit_on_bad_input
def main() -> None:
    options = parser("data_pipeline.in_dagster.demo", "The churn problem, solved by Dagster.")
    options.add_argument("--ui", action="store_true", help="open the last run in Dagster's own pages")
    arguments = options.parse_args()
    folder = arguments.runs.resolve() / "data-dagster"
    if arguments.ui:
        open_pages(folder)
        return
    data = operator_data(arguments)
    with alone_in(folder, BUSY.format(folder)), unfinished(folder):
        for earlier in ("dagster", "lake", "source"):
            shutil.rmtree(folder / earlier, ignore_errors=True)
        console.print(f"Dagster {VERSION}, in this process; its records are in {folder / 'dagster'}", soft_wrap=True)
        with home(folder, data.months):
            dagster = Dagster()
            year_with_a_broken_month(dagster, data, folder / "source")
            print_scores(write_report(folder, data, dagster))
    console.print(f"report: {arguments.runs / 'data-dagster' / 'report.json'}", soft_wrap=True)
    console.print("next: make ui-dagster (the same runs in Dagster's own pages)")


def year_with_a_broken_month(dagster: "Dagster", data: OperatorData, source: Path) -> None:
    """Block a broken newest export by its check, then run only that month and everything downstream again."""
    newest = data.newest
    deliver(data, source, broken=newest)
    for incident in dagster.backfill("exports", data.months):
        console.print(styled(("incident", "red"), f" {incident}"), soft_wrap=True)
    dagster.backfill("features", dagster.stale_features())
    deliver(data, source)
    console.print(f"the operator sent a corrected {newest}: that month and everything downstream run again")
    dagster.backfill("exports", [newest])
    stale = dagster.stale_features()
    dagster.backfill("features", stale)
    dagster.backfill("predictions", [newest])
    console.print(f"ran after the correction: exports {newest}, features {', '.join(stale)}, predictions {newest}")


class Dagster:
    """The definitions of the assets, and the instance that records their runs."""

    def __init__(self) -> None:
        import dagster
        from dagster._utils import interrupts

        from data_pipeline.in_dagster.assets import defs

        # During a run Dagster would replace our handlers of Ctrl-C and SIGTERM. Its own are for a process with a
        # single run: they report a signal as a failed run, or forget one that comes at the end of a run.
        interrupts._replace_interrupt_signal = lambda handler: None

        self.defs = defs
        self.instance = dagster.DagsterInstance.get()
        self._evaluate = dagster.evaluate_automation_conditions
        self._key = dagster.AssetKey
        self._cursor: Any = None
        self._seconds = dict.fromkeys(STAGES, 0.0)
        self.stale_features()  # from here on Dagster notices changes

    def stale_features(self) -> list[str]:
        """Return the months whose features Dagster requests, because rows that they depend on have changed."""
        found = self._evaluate(defs=self.defs, instance=self.instance, cursor=self._cursor)
        self._cursor = found.cursor
        return sorted(found.get_requested_partitions(self._key("features")))

    def backfill(self, job: str, months: list[str]) -> list[str]:
        """Run a job for each month; return a sentence for each failed check. Raises BadInput for other failures."""
        incidents = []
        title = f"{job} {months[0]}" + (f" to {months[-1]}" if months[1:] else "")
        with progress_bar(title, len(months), "data-dagster") as bar:
            for month in months:
                run = self.defs.resolve_job_def(f"{job}_job").execute_in_process(
                    partition_key=month, instance=self.instance, raise_on_error=False, run_config=ONLY_ERRORS
                )
                checks = run.get_asset_check_evaluations()
                failed_checks = [f"{month} {check.description}" for check in checks if not check.passed]
                if not run.success and not failed_checks:
                    raise BadInput(f"{job} {month} failed ({reason_of(run)}): make ui-dagster shows its log")
                incidents += failed_checks
                for event in run.all_events:
                    if event.event_type_value == "STEP_SUCCESS":
                        self._seconds[STAGE_OF_STEP[event.step_key]] += event.step_success_data.duration_ms / 1000
                bar.advance()
        return incidents

    def scores(self) -> dict[str, float]:
        """Return the metadata of the newest model."""
        event = self.instance.get_latest_materialization_event(self._key("model"))
        return {name: value.value for name, value in event.asset_materialization.metadata.items()}

    def stages(self) -> list[Stage]:
        """Return the seconds of each stage, over all runs."""
        return [Stage(name, round(seconds, 3), "ok") for name, seconds in self._seconds.items()]


def reason_of(run: Any) -> str:
    """Return what the first failed step raised. Dagster wraps it in its own error, or raises one itself."""
    errors = [event.step_failure_data.error for event in run.all_events if event.event_type_value == "STEP_FAILURE"]
    if not errors:
        return "no step says why"
    kind, _, reason = str((errors[0].cause or errors[0]).message).partition(": ")
    return (reason or kind).strip().partition("\n")[0]


def write_report(folder: Path, data: OperatorData, dagster: Dagster) -> Report:
    """Write the run report from Dagster's records and the lake."""
    lake, month = folder / "lake", data.newest
    return report_on(
        folder,
        data,
        engine={"name": "dagster", "version": VERSION},
        isolation="none",
        stages=dagster.stages(),
        fingerprint=data_fingerprint(lake, month),
        predictions=pl.read_parquet(parquet_in(partition(lake, "predictions", month))),
        baseline=dagster.scores(),
        ceiling=ceiling_roc_auc(data.truth, training_and_holdout(lake, month)[1]),
        artifacts={
            "model": f"lake/model/month={month}/model.skops",
            "predictions": "predictions.parquet",
            "quality": f"lake/quarantine/month={month}/quality.json",
        },
    )


@contextmanager
def home(folder: Path, months: list[str]) -> Iterator[Path]:
    """Set the environment that the assets and Dagster read, and yield a folder for sockets.

    Nothing is sent over the network. Dagster makes the URL of its database from the path of its home, and a "?" or a
    "%2F" in a URL is not what it is in a path. So the home is a link that has neither.
    """
    for name in [name for name in os.environ if name.startswith("DAGSTER")]:
        del os.environ[name]  # of another project
    (folder / "dagster").mkdir(parents=True, exist_ok=True)
    (folder / "dagster" / "dagster.yaml").write_text(SETTINGS, encoding="utf-8")
    warnings.filterwarnings("ignore", message=".*is currently in beta")
    with plain_path(folder / "dagster") as link:
        os.environ |= {
            "CHURN_SOURCE": str(folder / "source"),
            "CHURN_LAKE": str(folder / "lake"),
            "CHURN_FIRST_MONTH": months[0],
            "CHURN_EXPORTS_END": add_months(months[-1], 1),
            "DAGSTER_HOME": str(link),
        }
        yield link.parent


def open_pages(folder: Path) -> None:
    """Serve Dagster's own pages until Ctrl-C: a server for our code, the daemon for backfills, and the web server.

    `dagster dev` would start all three, but its web server answers to any page, and outlives it after a kill -9.
    https://docs.dagster.io/deployment/oss/deployment-options/deploying-dagster-as-a-service
    """
    months = months_of(folder, "source")
    if not months:
        raise BadInput(f"there is nothing in {folder} to look at: make demo-dagster comes first")
    port, log = free_port(3000), folder / "ui.log"
    python = [sys.executable, "-W", "ignore", "-m"]
    with (
        alone_in(folder, BUSY.format(folder)),
        home(folder, months) as sockets,
        until_stopped(),
        ExitStack() as stack,
    ):
        socket, workspace = str(sockets / "code"), str(sockets / "workspace.yaml")
        code = {"grpc_server": {"socket": socket, "location_name": LOCATION}}
        Path(workspace).write_text(json.dumps({"load_from": [code]}), encoding="utf-8")
        parts = (
            ["dagster", "api", "grpc", "--socket", socket, "--location-name", LOCATION, "-m", LOCATION],
            ["dagster._daemon", "run", "-w", workspace],
            ["data_pipeline.in_dagster.webserver", "-h", "127.0.0.1", "-p", str(port), "-w", workspace],
        )
        started = [stack.enter_context(guarded([*python, *part], log, ending=signal.SIGINT)) for part in parts]
        console.print(f"http://127.0.0.1:{port}/runs (Ctrl-C stops it; its log: {log})", soft_wrap=True)
        while all(part.poll() is None for part in started):
            time.sleep(0.5)
        raise BadInput(f"Dagster's pages have stopped: the reason is at the end of {log}")


if __name__ == "__main__":
    main()
