"""Say in five lines what was the same and what was different. Every figure comes from the reports."""

from collections.abc import Sequence
from pathlib import Path

from churn.compare.runs import Run, reference_of
from churn.harness.report import Report
from churn.harness.same_answer import SAME_ANSWER

PLACES = {"container": "in containers", "process": "in processes of its engine", "none": "in one process"}
LEFT_BEHIND = {  # besides the report and the predictions, and where to look at it
    "plain": ("the tables of each month", "lake"),
    "workflow": ("a serving image, a cache of steps, a log", "log.txt"),
    "data": ("a record of every month, an incident", "make ui-data"),
    "data-dagster": ("a record of every month and check", "make ui-dagster"),
    "model": ("a searched model, its card, whom to call", "card.html"),
    "tracking": ("every trial, a live model, the way back", "make ui-tracking"),
    "together": ("all of these", "report.json"),
    "notebooks": ("an executed copy of each notebook", "executed"),
}


def left_behind(run: Run, folder: Path) -> tuple[str, str]:
    """Return what a run leaves besides its answer, and where to look: a path, or a command of make."""
    what, where = LEFT_BEHIND[run.name]
    if run.without_docker:
        what = "the files of each step, a log"
    return what, where if where.startswith("make ") else str(folder / run.name / where)


def five_lines(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Return a word and a few sentences each: answer, data, seconds, isolation, model."""
    same_data = [run for run in runs if run.same_data]
    return [
        ("answer", _prose(_answer(runs))),
        ("data", _prose(_data(runs))),
        ("seconds", _prose(_seconds(same_data))),
        ("isolation", _prose(_isolation(same_data))),
        ("model", _prose(_model(same_data))),
    ]


def missing(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Return the pipelines without a report, by the reason: failed, or not run."""
    names = {word: [run.name for run in runs if run.answer == word] for word in ("failed", "not run")}
    return [(word, _prose([_listed(those)])) for word, those in names.items() if those]


def _answer(runs: Sequence[Run]) -> list[str]:
    reference, report = reference_of(runs)
    same = [run for run in runs if run.answer == "the same"]
    differ = [run for run in runs if run.disagrees]
    if not same and not differ:
        return [f"only {reference} has run on this data: there is nothing to compare it with"]
    sentences = []
    if same:
        largest = max(run.difference or 0.0 for run in same)
        sentences += [
            f"{_listed([run.name for run in same])} {'gives' if len(same) == 1 else 'give'} each of the "
            f"{report.customers:,} customers the same probability as {reference}",
            f"the largest difference is {largest:.1g}; {SAME_ANSWER:g} is allowed",
        ]
    for run in differ:
        how = "scored other customers than" if run.difference is None else f"{run.answer} from"
        sentences.append(f"NOT the same: {run.name} {how} {reference}")
    return sentences


def _data(runs: Sequence[Run]) -> list[str]:
    _, report = reference_of(runs)
    same, of = sum(run.same_data for run in runs), sum(run.report is not None for run in runs)
    return [
        f"the same for {f'all {of}' if same == of else f'{same} of {of}'}: {_world(report)}, "
        f"fingerprint {report.data_fingerprint[:8]}",
        *(
            f"{run.name} last ran on other data ({_world(run.report)}, {run.report.customers:,} customers), "
            "so we do not compare it"
            for run in runs
            if run.report and not run.same_data
        ),
    ]


def _world(report: Report) -> str:
    return report.month if report.seed is None else f"{report.month}, seed {report.seed}"


def _seconds(runs: Sequence[Run]) -> list[str]:
    sentences = []
    executed = sorted((run for run in runs if not run.cached), key=lambda run: run.seconds)
    if executed:
        fast, slow = executed[0], executed[-1]
        sentence = f"the six stages took {fast.seconds:.1f} s in {fast.name}"
        if slow is not fast:
            times = slow.seconds / fast.seconds
            sentence += f" and {slow.seconds:.1f} s in {slow.name}, {times:.0f} times as long"
        sentences.append(sentence)
    if cached := [run.name for run in runs if run.cached]:
        sentences.append(f"not counted, with stages from a cache: {_listed(cached)}")
    return sentences


def _isolation(runs: Sequence[Run]) -> list[str]:
    sentences = []
    for isolation, place in PLACES.items():
        those = [run for run in runs if run.report and run.report.isolation == isolation and not run.without_docker]
        if those:
            sentences.append(f"{_listed([run.name for run in those])} ran {place}")
    if any(run.without_docker for run in runs):
        sentences.append("workflow ran without a Docker engine: its steps were processes, isolated from nothing")
    return sentences


def _model(runs: Sequence[Run]) -> list[str]:
    _, report = reference_of(runs)
    ceiling, baseline = report.ceiling_roc_auc, float(report.baseline["campaign_value_eur"])
    baseline_roc_auc = float(report.baseline["roc_auc"])
    sentences = [
        f"the baseline has ROC-AUC {report.baseline['roc_auc']:.3f} on {report.holdout_month} "
        f"and is worth {baseline:,.0f} €"
    ]
    if ceiling is not None:
        sentences[0] += f"; a model that knew the true probabilities would reach {ceiling:.3f}"
    searched = [run for run in runs if run.report and run.report.best]
    if searched:
        several = len(searched) > 1
        ending = "s also search" if several else " also searches"
        sentences.append(f"the {_listed([run.name for run in searched])} pipeline{ending} for a better model")
    for run in searched:
        value, roc_auc = run.best("campaign_value_eur"), run.best("roc_auc")
        worse = [
            name
            for name, is_worse in (("ROC-AUC", roc_auc < baseline_roc_auc), ("value", value < baseline))
            if is_worse
        ]
        less = f": its {_listed(worse)} {'is' if len(worse) == 1 else 'are'} below the baseline's" if worse else ""
        who = run.name if several else "it"
        sentences.append(f"{who} found one with ROC-AUC {roc_auc:.3f}, worth {value:,.0f} €{less}")
    if any(run.best("roc_auc") < baseline_roc_auc for run in searched):
        sentences.append("the months before chose that model, and one month with few churned customers may disagree")
    if ceiling is not None and any(run.best("roc_auc") > ceiling for run in searched):
        sentences.append(f"more than {ceiling:.3f} is luck: few customers left in that month")
    return sentences


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _prose(sentences: Sequence[str]) -> str:
    return "".join(f"{sentence[0].upper()}{sentence[1:]}. " for sentence in sentences).rstrip()
