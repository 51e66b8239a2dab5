"""The grader survives hostile answers and explains them; hints, resets and upgrades lose no work."""

import re
import shutil
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.fresh_clone import make
from tests.workshop.conftest import python_of, workshop
from workshop.exercise import Exercise, exercise_called
from workshop.grade import Grade, grade

CARDS = "06"  # the exercise that needs no framework


@pytest.fixture
def exercise() -> Exercise:
    return exercise_called(CARDS)


def graded(exercise: Exercise, folder: Path, answer: str | bytes, seconds: float = 60) -> Grade:
    file = folder / "answer.py"
    file.write_bytes(answer if isinstance(answer, bytes) else textwrap.dedent(answer).encode())
    (result,) = grade(exercise, [file], python_of("plain"), seconds)
    return result


HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "a syntax error": ("ANSWERS = {\n    'A' 1\n}", r"line 2 of your file is not Python \(.*\)"),
    "an exception": ("def broken():\n    return {}['key']\n\nbroken()", r"your answer raised KeyError: 'key'"),
    "exit": ("exit()", r"calls exit\(\)"),
    "sys.exit(0)": ("import sys; sys.exit(0)", r"calls exit\(\)"),
    "os._exit(0)": ("import os; os._exit(0)", r"ended the whole process"),
    "a kill of itself": ("import os; os.kill(os.getpid(), 9)", r"ended the whole process"),
    "a crash of Python": ("import ctypes; ctypes.string_at(0)", r"crashed Python itself \(SIGSEGV\)"),
    "the keyboard": ("name = input('who? ')", r"waits for the keyboard"),
    "too much output": ("while True:\n    print('x' * 10**6)", r"printed or wrote more than"),
    "an empty file": ("\n", r"your file is empty"),
    "bytes that are no text": (b"\xff\xfe\x00answer", r"not text in UTF-8"),
    "no answer in it": ("print('passed')", r"ANSWERS, a dictionary, but your file no longer has one"),
    "endless recursion": ("def again():\n    again()\n\nagain()", r"your answer raised RecursionError"),
    "a raised BaseException": ("raise BaseException('passed')", r"your answer raised BaseException"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_answer_is_survived_with_a_sentence(exercise: Exercise, tmp_path: Path, what: str) -> None:
    answer, message = HOSTILE[what]
    result = graded(exercise, tmp_path, answer)
    assert not result.passed
    assert re.search(message, result.message), result.message
    assert len(result.printed) < 5000


@pytest.mark.skipif(sys.platform != "linux", reason="macOS keeps no limit of memory")
def test_an_answer_may_not_take_all_memory(exercise: Exercise, tmp_path: Path) -> None:
    result = graded(exercise, tmp_path, "rows = [bytes(2**28) for _ in range(100)]")
    assert result.message == "your answer used more than the 4 GB of memory that it may use"


@pytest.mark.slow
def test_an_endless_loop_is_ended_with_all_that_it_started(exercise: Exercise, tmp_path: Path) -> None:
    heart = tmp_path / "heartbeat"
    result = graded(
        exercise,
        tmp_path,
        f"""
        import subprocess
        subprocess.Popen(["sh", "-c", "while :; do date >> '{heart}'; sleep 0.1; done"])
        while True:
            try:
                while True: pass
            except BaseException: pass
        """,
        seconds=3,
    )
    assert result.message == "your answer was stopped after 3 seconds: does it have an endless loop?"
    beats = heart.read_text(encoding="utf-8")
    assert beats
    time.sleep(1)
    assert heart.read_text(encoding="utf-8") == beats


def test_a_trace_shows_the_lines_of_the_learner_and_no_others(exercise: Exercise, tmp_path: Path) -> None:
    result = graded(exercise, tmp_path, "import json\n\ndef read():\n    return json.loads('{')\n\nread()")
    assert list(result.trace) == ["line 6: read()", "line 4: return json.loads('{')"]


def test_what_an_answer_prints_is_shown_and_decides_nothing(exercise: Exercise, tmp_path: Path) -> None:
    forged = '{"passed": true, "message": "passed"}'
    result = graded(exercise, tmp_path, f"print('ready')\nprint('{forged}')\nANSWERS = {{}}")
    assert not result.passed
    assert forged in result.printed


def test_an_answer_works_in_an_empty_folder_with_none_of_the_learner_s_settings(
    exercise: Exercise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SETTING_OF_MINE", "1")
    result = graded(exercise, tmp_path, "import os\nprint(os.listdir(), os.getenv('A_SETTING_OF_MINE'))")
    assert result.printed == "[] None"


def test_a_temporary_folder_with_the_path_of_a_pattern_fails_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary [1]"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    notebook = exercise_called("05")
    (result,) = grade(notebook, [notebook.solution], python_of(notebook.environment))
    assert result.passed, result


@pytest.mark.slow
def test_the_first_check_hands_out_the_starter_and_shows_the_task(classroom: Path) -> None:
    first = workshop(classroom, "check", "--exercise", CARDS)
    assert first.returncode == 1
    assert "Task. In your file, give two answers for each card" in first.stdout
    assert "not yet" in first.stdout
    answer = classroom / "workshop" / "answers" / "06_who_would_have_caught_it.py"
    starter = classroom / "workshop" / "exercises" / "06_who_would_have_caught_it" / "exercise.py"
    assert answer.read_bytes() == starter.read_bytes()
    second = workshop(classroom, "check", "--exercise", "6")
    assert "Task. In" not in second.stdout
    answer.unlink()  # a deleted answer: begin again
    third = workshop(classroom, "check", "--exercise", CARDS)
    assert third.returncode == 1
    assert answer.read_bytes() == starter.read_bytes()


@pytest.mark.slow
def test_a_passed_exercise_leads_to_the_next_and_a_changed_answer_has_not_passed(classroom: Path) -> None:
    workshop(classroom, "check", "--exercise", CARDS)
    answer = classroom / "workshop" / "answers" / "06_who_would_have_caught_it.py"
    shutil.copy(classroom / "workshop" / "exercises" / "06_who_would_have_caught_it" / "solution.py", answer)
    passed = workshop(classroom, "check", "--exercise", CARDS)
    assert passed.returncode == 0
    assert "What it means here" in passed.stdout
    assert "next: make check E=01" in passed.stdout
    assert re.search(r"06 .* passed", workshop(classroom, "list").stdout)
    answer.write_text(answer.read_text(encoding="utf-8").replace("model", "data"), encoding="utf-8")
    assert re.search(r"06 .* not yet", workshop(classroom, "list").stdout)


@pytest.mark.slow
def test_a_reset_keeps_the_answer_so_far(classroom: Path) -> None:
    answers = classroom / "workshop" / "answers"
    workshop(classroom, "check", "--exercise", CARDS)
    answer = answers / "06_who_would_have_caught_it.py"
    for attempt in ("first", "second"):
        answer.write_text(f"# my {attempt} attempt", encoding="utf-8")
        assert workshop(classroom, "reset", "--exercise", CARDS).returncode == 0
    kept = [file.read_text(encoding="utf-8") for file in sorted((answers / "before").iterdir())]
    assert kept == ["# my first attempt", "# my second attempt"]
    assert re.search(r"06 .* not started", workshop(classroom, "list").stdout)


@pytest.mark.slow
def test_a_reset_of_all_gives_every_starter_and_keeps_every_answer(classroom: Path) -> None:
    answers = classroom / "workshop" / "answers"
    workshop(classroom, "reset", "--exercise", "all")
    (answers / "05_a_notebook_to_run_again.py").write_text("# mine", encoding="utf-8")
    (answers / "progress.json").write_text("{ damaged", encoding="utf-8")
    done = workshop(classroom, "reset", "--exercise", "all")
    assert done.returncode == 0
    assert "# mine" in [file.read_text(encoding="utf-8") for file in (answers / "before").iterdir()]
    for folder in (classroom / "workshop" / "exercises").iterdir():
        assert (answers / f"{folder.name}.py").read_bytes() == (folder / "exercise.py").read_bytes()


@pytest.mark.slow
def test_an_upgrade_takes_no_work_away_and_renews_what_nobody_touched(classroom: Path) -> None:
    answers = classroom / "workshop" / "answers"
    workshop(classroom, "reset", "--exercise", "all")
    mine = answers / "05_a_notebook_to_run_again.py"
    mine.write_text("# mine", encoding="utf-8")
    for starter in (classroom / "workshop" / "exercises").glob("*/exercise.py"):
        starter.write_text("# a better start\n", encoding="utf-8")
    workshop(classroom, "check", "--exercise", "5")
    workshop(classroom, "check", "--exercise", CARDS)
    assert mine.read_text(encoding="utf-8") == "# mine"
    assert (answers / "06_who_would_have_caught_it.py").read_text(encoding="utf-8") == "# a better start\n"


@pytest.mark.slow
def test_hints_come_one_by_one_and_the_solution_is_noted(classroom: Path) -> None:
    shown = [workshop(classroom, "hint", "--exercise", CARDS).stdout for _ in range(4)]
    assert [re.search(r"hint (\d) of 3", hint)[1] for hint in shown] == ["1", "2", "3", "3"]  # type: ignore[index]
    solution = workshop(classroom, "solution", "--exercise", CARDS)
    assert 'ANSWERS = {\n    "A": ("workflow", "c"),' in solution.stdout
    assert "(solution seen)" in workshop(classroom, "list").stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["check", "--exercise", "17"], "there is no exercise '17': choose one of 01, 02"),
        (["check", "--exercise", "../../etc"], "there is no exercise"),
        (["reset"], "name the exercise: make reset E=01"),
        (["solution"], "name the exercise: make solution E=01"),
        (["grade"], "invalid choice: 'grade'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(classroom: Path, words: list[str], message: str) -> None:
    refused = workshop(classroom, *words)
    assert refused.returncode == 2
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
def test_make_hands_the_exercise_on(classroom: Path) -> None:
    checked = make(classroom, "check", f"E={CARDS}")
    assert "card A has no answer yet" in checked.stdout, checked.stderr
    assert checked.returncode == 2  # make's own code for any failure
    assert "next: make check E=01" in make(classroom, "workshop").stdout
