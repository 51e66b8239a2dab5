"""The plots: a line of SVG for each pipeline. Lengths are in percent, so that they fit any screen and the text stays
as large as it is; colours come from the page's style sheet, which knows day from night.
"""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10

from churn.compare.runs import Run
from churn.harness.report import STAGES
from churn.harness.terminal import COLOURS

SHADES = (0.2, 0.34, 0.48, 0.64, 0.82, 1.0)  # of a pipeline's colour, from collect to deploy
HEIGHT = 28  # of a line, in pixels
ROOM_FOR_THE_FIGURE = 1.2  # the axis goes on so far beyond the longest bar
BASELINE = '<circle class="baseline" cx="8" cy="8" r="5"/>'


class Axis:
    """From `low` to `high`, with three to six round numbers between."""

    def __init__(self, low: float, high: float) -> None:
        width = max(high - low, 1e-9)
        self._low, self._width = low, width
        unit = 10.0 ** floor(log10(width / 5))
        step = next(factor * unit for factor in (1, 2, 2.5, 5, 10) if width / (factor * unit) <= 5)
        self.ticks = [number * step for number in range(ceil(low / step), floor((low + width) / step) + 1)]

    def percent(self, value: float) -> float:
        return round(100 * (value - self._low) / self._width, 3)


def seconds_by_stage(runs: Sequence[Run]) -> str:
    """Stacked bars. Nothing is drawn of a run that took stages from a cache."""
    axis = Axis(0.0, max((run.seconds for run in runs if not run.cached), default=1.0) * ROOM_FOR_THE_FIGURE)
    lines = []
    for run in runs:
        stages = run.report.stages if run.report else []
        label = f"{run.name}: " + ", ".join(f"{stage.name} {stage.seconds:.2f} s" for stage in stages)
        if run.cached:
            lines.append(_line(run, f"{run.name}: taken from a cache", _text(0, "taken from a cache")))
            continue
        drawing, at = "", 0.0
        for stage, shade in zip(stages, SHADES, strict=True):
            drawing += (
                f'<rect class="stage" x="{axis.percent(at)}%" y="3" width="{axis.percent(stage.seconds)}%" height="22" '
                f'fill-opacity="{shade}"><title>{stage.name}: {stage.seconds:.2f} s</title></rect>'
            )
            at += stage.seconds
        lines.append(_line(run, label, drawing + _text(axis.percent(at), f"{run.seconds:.1f} s")))
    legend = [
        (f'<rect class="stage key" x="1" y="1" width="14" height="14" fill-opacity="{shade}"/>', name)
        for name, shade in zip(STAGES, SHADES, strict=True)
    ]
    return _chart(lines, axis, "{:g} s", legend)


def roc_auc(runs: Sequence[Run], ceiling: float | None) -> str:
    """For each pipeline the baseline's, the best model's, and how far it is to the ceiling."""
    scores = [score for run in runs for score in _baseline_and_best(run, "roc_auc")]
    low, high = min(scores), max([*scores, ceiling or 0.0])
    margin = 0.25 * max(high - low, 0.01)
    axis = Axis(low - margin, high + margin / 2)
    wall = f'x1="{axis.percent(ceiling)}%" x2="{axis.percent(ceiling)}%"' if ceiling else ""
    lines = []
    for run in runs:
        baseline, *found = _baseline_and_best(run, "roc_auc")
        drawing = f'<line class="ceiling" {wall} y1="-4" y2="32"/>' if ceiling else ""
        x = axis.percent(baseline)
        if found:
            best = axis.percent(found[0])
            drawing += (
                f'<line class="gap" x1="{x}%" x2="{best}%" y1="14" y2="14"/>'
                f'<circle class="best" cx="{best}%" cy="14" r="9"/>'
            )
        drawing += f'<circle class="baseline" cx="{x}%" cy="14" r="5"/>'
        score = found[0] if found else baseline
        drawing += _text(axis.percent(score), f"{score:.3f}", 14 if score >= baseline else -14)
        label = f"{run.name}: baseline {baseline:.3f}" + "".join(f", best {score:.3f}" for score in found)
        lines.append(_line(run, label, drawing))
    legend = [
        (BASELINE, "the baseline"),
        ('<circle class="best key" cx="8" cy="8" r="8"/>', "the best model that the pipeline found"),
    ]
    if ceiling:
        mark = '<line class="ceiling" x1="8" x2="8" y1="0" y2="16"/>'
        legend.append((mark, f"the ceiling, {ceiling:.3f}: who knows the true probabilities"))
    return _chart(lines, axis, "{:.3f}", legend)


def euros(runs: Sequence[Run]) -> str:
    """What the campaign is worth with the best model that there is, and with the baseline."""
    values = [value for run in runs for value in _baseline_and_best(run, "campaign_value_eur")]
    axis = Axis(min(0.0, *values), max(0.0, *values) * ROOM_FOR_THE_FIGURE)
    lines = []
    for run in runs:
        baseline, *found = _baseline_and_best(run, "campaign_value_eur")
        value = found[0] if found else baseline
        left, right = sorted((axis.percent(0.0), axis.percent(value)))
        mark = axis.percent(baseline)
        drawing = (
            f'<rect class="bar" x="{left}%" y="3" width="{right - left:.3f}%" height="22"/>'
            f'<circle class="baseline" cx="{mark}%" cy="14" r="5"/>'
        )
        label = f"{run.name}: {value:,.0f} euros, baseline {baseline:,.0f} euros"
        lines.append(_line(run, label, drawing + _text(100, f"{value:,.0f} €", -1)))
    return _chart(lines, axis, "{:,.0f} €", [(BASELINE, "with the baseline")])


def _baseline_and_best(run: Run, score: str) -> list[float]:
    models = [run.report.baseline, run.report.best] if run.report else []
    return [float(model[score]) for model in models if model]


def _line(run: Run, label: str, drawing: str) -> str:
    return (
        f'<div class="row" style="--c:{COLOURS[run.name]}"><span class="name">{run.name}</span>'
        f'<svg height="{HEIGHT}" role="img" aria-label="{escape(label)}">{drawing}</svg></div>'
    )


def _chart(lines: Sequence[str], axis: Axis, written: str, legend: Sequence[tuple[str, str]]) -> str:
    marks = "".join(
        f'<line class="grid" x1="{axis.percent(tick)}%" x2="{axis.percent(tick)}%" y1="0" y2="6"/>'
        f'<text class="tick" x="{axis.percent(tick)}%" y="20" text-anchor="{_anchor(axis.percent(tick))}">'
        f"{written.format(tick)}</text>"
        for tick in axis.ticks
    )
    scale = (
        '<div class="row axis"><span></span><svg height="24" aria-hidden="true">'
        f'<line class="grid" x1="0" x2="100%" y1="0.5" y2="0.5"/>{marks}</svg></div>'
    )
    keys = "".join(f'<li><svg aria-hidden="true">{mark}</svg>{escape(text)}</li>' for mark, text in legend)
    return f'<div class="chart">{"".join(lines)}{scale}<ul class="legend">{keys}</ul></div>'


def _anchor(percent: float) -> str:
    """Words at either end stay inside."""
    return "start" if percent < 4 else "end" if percent > 96 else "middle"


def _text(percent: float, words: str, gap: int = 6) -> str:
    anchor = "end" if gap < 0 else "start"
    return f'<text x="{percent}%" dx="{gap}" y="19" text-anchor="{anchor}">{escape(words)}</text>'
