"""A real Airflow with months that come out of order, twice or broken, and with processes that are killed."""

import os
from typing import Any

import pytest

SCORED = "2025-04"
pytestmark = [pytest.mark.airflow, pytest.mark.slow]


def states(note: Any) -> set[str]:
    return {state for _, _, state, _ in note["tasks"]}


def downstream(tables: Any) -> Any:
    """Return the tables that are made from `valid`."""
    return {path: digest for path, digest in tables.items() if not path.startswith("valid/")}


def ran(note: Any) -> set[tuple[str, str]]:
    return {(dag, month) for dag, month, _ in note["runs"]}


def test_months_out_of_order_give_the_same_tables_as_in_order(year: Any) -> None:
    assert year["out of order"]["tables"] == year["plain"]
    assert states(year["out of order"]) == {"success", "skipped"}  # skipped: an earlier month was missing


def test_rerun_of_a_month_changes_no_byte(year: Any) -> None:
    assert year["rerun"]["all"] == year["out of order"]["all"]
    assert {("exports", "2025-02"), ("predictions", "2025-04")} <= ran(year["rerun"])
    assert states(year["rerun"]) == {"success"}


def test_rerun_restates_what_was_made_from_the_month_and_nothing_before_it(year: Any) -> None:
    restated = {month for dag, month in ran(year["rerun"]) if dag == "features"}
    assert restated == {"2025-01", "2025-02", "2025-03", "2025-04"}  # January: its late rows came in February
    assert {month for dag, month in ran(year["twice at once"]) if dag == "features"} == {"2025-03", "2025-04"}


def test_an_export_that_is_not_finished_is_asked_for_again(year: Any) -> None:
    (tries,) = [tries for task, _, _, tries in year["late delivery"]["tasks"] if task == "collect"]
    assert tries > 1
    assert states(year["late delivery"]) == {"success"}
    assert year["late delivery"]["tables"] == year["plain"]


def test_a_run_that_misses_its_deadline_is_told_in_a_line(year: Any) -> None:
    assert year["deadline hours"] == [6.0]
    assert "2025-02 exports is overdue: waiting or at work since 20" in year["overdue"]


def test_two_runs_of_one_month_at_once_give_one_result(year: Any) -> None:
    assert [run[:2] for run in year["twice at once"]["runs"]].count(["exports", "2025-04"]) == 2
    (_, one_ended), (other_began, _) = sorted(year["twice at once"]["twins"])
    assert other_began < one_ended  # they ran at the same time
    assert states(year["twice at once"]) == {"success"}
    assert year["twice at once"]["tables"] == year["plain"]


def test_broken_export_changes_nothing_downstream(year: Any) -> None:
    assert year["broken"]["tables"] == year["plain"]
    assert ran(year["broken"]) == {("exports", "2025-03")}


def test_broken_contract_fails_at_once_without_a_retry(year: Any) -> None:
    assert year["broken"]["tasks"] == [["collect", "2025-03", "success", 1], ["validate", "2025-03", "failed", 1]]


def test_incident_says_month_task_and_reason_in_a_line(year: Any) -> None:
    assert "2025-03 exports.validate failed: contract: usage 2025-03: " in year["incident"]
    assert year["incident"].endswith("of the rows)")


def test_only_the_corrected_month_and_what_depends_on_it_ran(year: Any) -> None:
    features = {("features", month) for month in ("2025-02", "2025-03", "2025-04")}
    assert ran(year["corrected"]) == {("exports", "2025-03"), *features}
    assert states(year["corrected"]) == {"success"}
    assert year["corrected"]["tables"] == year["plain"]


def test_event_of_the_valid_rows_carries_what_the_contract_found(year: Any) -> None:
    found = [event["extra"] for event in year["events"] if event["name"] == "valid"]
    assert found
    assert all(quality["rows"]["usage"] > 0 and "rejected" in quality and "late_rows" in quality for quality in found)


def test_late_rows_restate_the_month_before_through_an_event_of_its_own(year: Any) -> None:
    late = [event for event in year["events"] if event["name"] == "valid" and event["extra"]["month"] == "2025-02"]
    assert {event["partition_key"] for event in late} >= {"2025-01", "2025-02"}
    assert all(event["created_dagruns"] for event in late)


@pytest.mark.thorough
def test_scheduler_and_workers_killed_in_a_task_leave_the_same_tables(hard_year: Any) -> None:
    assert hard_year["killed"]["tables"] == hard_year["plain"]
    assert states(hard_year["killed"]) == {"success"}
    assert max(tries for *_, tries in hard_year["killed"]["tasks"]) > 1  # a task was killed


@pytest.mark.thorough
def test_disk_that_is_full_fails_the_task_with_a_sentence_and_changes_nothing(hard_year: Any) -> None:
    note = hard_year["disk full"]
    if "no disk to fill" in note:
        promised = os.environ.get("CI") == "true" and os.geteuid() == 0  # others may not always mount
        (pytest.fail if promised else pytest.skip)(f"mounting is not permitted: {note['no disk to fill']}")
    assert ("process", SCORED, "failed", 1) in {tuple(task) for task in note["tasks"]}
    assert " features.process failed: No space left on device: nothing in /" in note["last line"]
    assert downstream(note["tables"]) == downstream(hard_year["plain"])
    assert note["left over"] == []


@pytest.mark.thorough
def test_predictions_are_not_made_of_features_that_are_out_of_date(hard_year: Any) -> None:
    note = hard_year["stale"]
    if "no disk to fill" in hard_year["disk full"]:
        pytest.skip("the features are up to date: there was no disk to fill")
    assert [task for task in note["tasks"] if task[0] == "build"] == [["build", SCORED, "failed", 1]]
    stale = f"features 2025-03, features {SCORED}, labels 2025-03"
    assert f"training {SCORED}: out of date with their valid rows: {stale}" in note["last line"]
    assert downstream(note["tables"]) == downstream(hard_year["plain"])


@pytest.mark.thorough
def test_task_that_is_killed_is_tried_again_in_collection_and_reported_elsewhere(hard_year: Any) -> None:
    tasks = hard_year["task killed"]["tasks"]
    assert ["collect", SCORED, "success", 2] in tasks
    ((stage, month, _, tries),) = [task for task in tasks if task[2] == "failed"]
    assert (stage, tries) == ("process", 1)
    assert f"{month} features.process failed: it was killed" in hard_year["incident of the killed"]
    assert hard_year["incident of the killed"].endswith(f"again: make rerun-data MONTH={month}")
    assert hard_year["task killed"]["tables"] == hard_year["plain"]


@pytest.mark.thorough
def test_a_month_whose_task_was_killed_is_complete_after_it_runs_again(hard_year: Any) -> None:
    assert states(hard_year["after the killed"]) == {"success"}
    assert hard_year["after the killed"]["tables"] == hard_year["plain"]
