"""The same assets in Dagster, all in this file: six stages, monthly partitions, the contract as a blocking check, the
rule that restates features, and the schedules.

What Airflow keeps in three DAGs and in events is here said once, in the dependencies: `features` of a month are made of
`valid` of every month before it and of one month after it, so Dagster knows by itself what late rows make stale.
"""

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg

SOURCE = Path(os.environ.get("CHURN_SOURCE", "runs/data-dagster/source"))
LAKE = Path(os.environ.get("CHURN_LAKE", "runs/data-dagster/lake"))
FIRST_MONTH = os.environ.get("CHURN_FIRST_MONTH", "2025-01")
EXPORTS_END = os.environ.get("CHURN_EXPORTS_END")  # a simulated operator's exports end
MONTHLY = dg.MonthlyPartitionsDefinition(start_date=FIRST_MONTH, end_date=EXPORTS_END, fmt="%Y-%m")
HISTORY_AND_LATE_ROWS = dg.TimeWindowPartitionMapping(
    start_offset=-120, end_offset=1, allow_nonexistent_upstream_partitions=True
)


@dg.asset(
    partitions_def=MONTHLY,
    retry_policy=dg.RetryPolicy(max_retries=3, delay=2, backoff=dg.Backoff.EXPONENTIAL),
)
def raw(context: dg.AssetExecutionContext) -> Any:
    """Data Collection: the month's export, as it was delivered."""
    import churn.collect

    checksums = churn.collect.collect(SOURCE, LAKE, context.partition_key)
    return dg.MaterializeResult(metadata={"files": len(checksums)})


@dg.asset(
    partitions_def=MONTHLY,
    deps=[raw],
    output_required=False,
    check_specs=[dg.AssetCheckSpec("contract", asset="valid", blocking=True)],
)
def valid(context: dg.AssetExecutionContext) -> Iterator[Any]:
    """Data Validation: the good rows; or nothing, and a failed check that blocks what comes after."""
    import churn.validate
    from churn.harness.errors import ContractBroken

    try:
        quality = churn.validate.validate(LAKE, context.partition_key)
    except ContractBroken as problem:
        yield dg.AssetCheckResult(passed=False, description=f"contract: {problem}")
    else:
        yield dg.MaterializeResult(metadata={"quality": asdict(quality), "late_rows": quality.late_rows})
        yield dg.AssetCheckResult(passed=True, metadata={"rejected": quality.rejected})


@dg.multi_asset(
    partitions_def=MONTHLY,
    specs=[
        dg.AssetSpec(
            table,
            deps=[dg.AssetDep("valid", partition_mapping=HISTORY_AND_LATE_ROWS)],
            automation_condition=dg.AutomationCondition.any_deps_updated(),
            skippable=True,
        )
        for table in ("features", "labels")
    ],
)
def process(context: dg.AssetExecutionContext) -> Iterator[Any]:
    """Data Processing: features of the month, and labels of the month before (Dagster files both under the month)."""
    import churn.process
    from churn.lake import months_of
    from churn.storage.months import month_range

    missing = sorted(set(month_range(FIRST_MONTH, context.partition_key)) - set(months_of(LAKE, "valid")))
    if missing:
        context.log.info(f"waiting for valid {', '.join(missing)}")
        return
    churn.process.process(LAKE, context.partition_key)
    yield dg.MaterializeResult("features")
    yield dg.MaterializeResult("labels")


@dg.asset(partitions_def=MONTHLY, deps=["features", "labels"])
def training(context: dg.AssetExecutionContext) -> None:
    """Model Building: months with known labels, the newest of them held out."""
    import churn.build

    churn.build.build(LAKE, context.partition_key)


@dg.asset(partitions_def=MONTHLY, deps=[training])
def model(context: dg.AssetExecutionContext) -> Any:
    """Training and Evaluating: the fitted baseline, with its scores as metadata."""
    import churn.train

    return dg.MaterializeResult(metadata=churn.train.train(LAKE, context.partition_key).as_dict())


@dg.asset(partitions_def=MONTHLY, deps=[model, "features"])
def predictions(context: dg.AssetExecutionContext) -> Any:
    """Model Deployment: the month's customers, scored."""
    import churn.deploy

    return dg.MaterializeResult(metadata={"customers": len(churn.deploy.deploy(LAKE, context.partition_key))})


exports_job = dg.define_asset_job("exports_job", [raw, valid])
features_job = dg.define_asset_job("features_job", [process])
predictions_job = dg.define_asset_job("predictions_job", [training, model, predictions])

defs = dg.Definitions(
    assets=[raw, valid, process, training, model, predictions],
    jobs=[exports_job, features_job, predictions_job],
    schedules=[
        dg.build_schedule_from_partitioned_job(exports_job, day_of_month=1, hour_of_day=6),
        dg.build_schedule_from_partitioned_job(predictions_job, day_of_month=2, hour_of_day=6),
    ],
)
