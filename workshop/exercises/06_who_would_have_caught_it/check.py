"""Grade the cards one by one. Each wrong category and each wrong reason gets its own message."""

from dataclasses import dataclass

from workshop.answer import Answer, NotYet

CATEGORIES = ("workflow", "data", "model", "tracking", "nobody")


@dataclass(frozen=True)
class Card:
    by: str
    because: str
    see: str
    if_category: dict[str, str]
    if_reason: dict[str, str]


CARDS = {
    "A": Card(
        "workflow",
        "c",
        'workflow_pipeline/README.md, "Two versions of one library"',
        {
            "data": (
                "a scheduler starts the step on that machine, with the NumPy that is installed. It knows months, not "
                "libraries"
            ),
            "model": "a scikit-learn Pipeline runs inside a Python that someone else has to provide",
            "tracking": (
                "MLflow records which versions a model needs, but does not isolate two versions on one machine"
            ),
            "nobody": "one graph here runs two steps with two versions of one library, every day",
        },
        {
            "a": "containers freeze libraries, not data: changed data passes through them unnoticed",
            "b": "no retry fixes an environment: the third attempt fails like the first",
        },
    ),
    "B": Card(
        "data",
        "a",
        'data_pipeline/README.md, "What Airflow gives, and what is ours"',
        {
            "workflow": (
                "dependencies are frozen, data is not. Our contract stops the graph, as it stops a plain script. But "
                "the graph knows no months: after a correction it runs all of them again"
            ),
            "model": (
                "to scikit-learn, seconds are numbers like any other. Our contract stops the run first, but nothing "
                "there knows what has to run again"
            ),
            "tracking": (
                "MLflow blocks nothing and runs nothing. It records that our contract stopped the run. You have to "
                "decide what to run again, and do it"
            ),
            "nobody": "in the demo this very export arrives, and after its correction that month alone runs again",
        },
        {
            "b": (
                "Airflow checks no data. It stops everything downstream when a task raises, but the contract that "
                "makes it raise is ours"
            ),
            "c": "no retry fixes an export: this failure must not be retried (AirflowFailException)",
        },
    ),
    "C": Card(
        "model",
        "b",
        "model_pipeline/README.md; tests/model_pipeline/test_periods.py has a witness in each fold",
        {
            "workflow": "a container runs leaking code the same on any machine",
            "data": (
                "the table was complete, checked, and right. The mistake is in what was learnt from which of its rows"
            ),
            "tracking": "MLflow would keep the wrong score forever, and it would still be wrong",
            "nobody": "one of the four fits a scaler again in each fold, as long as the scaler is inside",
        },
        {
            "a": "that is about columns, but here every column is fine. Rows of the test helped to fit the scaler",
            "c": "scikit-learn remembers no run. And a comparison does not show a leak that last month had, too",
        },
    ),
    "D": Card(
        "tracking",
        "c",
        "tracking_pipeline/README.md; make rollback",
        {
            "workflow": (
                "an image can be started again, if someone knows which one. The engine does not record what was live"
            ),
            "data": ("last month's table can be rebuilt. Which model was live is a convention there, not a record"),
            "model": (
                "a fitted object is not a record: it does not know who trained it, what else was tried, or what is live"
            ),
            "nobody": "one of the four needs one call to go back to the previous model",
        },
        {
            "a": "MLflow moves an alias wherever you tell it to. The gate that refuses is code we wrote (gate.py)",
            "b": "MLflow runs nothing. And training again needs the parameters and data that nobody remembers",
        },
    ),
    "E": Card(
        "nobody",
        "a",
        'model_pipeline/README.md, "Where it strains"; workflow_pipeline/README.md, "Where the category strains"',
        {
            "workflow": "a leaking column goes through six perfectly isolated containers",
            "data": (
                "the data was complete, on time, and broke no rule: a contract for the operator's export does not "
                "judge our own column"
            ),
            "model": (
                "a Pipeline prevents leaking rows. A column that knows the outcome trains and scores beautifully"
            ),
            "tracking": (
                "a model that uses it would win the comparison and pass the gate, "
                "because the hold-out month has the same column"
            ),
        },
        {
            "b": "a column leaks as soon as a value is written after the outcome is known",
            "c": "all four tools would have run, and 0.99 would have been their result",
        },
    ),
    "F": Card(
        "data",
        "b",
        "data_pipeline/validate.py, months_changed",
        {
            "workflow": (
                "the graph knows steps and files, not months: it would run everything again, if someone starts it"
            ),
            "model": "scikit-learn knows neither time nor partitions: it takes the table that it gets",
            "tracking": ("the data's fingerprint in the record changes, but starts no run: MLflow schedules nothing"),
            "nobody": "in the demo it happens every month: look for months that ran twice in the DAG features",
        },
        {
            "a": ("then November would have no features until no more rows can arrive. When is that?"),
            "c": "late rows are normal here: the contract accepts and counts rows of the previous month",
        },
    ),
}


def check(answer: Answer) -> str:
    given = getattr(answer.module, "ANSWERS", None)
    if not isinstance(given, dict):
        raise NotYet("the check reads ANSWERS, a dictionary, but your file no longer has one")
    for letter, card in CARDS.items():
        by, because = pair(letter, given.get(letter))
        if by != card.by:
            raise NotYet(f"card {letter}, {by}: {card.if_category[by]}", "" if letter == "E" else card.see)
        if because != card.because:
            raise NotYet(f"card {letter}: {by} is right, reason {because} is not: {card.if_reason[because]}", card.see)
    return "Six cards, six reasons."


def pair(letter: str, given: object) -> tuple[str, str]:
    """Return category and reason in lower case. Raise NotYet if the cards do not know them."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise NotYet(f'card {letter} should have a category and a reason, as in ("model", "b")')
    by, because = (str(word).strip().lower() for word in given)
    if not by or not because:
        raise NotYet(f"card {letter} has no answer yet: a category and a reason, please")
    if by not in CATEGORIES:
        raise NotYet(f"card {letter}: {by} is none of {', '.join(CATEGORIES)}")
    if because not in ("a", "b", "c"):
        raise NotYet(f"card {letter}: the reasons are a, b and c, but yours is {because}")
    return by, because
