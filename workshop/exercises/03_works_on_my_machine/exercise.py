"""A graph of two steps for Kubeflow Pipelines. What does the second step need, and how does it get it?"""

from kfp import dsl


@dsl.component(install_kfp_package=False)
def predict(customers: int) -> None:
    """Write customer_id and churn_probability, a line per customer. (Stands in for a model.)"""
    from pathlib import Path

    lines = [f"{customer_id},{customer_id * 37 % 100 / 100}" for customer_id in range(customers)]
    Path("predictions.csv").write_text("\n".join(lines))


@dsl.component(install_kfp_package=False)
def choose(threshold: float, calls: dsl.Output[dsl.Dataset]) -> None:
    """Write the ids of the customers to call, a line each: those at or above the threshold."""
    from pathlib import Path

    # TODO: where is this file when this step runs on a different machine?
    lines = Path("predictions.csv").read_text().splitlines()
    chosen = [line.split(",")[0] for line in lines if float(line.split(",")[1]) >= threshold]
    Path(calls.path).write_text("\n".join(chosen))


@dsl.pipeline(name="campaign")
def campaign(customers: int, threshold: float) -> dsl.Dataset:
    predicted = predict(customers=customers)
    chosen = choose(threshold=threshold).after(predicted)
    return chosen.outputs["calls"]
