"""What was the same and what was different, in five lines, all of it computed from the reports."""

from collections.abc import Sequence
from pathlib import Path

from churn.compare.runs import SAME_ANSWER, Run, reference_of

PLACES = {"container": "in containers", "process": "in processes of its engine", "none": "in one process"}
LEFT = {  # besides the report and the predictions, which all of them leave; and where in its folder to look at it
    "plain": ("the tables of each month", "lake"),
    "workflow": ("a serving image, a cache of steps, a log", "log.txt"),
    "data": ("a record of every month, an incident", "make ui-data"),
    "data-dagster": ("a record of every month and check", "make ui-dagster"),
    "model": ("a searched model, its card, whom to call", "card.html"),
    "tracking": ("every trial, a live model, the way back", "make ui-tracking"),
    "together": ("all of these", "report.json"),
}


def left_behind(run: Run, folder: Path) -> tuple[str, str]:
    """What a run leaves besides its answer, and where to look: a path, or a command of make."""
    what, where = LEFT[run.name]
    if ran_without_containers(run):
        what = "the files of each step, a log"
    return what, where if where.startswith("make ") else str(folder / run.name / where)


def ran_without_containers(run: Run) -> bool:
    """The workflow pipeline, on a machine without a Docker engine."""
    return run.name == "workflow" and run.report is not None and run.report.isolation == "none"


def five_lines(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """A word and a sentence each: answer, data, seconds, isolation, model."""
    alike = [run for run in runs if run.same_data]
    return [
        ("answer", _answer(runs)),
        ("data", _data(runs)),
        ("seconds", _seconds(alike)),
        ("isolation", _isolation(alike)),
        ("model", _model(alike)),
    ]


def missing(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """The pipelines there is no report of, by what became of them."""
    names = {word: [run.name for run in runs if run.answer == word] for word in ("failed", "not run")}
    return [(word, _prose([_listed(those)])) for word, those in names.items() if those]


def _answer(runs: Sequence[Run]) -> str:
    reference, report = reference_of(runs)
    compared = [run for run in runs if run.same_data and run.name != reference]
    same = [run for run in compared if run.answer == "the same"]
    others = [run for run in compared if run.answer != "the same"]
    sentences = []
    if same:
        largest = max(run.difference or 0.0 for run in same)
        sentences.append(
            f"the same: {_listed([run.name for run in same])} {_verb(same, 'gives', 'give')} each of "
            f"{report.customers:,} customers the probability that {reference} does; largest difference {largest:.1g}, "
            f"allowed {SAME_ANSWER:g}"
        )
    sentences += [
        f"NOT the same: {run.name}, compared with {reference}: "
        + (run.answer if run.difference is not None else "it scored other customers")
        for run in others
    ]
    return _prose(sentences or [f"only {reference} has run on this data: there is nothing to compare it with"])


def _data(runs: Sequence[Run]) -> str:
    _, report = reference_of(runs)
    seed = f", seed {report.seed}" if report.seed is not None else ""
    same, of = sum(run.same_data for run in runs), sum(run.report is not None for run in runs)
    lead = f"the same for all {same}" if same == of else f"the same for {same} of {of}"
    sentences = [f"{lead}: {report.month}{seed}, fingerprint {report.data_fingerprint[:8]}"]
    sentences += [
        f"{run.name} was last run on other data ({_world(run)}), and is not compared"
        for run in runs
        if run.answer == "other data"
    ]
    return _prose(sentences)


def _world(run: Run) -> str:
    assert run.report is not None
    seed = f", seed {run.report.seed}" if run.report.seed is not None else ""
    return f"{run.report.month}{seed}, {run.report.customers:,} customers"


def _seconds(runs: Sequence[Run]) -> str:
    sentences = []
    executed = sorted((run for run in runs if not run.cached), key=lambda run: run.seconds)
    if len(executed) > 1:
        fast, slow = executed[0], executed[-1]
        sentences.append(
            f"different: the six stages took {fast.seconds:.1f} s in {fast.name} and {slow.seconds:.1f} s in "
            f"{slow.name}, {slow.seconds / fast.seconds:.0f} times as long"
        )
    elif executed:
        sentences.append(f"the six stages took {executed[0].seconds:.1f} s in {executed[0].name}")
    if cached := [run.name for run in runs if run.cached]:
        sentences.append(f"not counted: {_listed(cached)}, which took stages from a cache")
    return _prose(sentences)


def _isolation(runs: Sequence[Run]) -> str:
    names: dict[str, list[str]] = {place: [] for place in PLACES}
    for run in runs:
        if run.report and not ran_without_containers(run):
            names[run.report.isolation].append(run.name)
    places = [f"{_listed(those)} {PLACES[place]}" for place, those in names.items() if those]
    sentences = [("different: " if len(places) > 1 else "") + "; ".join(places)] if places else []
    if any(ran_without_containers(run) for run in runs):
        sentences.append("workflow ran without a Docker engine: its steps were processes, isolated from nothing")
    return _prose(sentences)


def _model(runs: Sequence[Run]) -> str:
    _, report = reference_of(runs)
    best = report.ceiling_roc_auc
    ceiling = f"; who knows every true probability reaches {best:.3f}" if best else ""
    baseline = report.baseline
    sentences = [
        f"the baseline has ROC-AUC {baseline['roc_auc']:.3f} on {report.holdout_month} and is worth "
        f"{baseline['campaign_value_eur']:,.0f} €{ceiling}"
    ]
    found = [
        f"{run.name} found one of {run.report.best['roc_auc']:.3f} worth {run.report.best['campaign_value_eur']:,.0f} €"
        + (", less" if float(run.report.best["campaign_value_eur"]) < float(baseline["campaign_value_eur"]) else "")
        for run in runs
        if run.report and run.report.best
    ]
    if found:
        sentences.append(f"different: by searching on, {_listed(found)}")
    if best and any(run.report and run.report.best and float(run.report.best["roc_auc"]) > best for run in runs):
        sentences.append(f"more than {best:.3f} is luck: few customers left in that month")
    return _prose(sentences)


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _verb(things: Sequence[object], one: str, several: str) -> str:
    return one if len(things) == 1 else several


def _prose(sentences: Sequence[str]) -> str:
    return ". ".join(sentence[0].upper() + sentence[1:] for sentence in sentences) + "."
