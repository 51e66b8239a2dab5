"""The model card: what the model is for, how good it is, how it was made, and where it fails."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sklearn.utils import estimator_html_repr

from churn.storage.atomic import write_file
from churn.value import COST_PER_CALL_EUR, MARGIN, MONTHS_KEPT, SAVE_RATE
from model_pipeline.card.evaluate import Holdout, score_table
from model_pipeline.card.page import (
    Block,
    bullets,
    code,
    drawing,
    heading,
    paragraph,
    picture,
    table,
    to_html,
    to_markdown,
)

CAPTIONS = {
    "profit": "Value of the campaign by share of customers called",
    "gap_to_ceiling": "ROC-AUC of a coin flip, the baseline, the best model and, where it is known, the ceiling",
    "calibration": "Predicted probability against the share that left",
    "importance": "Fall of ROC-AUC when one column is shuffled",
}
FAMILIES = {
    "HistGradientBoostingClassifier": "gradient boosting",
    "LogisticRegression": "logistic regression on splines",
}
MOST_TRIALS = 6
LIMITS = [
    "It takes its columns at their word. If one of them is written after the fact (a closing date, a last invoice), "
    "the scores above are too good and the model is useless: no step of the Pipeline can notice that.",
    "A probability says how many of a hundred alike will leave, not which, and not why. Importance is not cause.",
    "Customers change: score anew on each new month, and train anew when the calibration drifts.",
]


@dataclass(frozen=True)
class Story:
    """What differs from one model to the next."""

    title: str
    purpose: str
    data: Sequence[str]
    threshold: str
    example: str
    limits: Sequence[str] = field(default_factory=list)


def write_card(
    folder: Path,
    story: Story,
    holdout: Holdout,
    model: Any,
    trials: Sequence[dict[str, Any]],
    pictures: dict[str, Path],
) -> None:
    """Write card.md (pictures beside it) and card.html (pictures in it) to `folder`."""
    page = [
        paragraph(story.purpose),
        *_how_good(holdout, pictures),
        heading("What it learnt from"),
        bullets(story.data),
        *_how_made(story, model, trials),
        heading("Where it fails"),
        bullets([*story.limits, *LIMITS]),
        *_how_to_use(story),
    ]
    write_file(folder / "card.md", to_markdown(story.title, page))
    write_file(folder / "card.html", to_html(story.title, page))


def _how_good(holdout: Holdout, pictures: dict[str, Path]) -> list[Block]:
    return [
        heading("How good it is"),
        paragraph(f"On {len(holdout.churned):,} customers held out, of whom {int(holdout.churned.sum()):,} left."),
        table(*score_table(holdout)),
        *(picture(path, CAPTIONS[name]) for name, path in pictures.items()),
    ]


def _how_made(story: Story, model: Any, trials: Sequence[dict[str, Any]]) -> list[Block]:
    rows = [
        [
            FAMILIES[trial["model"]],
            ", ".join(f"{name} {value:g}" for name, value in trial["parameters"].items()),
            f"{trial['log_loss']:.4f}",
        ]
        for trial in trials[:MOST_TRIALS]
    ]
    return [
        heading("How it was made"),
        paragraph(
            f"A random search over {len(trials)} candidates of two families, judged by log loss; then the winner's "
            "probabilities calibrated (Platt), and the threshold chosen. All of it was fitted inside folds, the "
            "preprocessing too. The best candidates:"
        ),
        table(["model", "parameters", "log loss"], rows),
        paragraph(story.threshold),
        drawing(estimator_html_repr(model.estimator.estimator.calibrated_classifiers_[0].estimator)),
    ]


def _how_to_use(story: Story) -> list[Block]:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "skops", "polars", "numpy"))
    return [
        heading("How to use it"),
        code(story.example),
        paragraph(
            "The file is opened by skops with a short list of reviewed types (model_pipeline/model_file/review.py), "
            f"not by pickle. Made with {libraries}: open it with the same scikit-learn."
        ),
    ]


def threshold_by_value(threshold: float, currency: str) -> str:
    cost = f"{COST_PER_CALL_EUR:g} {currency}".rstrip()
    return (
        f"Whoever is at {threshold:.1%} or above is called: the threshold that earned most in the folds, if a call "
        f"costs {cost}, keeps {SAVE_RATE:.0%} of those about to leave, and a customer kept brings {MARGIN:.0%} of the "
        f"monthly charge for {MONTHS_KEPT} months. These are assumptions (churn/value.py): put in your own."
    )


def threshold_by_balance(threshold: float) -> str:
    return (
        f"Whoever is at {threshold:.1%} or above counts as leaving: the threshold with the best balanced accuracy in "
        "the folds. No column was named that says what a customer pays; with one (--charge-column), the threshold "
        "would be chosen by money."
    )
