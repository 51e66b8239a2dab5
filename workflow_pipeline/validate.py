"""Data Validation: the gate. A component that raises ends its container with exit code 1, and the graph stops."""

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
    """Check each month against the contract. This image holds an older NumPy than training, for the drift test."""
    from churn import validate as plain
    from workflow_pipeline.artifacts import lake_of, log_metrics
    from workflow_pipeline.drift import usage_drift

    with lake_of(inputs={"raw": raw}, outputs={"valid": valid, "quarantine": quarantine}) as lake:
        findings = [plain.validate(lake, month) for month in months]
        drift = usage_drift(lake, months[-1])
    rows = sum(sum(found.rows.values()) for found in findings)
    rejected = sum(sum(reasons.values()) for found in findings for reasons in found.rejected.values())
    late = sum(found.late_rows for found in findings)
    doubts = sum(len(found.doubts) for found in findings)
    log_metrics(quality, {"rows": rows, "rejected_rows": rejected, "late_rows": late, "doubts": doubts, **drift})
    valid.metadata["rows"] = rows - rejected
