"""Grade answers in a separate process, so that a hostile answer does no harm.

The process has limits for time and memory, an empty working folder, no keyboard, and its own home folder. Everything
that it started ends with it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from churn.harness.addresses import plain_temporary_folder
from churn.harness.errors import BadInput
from churn.harness.processes import Guarded
from workshop.exercise import ROOT, Exercise

SECONDS_FOR_AN_ANSWER = 60.0
SECONDS_TO_GET_READY = 300.0  # importing Airflow on a busy laptop
MOST_PRINTED_LINES = 20
MOST_PRINTED_WIDTH = 200


@dataclass(frozen=True)
class Grade:
    """The result for one answer. `trace` holds the lines of the learner's file that led to an error."""

    passed: bool
    message: str
    see: str = ""
    trace: Sequence[str] = ()
    printed: str = ""


def grade(
    exercise: Exercise, answers: Sequence[Path], python: Path | None = None, seconds: float = SECONDS_FOR_AN_ANSWER
) -> list[Grade]:
    """Return one grade per answer, all from one process, because importing a framework takes long.

    `python` defaults to the exercise's environment, which is built if it is missing. If an answer kills the process or
    takes longer than `seconds`, the answers after it fail too.
    """
    python = python or environment(exercise.environment)
    place = plain_temporary_folder()  # a learner may use its path in a pattern for files
    with TemporaryDirectory(prefix="workshop-", dir=place, ignore_cleanup_errors=True) as folder:
        here = Path(folder).resolve()
        results, printed, log = here / "results", here / "printed", here / "log"
        results.touch()
        command = [
            str(python),
            "-m",
            "workshop.examiner",
            str(results),
            str(printed),
            str(exercise.folder),
            *(str(answer.resolve()) for answer in answers),
        ]
        program = Guarded(command, log, surroundings(here), cwd=here)
        try:
            in_time = waited(program, results, seconds)
        finally:
            program.kill()  # with everything that an answer started
        ready, *lines = whole_lines(results) or [""]
        if not ready:
            last_line = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise BadInput(f"exercise {exercise.number} cannot be checked here ({''.join(last_line)[:300]})")
        output = last_lines(printed)
        grades = [Grade(**json.loads(line), printed=output) for line in lines]
        missing = [lost(program.wait(), in_time, seconds, output)] * (len(answers) - len(grades))
        return grades + missing


def waited(program: Guarded, results: Path, seconds: float) -> bool:
    """Wait until the process ends. Return False if an answer took more than `seconds`.

    A new line in `results` restarts the clock.
    """
    done, deadline = 0, time.monotonic() + SECONDS_TO_GET_READY
    while program.poll() is None:
        if (lines := len(whole_lines(results))) > done:
            done, deadline = lines, time.monotonic() + seconds
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def whole_lines(results: Path) -> list[str]:
    return [line for line in results.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]


def lost(code: int, in_time: bool, seconds: float, printed: str) -> Grade:
    """Return the grade of an answer whose check did not finish."""
    if not in_time:
        reason = f"your answer was stopped after {seconds:.0f} seconds: does it have an endless loop?"
    elif code < 0 and -code != signal.SIGKILL:
        reason = f"your answer crashed Python itself ({signal.Signals(-code).name}): it may need too much memory"
    else:
        reason = "your answer ended the whole process (os._exit, or a kill): let it return instead"
    return Grade(False, reason, printed=printed)


def last_lines(printed: Path) -> str:
    """Return the end of an answer's output: enough to find a bug, too little to flood a terminal."""
    with printed.open("rb") as file:
        file.seek(max(0, printed.stat().st_size - MOST_PRINTED_LINES * MOST_PRINTED_WIDTH * 4))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(line[:MOST_PRINTED_WIDTH] for line in lines[-MOST_PRINTED_LINES:])


def surroundings(home: Path) -> dict[str, str]:
    """Return the environment variables of an answer. It gets none of the learner's, so every machine grades alike."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
        "POLARS_MAX_THREADS": "2",
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
    }


def environment(name: str) -> Path:
    """Return the Python of an environment, and build it if it is missing. Raise BadInput if that fails."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    build = ["make", "--no-print-directory", "--silent", f".venv/{name}/.ok"]
    if subprocess.run(build, cwd=ROOT, env=variables, stdout=sys.stderr, check=False).returncode:
        raise BadInput(f"this exercise needs the environment {name}, which could not be built (see above)")
    return ROOT / ".venv" / name / "bin" / "python"
