"""One region's new switch counts calls in seconds, but the export's column is in minutes. Every column is present and
every type is right. The customers of that region seem to call sixty times as much as before.
"""

from pathlib import Path

import polars as pl

from churn.harness.same_answer import SAME_ANSWER
from churn.lake import parquet_in
from churn.simulator.faults import break_export
from contrast.cell import Guard, Measure, Normal, Verdict
from contrast.code import Change
from contrast.pipelines.pipeline import Outcome, Pipeline
from contrast.world import LAST, NEWEST

NUMBER = 1
TITLE = "A bad batch"
STORY = __doc__
FAULT = "seconds_for_minutes"

ALL_ROWS_ARE_GOOD = Change(
    "churn/validate.py",
    "good, bad = split_by_contract(delivered, table, month)",
    "good, bad = delivered, delivered.clear()",
)
CONTRACT = Guard("ours", lambda pipeline: pipeline.code.change(ALL_ROWS_ARE_GOOD))
GUARDS = dict.fromkeys(("plain", "workflow", "data", "model", "tracking"), CONTRACT)


def happen(pipeline: Pipeline) -> Outcome:
    pipeline.deliver([NEWEST])
    break_export(pipeline.source / f"month={NEWEST}", FAULT)
    return pipeline.run(NEWEST)


def judge(pipeline: Pipeline, run: Outcome, normal: Normal) -> Verdict | None:
    clean = usage_in(pipeline.clean_source / f"month={NEWEST}")
    bad = usage_in(pipeline.source / f"month={NEWEST}").join(clean, on=clean.columns, how="anti")
    valid = pipeline.table("valid", NEWEST)
    reached = len(bad.join(usage_in(valid), on=clean.columns, how="semi")) if valid.is_dir() else 0
    intact = pipeline.served().equals(normal.before)
    if run.ok and bad.is_empty():
        return None
    measure = Measure("bad rows that reached the model", reached, "rows")
    if run.ok or reached or not intact:
        changed = answers_changed(pipeline.served(), normal.after)
        sentence = (
            f"{reached:,} of {len(bad):,} bad rows reached the model, and {changed} customers got a different answer."
        )
        return Verdict("misses", measure, sentence)
    kept = [f"{record.stage} {record.state}" for record in pipeline.records() if record.reason]
    trace = f"Its records show {', '.join(kept)} and the reason." if kept else "The only record is an exit code."
    sentence = f"None of {len(bad):,} bad rows reached the model, and the answer of {LAST} stays live. {trace}"
    return Verdict("prevents", measure, sentence)


def usage_in(export: Path) -> pl.DataFrame:
    return pl.read_parquet(parquet_in(export / "usage"), hive_partitioning=False)


def answers_changed(served: pl.DataFrame, clean: pl.DataFrame) -> int:
    both = served.join(clean, on="customer_id", suffix="_clean")
    return len(both.filter((pl.col("churn_probability") - pl.col("churn_probability_clean")).abs() > SAME_ANSWER))
