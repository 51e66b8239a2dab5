"""make demo-data and make demo-dagster: the report, the gate, and nothing left running."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from churn.months import add_months, month_range
from churn.report import read_report
from data_pipeline.ports import free_port
from tests.data_pipeline.conftest import ROOT, run
from tests.demos import CUSTOMERS, MONTH, Demos, environment_python
from tests.processes import descendants, left_running

BEFORE = add_months(MONTH, -1)
SMALL = ("--customers", str(CUSTOMERS), "--month", MONTH)


def assert_equal_to_the_last_bit(demos: Demos, name: str) -> None:
    demos.run("plain")
    ours, theirs = (read_report(demos.runs / run / "report.json") for run in (name, "plain"))
    assert ours.baseline == theirs.baseline  # with the checksum of the predictions
    assert all(stage.seconds > 0 for stage in ours.stages)


@pytest.mark.airflow
@pytest.mark.slow
def test_airflow_gives_the_plain_answer_to_the_last_bit(demos: Demos) -> None:
    demos.run("data")
    assert_equal_to_the_last_bit(demos, "data")


@pytest.mark.airflow
@pytest.mark.slow
def test_demo_tells_of_the_broken_month_and_what_ran_after_it_was_corrected(demos: Demos) -> None:
    text = " ".join(demos.run("data").stdout.split())
    assert f"{MONTH} exports.validate failed: contract: usage {MONTH}" in text
    assert f"the predictions of {BEFORE} are what is served" in text
    assert (
        f"ran after the correction: exports {MONTH}, features {BEFORE}, features {MONTH}, predictions {MONTH} " in text
    )


@pytest.mark.airflow
@pytest.mark.slow
def test_demo_leaves_no_process(demos: Demos) -> None:
    demos.run("data")
    assert demos.left_running["data"] == []


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux who started whom")
def test_a_process_that_hides_is_seen_all_the_same() -> None:
    """With a session, an environment and a parent that are not the command's any more."""
    with left_running() as left:
        subprocess.run(["setsid", "--fork", "env", "-i", "sleep", "300"], check=True)
    assert left == ["sleep 300"]


@pytest.mark.airflow
@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_demo_that_is_stopped_takes_airflow_with_it(tmp_path: Path, ending: signal.Signals) -> None:
    command = [environment_python("data"), "-m", "data_pipeline", *SMALL, "--runs", str(tmp_path)]
    with (
        left_running() as left,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as demo,
    ):
        try:
            deadline = time.monotonic() + 240
            while len(descendants(demo.pid)) < 6:  # three components, and workers that are at a task
                assert time.monotonic() < deadline
                assert demo.poll() is None
                time.sleep(0.2)
            demo.send_signal(ending)
            _, said = demo.communicate(timeout=60)
        finally:
            demo.kill()
    assert demo.returncode == (130 if ending == signal.SIGINT else -ending)
    assert ending != signal.SIGINT or "stopped" in said
    assert left == []


@pytest.mark.slow
def test_dagster_gives_the_plain_answer_to_the_last_bit(demos: Demos) -> None:
    text = " ".join(demos.run("data-dagster").stdout.split())
    assert_equal_to_the_last_bit(demos, "data-dagster")
    assert f"incident {MONTH} contract: usage {MONTH}" in text
    assert f"ran after the correction: exports {MONTH}, features {BEFORE}, {MONTH}, predictions {MONTH} ROC-AUC" in text


@pytest.mark.slow
def test_dagster_accepts_assets_jobs_and_schedules_together(tmp_path: Path) -> None:
    """The demo asks for one job at a time, and would not notice two of a name; Dagster's pages do."""
    words = ("-m", "dagster", "definitions", "validate", "-m", "data_pipeline.dagster_assets")
    checked = run("dagster", *words, DAGSTER_HOME=str(tmp_path))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_nothing_to_look_at_is_a_sentence(tmp_path: Path) -> None:
    for environment, module, target in (
        ("data", "data_pipeline.ui", "demo-data"),
        ("dagster", "data_pipeline.dagster_demo", "demo-dagster"),
    ):
        options = ["--ui"] if environment == "dagster" else []
        refused = run(environment, "-m", module, "--runs", str(tmp_path), *options)
        assert refused.returncode == 2
        assert f"make {target} comes first" in refused.stderr


def test_a_month_outside_the_world_is_a_sentence(tmp_path: Path) -> None:
    refused = run("data", "-m", "data_pipeline", "--month", "2031-01", "--runs", str(tmp_path))
    assert refused.returncode == 2
    assert "choose a month from 2025-03 to 2025-12" in refused.stderr


def test_home_of_another_version_is_kept_and_named(tmp_path: Path) -> None:
    home = tmp_path / "data" / "airflow"
    home.mkdir(parents=True)
    (home / "version").write_text("2.9.3", encoding="utf-8")
    refused = run("data", "-m", "data_pipeline", *SMALL, "--runs", str(tmp_path))
    assert refused.returncode == 2
    assert "was made by Airflow 2.9.3" in refused.stderr
    assert (home / "version").read_text(encoding="utf-8") == "2.9.3"


def test_rerun_outside_the_world_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data" / "airflow").mkdir(parents=True)
    for month in month_range("2025-01", "2025-06"):
        (tmp_path / "data" / "source" / f"month={month}").mkdir(parents=True)
    for words, said in (
        (
            ["--month", "2025-05", "--last", "2031-01"],
            "2025-05 to 2031-01: the operator's exports run from 2025-01 to 2025-06",
        ),
        (["--month", "2025-13"], "2025-13"),
        ([], "--month"),
    ):
        refused = run("data", "-m", "data_pipeline.rerun", *words, "--runs", str(tmp_path))
        assert refused.returncode == 2
        assert said in refused.stderr
        assert len(refused.stderr.splitlines()) == 1


def test_a_port_that_is_taken_is_left_alone() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port


def test_two_who_start_at_once_choose_different_ports() -> None:
    """Neither listens yet: Airflow does so seconds after its port was chosen."""
    port = free_port(0)
    chosen = run("data", "-c", f"from data_pipeline.ports import free_port; print(free_port({port}))").stdout
    assert int(chosen) != port
