"""The plots that a decision is based on: challenger against champion on the held-out month.

A trial has none, because drawing takes longer than logging it.
"""

from collections.abc import Iterator, Mapping

import polars as pl
from matplotlib.figure import Figure

from churn.evaluation import plots
from churn.evaluation.importance import falls_of_roc_auc
from churn.storage.model_file import churn_probability
from churn.tables import FEATURES, LABEL
from tracking_pipeline.registry import LoadedModel


def decision_plots(models: Mapping[str, LoadedModel], holdout: pl.DataFrame) -> Iterator[tuple[str, Figure]]:
    """Yield file name and figure for `mlflow.log_figure`.

    `models` are the challenger and, if there is one, the champion.
    """
    churned = holdout[LABEL].to_numpy()
    probabilities = {name: churn_probability(model.estimator, holdout) for name, model in models.items()}
    thresholds = {name: model.threshold for name, model in models.items()}
    charge = holdout["monthly_charge_eur"].to_numpy()
    challenger = models["challenger"].estimator
    falls = falls_of_roc_auc(lambda rows: churn_probability(challenger, rows), holdout, churned, FEATURES, seed=0)
    yield "calibration.png", plots.calibration(churned, probabilities).figure
    yield "campaign.png", plots.profit(churned, probabilities, thresholds, charge).figure
    yield "ranking.png", plots.ranking(churned, probabilities).figure
    yield "importance.png", plots.importance(falls, "challenger").figure
