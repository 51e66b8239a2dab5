"""The pictures that a decision is made on: challenger against champion on the month held out.

A trial has none: drawing takes longer than logging it. Each is a Figure of its own: no global pyplot.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from sklearn.inspection import permutation_importance
from sklearn.metrics import precision_recall_curve, roc_curve
from threadpoolctl import threadpool_limits

from churn.harness.terminal import COLOURS
from churn.storage.model_file import churn_probability
from churn.tables import LABEL
from churn.value import value_per_customer_eur
from tracking_pipeline.registry import LoadedModel, as_table

COLOUR = {"challenger": COLOURS["tracking"], "champion": COLOURS["plain"]}
MOST_CUSTOMERS = 5_000  # to shuffle, which tells the important features from the rest
FEATURES_SHOWN = 10


def pictures(models: Mapping[str, LoadedModel], holdout: pl.DataFrame) -> Iterator[tuple[str, Figure]]:
    """File name and figure, one at a time; `models` are the challenger and, if there is one, the champion."""
    churned, probabilities = holdout[LABEL].to_numpy(), {}
    for name, model in models.items():
        probabilities[name] = churn_probability(model.estimator, holdout)
    thresholds = {name: model.threshold for name, model in models.items()}
    yield "calibration.png", calibration_plot(churned, probabilities)
    yield "campaign.png", campaign_plot(churned, holdout["monthly_charge_eur"], probabilities, thresholds)
    yield "ranking.png", ranking_plot(churned, probabilities)
    yield "importance.png", importance_plot(models["challenger"], holdout.head(MOST_CUSTOMERS))


def calibration_plot(churned: ArrayLike, probabilities: Mapping[str, Any], groups: int = 10) -> Figure:
    """Mean prediction against the share that left, in groups of equal size."""
    figure, (axes,) = _figure(1)
    outcome = np.asarray(churned, dtype=float)
    axes.axline((0, 0), slope=1, color="black", linewidth=0.8, linestyle=":")
    for name, probability in probabilities.items():
        parts = np.array_split(np.argsort(probability, kind="stable"), groups)
        predicted = [probability[part].mean() for part in parts]
        left = [outcome[part].mean() for part in parts]
        axes.plot(predicted, left, "o-", color=COLOUR[name], label=name)
    axes.set(xlabel="predicted", ylabel="share that left", title="Calibration on the month held out")
    axes.legend()
    return figure


def campaign_plot(
    churned: ArrayLike, monthly_charge_eur: ArrayLike, probabilities: Mapping[str, Any], thresholds: Mapping[str, float]
) -> Figure:
    """What is earned by calling the likeliest to leave, by how many are called; a dot where the threshold stops."""
    figure, (axes,) = _figure(1)
    value = value_per_customer_eur(churned, monthly_charge_eur)
    for name, probability in probabilities.items():
        earned = np.append(0, np.cumsum(value[np.argsort(-probability, kind="stable")]))
        called = int((probability >= thresholds[name]).sum())
        axes.plot(earned, color=COLOUR[name], label=f"{name}: {earned[called]:,.0f} € for {called:,} calls")
        axes.plot(called, earned[called], "o", color=COLOUR[name])
    axes.axhline(0, color="black", linewidth=0.8, linestyle=":")
    axes.set(xlabel="customers called, likeliest to leave first", ylabel="earned, €", title="What the campaign earns")
    axes.legend()
    return figure


def ranking_plot(churned: ArrayLike, probabilities: Mapping[str, Any]) -> Figure:
    """ROC and precision-recall curves."""
    figure, (roc, precision_recall) = _figure(2)
    for name, probability in probabilities.items():
        false_positives, true_positives, _ = roc_curve(churned, probability)
        precision, recall, _ = precision_recall_curve(churned, probability)
        roc.plot(false_positives, true_positives, color=COLOUR[name], label=name)
        precision_recall.plot(recall, precision, color=COLOUR[name], label=name)
    roc.axline((0, 0), slope=1, color="black", linewidth=0.8, linestyle=":")
    roc.set(xlabel="share of those who stayed", ylabel="share of those who left", title="ROC: found so far")
    share = float(np.mean(np.asarray(churned, dtype=float)))
    precision_recall.axhline(share, color="black", linewidth=0.8, linestyle=":")
    precision_recall.set(xlabel="recall", ylabel="precision", title="Precision and recall")
    roc.legend()
    return figure


def importance_plot(challenger: LoadedModel, holdout: pl.DataFrame) -> Figure:
    """How much ROC-AUC is lost when a feature's values are shuffled among the customers."""
    figure, (axes,) = _figure(1)
    table = as_table(holdout)
    with threadpool_limits(1):
        lost = permutation_importance(
            challenger.estimator, table, holdout[LABEL].to_numpy(), scoring="roc_auc", n_repeats=2, random_state=0
        ).importances_mean
    most = np.argsort(lost)[-FEATURES_SHOWN:]
    axes.barh([table.columns[number] for number in most], lost[most], color=COLOUR["challenger"])
    axes.set(xlabel="ROC-AUC lost when it is shuffled", title="What the challenger looks at")
    return figure


def _figure(count: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(5 * count, 4), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])
