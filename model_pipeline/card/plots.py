"""Four pictures of a model, each with its finding as the title. The colours are safe for colour-blind readers."""

from collections.abc import Callable
from pathlib import Path
from textwrap import fill

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from churn.harness.terminal import COLOURS
from churn.value import value_per_customer_eur
from model_pipeline.card.evaluate import Holdout

BEST, BASELINE, CEILING, INK = COLOURS["model"], COLOURS["plain"], COLOURS["workflow"], "#333333"
BINS = 10
REPEATS = 3
MOST_ROWS_TO_PERMUTE = 2500
MOST_BARS = 15


def draw_all(folder: Path, holdout: Holdout, importance: pl.DataFrame) -> dict[str, Path]:
    """Write the pictures to `folder`; return their paths by name."""
    drawings: dict[str, Callable[[Axes], str]] = {
        "gap_to_ceiling": lambda axes: draw_gap(axes, holdout),
        "calibration": lambda axes: draw_calibration(axes, holdout),
        "importance": lambda axes: draw_importance(axes, importance),
    }
    if holdout.monthly_charge is not None:
        drawings = {"profit": lambda axes: draw_profit(axes, holdout), **drawings}
    paths = {}
    for name, draw in drawings.items():
        figure = Figure(figsize=(7.2, 4.4 if name != "gap_to_ceiling" else 2.8), layout="constrained")
        axes = figure.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=INK)
        finding = draw(axes)
        figure.suptitle(
            fill(finding, 78, break_on_hyphens=False), x=0.01, ha="left", fontsize=11.5, fontweight="bold", color=INK
        )
        paths[name] = folder / f"{name}.png"
        figure.savefig(paths[name], dpi=140, metadata={"Software": None})
    return paths


def draw_profit(axes: Axes, holdout: Holdout) -> str:
    """What the campaign earns, by how many of the riskiest are called. Returns the finding, as all of these do."""
    assert holdout.monthly_charge is not None
    value = value_per_customer_eur(holdout.churned, holdout.monthly_charge)
    share = np.arange(len(value) + 1) / len(value)
    lines = [("baseline", holdout.baseline_probability, BASELINE, "-"), ("best", holdout.best_probability, BEST, "-")]
    if holdout.true_probability is not None:
        lines.append(("true probabilities", holdout.true_probability, CEILING, "--"))
    for name, probability, colour, style in lines:
        axes.plot(share, _earned(value, probability), style, color=colour, lw=1.8, label=name)
    everyone = float(value.sum())
    axes.plot([0, 1], [0, everyone], ":", color=INK, lw=1.2, label="in random order")
    axes.axhline(0, color=INK, lw=0.6)
    called = holdout.best_probability >= holdout.best_threshold
    won = float(value[called].sum())
    axes.plot(called.mean(), won, "o", color=BEST, ms=9, mec="white", mew=1.5, zorder=5)
    earned = _earned(value, holdout.best_probability)
    peak = max(float(earned.max()), 1.0)
    worth_showing = np.flatnonzero(earned > -peak)  # far below, only the slope of the loss would be left to see
    axes.set_ylim(max(float(earned.min()), -peak) - 0.15 * peak, 1.35 * peak)
    widest = min(1.0, share[worth_showing[-1]] + 0.02)
    axes.set_xlim(-0.01, widest + 0.01)
    axes.annotate(
        f"threshold {holdout.best_threshold:.1%}: {_money(won, holdout.currency)}",
        (called.mean(), won),
        xytext=(min(float(called.mean()), 0.6 * widest), 1.22 * peak),
        arrowprops={"arrowstyle": "-", "color": BEST},
        color=BEST,
        fontweight="bold",
    )
    axes.set(xlabel="share of customers called, riskiest first", ylabel=f"value of the campaign {holdout.currency}")
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
    axes.yaxis.set_major_formatter(lambda y, _: f"{y:,.0f}".replace("-", "−"))
    axes.legend(frameon=False, loc="lower left" if everyone < 0 else "lower right")
    return (
        f"Calling the riskiest {called.mean():.0%} is worth {_money(won, holdout.currency)}; "
        f"calling everyone would be worth {_money(everyone, holdout.currency)}"
    )


