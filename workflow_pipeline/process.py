"""Data Processing: one artifact in, two out. The image holds Polars, and no scikit-learn."""

from kfp import dsl

from workflow_pipeline.images import image


@dsl.component(base_image=image("process"), install_kfp_package=False)
def process(
    valid: dsl.Input[dsl.Dataset],
    months: list[str],
    features: dsl.Output[dsl.Dataset],
    labels: dsl.Output[dsl.Dataset],
) -> None:
    """Write the features of each month and the labels of the previous one.

    No month is processed twice: all of them are valid already, so the rows that arrive a month late are there.
    """
    from churn import process as plain
    from workflow_pipeline.artifacts import lake_of

    with lake_of(inputs={"valid": valid}, outputs={"features": features, "labels": labels}) as lake:
        for month in months:
            plain.process(lake, month)
