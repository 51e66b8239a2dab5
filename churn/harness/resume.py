"""The Monday-morning command: the state of everything in runs/, and the continuation of what was not finished.

    make resume

A run that was killed, or that failed, has left a note. Its own command is started again: each demo cleans up after a
killed run, and gives the right answer.
"""

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from churn.compare.runs import DEMOS, Run, side_by_side
from churn.harness.command import command
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import console, print_table
from churn.harness.unfinished import Note, read_note

IN_A_LAKE = "lake/*/month=*"
IN_A_GRAPH = "steps/*/*"


@exit_on_bad_input
def main() -> None:
    options = command("churn.harness.resume", "Say what state everything in runs/ is in, and continue it.")
    options.add_argument("--runs", type=Path, default=Path("runs"), help="where the demos write (default: runs)")
    options.add_argument("--look", action="store_true", help="only say it; start nothing")
    arguments = options.parse_args()
    notes = {folder.name: note for folder in folders(arguments.runs) if (note := read_note(folder))}
    print_states(arguments.runs, notes)
    begun = [name for name, note in notes.items() if not note.is_running]
    if arguments.look or not begun:
        console.print("nothing to continue" if not begun else f"to continue: {', '.join(begun)}")
        return
    started = time.monotonic()
    failed = [name for name in begun if not continued(name, notes[name])]
    print_states(arguments.runs, {})
    console.print(f"back after {time.monotonic() - started:.0f} s")
    if failed:
        raise BadInput(f"{', '.join(failed)} failed again: the reason is printed above")


def folders(runs: Path) -> Iterator[Path]:
    """Yield the folder of each pipeline that has been started. Raises BadInput if there is none."""
    if not runs.is_dir():
        raise BadInput(f"there is no folder {runs}: nothing was started yet, and make demo starts everything")
    yield from sorted(folder for folder in runs.iterdir() if folder.name.removesuffix("-two") in DEMOS)


def print_states(runs: Path, notes: dict[str, Note]) -> None:
    """Print a line for each pipeline: finished, unfinished, running, stale, or not run."""
    found: list[Run] = []
    if any((runs / name / "report.json").is_file() for name in DEMOS):
        found = side_by_side(runs)
    answers = {run.name: run for run in found}
    rows = []
    for name in [*DEMOS, *(name for name in notes if name not in DEMOS)]:
        run = answers.get(name)
        report = f"{run.report.month}, {run.report.customers:,} customers" if run and run.report else ""
        if name in notes:
            state, what = (
                ("running", "") if notes[name].is_running else ("unfinished", stopped_at(runs / name, notes[name]))
            )
        elif run is None or run.report is None:
            state, what = "not run", f"make {DEMOS[name]}"
        elif not run.same_data:
            state, what = "stale", f"{report}: other data than the first; make {DEMOS[name]}"
        else:
            state, what = ("finished", report) if not run.disagrees else ("stale", f"{report}: {run.answer}")
        rows.append([name, state, what])
    print_table("the state of runs/", ["pipeline", "state", "what"], rows, "plain")


def stopped_at(folder: Path, note: Note) -> str:
    """Return how far a run had come: the newest table or step that it had written."""
    written = [place for pattern in (IN_A_LAKE, IN_A_GRAPH) for place in folder.glob(pattern)]
    new = [place for place in written if place.stat().st_mtime >= note.began and not place.name.startswith(".")]
    if not new:
        return "stopped before it had written a table"
    last = max(new, key=lambda place: place.stat().st_mtime)
    what = f"{last.parent.name} {last.name.removeprefix('month=')}" if "=" in last.name else f"the step {last.name}"
    return f"stopped {last.stat().st_mtime - note.began:.0f} s after its start or later; {what} was written last"


def continued(name: str, note: Note) -> bool:
    """Run the command of the note again, and return whether it succeeded."""
    python, *words = note.command
    console.print(f"\ncontinuing {name}: {shlex.join([Path(python).name, *words])}", soft_wrap=True, style="bold")
    sys.stdout.flush()
    return subprocess.run(note.command, cwd=note.folder, check=False).returncode == 0


if __name__ == "__main__":
    main()
