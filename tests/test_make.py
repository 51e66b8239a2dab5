"""The Makefile: its list of targets, how settings reach the programs, and the lanes of `make demo`."""

import os
import pty
import re
import shutil
import signal
import subprocess
import termios
from pathlib import Path

import psutil
import pytest

from churn.harness.processes import wait_until
from tests.fresh_clone import arguments, built, make, script, standin_python, without_make

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PIPELINES = ["plain", "workflow", "data", "dagster", "model", "tracking"]
MODULES = ["workflow_pipeline", "data_pipeline", "data_pipeline.in_dagster.demo", "model_pipeline", "tracking_pipeline"]
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))


def test_make_alone_lists_every_target_with_a_line_of_help(clone: Path) -> None:
    listed = re.findall(r"^  make ([a-z-]+) +\S", make(clone).stdout, re.MULTILINE)
    assert sorted(listed) == sorted(TARGETS)
    assert {"demo", "demo-plain", "demo-model", "test", "lint", "doctor"} <= TARGETS


@pytest.mark.parametrize(
    "page",
    ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "workshop/README.md", ".github/workflows/test.yml", ".ci/run"],
)
def test_every_target_named_in_a_page_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"(?:^|`|run: |&& )make ([a-z][a-z-]*)", text, re.MULTILINE)
    assert named
    assert set(named) <= TARGETS


def test_settings_are_passed_on_only_when_they_are_given(clone: Path) -> None:
    built(clone, "plain")
    assert make(clone, "demo-plain").returncode == 0
    assert arguments(clone) == ["-m", "churn"]


def test_variables_of_python_that_the_shell_has_for_a_different_project_do_not_reach_the_program(clone: Path) -> None:
    built(clone, "plain")
    standin_python(clone, "plain", "env >variables")
    make(clone, "demo-plain", PYTHONSAFEPATH="1", PYTHONIOENCODING="ascii", PYTHONPATH="/x", PYTHON="python3")
    ours = [
        line for line in (clone / "variables").read_text(encoding="utf-8").splitlines() if line.startswith("PYTHON")
    ]
    assert sorted(ours) == ["PYTHON=python3", "PYTHONUTF8=1"]


def test_settings_reach_the_program_under_its_own_names(clone: Path) -> None:
    built(clone, "model")
    make(
        clone,
        "demo-model",
        "N=1000",
        "MONTH=2025-11",
        "SEED=3",
        "DATA=my file.csv",
        "TARGET=left",
        "TIME=joined",
    )
    assert arguments(clone) == [
        *("-m", "model_pipeline", "--customers=1000", "--month=2025-11", "--seed=3"),
        *("--data=my file.csv", "--target=left", "--time-column=joined"),
    ]


@pytest.mark.parametrize(
    "value",
    [
        "1; touch pwned",
        "$(touch pwned)",
        "`touch pwned`",
        "$(shell touch pwned)",
        '" && touch pwned "',
        "'; touch pwned; '",
        "$$HOME # a comment",
        "--help",
    ],
)
def test_a_setting_reaches_the_program_as_it_was_typed(clone: Path, value: str) -> None:
    built(clone, "plain")
    make(clone, "demo-plain", f"N={value}")
    assert arguments(clone) == ["-m", "churn", f"--customers={value}"]
    assert not (clone / "pwned").exists()


@pytest.mark.parametrize(
    "value", ["$(touch pwned)", "$(shell touch pwned)", '" && touch pwned "', "'; a  b", "$$HOME # \\"]
)
def test_a_setting_reaches_every_pipeline_of_the_demo_as_it_was_typed(clone: Path, value: str) -> None:
    built(clone, *PIPELINES)
    make(clone, "demo", f"N={value}")
    assert [word for word in arguments(clone) if word.startswith("--")] == [f"--customers={value}"] * len(PIPELINES)
    assert not (clone / "pwned").exists()


def test_what_the_shell_happens_to_hold_is_not_a_setting(clone: Path) -> None:
    built(clone, "model")
    make(clone, "demo-model", DATA="/somebody/else", TARGET="production", TIME="%e", N="7")
    assert arguments(clone) == ["-m", "model_pipeline"]


def test_demo_runs_each_pipeline_and_then_compares(clone: Path) -> None:
    built(clone, *PIPELINES)
    demo = make(clone, "-j4", "demo")
    assert demo.returncode == 0, demo
    assert "jobserver" not in demo.stdout + demo.stderr
    ran = arguments(clone)[1::2]
    assert ran[0] == "churn"
    assert sorted(ran[1:-1]) == sorted(MODULES)
    assert ran[-1] == "churn.compare"


def test_a_demo_that_fails_keeps_no_other_from_running_and_is_named(clone: Path) -> None:
    built(clone, *PIPELINES)
    standin_python(clone, "plain", '[ "$3" = "" ]')
    for name in ("workflow", "dagster"):
        standin_python(clone, name, f"echo {name} has no room >&2", "exit 2")
    demo = make(clone, "demo")
    assert demo.returncode == 2
    assert "workflow has no room" in demo.stdout
    assert set(MODULES) <= set(arguments(clone))
    assert arguments(clone)[-3:] == ["-m", "churn.compare", "--failed=demo-workflow demo-dagster"]


