"""Plots of models on the same held-out customers, each titled with its finding.

`models` are churn probabilities of shape (n,) by the model's name. The first is the one that a plot is about.
"""

from collections.abc import Mapping
from textwrap import fill

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator, PercentFormatter, StrMethodFormatter
from numpy.typing import NDArray
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import PrecisionRecallDisplay, RocCurveDisplay, roc_auc_score

from churn.harness.plots import INK, PAPER, SOFT, Plot, in_style, label, new_figure
from churn.harness.terminal import COLOURS
from churn.harness.visible import visible
from churn.value import value_per_customer_eur

Outcome = NDArray[np.bool_]
Models = Mapping[str, NDArray[np.float64]]

CEILING = "true probabilities"
COLOUR = {
    "best": COLOURS["model"],
    "challenger": COLOURS["tracking"],
    "baseline": COLOURS["plain"],
    "champion": COLOURS["plain"],
    CEILING: INK,
}
MOST_BARS = 12


@in_style
def calibration(churned: Outcome, models: Models) -> Plot:
    """Plot the predicted probability against the share that churned, by tenths of the customers.

    The axes are square roots, because most customers have a low probability.
    """
    figure, (axes,) = new_figure(3.6)
    tenths = {"n_bins": 10, "strategy": "quantile", "marker": "o", "markersize": 4}
    curves = [
        CalibrationDisplay.from_predictions(churned, models[name], **tenths, name=name, ax=axes, color=COLOUR[name])
        for name in models
    ]
    axes.lines[0].set(color=SOFT, label="perfect", linewidth=1.2)
    axes.legend(loc="lower right")
    most = 1.05 * max(max(*curve.prob_pred, *curve.prob_true) for curve in curves)
    ticks = [tick for tick in (0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if tick < most]
    root = (lambda share: np.sqrt(np.maximum(share, 0.0)), np.square)
    axes.set_xscale("function", functions=root)
    axes.set_yscale("function", functions=root)
    axes.set(xlim=(0, most), ylim=(0, most), xticks=ticks, yticks=ticks)
    axes.set(xlabel="mean predicted probability of a tenth", ylabel="share that churned")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    predicted, happened = curves[0].prob_pred[-1], curves[0].prob_true[-1]
    return _titled(figure, f"Of the riskiest tenth, {predicted:.0%} were expected to churn and {happened:.0%} did.")


@in_style
def profit(
    churned: Outcome,
    models: Models,
    thresholds: Mapping[str, float],
    monthly_charge: NDArray[np.float64],
    currency: str = "€",
) -> Plot:
    """Plot what the campaign earns by how many customers it calls, the riskiest first. A dot marks the threshold."""
    figure, (axes,) = new_figure(3.6)
    value = value_per_customer_eur(churned, monthly_charge)
    share = np.arange(len(value) + 1) / len(value)
    peak, widest = 1.0, 0.0
    for name, probability in models.items():
        earned = np.append(0.0, np.cumsum(value[np.argsort(-probability, kind="stable")]))
        axes.plot(share, earned, "--" if name == CEILING else "-", color=COLOUR[name], label=name)
        if name in thresholds:
            stop = int((probability >= thresholds[name]).sum())
            axes.plot(share[stop], earned[stop], "o", color=COLOUR[name], mec=PAPER, ms=8, zorder=5)
        peak = max(peak, earned.max())
        widest = max(widest, share[np.flatnonzero(earned > -peak)[-1]])
    everyone = float(value.sum())
    axes.plot([0, 1], [0, everyone], ":", color=SOFT, lw=1.2, label="in random order")
    axes.axhline(0, color=SOFT, lw=0.6)
    axes.set(xlim=(0, widest or 1), ylim=(-1.1 * peak if everyone < 0 else -0.1 * peak, 1.1 * peak))
    axes.set(xlabel="share of customers called, riskiest first", ylabel=f"the campaign earns {currency}".rstrip())
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.legend(loc="lower left" if everyone < 0 else "lower right")
    about = next(iter(models))
    called = models[about] >= thresholds[about]
    finding = (
        f"Calling the riskiest {called.mean():.0%} earns {_money(value[called].sum(), currency)}; "
        f"calling everyone would earn {_money(everyone, currency)}."
    )
    return _titled(figure, finding)


@in_style
def ranking(churned: Outcome, models: Models) -> Plot:
    """Plot the ROC curve and the precision-recall curve side by side."""
    figure, (roc, precision_recall) = new_figure(3.6, columns=2)
    for name, probability in models.items():
        line = {"name": name, "curve_kwargs": {"color": COLOUR[name]}}
        RocCurveDisplay.from_predictions(churned, probability, ax=roc, **line)
        PrecisionRecallDisplay.from_predictions(churned, probability, ax=precision_recall, **line)
    roc.axline((0, 0), slope=1, color=SOFT, lw=0.8, ls=":")
    roc.set(xlabel="share of the loyal customers called", ylabel="share of the churners called")
    precision_recall.axhline(churned.mean(), color=SOFT, lw=0.8, ls=":")
    precision_recall.set(xlabel="recall", ylabel="precision")
    precision_recall.legend(loc="upper right")
    scores = [f"{name} {roc_auc_score(churned, probability):.3f}" for name, probability in models.items()]
    return _titled(figure, f"ROC-AUC: {', '.join(scores)}.")


@in_style
def importance(falls: pl.DataFrame, about: str) -> Plot:
    """Plot how much ROC-AUC falls when a column is shuffled: `falls` is what falls_of_roc_auc() returns."""
    shown = falls.head(MOST_BARS).reverse()
    figure, (axes,) = new_figure(1.0 + 0.22 * len(shown))
    places = range(len(shown))
    axes.barh(places, shown["fall"], xerr=shown["spread"], color=COLOUR[about], ecolor=SOFT, height=0.62)
    axes.set_yticks(places, [label(name) for name in shown["column"]])
    axes.axvline(0, color=SOFT, lw=0.6)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    axes.set(xlabel="fall of ROC-AUC")
    column, fall, _ = falls.row(0)
    return _titled(figure, f"The model relies most on {visible(column)}: shuffling it lowers ROC-AUC by {fall:.3f}.")


@in_style
def gap_to_ceiling(churned: Outcome, models: Models) -> Plot:
    """Plot each model's ROC-AUC between guessing and, where they are known, the true probabilities."""
    figure, (axes,) = new_figure(0.9 + 0.35 * len(models))
    scores = {name: float(roc_auc_score(churned, probability)) for name, probability in models.items()}
    for name, score in scores.items():
        axes.plot([0.5, score], [name, name], color=COLOUR[name], lw=4, alpha=0.35)
        axes.plot(score, name, "o", color=COLOUR[name], ms=8)
        axes.annotate(f"{score:.3f}", (score, name), xytext=(8, 0), textcoords="offset points", va="center")
    axes.margins(y=0.2)
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MultipleLocator(0.1))
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="ROC-AUC (0.5 is guessing)", xlim=(min(0.5, *scores.values()), max(scores.values()) + 0.05))
    (name, score), (other, reference), *ceiling = scores.items()
    finding = f"ROC-AUC: {name} {score:.3f}, {other} {reference:.3f}"
    if ceiling:
        finding += f"; a model that knew the true probabilities would reach {ceiling[0][1]:.3f}"
    return _titled(figure, finding + ".")


def _titled(figure: Figure, finding: str) -> Plot:
    title = fill(finding, 50, break_on_hyphens=False).replace("$", r"\$")
    figure.suptitle(title, x=0.01, ha="left", fontsize=10.5, fontweight="bold")
    return Plot(figure, finding)


def _money(amount: float, currency: str) -> str:
    return f"{amount:,.0f} {currency}".replace("-", "−").rstrip()
