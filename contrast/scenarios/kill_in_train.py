"""The machine runs out of memory and the kernel ends the process that uses most of it: the one at `train`, by kill -9.
Nothing is said, nothing is tidied up. Then somebody asks for the month again.
"""

from contrast.cell import Guard, Measure, Normal, Verdict
from contrast.code import Change
from contrast.pipelines.pipeline import Pipeline, Run, timed
from contrast.world import NEWEST, SAME_ANSWER, largest_difference

NUMBER = 2
TITLE = "kill -9 in train"
STORY = __doc__
DONE_BEFORE = ("collect", "validate", "process", "build")
DEAD = ("killed", "failed", "failure")  # as MLflow, Airflow and kfp call it

NOTHING_SAID_OF_THE_DEAD = Change(
    "tracking_pipeline/safety/store.py", "if killed := mark_killed_runs(experiment.experiment_id):", "if killed := []:"
)
GUARDS = {
    "workflow": Guard("tool", lambda pipeline: pipeline.forget_runs(), when="after"),
    "data": Guard("tool", lambda pipeline: pipeline.forget_runs(), when="after"),
    "tracking": Guard("ours", lambda pipeline: pipeline.code.change(NOTHING_SAID_OF_THE_DEAD), when="after"),
}


def happen(pipeline: Pipeline) -> Run:
    pipeline.deliver([NEWEST])
    pipeline.run_and_kill_train(NEWEST)
    return Run(False, {}, "killed")


def judge(pipeline: Pipeline, run: Run, normal: Normal) -> Verdict | None:
    left = pipeline.leftovers()
    if run.ok and not left:
        return None
    stood = pipeline.served().equals(normal.before)
    again, seconds = timed(lambda: pipeline.run_again(NEWEST))
    redone = {stage: again.stages[stage] for stage in DONE_BEFORE if stage in again.stages}
    right = again.ok and largest_difference(pipeline.served(), normal.after) <= SAME_ANSWER
    dead = [one for one in pipeline.records() if one.state.casefold() in DEAD]
    measure = Measure("finished stages done again", len(redone), "stages")
    sentence = (
        f"{'The answer before stood' if stood else 'No answer was left'}; left behind: {', '.join(left) or 'nothing'}. "
        f"The next run took {seconds:.0f} s, its answer was {'right' if right else 'wrong'}, and it did "
        f"{len(redone)} of {len(DONE_BEFORE)} finished stages again ({sum(redone.values()):.1f} s)"
    )
    if right and len(redone) < len(DONE_BEFORE):
        return Verdict("recovers", measure, f"{sentence}.")
    if dead:
        return Verdict("records", measure, f"{sentence}; {len(dead)} runs are on record as {dead[0].state.casefold()}.")
    return Verdict("misses", measure, f"{sentence}; nothing says that a run has died.")
