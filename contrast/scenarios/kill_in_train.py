"""The machine runs out of memory, and the kernel kills the process that uses most of it: the one that runs `train`
(kill -9). The process logs nothing and cleans up nothing. Then the user runs the month again.
"""

from churn.harness.same_answer import SAME_ANSWER, largest_difference
from contrast.cell import Guard, Measure, Normal, Verdict
from contrast.code import Change
from contrast.pipelines.pipeline import Outcome, Pipeline, timed
from contrast.world import NEWEST

NUMBER = 2
TITLE = "kill -9 in train"
STORY = __doc__
DONE_BEFORE = ("collect", "validate", "process", "build")
DEAD = ("killed", "failed", "failure")  # the word of MLflow, Airflow and kfp

DEAD_RUNS_NOT_MARKED = Change(
    "tracking_pipeline/safety/store.py", "if killed := mark_killed_runs(experiment.experiment_id):", "if killed := []:"
)
GUARDS = {
    "workflow": Guard("tool", lambda pipeline: pipeline.forget_runs(), when="after"),
    "data": Guard("tool", lambda pipeline: pipeline.forget_runs(), when="after"),
    "tracking": Guard("ours", lambda pipeline: pipeline.code.change(DEAD_RUNS_NOT_MARKED), when="after"),
}


def happen(pipeline: Pipeline) -> Outcome:
    pipeline.deliver([NEWEST])
    pipeline.run_and_kill_train(NEWEST)
    return Outcome(False, {}, "killed")


def judge(pipeline: Pipeline, run: Outcome, normal: Normal) -> Verdict | None:
    leftovers = pipeline.leftovers()
    if run.ok and not leftovers:
        return None
    stayed = pipeline.served().equals(normal.before)
    again, seconds = timed(lambda: pipeline.run_again(NEWEST))
    redone = {stage: again.stages[stage] for stage in DONE_BEFORE if stage in again.stages}
    right = again.ok and largest_difference(pipeline.served(), normal.after) <= SAME_ANSWER
    dead = [record for record in pipeline.records() if record.state.casefold() in DEAD]
    measure = Measure("finished stages repeated", len(redone), "stages")
    sentence = (
        f"{'The previous answer stayed live' if stayed else 'No answer was left'}. "
        f"Left behind: {', '.join(leftovers) or 'nothing'}. "
        f"The next run took {seconds:.0f} s, its answer was {'right' if right else 'wrong'}, and it repeated "
        f"{len(redone)} of {len(DONE_BEFORE)} finished stages ({sum(redone.values()):.1f} s)."
    )
    if right and len(redone) < len(DONE_BEFORE):
        return Verdict("recovers", measure, sentence)
    if dead:
        recorded = f"{len(dead)} runs are recorded as {dead[0].state.casefold()}."
        return Verdict("records", measure, f"{sentence} {recorded}")
    return Verdict("misses", measure, f"{sentence} Nothing records that a run died.")
