"""`python -m model_pipeline.yardstick`: print the scores that telco.py explains. It takes about a minute."""

from typing import TYPE_CHECKING

from churn.harness.errors import exit_on_bad_input
from churn.harness.terminal import console, print_table, progress_bar

if TYPE_CHECKING:
    from model_pipeline.yardstick.telco import Scores


@exit_on_bad_input
def main() -> None:
    found: dict[str, Scores] = {}
    with progress_bar("3 × 5 folds, a search in each", 4, "model") as bar:
        from model_pipeline.yardstick import telco

        found["baseline"] = telco.fold_scores(telco.baseline)
        bar.advance()
        found["best: searched and calibrated in each fold"] = telco.fold_scores(telco.SearchedAndCalibrated())
        bar.advance()
        found["forest, resampled before the split: a leak"] = telco.leak_scores(resample_before_split=True)
        bar.advance()
        found["forest, resampled in the training rows only"] = telco.leak_scores(resample_before_split=False)
        bar.advance()
    print_table(
        "Telco: 7,043 fictional customers, mean and standard deviation over the folds",
        ["", *telco.SCORES],
        [row(name, scores) for name, scores in found.items()],
        "model",
    )
    console.print("One split in five is noise: between folds, ROC-AUC differs by more than between good models.")


def row(name: str, scores: "Scores") -> list[str]:
    """Return the name, and each score's mean with the standard deviation over the folds, if there are several."""
    several = all(len(values) > 1 for values in scores.values())
    return [
        name,
        *(f"{v.mean():.4f} ± {v.std(ddof=1):.4f}" if several else f"{v.mean():.4f}" for v in scores.values()),
    ]


if __name__ == "__main__":
    main()
