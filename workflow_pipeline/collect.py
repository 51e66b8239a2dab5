"""Data Collection: the exports come in as an artifact, and leave as one that nobody can change unnoticed."""

from kfp import dsl

from workflow_pipeline.images import image


@dsl.component(base_image=image("collect"), install_kfp_package=False)
def collect(source: dsl.Input[dsl.Dataset], months: list[str], raw: dsl.Output[dsl.Dataset]) -> None:
    """Copy the export of each month; the image holds Python and nothing else, for nothing else is needed."""
    from pathlib import Path

    from churn.collect import collect, data_fingerprint
    from workflow_pipeline.artifacts import lake_of

    with lake_of(inputs={}, outputs={"raw": raw}) as lake:
        raw.metadata["files"] = sum(len(collect(Path(source.path), lake, month)) for month in months)
        raw.metadata["data_fingerprint"] = data_fingerprint(lake, months[-1])
