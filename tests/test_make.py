"""The Makefile: what it lists, and how settings reach the programs."""

import re
from pathlib import Path

import pytest

from tests.fresh_clone import arguments, built, make, script

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PIPELINES = ["plain", "workflow", "data", "dagster", "model", "tracking"]
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
    assert make(clone, "-j4", "demo").returncode == 0
    modules = (
        "churn",
        "workflow_pipeline",
        "data_pipeline",
        "data_pipeline.in_dagster.demo",
        "model_pipeline",
        "tracking_pipeline",
        "churn.compare",
    )
    assert arguments(clone) == [argument for module in modules for argument in ("-m", module)]


def test_a_demo_that_fails_keeps_no_other_from_running_and_is_named(clone: Path) -> None:
    built(clone, *PIPELINES)
    for name in ("workflow", "dagster"):
        script(clone / ".venv" / name / "bin" / "python", "exit 2")
    script(clone / ".venv" / "plain" / "bin" / "python", 'printf "%s\\n" "$@" >>arguments; [ "$3" = "" ]')
    assert make(clone, "demo").returncode == 2
    assert arguments(clone) == [
        *("-m", "churn", "-m", "data_pipeline", "-m", "model_pipeline", "-m", "tracking_pipeline"),
        *("-m", "churn.compare", "--failed=demo-workflow demo-dagster"),
    ]


def test_without_the_plain_answer_no_pipeline_is_run(clone: Path) -> None:
    built(clone, *PIPELINES)
    script(clone / ".venv" / "plain" / "bin" / "python", "exit 2")
    assert make(clone, "demo").returncode == 2
    assert not (clone / "arguments").exists()


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
