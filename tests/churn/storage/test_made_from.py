"""A partition is out of date when its inputs have changed since. The dates of files do not count."""

import os
import shutil
from pathlib import Path

import pytest

from churn.collect import collect
from churn.harness.errors import BadInput
from churn.lake import partition
from churn.process import process
from churn.simulator.faults import break_export
from churn.storage.made_from import has_late_rows, outdated
from churn.validate import validate
from tests.churn.small_world import MONTHS, NEWEST, files

MONTH, FOLLOWING = MONTHS[2], MONTHS[3]


def everything_outdated(lake: Path) -> dict[str, list[str]]:
    """Return the outdated inputs of everything in the lake, by table and month."""
    found = {
        f"{table} {month}": outdated(lake, table, month)
        for table, months in {"valid": MONTHS, "features": MONTHS, "labels": MONTHS[:-1]}.items()
        for month in months
    }
    return {name: changed for name, changed in found.items() if changed}


def test_nothing_is_outdated_after_a_run(clean_lake: Path) -> None:
    assert everything_outdated(clean_lake) == {}


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_copy_is_as_up_to_date_as_the_lake_whatever_the_dates_of_its_files(
    clean_lake: Path, tmp_path: Path, newest_first: bool
) -> None:
    lake = tmp_path / "copy"
    for copied, file in enumerate(sorted(clean_lake.rglob("*"), reverse=newest_first)):
        copy = lake / file.relative_to(clean_lake)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file.is_file():
            shutil.copyfile(file, copy)
            os.utime(copy, (copied, copied))
    assert everything_outdated(lake) == {}
    shutil.rmtree(partition(lake, "valid", FOLLOWING))
    shutil.copytree(partition(lake, "valid", MONTHS[1]), partition(lake, "valid", FOLLOWING))
    assert f"features {FOLLOWING}" in everything_outdated(lake)


def test_validating_the_same_bytes_again_makes_nothing_outdated(operator: Path, lake: Path) -> None:
    collect(operator / "source", lake, MONTH)
    validate(lake, MONTH)
    assert everything_outdated(lake) == {}


def test_a_corrected_month_makes_everything_from_it_outdated_until_it_is_made_again(source: Path, lake: Path) -> None:
    break_export(source / f"month={MONTH}", "negative_minutes")
    collect(source, lake, MONTH)
    assert everything_outdated(lake) == {f"valid {MONTH}": [f"raw/month={MONTH}"]}
    validate(lake, MONTH)
    changed = [f"valid/month={MONTH}"]
    of_months = [f"features {month}" for month in MONTHS[1:]] + [f"labels {month}" for month in MONTHS[1:-1]]
    assert everything_outdated(lake) == dict.fromkeys(of_months, changed)
    for month in MONTHS[1:]:
        process(lake, month)
    assert everything_outdated(lake) == {}


def test_late_rows_make_the_features_of_the_previous_month_outdated(operator: Path, lake: Path) -> None:
    for table in ("raw", "valid", "features"):
        for month in MONTHS[3:]:
            shutil.rmtree(partition(lake, table, month))
    process(lake, MONTH)
    assert outdated(lake, "features", MONTH) == []
    collect(operator / "source", lake, FOLLOWING)
    assert validate(lake, FOLLOWING).late_rows > 0
    assert has_late_rows(lake, FOLLOWING)
    assert outdated(lake, "features", MONTH) == [f"valid/month={FOLLOWING}"]
    process(lake, MONTH)
    assert outdated(lake, "features", MONTH) == []


def test_a_partition_that_does_not_say_what_it_was_made_from_is_outdated(lake: Path) -> None:
    of_first_month = [f"valid/month={MONTHS[0]}", f"valid/month={MONTHS[1]}"]
    (partition(lake, "features", MONTHS[0]) / "made_from.json").unlink()
    assert outdated(lake, "features", MONTHS[0]) == of_first_month
    shutil.rmtree(partition(lake, "labels", MONTHS[0]))
    assert outdated(lake, "labels", MONTHS[0]) == of_first_month


def test_an_input_that_does_not_say_what_it_holds_is_made_again_first(lake: Path) -> None:
    before = files(lake / "features")
    (partition(lake, "valid", MONTH) / "checksums.json").unlink()
    with pytest.raises(BadInput, match=rf"checksums.json is missing: run validate for {MONTH} again"):
        process(lake, NEWEST)
    assert files(lake / "features") == before
