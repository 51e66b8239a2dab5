"""Keep a learner's answers and progress in answers/.

Git ignores the folder. Upgrades and `make clean` leave it alone, and a reset moves the old answer to answers/before/.
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
    """Copy the starter to answers/ if there is no answer, or only an unchanged starter from before an upgrade.

    Return True if there was no answer.
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
    """Return the number of the next hint, the number of hints, and the hint. Repeat the last hint at the end."""
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
    """Start over. Return the place of the old answer, or None if it was an unchanged starter."""
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
    """Return all progress; empty if the file is missing or damaged, because the next check restores it."""
    try:
        known = json.loads((ANSWERS / "progress.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(known: dict[str, Any]) -> None:
    write_file(ANSWERS / "progress.json", json.dumps(known, indent=1))
