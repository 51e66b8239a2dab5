"""Somebody has balanced the training table, because leavers are rare, and now the model sees one in every few customers
leave. It is live. The retention desk wants last month's model back, now, and nobody dares to touch the code.
"""

from contrast.cell import Guard, Measure, Normal, Verdict
from contrast.code import Change
from contrast.pipelines.pipeline import Pipeline, Run
from contrast.world import LAST, NEWEST, SAME_ANSWER, largest_difference

NUMBER = 3
TITLE = "Go back to the model before"
STORY = __doc__
TOO_MANY = 0.1  # of the customers expected to leave within a month, where 4 % do: reason enough to go back

BALANCED = Change(
    "churn/build.py",
    "return pl.concat(per_month)",
    'return pl.concat(per_month).filter(pl.col("churned") | (pl.col("customer_id") % 10 == 0))',
)
GUARDS = {
    "workflow": Guard("tool", lambda pipeline: pipeline.forget_models(), when="after"),
    "data": Guard("ours", lambda pipeline: pipeline.forget_models(), when="after"),
    "tracking": Guard("tool", lambda pipeline: pipeline.forget_models(), when="after"),
}


def happen(pipeline: Pipeline) -> Run:
    pipeline.code.change(BALANCED)
    pipeline.deliver([NEWEST])
    return pipeline.release(NEWEST)


def judge(pipeline: Pipeline, run: Run, normal: Normal) -> Verdict | None:
    expected, live = (table["churn_probability"].to_numpy().mean() for table in (normal.answer, pipeline.ask()))
    if run.ok and live < TOO_MANY:
        return None
    way = pipeline.go_back()
    apart = largest_difference(pipeline.ask(), normal.answer)
    measure = Measure("stages run again to go back", len(way.stages), "stages")
    sentence = (
        f"{live:.0%} of the customers are expected to leave, {expected:.0%} were by the model before. Going back took "
        f"{way.seconds:.0f} s, {len(way.stages)} stages and {len(way.commands)} command ({way.commands[0]}); "
        "after it the answers are "
    )
    if apart <= SAME_ANSWER:
        return Verdict("recovers", measure, f"{sentence}those of {LAST}, within {SAME_ANSWER:g}.")
    return Verdict("misses", measure, f"{sentence}up to {apart:.2f} from those of {LAST}: no model was kept.")
