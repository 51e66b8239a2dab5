"""The same assets in Dagster, all in this file: six stages, monthly partitions, the contract as a blocking check, the
rule that restates features, and the schedules.

Airflow needs three DAGs and events for this. Dagster derives it from the dependencies. `features` of a month depend on
`valid` of all earlier months and of one later month; so Dagster knows which features late rows make out of date.
"""

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import dagster as dg


# A resource holds what differs between machines. Each asset that names it as an argument receives it.
# https://docs.dagster.io/guides/build/external-resources
class Folders(dg.ConfigurableResource):
    """The folder of the operator's exports, and that of the tables."""

    source: str
    lake: str


# Dagster needs the partitions when it loads this file. A simulated operator's exports end; others end today.
# https://docs.dagster.io/guides/build/partitions-and-backfills/partitioning-assets
MONTHLY = dg.MonthlyPartitionsDefinition(
    start_date=os.environ.get("CHURN_FIRST_MONTH", "2025-01"), end_date=os.environ.get("CHURN_EXPORTS_END"), fmt="%Y-%m"
)
HISTORY_AND_LATE_ROWS = dg.TimeWindowPartitionMapping(
    start_offset=-120, end_offset=1, allow_nonexistent_upstream_partitions=True
)


# An asset is a table, and the function that makes it. The result's metadata is on the asset's page.
# https://docs.dagster.io/guides/build/assets/metadata-and-tags
@dg.asset(
    partitions_def=MONTHLY,
    retry_policy=dg.RetryPolicy(max_retries=3, delay=2, backoff=dg.Backoff.EXPONENTIAL),
)
def raw(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult:
    """Data Collection: the month's export as it was delivered."""
    from churn import collect as plain

    source, lake, month = Path(folders.source), Path(folders.lake), context.partition_key
    checksums = plain.collect(source, lake, month)
    return dg.MaterializeResult(metadata={"files": len(checksums)})


# A blocking check that fails stops everything downstream in the same run.
# https://docs.dagster.io/guides/test/asset-checks
@dg.asset(
    partitions_def=MONTHLY,
    deps=[raw],
    output_required=False,  # a broken export gives no valid rows
    check_specs=[dg.AssetCheckSpec("contract", asset="valid", blocking=True)],
)
def valid(context: dg.AssetExecutionContext, folders: Folders) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Data Validation: the good rows, or no rows and a failed check."""
    from churn import validate as plain
    from churn.harness.errors import ContractBroken

    lake, month = Path(folders.lake), context.partition_key
    try:
        quality = plain.validate(lake, month)
    except ContractBroken as problem:
        yield dg.AssetCheckResult(passed=False, description=f"contract: {problem}")
    else:
        yield dg.MaterializeResult(metadata={"quality": asdict(quality), "late_rows": quality.late_rows})
        yield dg.AssetCheckResult(passed=True, metadata={"rejected": quality.rejected, "doubts": quality.doubts})


# One function may make several assets. The condition requests a month again when a partition of `valid` that it
# depends on has changed: https://docs.dagster.io/guides/automate/declarative-automation
@dg.multi_asset(
    partitions_def=MONTHLY,
    specs=[
        dg.AssetSpec(
            table,
            deps=[dg.AssetDep("valid", partition_mapping=HISTORY_AND_LATE_ROWS)],
            automation_condition=dg.AutomationCondition.any_deps_updated(),
            skippable=True,  # not made while an earlier month is missing
        )
        for table in ("features", "labels")
    ],
)
def process(context: dg.AssetExecutionContext, folders: Folders) -> Iterator[dg.MaterializeResult]:
    """Data Processing: the month's features and the previous month's labels. Dagster files both under the month."""
    from churn import process as plain
    from churn.lake import months_of

    lake, month = Path(folders.lake), context.partition_key
    there = months_of(lake, "valid")
    missing = [past for past in MONTHLY.get_partition_keys() if past <= month and past not in there]
    if missing:
        context.log.info(f"waiting for valid rows of {', '.join(missing)}")
        return
    plain.process(lake, month)
    yield dg.MaterializeResult("features")
    yield dg.MaterializeResult("labels")


@dg.asset(partitions_def=MONTHLY, deps=["features", "labels"])
def training(context: dg.AssetExecutionContext, folders: Folders) -> None:
    """Model Building: the months with known labels, the newest of them held out."""
    from churn import build as plain

    lake, month = Path(folders.lake), context.partition_key
    plain.build(lake, month)


@dg.asset(partitions_def=MONTHLY, deps=[training])
def model(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult:
    """Training and Evaluating: the fitted baseline, with its scores as metadata."""
    from churn import train as plain

    lake, month = Path(folders.lake), context.partition_key
    scores = plain.train(lake, month)
    return dg.MaterializeResult(metadata=scores.as_dict())


@dg.asset(partitions_def=MONTHLY, deps=[model, "features"])
def predictions(context: dg.AssetExecutionContext, folders: Folders) -> dg.MaterializeResult:
    """Model Deployment: the month's customers, scored."""
    from churn import deploy as plain

    lake, month = Path(folders.lake), context.partition_key
    scored = plain.deploy(lake, month)
    return dg.MaterializeResult(metadata={"customers": len(scored)})


# A job is a selection of assets that run together; a schedule starts it for the newest partition.
# https://docs.dagster.io/guides/automate/schedules
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
    resources={"folders": Folders(source=dg.EnvVar("CHURN_SOURCE"), lake=dg.EnvVar("CHURN_LAKE"))},
)
