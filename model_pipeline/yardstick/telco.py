"""`python -m model_pipeline.yardstick.telco`: the yardstick. IBM's Telco table, three times five stratified folds, with
the spread.

Search and calibration happen anew inside each fold, so the fold that judges has had no say. Then the same table
with the mistake that many notebooks on the web make: rows resampled *before* the split, so that copies of a
customer sit on both sides.
"""

from dataclasses import astuple, dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits

from churn.data import telco
from churn.harness.errors import exit_on_bad_input
from churn.harness.terminal import console, print_table, progress_bar
from model_pipeline.build import baseline, search
from model_pipeline.columns import Columns
from model_pipeline.periods import STRATIFIED_FOLDS
from model_pipeline.process import for_linear_model, for_trees
from model_pipeline.train import calibrated
from model_pipeline.validate import input_check

TELCO = Columns([*telco.NUMERIC, *telco.FLAGS], telco.CATEGORICAL)
SEED = 0
BASELINE, BEST = "baseline", "best: searched and calibrated in each fold"
LEAKING, HONEST = "forest, resampled before the split: a leak", "forest, resampled in the training rows only"


@dataclass(frozen=True)
class FoldScores:
    """The scores of one model on one fold."""

    model: str
    roc_auc: float
    average_precision: float
    log_loss: float


def folds(left: NDArray[np.bool_]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    return list(RepeatedStratifiedKFold(n_splits=5, n_repeats=3, random_state=SEED).split(left, left))


def fold_scores(train: NDArray[np.intp], test: NDArray[np.intp]) -> list[FoldScores]:
    """Fit baseline and best on the rows `train`, and score both on the rows `test`."""
    table = telco.load()
    left = (table[telco.TARGET] == "Yes").to_numpy()
    with threadpool_limits(1):
        plain = baseline(TELCO).fit(table[train], left[train])
        tried = search(TELCO, STRATIFIED_FOLDS, SEED).fit(table[train], left[train])
        best = calibrated(tried, None).fit(table[train], left[train])
        return [
            scored(name, left[test], model.predict_proba(table[test])[:, 1])
            for name, model in ((BASELINE, plain), (BEST, best))
        ]


def leak_scores(resample_before_split: bool) -> FoldScores:
    """One forest, one resampling, one split; what differs is which of the two comes first."""
    table, rng = telco.load(), np.random.default_rng(SEED)
    left = (table[telco.TARGET] == "Yes").to_numpy()
    rows = rng.permutation(len(left))
    if resample_before_split:
        rows = rng.permutation(resampled(rows, table, left, rng))
    train, test = np.split(rows, [len(rows) * 4 // 5])
    if not resample_before_split:
        train = resampled(train, table, left, rng)
    forest = RandomForestClassifier(200, random_state=SEED)
    model = Pipeline([("validate", input_check(TELCO)), ("process", for_trees(TELCO)), ("model", forest)])
    probability = model.fit(table[train], left[train]).predict_proba(table[test])[:, 1]
    return scored(LEAKING if resample_before_split else HONEST, left[test], probability)


def resampled(
    rows: NDArray[np.intp], table: pl.DataFrame, left: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.intp]:
    """What is done against imbalance: draw leavers with replacement until they are half, then "clean".

    Cleaning drops each row that one of its three nearest neighbours disagrees with (edited nearest neighbours,
    Wilson 1972). Done before the split, the test rows are copies of what was learnt by heart, and the hard
    cases are gone.
    """
    stayed, gone = rows[~left[rows]], rows[left[rows]]
    rows = np.concatenate([stayed, rng.choice(gone, len(stayed))])
    seen = Pipeline([("validate", input_check(TELCO)), ("process", for_linear_model(TELCO))]).fit_transform(table[rows])
    neighbours = NearestNeighbors(n_neighbors=3).fit(seen).kneighbors(return_distance=False)
    return rows[(left[rows][neighbours] == left[rows][:, None]).all(axis=1)]


def scored(model: str, left: NDArray[np.bool_], probability: NDArray[np.float64]) -> FoldScores:
    return FoldScores(
        model,
        float(roc_auc_score(left, probability)),
        float(average_precision_score(left, probability)),
        float(log_loss(left, probability)),
    )


def spread(found: list[FoldScores], model: str) -> list[str]:
    """The model's mean scores and their standard deviation over the folds, ready to print."""
    figures = np.array([astuple(scores)[1:] for scores in found if scores.model == model])
    if len(figures) == 1:
        return [model, *(f"{figure:.4f}" for figure in figures[0])]
    return [
        model,
        *(f"{mean:.4f} ± {sd:.4f}" for mean, sd in zip(figures.mean(0), figures.std(0, ddof=1), strict=True)),
    ]


@exit_on_bad_input
def main() -> None:
    cuts = folds((telco.load()[telco.TARGET] == "Yes").to_numpy())
    found: list[FoldScores] = []
    with progress_bar("3 × 5 folds, a search in each", len(cuts), "model") as bar:
        for scores in Parallel(n_jobs=-1, return_as="generator")(delayed(fold_scores)(*cut) for cut in cuts):
            found += scores
            bar.advance()
    found += [leak_scores(resample_before_split=True), leak_scores(resample_before_split=False)]
    print_table(
        "Telco: 7,043 fictional customers, mean and standard deviation over folds",
        ["", "ROC-AUC", "average precision", "log loss"],
        [spread(found, model) for model in (BASELINE, BEST, LEAKING, HONEST)],
        "model",
    )
    console.print("one split in five is noise: between these folds, ROC-AUC differs by more than between good models")


if __name__ == "__main__":
    main()
