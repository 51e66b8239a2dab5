"""`python -m churn`: what it prints when all is well, and one sentence and exit code 2 when it is not."""

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import ENOENT, ENOSPC
from pathlib import Path

import pytest

from churn import __main__ as plain
from churn.__main__ import solve
from churn.checks.manifest import MANIFEST
from churn.compare.__main__ import main as compare
from churn.harness.command import OperatorData
from churn.harness.errors import refused_by_file_system
from churn.harness.processes import alone_in
from churn.harness.report import read_report
from churn.simulator.faults import break_export
from churn.simulator.world import World
from tests.churn.small_world import MONTHS, NEWEST, files, hidden_leftovers, rows

ROOT = Path(__file__).parents[3]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Nobody can write a file of more bytes: the kernel refuses, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def churn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command in this process; returns its exit code, stdout and stderr."""

    def command(*arguments: object, main: Callable[[], None] = plain.main) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["churn", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command


Churn = Callable[..., tuple[int, str, str]]


def test_a_second_run_at_once_is_refused_in_a_sentence(churn: Churn, operator: Path, tmp_path: Path) -> None:
    with alone_in(tmp_path / "plain"):
        outcome = churn("--source", operator / "source", "--runs", tmp_path)
    assert_one_sentence(outcome, f"another run is at work in {tmp_path / 'plain'}: wait for it, or choose a different")
    assert sorted(path.name for path in (tmp_path / "plain").iterdir()) == [".lock"]


@pytest.fixture(scope="module")
def first_run(operator: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    solve(OperatorData(operator / "source", MONTHS, None), folder / "plain")
    return folder


@pytest.fixture
def finished(first_run: Path, tmp_path: Path) -> Path:
    """A folder of runs with one finished run in it."""
    return Path(shutil.copytree(first_run, tmp_path / "runs"))


def kept(runs: Path) -> dict[str, str]:
    """The files that must outlive a run that fails."""
    return {
        name: sha
        for name, sha in files(runs).items()
        if "/lake/" not in name and not name.endswith(("/.lock", "/unfinished.json"))
    }


def assert_one_sentence(outcome: tuple[int, str, str], expected: str) -> None:
    code, _, errors = outcome
    assert code == 2
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1, errors
    assert re.search(expected, errors), errors


BAD_OPTIONS = [
    (["--customers", "0"], "N=0: the world needs 500 to 100,000,000 customers, for example N=10000"),
    (["--customers", "-5"], "N=-5: the world needs"),
    (["--customers", "499"], "N=499: the world needs"),
    (["--customers", "abc"], "N=abc: a whole number is wanted"),
    (["--customers", ""], "N=: a whole number is wanted"),
    (["--customers", "1e4"], "N=1e4: a whole number is wanted"),
    (["--customers", "1000000000000"], "N=1000000000000: the world needs"),
    (["--seed", "-1"], "SEED=-1"),
    (["--seed", "x"], "SEED=x: a whole number is wanted"),
    (["--month", "2025-13"], "'2025-13' is not a month: write it as YYYY-MM"),
    (["--month", "December"], "'December' is not a month"),
    (["--month", ""], "'' is not a month"),
    (["--month", "2025-02"], "MONTH=2025-02 cannot be scored: choose a month from 2025-03 to 2025-12"),
    (["--month", "2031-01"], "MONTH=2031-01 cannot be scored: choose a month from 2025-03 to 2025-12"),
    (["--colour", "blue"], "unrecognized arguments: --colour blue"),
    (["12000"], "unrecognized arguments: 12000"),
]


@pytest.mark.parametrize(("options", "sentence"), BAD_OPTIONS)
def test_a_bad_option_is_one_sentence_and_writes_nothing(
    churn: Churn, tmp_path: Path, options: list[str], sentence: str
) -> None:
    assert_one_sentence(churn("--runs", tmp_path / "runs", *options), re.escape(sentence))
    assert not (tmp_path / "runs").exists()


def a_file(path: Path) -> None:
    path.write_text("not a folder")


def other_things(path: Path) -> None:
    (path / "photos").mkdir(parents=True)
    (path / "photos" / "cat.jpg").touch()


def wrong_month(path: Path) -> None:
    (path / "month=soon").mkdir(parents=True)


def strange_newest_month(path: Path) -> None:
    for name in ("month=2025-01", "month=soon"):
        (path / name).mkdir(parents=True)


def nothing_in_the_months(path: Path) -> None:
    for month in MONTHS:
        (path / f"month={month}").mkdir(parents=True)


SOURCES: list[tuple[Callable[[Path], None], str]] = [
    (lambda path: None, "there is no source folder"),
    (a_file, "there is no source folder"),
    (other_things, "holds no export: folders named month=YYYY-MM were expected"),
    (lambda path: path.mkdir(), "holds no export"),
    (wrong_month, "'soon' is not a month"),
    (strange_newest_month, "'soon' is not a month"),
    (nothing_in_the_months, "customers 2025-01: the table is missing; usage 2025-01: the table is missing"),
]


@pytest.mark.parametrize(("make", "sentence"), SOURCES)
def test_a_source_that_is_none_is_one_sentence_and_loses_nothing(
    churn: Churn, finished: Path, tmp_path: Path, make: Callable[[Path], None], sentence: str
) -> None:
    before = kept(finished)
    make(tmp_path / "foreign")
    assert_one_sentence(churn("--source", tmp_path / "foreign", "--runs", finished), sentence)
    assert kept(finished) == before
    assert hidden_leftovers(finished) == []


def test_a_month_missing_in_the_middle_is_one_sentence_and_loses_nothing(
    churn: Churn, finished: Path, source: Path
) -> None:
    before = kept(finished)
    shutil.rmtree(source / f"month={MONTHS[2]}")
    outcome = churn("--source", source, "--runs", finished)
    assert_one_sentence(outcome, "has no export for 2025-03: it has 2025-01 to 2025-05")
    assert kept(finished) == before


def test_a_closed_gate_is_one_sentence_and_loses_nothing(churn: Churn, finished: Path, source: Path) -> None:
    before = kept(finished)
    break_export(source / f"month={NEWEST}", "renamed_column", "usage")
    outcome = churn("--source", source, "--runs", finished)
    assert_one_sentence(outcome, r"usage 2025-05: column \w+ is missing \(the export has ")
    assert kept(finished) == before


def test_a_target_that_is_a_file_is_one_sentence(churn: Churn, source: Path, tmp_path: Path) -> None:
    a_file(tmp_path / "runs")
    for target in (tmp_path / "runs", Path("/dev/full")):
        assert_one_sentence(
            churn("--source", source, "--runs", target), f"(File exists|Not a directory): .*{target.name}"
        )
        assert_one_sentence(
            churn("--customers", 500, "--runs", target), f"(File exists|Not a directory): .*{target.name}"
        )
    assert (tmp_path / "runs").read_text() == "not a folder"


def test_a_target_that_cannot_be_written_is_one_sentence(churn: Churn, source: Path, tmp_path: Path) -> None:
    read_only = tmp_path / "read-only"
    read_only.mkdir(mode=0o555)
    target = read_only if os.geteuid() else Path("/proc")  # root may write anywhere, but not there
    outcome = churn("--source", source, "--runs", target / "runs")
    assert_one_sentence(outcome, f"^error: (Permission denied|No such file or directory): {target}/runs")


@pytest.mark.parametrize("size", [0, 3_000, 6_000, 20_000])
def test_a_full_target_is_one_sentence_and_loses_nothing(churn: Churn, finished: Path, source: Path, size: int) -> None:
    before = kept(finished)
    with largest_file(size):
        outcome = churn("--source", source, "--runs", finished)
    assert_one_sentence(outcome, r"^error: File too large: \S+")
    assert kept(finished) == before
    assert hidden_leftovers(finished) == []


def test_a_disk_that_fills_up_during_simulation_is_one_sentence(churn: Churn, tmp_path: Path) -> None:
    with largest_file(10_000):
        assert_one_sentence(churn("--customers", 500, "--runs", tmp_path), "^error: File too large: the target folder")
    assert files(tmp_path) == {}
    assert hidden_leftovers(tmp_path) == []


def test_a_run_prints_a_short_table_the_report_and_the_next_command(churn: Churn, source: Path, tmp_path: Path) -> None:
    code, printed, errors = churn("--source", source, "--month", MONTHS[3], "--runs", tmp_path)
    assert (code, errors) == (0, "")
    assert f"customers of {MONTHS[3]} scored; held out: {MONTHS[2]}" in printed
    report = tmp_path / "plain" / "report.json"
    assert f"report: {report}" in printed
    assert "next: make " in printed
    assert (read_report(report).month, read_report(report).seed) == (MONTHS[3], None)
    assert read_report(report).ceiling_roc_auc is None
    assert len(rows(tmp_path / "plain" / "lake", "predictions", MONTHS[3])) == read_report(report).customers


def test_the_simulated_world_is_kept_for_the_next_run(churn: Churn, tmp_path: Path) -> None:
    options = ["--customers", 500, "--seed", 2, "--runs", tmp_path]
    assert churn(*options, "--month", "2025-03")[0] == 0
    world = tmp_path / "world" / World(customers=500, seed=2).name
    made = {path: path.stat().st_mtime_ns for path in world.rglob("*.parquet")}
    first_ceiling = read_report(tmp_path / "plain" / "report.json").ceiling_roc_auc
    assert churn(*options, "--month", "2025-04")[0] == 0
    assert read_report(tmp_path / "plain" / "report.json").ceiling_roc_auc not in (None, first_ceiling)
    again = {path: path.stat().st_mtime_ns for path in world.rglob("*.parquet")}
    assert made.items() < again.items()
    assert {path.relative_to(world).parts[1] for path in again.keys() - made.keys()} == {"month=2025-04"}


def test_a_simulated_export_without_a_manifest_is_simulated_again(churn: Churn, tmp_path: Path) -> None:
    options = ["--customers", 500, "--seed", 2, "--runs", tmp_path, "--month", "2025-03"]
    assert churn(*options)[0] == 0
    source = tmp_path / "world" / World(customers=500, seed=2).name / "source"
    whole = files(source)
    (source / "month=2025-02" / MANIFEST).unlink()
    (source / "month=2025-02" / "usage" / "part-00000.parquet").unlink()
    assert churn(*options)[0] == 0
    assert files(source) == whole


@pytest.mark.slow
def test_a_process_of_its_own_ends_the_same_way(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "churn", "--customers", "0", "--runs", str(tmp_path / "runs")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert_one_sentence((done.returncode, done.stdout, done.stderr), "N=0: the world needs")


def test_ctrl_c_is_one_sentence(churn: Churn, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(plain, "run", interrupted)
    code, _, errors = churn("--source", source, "--runs", tmp_path)
    assert (code, errors) == (130, "stopped: run the same command again to continue\n")


def test_a_full_disk_is_a_sentence_however_an_engine_wraps_it() -> None:
    full = OSError(ENOSPC, "No space left on device", "/runs/records")
    wrapped = RuntimeError("step failed")
    wrapped.__cause__ = ValueError("compute log")
    wrapped.__cause__.__cause__ = full
    assert refused_by_file_system(wrapped) == "No space left on device: /runs/records"
    for reason in ("database or disk is full", "disk I/O error"):
        sentence = refused_by_file_system(RuntimeError(f"(sqlite3.OperationalError) {reason}\n[SQL: SELECT 1]"))
        assert sentence == f"{reason}: the folder of the engine's database (is its disk full?)"
    bug = KeyError("a bug of ours")
    bug.__cause__ = OSError(ENOENT, "No such file")
    assert refused_by_file_system(bug) is None


def test_a_bug_of_ours_keeps_its_traceback(churn: Churn, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def buggy(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(plain, "run", buggy)
    with pytest.raises(ZeroDivisionError):
        churn("--source", source)


def test_reports_are_laid_side_by_side(churn: Churn, finished: Path) -> None:
    shutil.copytree(finished / "plain", finished / "model")
    code, printed, _ = churn("--runs", finished, main=compare)
    assert code == 0
    assert re.search(r"plain .*\bmodel .*the same", printed, re.DOTALL)


def test_side_by_side_without_a_report_is_one_sentence(churn: Churn, tmp_path: Path) -> None:
    outcome = churn("--runs", tmp_path, main=compare)
    assert_one_sentence(outcome, "there is no report in .*: run make demo-plain first")
