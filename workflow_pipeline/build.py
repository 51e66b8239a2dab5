"""Model Building: the split by time, as an artifact of its own, so that what was learnt from can be looked at."""

from kfp import dsl

from workflow_pipeline.images import image


@dsl.component(base_image=image("build"), install_kfp_package=False)
def build(
    features: dsl.Input[dsl.Dataset],
    labels: dsl.Input[dsl.Dataset],
    month: str,
    training: dsl.Output[dsl.Dataset],
) -> None:
    """Write the rows to train on and the rows held out; the estimator is in this image's code, not in its files."""
    from churn.build import build
    from churn.train import training_and_holdout
    from workflow_pipeline.artifacts import lake_of

    with lake_of(inputs={"features": features, "labels": labels}, outputs={"training": training}) as lake:
        build(lake, month)
        rows, holdout = training_and_holdout(lake, month)
        training.metadata.update(train_rows=len(rows), holdout_rows=len(holdout), holdout_month=holdout["month"][0])
