"""Training and deployment as Kubeflow components: the containers in which scikit-learn and MLflow work.

`build` is the workflow pipeline's own component and has no network. These two are on an internal network with the
tracking server and the endpoint: engines/network.py.
"""

from kfp import dsl

from together.engines.images import image


@dsl.component(base_image=image(), install_kfp_package=False)
def train(
    handover: dsl.Input[dsl.Dataset],
    training: dsl.Input[dsl.Dataset],
    model: dsl.Output[dsl.Model],
    challenger: dsl.Output[dsl.Dataset],
    scores: dsl.Output[dsl.Metrics],
) -> None:
    """Search, calibrate, choose the threshold, and register the result as @challenger."""
    from pathlib import Path

    from together.handover import read_handover
    from together.inside.month import stage_of
    from together.train import train as nested
    from workflow_pipeline.artifacts import lake_of, log_metrics

    handed = read_handover(Path(handover.path))
    outputs = {"model": model, "challenger": challenger}
    with lake_of(inputs={"training": training}, outputs=outputs) as lake, stage_of(handed, "train") as run:
        baseline = nested(lake, handed.month, handed.seed or 0)
        model.metadata["mlflow_run"] = run.info.run_id
    log_metrics(scores, baseline.as_dict())


@dsl.component(base_image=image(), install_kfp_package=False)
def deploy(
    handover: dsl.Input[dsl.Dataset],
    features: dsl.Input[dsl.Dataset],
    training: dsl.Input[dsl.Dataset],
    model: dsl.Input[dsl.Model],
    challenger: dsl.Input[dsl.Dataset],
    predictions: dsl.Output[dsl.Dataset],
    live: dsl.Output[dsl.Dataset],
) -> None:
    """Let the challenger face the champion, then score the month's customers with the one that is live."""
    from pathlib import Path

    from together.handover import read_handover
    from together.inside.month import stage_of
    from tracking_pipeline.deploy import deploy as nested
    from workflow_pipeline.artifacts import lake_of

    handed = read_handover(Path(handover.path))
    inputs = {"features": features, "training": training, "model": model, "challenger": challenger}
    outputs = {"predictions": predictions, "live": live}
    with lake_of(inputs=inputs, outputs=outputs) as lake, stage_of(handed, "deploy") as run:
        nested(lake, handed.month)
        live.metadata["mlflow_run"] = run.info.run_id
