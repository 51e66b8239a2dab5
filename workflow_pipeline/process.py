"""Data Processing: one artifact in, two out. The image carries Polars, and no scikit-learn."""

from kfp import dsl

from workflow_pipeline.images import image


@dsl.component(base_image=image("process"), install_kfp_package=False)
def process(
    valid: dsl.Input[dsl.Dataset],
    months: list[str],
    features: dsl.Output[dsl.Dataset],
    labels: dsl.Output[dsl.Dataset],
) -> None:
    """Make the features of each month, and the labels of the month before.

    All months are valid by now, so late rows need no second visit: the engine knows no months, only steps and files.
    """
    import polars as pl

    from churn.process import process
    from workflow_pipeline.artifacts import lake_of

    with lake_of(inputs={"valid": valid}, outputs={"features": features, "labels": labels}) as lake:
        for month in months:
            process(lake, month)
        for table in (features, labels):
            files = f"{table.path}/*/*.parquet"
            table.metadata["rows"] = pl.scan_parquet(files, hive_partitioning=False).select(pl.len()).collect().item()
