"""Data Validation: the gate. A component that raises makes its container exit with 1, and the graph stops there."""

from kfp import dsl

from workflow_pipeline.images import image


@dsl.component(base_image=image("validate"), install_kfp_package=False)
def validate(
    raw: dsl.Input[dsl.Dataset],
    months: list[str],
    valid: dsl.Output[dsl.Dataset],
    quarantine: dsl.Output[dsl.Dataset],
    quality: dsl.Output[dsl.Metrics],
) -> None:
    """Judge each month by the contract. The image brings an older NumPy than training, for the test on drift."""
    from churn.validate import validate
    from workflow_pipeline.artifacts import lake_of, log_metrics
    from workflow_pipeline.drift import usage_drift

    with lake_of(inputs={"raw": raw}, outputs={"valid": valid, "quarantine": quarantine}) as lake:
        found = [validate(lake, month) for month in months]
        print("\n".join(message for month in found for message in month.messages()))
        drift = usage_drift(lake, months[-1])
    counts = {
        "rows": sum(sum(month.rows.values()) for month in found),
        "rejected_rows": sum(sum(reasons.values()) for month in found for reasons in month.rejected.values()),
        "late_rows": sum(month.late_rows for month in found),
    }
    log_metrics(quality, {**counts, **drift})
    valid.metadata["rows"] = counts["rows"] - counts["rejected_rows"]
