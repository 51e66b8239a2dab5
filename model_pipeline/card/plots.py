"""The plots of the card: what the campaign earns, the gap to the ceiling, calibration and importance."""

import polars as pl

from churn.evaluation import plots
from churn.harness.plots import Plot
from model_pipeline.card.evaluate import Holdout


def draw_all(holdout: Holdout, falls: pl.DataFrame) -> dict[str, Plot]:
    """Return the plots by name; `falls` are those of `churn.evaluation.importance`."""
    churned, charge = holdout.churned, holdout.monthly_charge
    models = {"best": holdout.best_probability, "baseline": holdout.baseline_probability}
    truth = {} if holdout.true_probability is None else {plots.CEILING: holdout.true_probability}
    thresholds = {"best": holdout.best_threshold, "baseline": holdout.baseline_threshold}
    drawn = {
        "gap_to_ceiling": plots.gap_to_ceiling(churned, models | truth),
        "calibration": plots.calibration(churned, models),
        "importance": plots.importance(falls, "best"),
    }
    if charge is None:
        return drawn
    return {"profit": plots.profit(churned, models | truth, thresholds, charge, holdout.currency), **drawn}
