"""Model Deployment, inside the graph: load the model in the environment that will serve it, and score the newest month.

What happens outside the graph, the serving image and its first question, is in served.py: a step cannot start images.
"""

from kfp import dsl

from workflow_pipeline.images import image


@dsl.component(base_image=image("deploy"), install_kfp_package=False)
def deploy(
    model: dsl.Input[dsl.Model],
    features: dsl.Input[dsl.Dataset],
    month: str,
    predictions: dsl.Output[dsl.Dataset],
) -> None:
    """Score all customers of the month with the model file as it will be served."""
    from churn.deploy import deploy
    from workflow_pipeline.artifacts import lake_of

    inputs = {"model": model, "features": features}
    with lake_of(inputs=inputs, outputs={"predictions": predictions}) as lake:
        predictions.metadata["rows"] = len(deploy(lake, month))
