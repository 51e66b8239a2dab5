"""One cell of the table: a scenario happens to a pipeline, and what was observed is judged. Then the proof of it:

- control: the same month, and nothing happens to it. Whoever sees something to prevent there cries wolf.
- switched off: the guard that is said to have done it is taken away, and the fault happens again. If the verdict does
  not fall to `misses`, something else has done it, and the cell is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

import polars as pl

from contrast.pipelines.pipeline import Pipeline, Run
from contrast.world import NEWEST

Word = Literal["prevents", "detects", "recovers", "records", "misses"]
By = Literal["tool", "ours"]
VERDICTS: dict[Word, str] = {
    "prevents": "the harm does not come about",
    "detects": "the harm comes about, and somebody is told at once",
    "recovers": "the harm comes about, and is undone with what was kept",
    "records": "the harm comes about; what is needed to understand it was kept",
    "misses": "none of these",
}


@dataclass(frozen=True)
class Measure:
    """The figure of a cell."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True)
class Verdict:
    """What a scenario says of what it observed."""

    verdict: Word
    measure: Measure
    sentence: str


@dataclass(frozen=True)
class Guard:
    """What is said to give a verdict: whose it is, and how to take it away, before the fault or before the way out."""

    by: By
    switch_off: Callable[[Pipeline], None]
    when: Literal["before", "after"] = "before"


@dataclass(frozen=True)
class Normal:
    """What a pipeline served before the newest month, and what it serves after one to which nothing happened."""

    before: pl.DataFrame
    after: pl.DataFrame
    answer: pl.DataFrame  # to the question, before


class Scenario(Protocol):
    """What a module in contrast/scenarios/ has."""

    TITLE: str
    STORY: str
    GUARDS: Mapping[str, Guard]  # by pipeline; none where it misses anyway

    def happen(self, pipeline: Pipeline) -> Run:
        """Let the fault happen while the newest month is run."""

    def judge(self, pipeline: Pipeline, run: Run, normal: Normal) -> Verdict | None:
        """Observe, do what a person would do next, judge. None: nothing has happened."""


class ControlFailed(RuntimeError):
    """A verdict that its controls do not bear out."""


def cells(pipeline: Pipeline, scenarios: Mapping[str, Scenario], advance: Callable[[str], object]) -> dict[str, Any]:
    """Let all `scenarios` happen to the pipeline. Returns the cells by scenario, as they are in the matrix.

    Raises ControlFailed, and then there are none.
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
            raise ControlFailed(f"{pipeline.name}: a clean month does not run: {run.said}")
        for name, scenario in scenarios.items():
            if alarm := scenario.judge(pipeline, run, normal):
                raise ControlFailed(f"{name}, {pipeline.name}: nothing has happened, and yet: {alarm.sentence}")
        return {name: cell(name, scenario, pipeline, normal, advance) for name, scenario in scenarios.items()}
    finally:
        pipeline.end()


def cell(
    name: str, scenario: Scenario, pipeline: Pipeline, normal: Normal, advance: Callable[[str], object]
) -> dict[str, Any]:
    advance(name)
    guard = scenario.GUARDS.get(pipeline.name)
    found = play(scenario, pipeline, normal)
    where = f"{name}, {pipeline.name}"
    if found is None:
        raise ControlFailed(f"{where}: the fault has happened, and nothing of it was observed")
    if (guard is None) != (found.verdict == "misses"):
        raise ControlFailed(f"{where}: '{found.verdict}' with {'no' if guard is None else 'a'} guard: {found.sentence}")
    advance(f"{name}, guard off")
    if guard is not None:
        without = play(scenario, pipeline, normal, guard)
        if without is None or without.verdict != "misses":
            raise ControlFailed(f"{where}: with its guard switched off, it still '{without and without.verdict}'")
    return {
        "verdict": found.verdict,
        "by": guard.by if guard else None,
        "measure": asdict(found.measure),
        "sentence": found.sentence,
    }


def play(scenario: Scenario, pipeline: Pipeline, normal: Normal, off: Guard | None = None) -> Verdict | None:
    pipeline.restore()
    if off and off.when == "before":
        off.switch_off(pipeline)
    run = scenario.happen(pipeline)
    if off and off.when == "after":
        off.switch_off(pipeline)
    return scenario.judge(pipeline, run, normal)
