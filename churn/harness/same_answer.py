"""The same answer: how close two predictions for the same customer must be."""

import polars as pl

SAME_ANSWER = 1e-6  # the largest difference between two churn probabilities that we call the same


def largest_difference(ours: pl.DataFrame, theirs: pl.DataFrame) -> float:
    """Return the largest absolute difference between two tables of predictions, over all customers.

    Both have the columns customer_id and churn_probability, in any order of rows. The result is infinite when they
    scored different customers, and when a probability is missing or not a number.
    """
    ours, theirs = (table.select("customer_id", "churn_probability").sort("customer_id") for table in (ours, theirs))
    if not ours["customer_id"].equals(theirs["customer_id"]):
        return float("inf")
    difference = (ours["churn_probability"] - theirs["churn_probability"]).abs()
    if difference.has_nulls() or difference.is_nan().any():
        return float("inf")
    return float(difference.max() or 0.0)  # type: ignore[arg-type]  # never a date
