"""Model Building: the split by time becomes an artifact, so that you can look at the rows a model learned from."""

from kfp import dsl

from workflow_pipeline.images import image


@dsl.component(base_image=image("build"), install_kfp_package=False)
def build(
    features: dsl.Input[dsl.Dataset],
    labels: dsl.Input[dsl.Dataset],
    month: str,
    training: dsl.Output[dsl.Dataset],
) -> None:
    """Write the training rows and the hold-out rows. The estimator itself is code, and part of the image."""
    import polars as pl

    from churn import build as plain
    from churn.lake import partition
    from workflow_pipeline.artifacts import lake_of

    with lake_of(inputs={"features": features, "labels": labels}, outputs={"training": training}) as lake:
        plain.build(lake, month)
        for part in ("train", "holdout"):
            rows = pl.scan_parquet(partition(lake, "training", month) / f"{part}.parquet", glob=False)
            training.metadata[f"{part}_rows"] = rows.select(pl.len()).collect().item()
