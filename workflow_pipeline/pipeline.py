"""Wire the six stages into a graph.

`python -m workflow_pipeline.pipeline` compiles the graph to pipeline.yaml, which a cluster runs.
"""

from pathlib import Path
from typing import NamedTuple

from kfp import compiler, dsl

from workflow_pipeline.build import build
from workflow_pipeline.collect import collect
from workflow_pipeline.deploy import deploy
from workflow_pipeline.process import process
from workflow_pipeline.train import train
from workflow_pipeline.validate import validate

COMPILED = Path(__file__).with_name("pipeline.yaml")
MEMORY_LIMIT = "3G"  # of each step; the default world needs 0.5


class Outputs(NamedTuple):
    """Name the artifacts that a run leaves for others to read."""

    raw: dsl.Dataset
    valid: dsl.Dataset
    features: dsl.Dataset
    labels: dsl.Dataset
    training: dsl.Dataset
    model: dsl.Model
    scores: dsl.Metrics
    predictions: dsl.Dataset


@dsl.pipeline(name="churn", description="Who will leave next month? Six stages, each in its own container.")
def churn_pipeline(source_uri: str, source_sha256: str, months: list[str], month: str) -> Outputs:
    """Run the six stages on `months`, and score the customers of `month`, the last of them.

    The source's digest is an argument, so that kfp's cache sees a changed source as a new input.
    """
    exports = dsl.importer(
        artifact_uri=source_uri, artifact_class=dsl.Dataset, reimport=True, metadata={"sha256": source_sha256}
    )
    collected = collect(exports=exports.output, months=months).set_retry(num_retries=2, backoff_duration="1s")
    validated = validate(raw=collected.outputs["raw"], months=months)
    processed = process(valid=validated.outputs["valid"], months=months)
    features = processed.outputs["features"]
    built = build(features=features, labels=processed.outputs["labels"], month=month)
    trained = train(training=built.outputs["training"], month=month)
    deployed = deploy(model=trained.outputs["model"], features=features, month=month)
    for step in (collected, validated, processed, built, trained, deployed):
        step.set_memory_limit(MEMORY_LIMIT)
    return Outputs(
        raw=collected.outputs["raw"],
        valid=validated.outputs["valid"],
        features=features,
        labels=processed.outputs["labels"],
        training=built.outputs["training"],
        model=trained.outputs["model"],
        scores=trained.outputs["scores"],
        predictions=deployed.outputs["predictions"],
    )


if __name__ == "__main__":
    compiler.Compiler().compile(churn_pipeline, str(COMPILED))
