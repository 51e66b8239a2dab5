"""A learner's copies of the starters, in answers/, and how far they are. Git ignores the folder, and no upgrade, no
`make clean` and no reset takes work away: what is replaced is kept in answers/before/.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from churn.storage.atomic import sha256_of, write_file
from workshop.exercise import Exercise

ANSWERS = Path(__file__).with_name("answers")
NOT_STARTED, NOT_YET, PASSED = "not started", "not yet", "passed"


def answer_to(exercise: Exercise) -> Path:
    return ANSWERS / f"{exercise.name}.py"


def hand_out(exercise: Exercise) -> bool:
    """Put the starter in its place if there is no answer, or only an untouched starter of before an upgrade. True if
    the file was not there.
    """
    answer = answer_to(exercise)
    absent = not answer.exists()
    if absent or _untouched(exercise):
        ANSWERS.mkdir(exist_ok=True)
        shutil.copyfile(exercise.starter, answer)
        _remember(exercise, starter=sha256_of(answer))
    return absent


def state(exercise: Exercise) -> str:
    answer = answer_to(exercise)
    if not answer.is_file() or _untouched(exercise):
        return NOT_STARTED
    return PASSED if sha256_of(answer) == _known(exercise).get("passed") else NOT_YET


def note_passed(exercise: Exercise) -> None:
    _remember(exercise, passed=sha256_of(answer_to(exercise)))


def next_hint(exercise: Exercise) -> tuple[int, int, str]:
    """Which hint, of how many, and the hint; the last one again when there are no more."""
    hints = exercise.hints()
    number = min(hints_seen(exercise) + 1, len(hints))
    _remember(exercise, hints=number)
    return number, len(hints), hints[number - 1]


def hints_seen(exercise: Exercise) -> int:
    return int(_known(exercise).get("hints", 0))


def solution_seen(exercise: Exercise) -> bool:
    return bool(_known(exercise).get("solution"))


def note_solution_seen(exercise: Exercise) -> None:
    _remember(exercise, solution=True)


def reset(exercise: Exercise) -> Path | None:
    """Begin anew. Returns where the answer so far is kept; None if there was none worth keeping."""
    answer, kept = answer_to(exercise), None
    if answer.exists() and not _untouched(exercise):
        before = ANSWERS / "before"
        before.mkdir(exist_ok=True)
        number = 1 + len(list(before.glob(f"{exercise.name}.*")))
        kept = answer.rename(before / f"{exercise.name}.{number}.py")
    answer.unlink(missing_ok=True)
    _write({name: facts for name, facts in _all().items() if name != exercise.name})
    hand_out(exercise)
    return kept


def _untouched(exercise: Exercise) -> bool:
    answer = answer_to(exercise)
    return answer.is_file() and sha256_of(answer) == _known(exercise).get("starter")


def _known(exercise: Exercise) -> dict[str, Any]:
    known = _all().get(exercise.name)
    return known if isinstance(known, dict) else {}


def _remember(exercise: Exercise, **facts: Any) -> None:
    _write({**_all(), exercise.name: {**_known(exercise), **facts}})


def _all() -> dict[str, Any]:
    """Nothing if the file is not there or damaged: the answers are what counts, and a check brings the rest back."""
    try:
        known = json.loads((ANSWERS / "progress.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(known: dict[str, Any]) -> None:
    write_file(ANSWERS / "progress.json", json.dumps(known, indent=1))
