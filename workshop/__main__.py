"""The workshop's commands: list, check, hint, solution, reset, ready. `make workshop` is the first of them.

Exit code 0 when an answer has passed (and for all that only prints), 1 when it has not yet, 2 for bad input.
"""

import sys
from argparse import ArgumentParser
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import COLOURS, console
from workshop import progress
from workshop.exercise import ROOT, Exercise, all_exercises, exercise_called
from workshop.grade import Verdict, grade

STATE_STYLE = {progress.NOT_STARTED: "dim", progress.NOT_YET: "bold", progress.PASSED: "bold green"}


def show_list() -> None:
    table = Table(box=SIMPLE_HEAD, header_style="bold")
    for heading in ("", "exercise", "about", "minutes", "state"):
        table.add_column(heading, justify="right" if heading == "minutes" else "left")
    for exercise in all_exercises():
        state = progress.state(exercise)
        words = Text(state, STATE_STYLE[state])
        if progress.solution_seen(exercise):
            words.append(" (solution seen)", "dim")
        about = Text(exercise.category, COLOURS.get(exercise.category, ""))
        table.add_row(exercise.number, exercise.title, about, str(exercise.minutes), words)
    console.print("\n[bold]The workshop: one misconception each[/]")
    console.print(table)
    if (following := next_exercise()) is None:
        console.print("all passed; to do one again: make reset E=01, or make reset E=all")
    else:
        console.print(f"next: make check E={following.number} ({following.title}, {following.minutes} minutes)")


def check(exercise: Exercise) -> bool:
    """Grade the learner's answer; the first time, show the task too. True if it has passed."""
    if progress.hand_out(exercise):
        show_task(exercise)
    answer = progress.answer_to(exercise)
    if not answer.is_file():
        raise BadInput(f"{shown(answer)} is not a file: move it away, and make check gives you the start again")
    with console.status("checking ..."):
        (verdict,) = grade(exercise, [answer])
    heading(exercise, progress.PASSED if verdict.passed else progress.NOT_YET)
    if verdict.passed:
        progress.note_passed(exercise)
        show_passed(exercise, verdict)
    else:
        show_problem(exercise, verdict)
    return verdict.passed


def show_task(exercise: Exercise) -> None:
    heading(exercise, f"{exercise.minutes} minutes")
    text = (exercise.folder / "README.md").read_text(encoding="utf-8")
    console.print(Markdown(text.partition("\n")[2].strip()))
    console.print(f"\nyour file: {shown(progress.answer_to(exercise))}. This is what the check says of it as it is:\n")


def show_passed(exercise: Exercise, verdict: Verdict) -> None:
    say(verdict.message)
    console.print()
    console.print(Markdown(exercise.afterwards))
    console.print()
    if (following := next_exercise()) is None:
        console.print("that was the last one: all are passed")
    else:
        console.print(f"next: make check E={following.number} ({following.title}, {following.minutes} minutes)")


def show_problem(exercise: Exercise, verdict: Verdict) -> None:
    say(verdict.message)
    for line in verdict.trace:
        say(f"  {line}")
    if verdict.printed:
        console.print("\nwhat your answer printed (the last lines):", style="dim")
        say(verdict.printed)
    console.print()
    console.print(f"task: {shown(exercise.folder / 'README.md')}")
    if verdict.see:
        console.print(f"see:  {verdict.see}")
    left = len(exercise.hints()) - progress.hints_seen(exercise)
    hint = f"make hint E={exercise.number} ({left} left)" if left else f"make solution E={exercise.number}"
    again = f"make check E={exercise.number}"
    console.print(f"next: edit {shown(progress.answer_to(exercise))}, then {again}; or {hint}")


def show_hint(exercise: Exercise) -> None:
    number, count, hint = progress.next_hint(exercise)
    heading(exercise, f"hint {number} of {count}")
    console.print(Markdown(hint))
    more = f"make hint E={exercise.number}" if number < count else f"make solution E={exercise.number}"
    console.print(f"\nnext: make check E={exercise.number}; or {more}")


def show_solution(exercise: Exercise) -> None:
    heading(exercise, "one solution")
    progress.note_solution_seen(exercise)
    console.print(Text(exercise.solution.read_text(encoding="utf-8")), soft_wrap=True)
    console.print(f"next: close this, write it in your own words, make check E={exercise.number}")


def reset(exercise: Exercise) -> None:
    kept = progress.reset(exercise)
    so_far = f"; your answer so far is kept in {shown(kept)}" if kept else ""
    say(f"{exercise.number} {exercise.title}: {shown(progress.answer_to(exercise))} is as at the start{so_far}")


def ready() -> bool:
    """Grade every starter and every solution on this machine; True if all come out as they should."""
    good = True
    for exercise in all_exercises():
        with console.status(f"{exercise.number} {exercise.title} ..."):
            starter, solution = grade(exercise, [exercise.starter, exercise.solution])
        fine = solution.passed and not starter.passed
        say(f"{exercise.number} {exercise.title}: {'ready' if fine else f'not ready: {solution.message}'}")
        good = good and fine
    console.print(
        "this machine can grade all of them, without a network" if good else "see above: make doctor may help"
    )
    return good


def next_exercise() -> Exercise | None:
    """The first that has not been passed."""
    return next((one for one in all_exercises() if progress.state(one) != progress.PASSED), None)


def heading(exercise: Exercise, what: str) -> None:
    title = Text(f"{exercise.number} {exercise.title}", f"bold {COLOURS.get(exercise.category, '')}")
    console.print(title.append(f": {what}", "bold green" if what == progress.PASSED else "bold"))


def say(text: str) -> None:
    """Print as it is: a learner's brackets are no markup."""
    console.print(Text(text))


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


@exit_on_bad_input
def main() -> None:
    command = ArgumentParser(prog="python -m workshop", description=__doc__.splitlines()[0])
    command.add_argument("what", choices=["list", "check", "hint", "solution", "reset", "ready"])
    command.add_argument("--exercise", help="its number (make: E=); check and hint: default is the next one")
    arguments = command.parse_args()
    sys.exit(0 if done(arguments.what, arguments.exercise) else 1)


def done(what: str, number: str | None) -> bool:
    """Do what was asked; False only if an answer has not passed."""
    if what == "list":
        show_list()
    elif what == "ready":
        return ready()
    elif what == "reset" and number == "all":
        for exercise in all_exercises():
            reset(exercise)
    elif (chosen := chosen_exercise(what, number)) is None:
        show_list()
    elif what == "check":
        return check(chosen)
    else:
        {"hint": show_hint, "solution": show_solution, "reset": reset}[what](chosen)
    return True


def chosen_exercise(what: str, number: str | None) -> Exercise | None:
    """The one asked for, or the next one: but nothing is shown or taken away that was not asked for by its number."""
    if number is not None:
        return exercise_called(number)
    if what in ("solution", "reset"):
        raise BadInput(f"say which one: make {what} E=01")
    return next_exercise()


if __name__ == "__main__":
    main()
