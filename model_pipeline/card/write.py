"""Write the model card: what the model is for, how good it is, how it was made, and where it fails."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup
from sklearn.utils import estimator_html_repr

from churn.harness.page import page
from churn.harness.plots import png, svg
from churn.storage.atomic import write_file
from churn.value import COST_PER_CALL_EUR, MARGIN, MONTHS_KEPT, SAVE_RATE
from model_pipeline.card.evaluate import Holdout, score_table
from model_pipeline.card.plots import draw_all

MARKDOWN, HTML = (Path(__file__).with_name(name) for name in ("card.md.jinja", "card.html.jinja"))
FAMILIES = {
    "HistGradientBoostingClassifier": "gradient boosting",
    "LogisticRegression": "logistic regression on splines",
}
MOST_TRIALS = 6
LIMITS = [
    "The model trusts its columns. If a column is written after the fact, such as a closing date, the scores above are "
    "too good and the model is useless. No step of the Pipeline can notice that.",
    "A probability says how many of a hundred similar customers will leave. It does not say which ones, or why. "
    "Importance is not cause.",
    "Customers change. Score them again each month, and train again when the calibration drifts.",
]


@dataclass(frozen=True)
class Story:
    """The parts of a card that differ from one model to the next."""

    title: str
    purpose: str
    holdout: str
    data: Sequence[str]
    threshold: str
    example: str
    limits: Sequence[str] = field(default_factory=list)


def write_card(
    folder: Path, story: Story, holdout: Holdout, model: Any, trials: Sequence[dict[str, Any]], falls: pl.DataFrame
) -> dict[str, str]:
    """Write card.html, which contains its plots, and card.md with its plots next to it.

    `falls` are those of `churn.evaluation.importance`. Returns the names of all files by what they are.
    """
    plots = draw_all(holdout, falls)
    for name, plot in plots.items():
        png(plot.figure, folder / f"{name}.png")
    libraries = ", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "skops", "polars", "numpy"))
    content = {
        **asdict(story),
        "scores": score_table(holdout),
        "search": f"A random search tried {len(trials)} candidates of two families and ranked them by log loss. "
        "Then the winner's probabilities were calibrated (Platt) and the threshold was chosen. "
        "Everything was fitted inside folds, the preprocessing too. The best candidates:",
        "trials": (["model", "parameters", "log loss"], [_row(trial) for trial in trials[:MOST_TRIALS]]),
        "limits": [*story.limits, *LIMITS],
        "opening": "skops opens the file with a short list of reviewed types, not with pickle: see "
        f"model_pipeline/model_file/review.py. Made with {libraries}. Open it with the same scikit-learn.",
    }
    diagram = estimator_html_repr(model.estimator.estimator.calibrated_classifiers_[0].estimator)
    diagram = re.sub(r"( at 0|\.\.\.)x[0-9a-f]+", "", diagram)  # addresses in memory differ from run to run
    drawn = {name: svg(*plot) for name, plot in plots.items()}
    write_file(folder / "card.md", page(MARKDOWN, **content, plots={name: plot.words for name, plot in plots.items()}))
    write_file(folder / "card.html", page(HTML, **content, plots=drawn, diagram=Markup(diagram)))
    return {"card": "card.html", "card_markdown": "card.md", **{name: f"{name}.png" for name in plots}}


def _row(trial: dict[str, Any]) -> list[str]:
    parameters = ", ".join(f"{name} {value:g}" for name, value in trial["parameters"].items())
    return [FAMILIES[trial["model"]], parameters, f"{trial['log_loss']:.4f}"]


def threshold_by_value(threshold: float, currency: str) -> str:
    cost = f"{COST_PER_CALL_EUR:g} {currency}".rstrip()
    return (
        f"The campaign calls every customer at {threshold:.1%} or above: this threshold earned most in the folds. "
        f"We assume that a call costs {cost}, and that it keeps {SAVE_RATE:.0%} of those who were about to leave. "
        f"A customer kept brings {MARGIN:.0%} of the monthly charge for {MONTHS_KEPT} months. "
        "Put in your own figures: churn/value.py."
    )


def threshold_by_balance(threshold: float) -> str:
    return (
        f"A row at {threshold:.1%} or above counts as positive: this threshold had the best balanced accuracy in the "
        "folds. Name the column that says what a customer pays (--charge-column), and money will choose the threshold."
    )
