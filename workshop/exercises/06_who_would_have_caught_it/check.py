"""Grades the cards one by one: each wrong category and each wrong reason has a sentence of its own."""

from dataclasses import dataclass

from workshop.verdict import Answer, NotYet

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
                "a scheduler starts the step on that machine, with the NumPy that is there. It knows "
                "months, not libraries"
            ),
            "model": "a scikit-learn Pipeline runs inside a Python that somebody else has to provide",
            "tracking": (
                "MLflow writes down which versions a model needs; it does not keep two of them apart on one machine"
            ),
            "nobody": "two steps with two versions of one library run in one graph here, every day",
        },
        {
            "a": "containers freeze libraries, not data: changed data goes through them unnoticed",
            "b": "no second try mends an environment; the third fails like the first",
        },
    ),
    "B": Card(
        "data",
        "a",
        'data_pipeline/README.md, "What Airflow gives, and what is ours"',
        {
            "workflow": (
                "dependencies are frozen, data is not. Our contract stops the graph, as it stops a bare script; "
                "but the graph knows no months, and with a corrected one it runs all of them again"
            ),
            "model": (
                "to scikit-learn seconds are numbers like any other. Our contract stops the run before it comes to "
                "that; but nothing there knows what has to be run again"
            ),
            "tracking": (
                "MLflow blocks nothing and runs nothing. That our contract stopped the run is on record; "
                "what to run again, and to do it, is left to you"
            ),
            "nobody": "in the demo this very export arrives, and once it is corrected that month alone runs again",
        },
        {
            "b": (
                "Airflow checks no data. It stops what comes after when a task raises; what makes it "
                "raise is a contract we wrote"
            ),
            "c": "no retry mends an export: that failure is one that must not be tried again (AirflowFailException)",
        },
    ),
    "C": Card(
        "model",
        "b",
        "model_pipeline/README.md; tests/model_pipeline/test_periods.py has a witness in each fold",
        {
            "workflow": "a container runs leaking code the same on any machine",
            "data": (
                "the table was complete, checked, and right. What went wrong is what was learnt from which of its rows"
            ),
            "tracking": "MLflow would keep the promise for ever, and it would still not be true",
            "nobody": "in one of the four a scaler is fitted in each fold anew, as long as it stands inside",
        },
        {
            "a": "that is about columns; here every column is fine. Rows of the test took part in fitting the scaler",
            "c": "scikit-learn remembers no run. And a leak does not show by comparison if last month had it, too",
        },
    ),
    "D": Card(
        "tracking",
        "c",
        "tracking_pipeline/README.md; make rollback",
        {
            "workflow": (
                "an image can be started again, if somebody knows which. What was live on Thursday is not its business"
            ),
            "data": (
                "last month's table can be rebuilt. Which of the models was the live one is a convention "
                "there, not a record"
            ),
            "model": (
                "a fitted object is not a record: it does not know who trained it, what else was tried, or who is live"
            ),
            "nobody": "going back to the model before this one takes one call in one of the four",
        },
        {
            "a": "MLflow moves an alias to where it is told. The gate that refuses is code we wrote (gate.py)",
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
                "complete, on time, and no rule broken: a contract on what the operator sends does not "
                "judge a column of our own"
            ),
            "model": (
                "a Pipeline rules out that rows leak. A column that knows the outcome trains, and scores beautifully"
            ),
            "tracking": (
                "it would win the comparison, and go live with a gate's blessing: the holdout has the same column"
            ),
        },
        {
            "b": "columns leak as soon as a value is written after the outcome was known",
            "c": "all four tools would have run, and 0.99 would have been their result",
        },
    ),
    "F": Card(
        "data",
        "b",
        "data_pipeline/validate.py, months_changed",
        {
            "workflow": (
                "the graph knows steps and files, not months: it would run everything again, if somebody starts it"
            ),
            "model": "scikit-learn has no idea of time or partitions; it takes the table that it is given",
            "tracking": (
                "the data's fingerprint in the record changes, and nothing is run because of it: MLflow "
                "schedules nothing"
            ),
            "nobody": "in the demo it happens every month: look for months that ran twice in the DAG features",
        },
        {
            "a": (
                "then there would be no features of November until somebody is sure that nothing comes "
                "any more. When is that?"
            ),
            "c": "late rows are normal here, and counted, not refused: the contract takes rows of the month before",
        },
    ),
}


def check(answer: Answer) -> str:
    given = getattr(answer.module, "ANSWERS", None)
    if not isinstance(given, dict):
        raise NotYet("the check reads ANSWERS, a dictionary, and your file has none any more")
    for letter, card in CARDS.items():
        by, because = pair(letter, given.get(letter))
        if by != card.by:
            raise NotYet(f"card {letter}, {by}: {card.if_category[by]}", "" if letter == "E" else card.see)
        if because != card.because:
            raise NotYet(f"card {letter}: {by} is right, reason {because} is not: {card.if_reason[because]}", card.see)
    return "Six cards, six reasons."


def pair(letter: str, given: object) -> tuple[str, str]:
    """Category and reason, as words that the cards know; raise NotYet if they are none."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise NotYet(f'card {letter} should have a category and a reason, as in ("model", "b")')
    by, because = (str(word).strip().lower() for word in given)
    if not by or not because:
        raise NotYet(f"card {letter} has no answer yet: a category and a reason, please")
    if by not in CATEGORIES:
        raise NotYet(f"card {letter}: {by} is none of {', '.join(CATEGORIES)}")
    if because not in ("a", "b", "c"):
        raise NotYet(f"card {letter}: the reasons are a, b and c, and {because} is none of them")
    return by, because
