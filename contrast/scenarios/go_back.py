"""A colleague balanced the training table, because leavers are rare. The new model is live, and it expects one in four
customers to leave. The retention desk wants last month's model back at once, and nobody dares to touch the code.
"""

from churn.harness.same_answer import SAME_ANSWER, largest_difference
from contrast.cell import Guard, Measure, Normal, Verdict
from contrast.code import Change
from contrast.pipelines.pipeline import Outcome, Pipeline
from contrast.world import LAST, NEWEST

NUMBER = 3
TITLE = "Go back to the previous model"
STORY = __doc__
TOO_MANY = 0.1  # expected share of leavers that is reason enough to go back; the true share is about 4 %

BALANCED = Change(
    "churn/build.py",
    'return features.join(labels, on=["customer_id", "month"], maintain_order="left")',
    'return features.join(labels, on=["customer_id", "month"], maintain_order="left")'
    '.filter(pl.col("churned") | (pl.col("customer_id") % 10 == 0))',
)
GUARDS = {
    "workflow": Guard("tool", lambda pipeline: pipeline.forget_models(), when="after"),
    "data": Guard("ours", lambda pipeline: pipeline.forget_models(), when="after"),
    "tracking": Guard("tool", lambda pipeline: pipeline.forget_models(), when="after"),
}


def happen(pipeline: Pipeline) -> Outcome:
    pipeline.code.change(BALANCED)
    pipeline.deliver([NEWEST])
    return pipeline.release(NEWEST)


def judge(pipeline: Pipeline, run: Outcome, normal: Normal) -> Verdict | None:
    live = pipeline.ask()["churn_probability"].to_numpy().mean()
    if run.ok and live < TOO_MANY:
        return None
    way = pipeline.go_back()
    apart = largest_difference(pipeline.ask(), normal.answer)
    measure = Measure("stages run again to go back", len(way.stages), "stages")
    sentence = (
        f"The balanced model expects {live:.0%} of the customers to leave. Going back took {way.seconds:.0f} s, "
        f"{len(way.stages)} stages and {len(way.commands)} command ({way.commands[0]}). Afterwards the answers "
    )
    if apart <= SAME_ANSWER:
        return Verdict("recovers", measure, f"{sentence}equal those of {LAST}, within {SAME_ANSWER:g}.")
    return Verdict("misses", measure, f"{sentence}differ from those of {LAST} by up to {apart:.2f}: no model was kept.")
