"""Model Deployment inside the graph: score the newest month in the environment that will serve the model.

A step cannot start a container, so the web service is started outside of the graph: serving/container.py.
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
    """Score all customers of the month with the same model file that is served later."""
    from churn import deploy as plain
    from workflow_pipeline.artifacts import lake_of

    inputs = {"model": model, "features": features}
    with lake_of(inputs=inputs, outputs={"predictions": predictions}) as lake:
        scored = plain.deploy(lake, month)
    predictions.metadata["rows"] = len(scored)
