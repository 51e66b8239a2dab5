"""The three plots of the page: seconds, ROC-AUC and euros, one row for each pipeline in its colour.

Each function returns a figure and its figures in words, for people who cannot see it.
"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from churn.compare.runs import Run
from churn.harness.plots import INK, PAPER, SOFT, Plot, in_style, new_figure
from churn.harness.report import STAGES
from churn.harness.terminal import COLOURS

SHADES = (0.2, 0.34, 0.48, 0.64, 0.82, 1.0)  # of a pipeline's colour, from collect to deploy


@in_style
def seconds_by_stage(runs: Sequence[Run]) -> Plot:
    """Draw stacked bars. A run that took stages from a cache has none."""
    figure, axes = _a_row_for_each(runs)
    words = {run.name: "taken from a cache" if run.cached else f"{run.seconds:.1f} s" for run in runs}
    for run in runs:
        end = 0.0
        if run.report and not run.cached:
            for stage, shade in zip(run.report.stages, SHADES, strict=True):
                axes.barh(run.name, stage.seconds, left=end, color=(COLOURS[run.name], shade))
                end += stage.seconds
        _write(axes, end, run, words[run.name])
    axes.set_xlim(left=0)
    axes.margins(x=0.2)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g} s"))
    keys = [Patch(color=(SOFT, shade), label=stage) for stage, shade in zip(STAGES, SHADES, strict=True)]
    figure.legend(handles=keys, loc="outside lower center", ncols=3)
    return Plot(figure, _in_words("Seconds", words))


@in_style
def roc_auc(runs: Sequence[Run], ceiling: float | None) -> Plot:
    """Draw the baseline and the best model of each pipeline, and the ROC-AUC of the true probabilities if known."""
    figure, axes = _a_row_for_each(runs)
    words = {}
    for run in runs:
        baseline, best = run.baseline("roc_auc"), run.best("roc_auc")
        axes.plot([baseline, best], [run.name] * 2, color=COLOURS[run.name], lw=4)
        axes.plot(best, run.name, "o", color=COLOURS[run.name], ms=11, mec=PAPER)
        _write(axes, best, run, f"{best:.3f}")
        words[run.name] = f"{best:.3f}, baseline {baseline:.3f}"
    _mark_baselines(axes, runs, "roc_auc")
    if ceiling is not None:
        words["true probabilities"] = f"{ceiling:.3f}"
        axes.axvline(ceiling, color=INK, ls="--", lw=1.5, label=f"true probabilities ({ceiling:.3f})")
    axes.margins(x=0.25)
    figure.legend(loc="outside lower center", ncols=2)
    return Plot(figure, _in_words("ROC-AUC", words))


@in_style
def euros(runs: Sequence[Run]) -> Plot:
    """Draw the value of the campaign with the best model, and with the baseline."""
    figure, axes = _a_row_for_each(runs)
    words = {}
    for run in runs:
        baseline, best = run.baseline("campaign_value_eur"), run.best("campaign_value_eur")
        axes.barh(run.name, best, color=COLOURS[run.name])
        _write(axes, max(0.0, baseline, best), run, f"{best:,.0f} €")
        words[run.name] = f"{best:,.0f} euros, baseline {baseline:,.0f} euros"
    _mark_baselines(axes, runs, "campaign_value_eur")
    axes.margins(x=0.2)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f} €"))
    figure.legend(loc="outside lower center")
    return Plot(figure, _in_words("Value of the campaign", words))


def _a_row_for_each(runs: Sequence[Run]) -> tuple[Figure, Axes]:
    figure, (axes,) = new_figure(1.1 + 0.35 * len(runs))
    axes.set_ylim(len(runs) - 0.4, -0.6)  # the first on top
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    return figure, axes


def _write(axes: Axes, end: float, run: Run, words: str) -> None:
    axes.annotate(words, (end, run.name), xytext=(9, 0), textcoords="offset points", va="center")


def _mark_baselines(axes: Axes, runs: Sequence[Run], score: str) -> None:
    baselines = [run.baseline(score) for run in runs]
    names = [run.name for run in runs]
    axes.plot(baselines, names, "o", ms=6, color=PAPER, mec=INK, mew=1.5, ls="", label="the baseline")


def _in_words(what: str, words: dict[str, str]) -> str:
    return f"{what}: {'; '.join(f'{name} {value}' for name, value in words.items())}"