def test_what_a_pipeline_prints_stays_whole_and_in_order(clone: Path) -> None:
    built(clone, *PIPELINES)
    for name, seconds in zip(PIPELINES, (0, 0.4, 0.2, 0.1, 0, 0.3), strict=True):
        standin_python(clone, name, f"echo {name} begins", f"sleep {seconds}", f"echo {name} ends")
    printed = re.findall(r"^(\w+) (?:begins|ends)$", make(clone, "demo").stdout, re.MULTILINE)
    assert printed == [name for name in PIPELINES for _ in range(2)] + ["plain", "plain"]  # the last is the comparison


def test_two_pipelines_run_at_a_time(clone: Path) -> None:
    built(clone, *PIPELINES)
    for name in PIPELINES[1:]:
        standin_python(
            clone, name, f"touch {name}.runs", "sleep 0.3", "ls | grep -c '[.]runs' >>together", f"rm {name}.runs"
        )
    make(clone, "demo")
    together = (clone / "together").read_text(encoding="utf-8").split()
    assert len(together) == 5
    assert max(together) == "2"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_demo_leaves_nothing_running_when_it_is_stopped(clone: Path, ending: signal.Signals) -> None:
    built(clone, *PIPELINES)
    for name in PIPELINES[1:]:
        standin_python(clone, name, f"echo $$ >{name}.pid", "exec sleep 600")

    def lanes() -> list[int]:
        return [int(pid) for file in clone.glob("*.pid") if (pid := file.read_text(encoding="utf-8"))]

    demo = subprocess.Popen(["make", "demo"], cwd=clone, env=without_make(), start_new_session=True)
    wait_until(lambda: len(lanes()) == 2, 20, "two lanes run")
    os.killpg(demo.pid, ending)
    assert demo.wait(timeout=20) != 0
    wait_until(lambda: not any(map(psutil.pid_exists, lanes())), 10, "both lanes end")
    assert len(lanes()) == 2, "another lane was started"


def test_without_the_plain_answer_no_pipeline_is_run(clone: Path) -> None:
    built(clone, *PIPELINES)
    script(clone / ".venv" / "plain" / "bin" / "python", "exit 2")
    assert make(clone, "demo").returncode == 2
    assert not (clone / "arguments").exists()


def test_diff_shows_a_plain_stage_next_to_that_of_a_pipeline(clone: Path) -> None:
    for folder in ("churn", "model_pipeline"):
        shutil.copytree(ROOT / folder, clone / folder)
    shown = make(clone, "diff", "STAGE=train", "PIPELINE=model")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert re.search(r"^import polars as pl +import polars as pl$", shown.stdout, re.MULTILINE)
    assert max(map(len, shown.stdout.splitlines())) <= 160


@pytest.mark.parametrize(("columns", "cut"), [(80, False), (160, True)])
def test_diff_cuts_no_line_in_a_terminal_that_is_too_narrow_for_two_columns(
    clone: Path, columns: int, cut: bool
) -> None:
    for file in ("churn/train.py", "model_pipeline/train.py"):
        (clone / file).parent.mkdir(exist_ok=True)
        (clone / file).write_text(f'"""{file}: {"a long line " * 9}to its end"""\n', encoding="utf-8")
    terminal, program = pty.openpty()
    termios.tcsetwinsize(program, (24, columns))
    command = ["sh", "tools/diff.sh", "train", "model"]
    subprocess.run(command, cwd=clone, stdin=program, stdout=program, env={**os.environ, "TERM": "xterm"}, check=True)
    shown = os.read(terminal, 100_000).decode()
    os.close(program)
    os.close(terminal)
    assert ("to its end" not in shown) is cut


@pytest.mark.parametrize("words", [["STAGE=fit", "PIPELINE=model"], ["STAGE=../x", "PIPELINE=model"], ["STAGE=train"]])
def test_diff_of_a_name_that_is_unknown_lists_the_known_ones(clone: Path, words: list[str]) -> None:
    refused = make(clone, "diff", *words)
    assert refused.returncode == 2
    assert re.match(
        r"error: (STAGE|PIPELINE)=\S* is not one of: .*make diff STAGE=train PIPELINE=model", refused.stderr
    )


def test_clean_keeps_the_environments_and_distclean_does_not(clone: Path) -> None:
    built(clone, "plain")
    (clone / "runs").mkdir()
    (clone / "churn" / "__pycache__").mkdir(parents=True)
    assert make(clone, "clean").returncode == 0
    assert not (clone / "runs").exists()
    assert not (clone / "churn" / "__pycache__").exists()
    assert (clone / ".venv" / "plain" / ".ok").exists()
    make(clone, "distclean")
    assert not (clone / ".venv").exists()
