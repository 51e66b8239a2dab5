"""The wiring is right; the threshold comes from the environment of the person who starts the graph.

Message: an environment variable of your machine
"""

import os

from kfp import dsl

os.environ.setdefault("THRESHOLD", "0.5")


@dsl.component(install_kfp_package=False)
def predict(customers: int, predictions: dsl.Output[dsl.Dataset]) -> None:
    """Write customer_id and churn_probability, a line per customer. (Stands in for a model.)"""
    from pathlib import Path

    lines = [f"{customer_id},{customer_id * 37 % 100 / 100}" for customer_id in range(customers)]
    Path(predictions.path).write_text("\n".join(lines))


@dsl.component(install_kfp_package=False)
def choose(predictions: dsl.Input[dsl.Dataset], threshold: float, calls: dsl.Output[dsl.Dataset]) -> None:
    """Write the ids of the customers to call, a line each: those at or above the threshold."""
    import os
    from pathlib import Path

    lines = Path(predictions.path).read_text().splitlines()
    chosen = [line.split(",")[0] for line in lines if float(line.split(",")[1]) >= float(os.environ["THRESHOLD"])]
    Path(calls.path).write_text("\n".join(chosen))


@dsl.pipeline(name="campaign")
def campaign(customers: int, threshold: float) -> dsl.Dataset:
    predicted = predict(customers=customers)
    chosen = choose(predictions=predicted.outputs["predictions"], threshold=threshold)
    return chosen.outputs["calls"]
