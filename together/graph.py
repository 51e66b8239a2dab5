"""The model half as a Kubeflow graph: a month that was handed over comes in, a scored table and a live model come out.

Airflow runs the whole graph as one of its tasks. What is a step here is none of Airflow's business: when the task runs
again, kfp's cache gives it the steps that had finished.
"""

from typing import Any, NamedTuple

from kfp import dsl

from together.components import deploy, train
from workflow_pipeline.build import build
from workflow_pipeline.pipeline import MEMORY_LIMIT


def handed_over(uri: str, sha256: str) -> Any:
    """Return a folder from outside of the graph as an artifact, sealed with its digest."""
    return dsl.importer(artifact_uri=uri, artifact_class=dsl.Dataset, reimport=True, metadata={"sha256": sha256})


class Outputs(NamedTuple):
    """Name the artifacts that go back into the lake."""

    training: dsl.Dataset
    model: dsl.Model
    challenger: dsl.Dataset
    predictions: dsl.Dataset
    live: dsl.Dataset


@dsl.pipeline(name="churn-models", description="From a month's features to a model behind an alias.")
def model_half(
    month: str,
    place: str,
    place_sha256: str,
    features: str,
    features_sha256: str,
    labels: str,
    labels_sha256: str,
) -> Outputs:
    """Run the three stages for `month`, which was handed over in the folder `place`; two tables are in it.

    The digests are arguments, so that kfp's cache sees a new hand-over as a new input.
    """
    handover = handed_over(place, place_sha256)
    features_ = handed_over(features, features_sha256)
    labels_ = handed_over(labels, labels_sha256)
    built = build(features=features_.output, labels=labels_.output, month=month)
    trained = train(handover=handover.output, training=built.outputs["training"])
    deployed = deploy(
        handover=handover.output,
        features=features_.output,
        training=built.outputs["training"],
        model=trained.outputs["model"],
        challenger=trained.outputs["challenger"],
    )
    for step in (built, trained, deployed):
        step.set_memory_limit(MEMORY_LIMIT)
    return Outputs(
        training=built.outputs["training"],
        model=trained.outputs["model"],
        challenger=trained.outputs["challenger"],
        predictions=deployed.outputs["predictions"],
        live=deployed.outputs["live"],
    )
