"""The workshop's commands: list, check, hint, solution, reset, ready.

Exit code 0 if the answer has passed or the command only prints, 1 if the answer has not passed yet, 2 for bad input.
"""

import sys
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from churn.harness.command import command
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import COLOURS, console
from workshop import progress
from workshop.exercise import ROOT, Exercise, all_exercises, exercise_called
from workshop.grade import Grade, grade

STATE_STYLE = {progress.NOT_STARTED: "dim", progress.NOT_YET: "bold", progress.PASSED: "bold green"}


def show_list() -> None:
    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False)  # fits 80 columns
    for heading in ("", "exercise", "about", "min", "state"):
        table.add_column(heading, justify="right" if heading == "min" else "left")
    for exercise in all_exercises():
        state = progress.state(exercise)
        words = Text(state, STATE_STYLE[state])
        if progress.solution_seen(exercise):
            words.append(" (solution seen)", "dim")
        about = Text(exercise.category, COLOURS.get(exercise.category, ""))
        table.add_row(exercise.number, exercise.title, about, str(exercise.minutes), words)
    console.print("\nThe workshop: one misconception each", style="bold")
    console.print(table)
    if (following := next_exercise()) is None:
        console.print("You have passed all of them. To start over: make reset E=01, or make reset E=all")
    else:
        console.print(f"next: make check E={following.number} ({following.title}, {following.minutes} minutes)")


def check(exercise: Exercise) -> bool:
    """Grade the learner's answer, and show the task the first time. Return True if it has passed."""
    if progress.hand_out(exercise):
        show_task(exercise)
    answer = progress.answer_to(exercise)
    if not answer.is_file():
        raise BadInput(f"{shown(answer)} is not a file: move it away, then make check restores the starter")
    with console.status("checking ..."):
        (result,) = grade(exercise, [answer])
    heading(exercise, progress.PASSED if result.passed else progress.NOT_YET)
    if result.passed:
        progress.note_passed(exercise)
        show_passed(exercise, result)
    else:
        show_problem(exercise, result)
    return result.passed


def show_task(exercise: Exercise) -> None:
    heading(exercise, f"{exercise.minutes} minutes")
    text = (exercise.folder / "README.md").read_text(encoding="utf-8")
    console.print(Markdown(text.partition("\n")[2].strip()))
    console.print(f"\nyour file: {shown(progress.answer_to(exercise))}. The check of the unchanged file reports:\n")


def show_passed(exercise: Exercise, result: Grade) -> None:
    console.print(result.message)
    console.print()
    console.print(Markdown(exercise.afterwards))
    console.print()
    if (following := next_exercise()) is None:
        console.print("That was the last exercise: you have passed all of them.")
    else:
        console.print(f"next: make check E={following.number} ({following.title}, {following.minutes} minutes)")


def show_problem(exercise: Exercise, result: Grade) -> None:
    console.print(result.message)
    for line in result.trace:
        console.print(f"  {line}")
    if result.printed:
        console.print("\noutput of your answer (the last lines):", style="dim")
        console.print(result.printed)
    console.print()
    console.print(f"task: {shown(exercise.folder / 'README.md')}")
    if result.see:
        console.print(f"see:  {result.see}")
    remaining = len(exercise.hints()) - progress.hints_seen(exercise)
    hint = f"make hint E={exercise.number} ({remaining} left)" if remaining else f"make solution E={exercise.number}"
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
    console.print(f"next: close this, write your own version, then make check E={exercise.number}")


def reset(exercise: Exercise) -> None:
    kept = progress.reset(exercise)
    backup = f"; your previous answer is in {shown(kept)}" if kept else ""
    console.print(
        f"{exercise.number} {exercise.title}: {shown(progress.answer_to(exercise))} is the starter again{backup}"
    )


def ready() -> bool:
    """Grade every starter and every solution on this machine. Return True if all get the expected result."""
    good = True
    for exercise in all_exercises():
        with console.status(f"{exercise.number} {exercise.title} ..."):
            starter, solution = grade(exercise, [exercise.starter, exercise.solution])
        fine = solution.passed and not starter.passed
        console.print(f"{exercise.number} {exercise.title}: {'ready' if fine else f'not ready: {solution.message}'}")
        good = good and fine
    console.print(
        "This machine can grade every exercise without a network." if good else "See above; make doctor may help."
    )
    return good


def next_exercise() -> Exercise | None:
    """Return the first exercise that the learner has not passed."""
    return next((each for each in all_exercises() if progress.state(each) != progress.PASSED), None)


def heading(exercise: Exercise, what: str) -> None:
    title = Text(f"{exercise.number} {exercise.title}", f"bold {COLOURS.get(exercise.category, '')}")
    console.print(title.append(f": {what}", "bold green" if what == progress.PASSED else "bold"))


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


@exit_on_bad_input
def main() -> None:
    options = command("workshop", __doc__.splitlines()[0])
    options.add_argument("what", choices=["list", "check", "hint", "solution", "reset", "ready"])
    options.add_argument("--exercise", help="its number (make: E=); default for check and hint: the next exercise")
    arguments = options.parse_args()
    sys.exit(0 if done(arguments.what, arguments.exercise) else 1)


def done(what: str, number: str | None) -> bool:
    """Run a command. Return False only if an answer has not passed."""
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
    """Return the requested exercise or the next one. Solution and reset need an explicit number."""
    if number is not None:
        return exercise_called(number)
    if what in ("solution", "reset"):
        raise BadInput(f"name the exercise: make {what} E=01")
    return next_exercise()


if __name__ == "__main__":
    main()
