"""Call `promote` with one pair of models after the other, in a new MLflow store, and look where @champion points."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import uuid4

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

from workshop.answer import Answer, NotYet

SEE = "tracking_pipeline/promote.py, decide"
LOGGED: dict[str, mlflow.models.model.ModelInfo] = {}


@dataclass(frozen=True)
class Pair:
    """A live version and a challenger: their models, their recorded scores, and the message after a wrong decision."""

    live: str | None
    challenger: str
    records: tuple[float, float]
    goes_live: bool
    if_wrong: str


PAIRS = [
    Pair(
        None,
        "weak",
        (0.0, 0.2),
        True,
        "nothing was live yet, and the challenger did not go live: the first version has nothing to beat",
    ),
    Pair(
        "weak",
        "good",
        (0.18, 0.14),
        True,
        "the better challenger did not go live: on the same customers its log loss is smaller, and of log loss, less "
        "is better",
    ),
    Pair(
        "good",
        "weak",
        (0.14, 0.18),
        False,
        "a worse challenger went live: newer is not better, and nobody would notice until the euros are counted",
    ),
    Pair(
        "good",
        "weak",
        (0.17, 0.15),
        False,
        "a worse challenger went live, because its record looks better (0.15 against 0.17). The two records were "
        "measured on different customers: its month was easier",
    ),
    Pair(
        "weak",
        "good",
        (0.01, 0.19),
        True,
        "the better challenger did not go live, because its record looks worse (0.19 against 0.01). The two records "
        "were measured on different customers: its month was harder",
    ),
    Pair(
        "weak",
        "balanced",
        (0.16, 0.15),
        False,
        "the challenger that went live ranks them better, and its probabilities are wrong: it says 35 % where 5 % "
        "leave. Log loss shows this, ranking does not",
    ),
    Pair("good", "good", (0.15, 0.14), False, "the challenger is no better than what is live, but it went live anyway"),
]


def prepare() -> None:
    """Create a store with three models. Importing MLflow and creating its tables take long."""
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    here = Path.cwd()
    mlflow.set_tracking_uri(f"sqlite:///{here / 'mlflow.db'}")
    mlflow.set_experiment(experiment_id=MlflowClient().create_experiment("churn", (here / "artifacts").as_uri()))
    features, left = customers(4000, seed=1)
    few, few_left = customers(400, seed=2)
    models = {
        "good": LogisticRegression().fit(features, left),
        "weak": LogisticRegression().fit(np.column_stack([few[:, 0], np.zeros((len(few), 2))]), few_left),
        "balanced": LogisticRegression(class_weight="balanced").fit(features, left),
    }
    for name, model in models.items():
        with mlflow.start_run():
            LOGGED[name] = mlflow.sklearn.log_model(
                model,
                name="model",
                serialization_format="skops",
                signature=infer_signature(features[:5], model.predict_proba(features[:5])),
                pip_requirements=["scikit-learn"],
            )


def customers(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 3))
    return features, rng.random(count) < 1 / (1 + np.exp(3.9 - features @ [0.4, 1.2, 0.8]))


def check(answer: Answer) -> str:
    promote = answer.function("promote")
    features, left = customers(3000, seed=77)
    for pair in PAIRS:
        registered, live, challenger = staged(pair)
        try:
            promote(registered, challenger, features.copy(), left.copy())
        except MlflowException as error:
            if pair.live is None and "alias" in str(error):
                raise NotYet(
                    f"nothing was live yet, and MLflow raised: {error}. The first version has nothing to beat", SEE
                ) from None
            raise
        now = MlflowClient().get_registered_model(registered).aliases.get("champion")
        if str(now) != str(challenger if pair.goes_live else live):
            raise NotYet(pair.if_wrong, SEE)
    return (
        f"{len(PAIRS)} decisions, all right: the first model, a better and a worse one, records that promised too much "
        "and too little, a fine ranking with wrong probabilities, and a tie."
    )


def staged(pair: Pair) -> tuple[str, str | None, str]:
    """Register a new model. Return its name, the live version and the challenger's version."""
    client, registered = MlflowClient(), f"churn-{uuid4().hex[:8]}"
    client.create_registered_model(registered)
    versions = [
        registered_version(registered, model, record)
        for model, record in zip((pair.live, pair.challenger), pair.records, strict=True)
        if model is not None
    ]
    if pair.live is None:
        return registered, None, versions[0]
    client.set_registered_model_alias(registered, "champion", versions[0])
    return registered, versions[0], versions[1]


def registered_version(registered: str, model: str, log_loss: float) -> str:
    version = MlflowClient().create_model_version(registered, LOGGED[model].model_uri, run_with_record(log_loss))
    return str(version.version)


@cache
def run_with_record(log_loss: float) -> str:
    with mlflow.start_run() as run:
        mlflow.log_metric("log_loss", log_loss)
    return run.info.run_id
