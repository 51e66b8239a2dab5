"""One cell of the table: let a scenario happen to a pipeline, judge what is observed, and prove the verdict.

- Control: run the same month without a fault. A scenario that reports anything there has raised a false alarm.
- Guard off: switch off the guard that gets the credit, and let the fault happen again. The cell is refused unless the
  verdict falls to `misses`, because otherwise something else deserves the credit.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

import polars as pl

from contrast.pipelines.pipeline import Outcome, Pipeline
from contrast.world import NEWEST

Word = Literal["prevents", "detects", "recovers", "records", "misses"]  # the README defines each
By = Literal["tool", "ours"]


@dataclass(frozen=True)
class Measure:
    """The figure of a cell."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True)
class Verdict:
    """The judgement of a scenario, with the figure and the sentence that support it."""

    verdict: Word
    measure: Measure
    sentence: str


@dataclass(frozen=True)
class Guard:
    """The guard that gets the credit for a verdict: who made it, and how to switch it off.

    Switch it off before the fault. A guard that acts only during recovery is switched off after the fault.
    """

    by: By
    switch_off: Callable[[Pipeline], None]
    when: Literal["before", "after"] = "before"


@dataclass(frozen=True)
class Normal:
    """The predictions that a pipeline serves before the newest month, and after a newest month without a fault."""

    before: pl.DataFrame
    after: pl.DataFrame
    answer: pl.DataFrame  # to the question, before


class Scenario(Protocol):
    """The contents of a module in contrast/scenarios/."""

    TITLE: str
    STORY: str
    GUARDS: Mapping[str, Guard]  # by pipeline; none where the pipeline misses the fault anyway

    def happen(self, pipeline: Pipeline) -> Outcome:
        """Run the newest month and let the fault happen."""

    def judge(self, pipeline: Pipeline, run: Outcome, normal: Normal) -> Verdict | None:
        """Observe, do what a person would do next, and judge. Return None if no fault is visible."""


class ControlFailed(RuntimeError):
    """The controls contradict a verdict."""


def cells(pipeline: Pipeline, scenarios: Mapping[str, Scenario], advance: Callable[[str], object]) -> dict[str, Any]:
    """Let all `scenarios` happen to the pipeline. Return the cells by scenario, in the form of matrix.json.

    Raise ControlFailed if one control fails; then there are no cells.
    """
    try:
        advance("begins")
        pipeline.begin()
        before, answer = pipeline.served(), pipeline.ask()
        advance("a clean month")
        pipeline.deliver([NEWEST])
        run = pipeline.run(NEWEST)
        normal = Normal(before, pipeline.served(), answer)
        if not run.ok:
            raise ControlFailed(f"{pipeline.name}: a clean month does not run: {run.message}")
        for name, scenario in scenarios.items():
            if alarm := scenario.judge(pipeline, run, normal):
                raise ControlFailed(f"{name}, {pipeline.name}: false alarm on a clean month: {alarm.sentence}")
        return {name: cell(name, scenario, pipeline, normal, advance) for name, scenario in scenarios.items()}
    finally:
        pipeline.end()


def cell(
    name: str, scenario: Scenario, pipeline: Pipeline, normal: Normal, advance: Callable[[str], object]
) -> dict[str, Any]:
    """Let one scenario happen, judge it, and judge it again with the guard off."""
    advance(name)
    guard = scenario.GUARDS.get(pipeline.name)
    after = guard is not None and guard.when == "after"
    pipeline.restore()
    run = scenario.happen(pipeline)
    if after:
        pipeline.keep("happened")
    found = scenario.judge(pipeline, run, normal)
    where = f"{name}, {pipeline.name}"
    if found is None:
        raise ControlFailed(f"{where}: the fault happened, but the scenario observed nothing")
    if (guard is None) != (found.verdict == "misses"):
        raise ControlFailed(f"{where}: '{found.verdict}' with {'no' if guard is None else 'a'} guard: {found.sentence}")
    advance(f"{name}, guard off")
    if guard is not None:
        if after:
            pipeline.put_back("happened")
            guard.switch_off(pipeline)
        else:
            pipeline.restore()
            guard.switch_off(pipeline)
            run = scenario.happen(pipeline)
        without = scenario.judge(pipeline, run, normal)
        if without is None or without.verdict != "misses":
            raise ControlFailed(f"{where}: with its guard off, it still '{without and without.verdict}'")
    return {
        "verdict": found.verdict,
        "by": guard.by if guard else None,
        "measure": asdict(found.measure),
        "sentence": found.sentence,
    }
