"""Passes the path of the file as text.

Message: the text of a path travels, the file does not
"""

from kfp import dsl


@dsl.component(install_kfp_package=False)
def predict(customers: int) -> str:
    """Write customer_id and churn_probability, a line per customer. (Stands in for a model.)"""
    from pathlib import Path

    lines = [f"{customer_id},{customer_id * 37 % 100 / 100}" for customer_id in range(customers)]
    file = Path("predictions.csv").absolute()
    file.write_text("\n".join(lines))
    return str(file)


@dsl.component(install_kfp_package=False)
def choose(predictions: str, threshold: float, calls: dsl.Output[dsl.Dataset]) -> None:
    """Write the ids of the customers to call, a line each: those at or above the threshold."""
    from pathlib import Path

    lines = Path(predictions).read_text().splitlines()
    chosen = [line.split(",")[0] for line in lines if float(line.split(",")[1]) >= threshold]
    Path(calls.path).write_text("\n".join(chosen))


@dsl.pipeline(name="campaign")
def campaign(customers: int, threshold: float) -> dsl.Dataset:
    predicted = predict(customers=customers)
    chosen = choose(predictions=predicted.output, threshold=threshold)
    return chosen.outputs["calls"]
