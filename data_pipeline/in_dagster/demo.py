"""`python -m data_pipeline.in_dagster.demo`: the same year on Dagster, with the same broken month.

In a deployment Dagster's daemon starts the runs; here this process does, and asks Dagster what there is to run.
With `--ui` it opens the last such year in Dagster's own pages instead.
"""

import os
import shutil
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from churn.harness.command import OperatorData, operator_data, parser
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.ports import free_port
from churn.harness.report import STAGES, Stage
from churn.harness.terminal import console, progress_bar
from churn.lake import months_of
from churn.simulator.delivery import deliver
from churn.storage.months import add_months
from data_pipeline.report import report_on

STAGE_OF_STEP = dict(zip(["raw", "valid", "process", "training", "model", "predictions"], STAGES, strict=True))
VERSION = version("dagster")
SETTINGS = "telemetry:\n  enabled: false\nnux:\n  enabled: false\n"  # and no window that asks for a mail address
ONLY_ERRORS = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@exit_on_bad_input
def main() -> None:
    command = parser("data_pipeline.in_dagster.demo", "The churn problem, solved by Dagster.")
    command.add_argument("--ui", action="store_true", help="open the last run in Dagster's own pages")
    arguments = command.parse_args()
    folder = arguments.runs.resolve() / "data-dagster"
    if arguments.ui:
        open_pages(folder)
    data = operator_data(arguments)
    for left in ("dagster", "lake", "source"):
        shutil.rmtree(folder / left, ignore_errors=True)
    set_up(folder, data.months)
    console.print(f"Dagster {VERSION}, in this process; its records are in {folder / 'dagster'}")
    dagster = Dagster()
    year_with_a_broken_month(dagster, data, folder / "source")
    report = report_on(folder, {"name": "dagster", "version": VERSION}, "none", data, dagster.stages())
    ceiling = f", best possible {report.ceiling_roc_auc:.3f}" if report.ceiling_roc_auc else ""
    console.print(
        f"ROC-AUC {report.baseline['roc_auc']:.3f}{ceiling}; campaign {report.baseline['campaign_value_eur']:,.0f} €"
    )
    console.print(f"report: {arguments.runs / 'data-dagster' / 'report.json'}")
    console.print("next: make ui-dagster (the same runs in Dagster's own pages)")


def year_with_a_broken_month(dagster: "Dagster", data: OperatorData, source: Path) -> None:
    """The newest export is broken: the check blocks what comes after; corrected, it alone runs again."""
    newest = data.months[-1]
    deliver(data, source, broken=newest)
    for incident in dagster.backfill("exports", data.months):
        console.print(f"[red]incident[/] {incident}", soft_wrap=True)
    dagster.backfill("features", dagster.stale_features())
    deliver(data, source)
    console.print(f"the operator has sent {newest} again, corrected: that month runs again, and what is made from it")
    dagster.backfill("exports", [newest])
    stale = dagster.stale_features()
    dagster.backfill("features", stale)
    dagster.backfill("predictions", [newest])
    console.print(f"ran after the correction: exports {newest}, features {', '.join(stale)}, predictions {newest}")


class Dagster:
    """The assets' definitions, and the instance that keeps the records of their runs."""

    def __init__(self) -> None:
        import dagster

        from data_pipeline.in_dagster.assets import defs

        self.defs = defs
        self.instance = dagster.DagsterInstance.get()
        self._evaluate = dagster.evaluate_automation_conditions
        self._features = dagster.AssetKey("features")
        self._cursor: Any = None
        self._seconds = dict.fromkeys(STAGES, 0.0)
        self.stale_features()  # from here on Dagster knows what is new

    def stale_features(self) -> list[str]:
        """The months whose features Dagster wants made (again): rows that they are made of have changed."""
        found = self._evaluate(defs=self.defs, instance=self.instance, cursor=self._cursor)
        self._cursor = found.cursor
        return sorted(found.get_requested_partitions(self._features))

    def backfill(self, job: str, months: list[str]) -> list[str]:
        """A run per month. Returns a sentence for each check that failed; raises BadInput when anything else does."""
        incidents = []
        with progress_bar(
            f"{job} {months[0]}" + (f" to {months[-1]}" if months[1:] else ""), len(months), "data-dagster"
        ) as bar:
            for month in months:
                run = self.defs.resolve_job_def(f"{job}_job").execute_in_process(
                    partition_key=month, instance=self.instance, raise_on_error=False, run_config=ONLY_ERRORS
                )
                checks = run.get_asset_check_evaluations()
                failed_checks = [f"{month} {check.description}" for check in checks if not check.passed]
                if not run.success and not failed_checks:
                    raise BadInput(f"{job} {month} failed: make ui-dagster shows why")
                incidents += failed_checks
                for event in run.all_events:
                    if event.event_type_value == "STEP_SUCCESS":
                        self._seconds[STAGE_OF_STEP[event.step_key]] += event.step_success_data.duration_ms / 1000
                bar.advance()
        return incidents

    def stages(self) -> list[Stage]:
        return [Stage(name, round(seconds, 3), "ok") for name, seconds in self._seconds.items()]


def set_up(folder: Path, months: list[str]) -> None:
    """What the assets and Dagster itself read from the environment; no word leaves this machine."""
    os.environ |= {
        "CHURN_SOURCE": str(folder / "source"),
        "CHURN_LAKE": str(folder / "lake"),
        "CHURN_FIRST_MONTH": months[0],
        "CHURN_EXPORTS_END": add_months(months[-1], 1),
        "DAGSTER_HOME": str(folder / "dagster"),
    }
    (folder / "dagster").mkdir(parents=True, exist_ok=True)
    (folder / "dagster" / "dagster.yaml").write_text(SETTINGS, encoding="utf-8")
    warnings.filterwarnings("ignore", message=".*is currently in beta")


def open_pages(folder: Path) -> NoReturn:
    """Become `dagster dev`, which Ctrl-C stops with all its processes."""
    months = months_of(folder, "source")
    if not months:
        raise BadInput(f"there is nothing in {folder} to look at: make demo-dagster comes first")
    set_up(folder, months)
    os.environ["PYTHONWARNINGS"] = "ignore:Parameter"  # which says that it is in beta, once per process
    port = str(free_port(3000))
    console.print(f"http://127.0.0.1:{port}/runs (Ctrl-C stops it)")
    options = ["-m", "data_pipeline.in_dagster.assets", "-h", "127.0.0.1", "-p", port, "--log-level", "warning"]
    os.execv(sys.executable, [sys.executable, "-W", "ignore", "-m", "dagster", "dev", *options])


if __name__ == "__main__":
    main()
