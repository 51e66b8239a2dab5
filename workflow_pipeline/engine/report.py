"""Report on a finished run, from the artifacts that its steps wrote."""

import json
import shutil
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from churn.harness.command import OperatorData
from churn.harness.report import Isolation, Report, predictions_sha256, report_on
from workflow_pipeline.engine.graph import GraphRun


def write_report(run: GraphRun, data: OperatorData, folder: Path, isolation: Isolation) -> Report:
    """Write the report, the predictions and a copy of the model file to `folder`."""
    model = Path(run.artifacts["model"].path) / f"month={data.newest}" / "model.skops"
    shutil.copyfile(model, folder / "model.skops")
    return report_on(
        folder,
        data,
        engine={"name": "kfp", "version": version("kfp")},
        isolation=isolation,
        stages=run.stages,
        fingerprint=run.artifacts["raw"].metadata["data_fingerprint"],
        predictions=run.rows("predictions", data.newest),
        baseline=run.artifacts["scores"].metadata,
        ceiling=_ceiling(run, data, folder / "report.json"),
        artifacts={"model": "model.skops", "predictions": "predictions.parquet", "log": "log.txt"},
    )


def _ceiling(run: GraphRun, data: OperatorData, last_report: Path) -> float | None:
    """Return the best possible ROC-AUC.

    If this run only repeats the last one, the last report has it. That saves the second that the import of scikit-learn
    takes, and of the schema's checker, too. A damaged report is no reason to stop: this run writes a new one.
    """
    if run.executed_nothing and last_report.is_file():
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            last = json.loads(last_report.read_text(encoding="utf-8"))
            ceiling = float(last["ceiling_roc_auc"])
            same = predictions_sha256(run.rows("predictions", data.newest)) == last["baseline"]["predictions_sha256"]
            if same and 0 <= ceiling <= 1:
                return ceiling
    from churn.evaluation.ceiling import ceiling_roc_auc

    return ceiling_roc_auc(data.truth, run.rows("training", data.newest, "holdout.parquet"))
