"""Data Collection: an image with Polars alone, to count rows. The exports come in as one artifact."""

from kfp import dsl

from workflow_pipeline.images import image


@dsl.component(base_image=image("collect"), install_kfp_package=False)
def collect(exports: dsl.Input[dsl.Dataset], months: list[str], raw: dsl.Output[dsl.Dataset]) -> None:
    """Copy the export of each month into `raw`."""
    from pathlib import Path

    from churn import collect as plain
    from workflow_pipeline.artifacts import lake_of

    source, files = Path(exports.path), 0
    with lake_of(inputs={}, outputs={"raw": raw}) as lake:
        for month in months:
            files += len(plain.collect(source, lake, month))
        raw.metadata.update(files=files, data_fingerprint=plain.data_fingerprint(lake, months[-1]))