def draw_calibration(axes: Axes, holdout: Holdout) -> str:
    """Predicted probability against what happened, by tenths of the customers; square-root axes, for the low ones."""
    most = 0.0
    for name, probability, colour, marker in (
        ("baseline", holdout.baseline_probability, BASELINE, "s"),
        ("best", holdout.best_probability, BEST, "o"),
    ):
        said, happened, error = _bins(holdout.churned, probability)
        most = max(most, float(said.max()), float((happened + error).max()))
        low = np.minimum(error, happened)
        axes.errorbar(said, happened, [low, error], fmt=f"{marker}-", color=colour, lw=1.4, ms=5, capsize=2, label=name)
    axes.plot([0, most], [0, most], ":", color=INK, lw=1.2, label="perfect")
    ticks = [tick for tick in (0, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if tick < 1.1 * most]
    axes.set_xscale("function", functions=(_root, np.square))
    axes.set_yscale("function", functions=(_root, np.square))
    axes.set(xlim=(0, 1.05 * most), ylim=(0, 1.05 * most), xticks=ticks, yticks=ticks)
    axes.set(xlabel="predicted probability, mean of a tenth of the customers", ylabel="share of them that left")
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
    axes.yaxis.set_major_formatter(lambda y, _: f"{y:.0%}")
    axes.legend(frameon=False, loc="upper left", title="bars: 95 % interval", alignment="left", title_fontsize=8)
    said, happened, _ = _bins(holdout.churned, holdout.best_probability)
    return (
        f"Of the riskiest tenth, {said[-1]:.0%} were expected to leave and {happened[-1]:.0%} did; "
        f"of all customers, {holdout.best_probability.mean():.1%} and {holdout.churned.mean():.1%}"
    )


def draw_importance(axes: Axes, importance: pl.DataFrame) -> str:
    """How much ROC-AUC falls when one column is shuffled; a bar per column, the most important on top."""
    shown = importance.head(MOST_BARS).reverse()
    axes.barh(
        shown["column"], shown["fall"], xerr=shown["spread"], color=BEST, height=0.62, error_kw={"ecolor": INK, "lw": 1}
    )
    axes.axvline(0, color=INK, lw=0.6)
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="fall of ROC-AUC when the column is shuffled")
    first = importance.row(0, named=True)
    return f"It leans most on {first['column']}: with that column shuffled, ROC-AUC falls by {first['fall']:.3f}"


def _beside(gap: float) -> str:
    return f"{abs(gap):.3f} {'below' if gap >= 0 else 'above (luck: few customers left)'}"


def draw_gap(axes: Axes, holdout: Holdout) -> str:
    """ROC-AUC on one line, from a coin flip to the best that anyone could reach, where that is known."""
    points = [
        ("coin flip", 0.5, INK),
        ("baseline", _auc(holdout, holdout.baseline_probability), BASELINE),
        ("best", _auc(holdout, holdout.best_probability), BEST),
    ]
    finding = f"ROC-AUC {points[2][1]:.3f}: {points[2][1] - points[1][1]:+.3f} against the baseline"
    if holdout.true_probability is not None:
        ceiling = _auc(holdout, holdout.true_probability)
        points.append(("ceiling", ceiling, CEILING))
        best, baseline = (_beside(ceiling - points[place][1]) for place in (2, 1))
        finding = f"The best model is {best} who knows every true probability, the baseline {baseline}"
    names, values, colours = zip(*points, strict=True)
    rows = np.arange(len(points))[::-1]
    axes.hlines(rows, 0.5, values, color=colours, lw=5, alpha=0.35)
    axes.scatter(values, rows, s=90, c=colours, zorder=3)
    for row, value, colour in zip(rows, values, colours, strict=True):
        axes.annotate(
            f"{value:.3f}",
            (value, row),
            xytext=(10, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            fontweight="bold",
        )
    axes.set_yticks(rows, names)
    axes.set(
        xlabel="ROC-AUC on the held-out customers", xlim=(0.49, max(values) + 0.035), ylim=(-0.6, len(points) - 0.4)
    )
    axes.tick_params(axis="y", length=0)
    return finding


def permutation_importance(
    probability: Callable[[pl.DataFrame], NDArray[np.float64]],
    rows: pl.DataFrame,
    left: NDArray[np.bool_],
    columns: list[str],
    seed: int,
) -> pl.DataFrame:
    """column, fall (of ROC-AUC when it is shuffled) and spread, most important first.

    What `sklearn.inspection.permutation_importance` does, which in 1.9 strips a Polars table of its column names:
    https://github.com/scikit-learn/scikit-learn/pull/28513
    """
    rng = np.random.default_rng(seed)
    sample = np.sort(rng.permutation(len(rows))[:MOST_ROWS_TO_PERMUTE])
    rows, left = rows[sample], left[sample]
    whole = roc_auc_score(left, probability(rows))
    falls = []
    for _ in range(REPEATS):
        shuffled = [rows.with_columns(rows[name][rng.permutation(len(rows))]) for name in columns]
        answers = np.split(
            probability(pl.concat(shuffled)), len(columns)
        )  # one call for all columns: many would be slow
        falls.append([whole - roc_auc_score(left, answer) for answer in answers])
    found = {"column": columns, "fall": np.mean(falls, axis=0), "spread": np.std(falls, axis=0)}
    return pl.DataFrame(found).sort("fall", "column", descending=[True, False])


def _root(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(np.maximum(x, 0.0))


def _earned(value: NDArray[np.float64], probability: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.append(0.0, np.cumsum(value[np.argsort(-probability, kind="stable")]))


def _bins(left: NDArray[np.bool_], probability: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    bins = np.array_split(np.argsort(probability, kind="stable"), BINS)
    said = np.array([probability[rows].mean() for rows in bins])
    happened = np.array([left[rows].mean() for rows in bins])
    error = 1.96 * np.sqrt(happened * (1 - happened) / np.array([len(rows) for rows in bins]))
    return said, happened, error


def _auc(holdout: Holdout, probability: NDArray[np.float64]) -> float:
    return float(roc_auc_score(holdout.churned, probability))


def _money(amount: float, currency: str) -> str:
    return f"{amount:,.0f} {currency}".replace("-", "−").rstrip()
