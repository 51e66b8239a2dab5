"""Whatever happens to an export: bad rows go to quarantine, or the gate closes and says why, and nothing is lost."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from churn.checks.manifest import MANIFEST
from churn.checks.quality import read_quality
from churn.collect import collect
from churn.harness.errors import BadInput, ContractBroken
from churn.lake import partition
from churn.process import process
from churn.simulator.faults import FAULTS, break_export
from churn.tables import TABLES
from churn.validate import validate
from tests.churn.small_world import (
    MONTHS,
    features_of,
    files,
    hidden_leftovers,
    modest,
    quality_of,
    rows,
    tables,
    without_manifests,
)

FAULTS_AND_TABLES = [(name, table) for name, fault in FAULTS.items() for table in fault.tables]
AT_THE_OPERATOR = [(fault, table) for fault, table in FAULTS_AND_TABLES if not FAULTS[fault].on_the_way]
ON_THE_WAY = [(fault, table) for fault, table in FAULTS_AND_TABLES if FAULTS[fault].on_the_way]
MONTH = MONTHS[2]
REBUILT = ("raw", "valid", "quarantine", "features")


@pytest.fixture(scope="module")
def workshop(operator: Path, clean_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one month at a time is broken and fixed again: source/ and lake/."""
    folder = tmp_path_factory.mktemp("workshop")
    shutil.copytree(operator / "source", folder / "source")
    shutil.copytree(clean_lake, folder / "lake")
    return folder


def outcome(workshop: Path, month: str) -> tuple[dict[str, str], str | None]:
    """Take the month in again. Return the lake's files, and the gate's message if it closed."""
    lake = workshop / "lake"
    collect(workshop / "source", lake, month)
    message = None
    try:
        validate(lake, month)
    except ContractBroken as problem:
        message = str(problem)
    else:
        process(lake, month)
    assert hidden_leftovers(lake) == []
    return files(lake), message


def fix(workshop: Path, operator: Path, clean_lake: Path, month: str) -> None:
    for folder, whole in [
        ("source", operator / "source"),
        *((f"lake/{table}", clean_lake / table) for table in REBUILT),
    ]:
        shutil.rmtree(workshop / folder / f"month={month}")
        shutil.copytree(whole / f"month={month}", workshop / folder / f"month={month}")
    shutil.rmtree(workshop / "lake" / "labels")  # those of the previous month were made again
    shutil.copytree(clean_lake / "labels", workshop / "lake" / "labels")


def raw_rows(lake: Path, table: str, month: str) -> int:
    return sum(len(pl.read_parquet(file)) for file in (partition(lake, "raw", month) / table).glob("*.parquet"))


def raise_if_a_row_is_lost(lake: Path, clean_lake: Path, month: str) -> set[int]:
    """Every delivered row is valid or in quarantine; every clean row that is not valid is explained there.

    Returns the customers who lost a row.
    """
    touched: set[int] = set()
    for table in TABLES:
        good, clean = rows(lake, "valid", month, table), rows(clean_lake, "valid", month, table)
        rejected = 0
        if (partition(lake, "quarantine", month) / table).is_dir():
            bad = rows(lake, "quarantine", month, table)
            assert (bad["reason"].str.len_chars() > 5).all()
            rejected = len(bad)
        assert len(good) + rejected == raw_rows(lake, table, month), table
        kept = clean.join(good, on=clean.columns, how="semi", nulls_equal=True, maintain_order="left")
        assert kept.equals(good), f"{table}: a valid row is not the one that was delivered"
        assert len(clean) - len(good) <= rejected
        gone = clean.join(good, on=clean.columns, how="anti", nulls_equal=True)
        touched |= set(gone["customer_id"])
    return touched


@pytest.mark.thorough
@pytest.mark.slow
@modest
@given(
    what=st.sampled_from(AT_THE_OPERATOR),
    month=st.sampled_from([MONTHS[0], MONTH]),
    share=st.sampled_from([0.0, 0.002, 0.01, 0.019, 0.021, 0.3, 1.0]),
    seed=st.integers(0, 2**31),
)
@example(
    what=("new_plan", "customers"), month=MONTHS[0], share=0.0, seed=1
)  # once moved others' features by a last bit
def test_any_fault_is_put_aside_or_closes_the_gate_or_changes_nothing(
    workshop: Path, operator: Path, clean_lake: Path, what: tuple[str, str], month: str, share: float, seed: int
) -> None:
    fault, table = what
    lake = workshop / "lake"
    clean = files(clean_lake)
    break_export(workshop / "source" / f"month={month}", fault, table, share, seed)
    try:
        made, said = outcome(workshop, month)
        if said is not None:
            assert f"{table} {month}: " in said
            assert "\n" not in said
            assert quality_of(lake, month)["problems"] == said.split("; ")
            changed = {name for name in clean.keys() | made.keys() if clean.get(name) != made.get(name)}
            assert all(name.startswith((f"raw/month={month}", f"quarantine/month={month}")) for name in changed)
            assert changed
        else:
            touched = raise_if_a_row_is_lost(lake, clean_lake, month)
            whole, now = features_of(clean_lake, month), features_of(lake, month)
            untouched = ~pl.col("customer_id").is_in(list(touched))
            assert now.filter(untouched).equals(whole.filter(untouched))
            if not touched:
                name = f"features/month={month}"
                assert files(lake / name) == files(clean_lake / name)
    finally:
        fix(workshop, operator, clean_lake, month)


@pytest.mark.parametrize(("fault", "table"), ON_THE_WAY)
def test_a_fault_on_the_way_is_not_even_collected(source: Path, lake: Path, fault: str, table: str) -> None:
    before = files(lake)
    break_export(source / f"month={MONTH}", fault, table)
    with pytest.raises(BadInput, match=rf"^{table} {MONTH}: [\d,]+ of [\d,]+ rows are missing \(part-00000.parquet "):
        collect(source, lake, MONTH)
    assert files(lake) == before
    assert hidden_leftovers(lake) == []


@pytest.mark.parametrize(("fault", "table"), ON_THE_WAY)
def test_without_a_manifest_a_fault_on_the_way_is_collected(source: Path, lake: Path, fault: str, table: str) -> None:
    """Then only the contract is left to notice it."""
    without_manifests(source)
    break_export(source / f"month={MONTH}", fault, table)
    assert set(collect(source, lake, MONTH)) == set(files(source / f"month={MONTH}"))
    assert not (source / f"month={MONTH}" / MANIFEST).exists()


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "table"), FAULTS_AND_TABLES)
def test_a_fault_breaks_the_export_the_same_way_for_the_same_seed(
    source: Path, tmp_path: Path, fault: str, table: str
) -> None:
    twin = Path(shutil.copytree(source, tmp_path / "twin"))
    clean = files(source)
    for broken in (source, twin):
        break_export(broken / f"month={MONTH}", fault, table, share=0.3, seed=5)
    assert files(source) == files(twin) != clean
    changed = {name for name in clean if files(source).get(name) != clean[name]}
    manifest = f"month={MONTH}/{MANIFEST}"
    assert (manifest in changed) != FAULTS[fault].on_the_way
    assert all(name.startswith(f"month={MONTH}/{table}/") for name in changed - {manifest})


@pytest.mark.parametrize(
    ("fault", "table", "expected"),
    [
        ("missing_table", "tickets", "tickets 2025-03: the table is missing"),
        ("cut_file", "payments", "payments 2025-03: part-00000.parquet cannot be read as Parquet"),
        ("empty_table", "payments", "payments 2025-03: the table is empty"),
        ("renamed_column", "usage", "usage 2025-03: column [a-z_]+ is missing (the export has "),
        ("duplicate_rows", "usage", r"usage 2025-03: 2\d\.\d% of the rows are bad, at most 2% may be \(.* duplicate"),
        ("null_ids", "tickets", r"tickets 2025-03: .* rows have customer_id is null"),
        ("future_dated_row", "payments", r"payments 2025-03: .* rows have due_date after 2025-03-31"),
        ("negative_minutes", "usage", r"usage 2025-03: .* rows have minutes < 0"),
        ("mb_for_gb", "usage", "usage 2025-03: .* rows have data_gb (of that day over 20 times the usual|> 200)"),
        ("seconds_for_minutes", "usage", r"usage 2025-03: .* rows have minutes > 240, as do over 5% of the rows"),
        ("new_plan", "customers", r"customers 2025-03: .* rows have plan not one of basic, plus, max"),
    ],
)
def test_the_gate_says_what_and_where(source: Path, lake: Path, fault: str, table: str, expected: str) -> None:
    if FAULTS[fault].on_the_way:
        without_manifests(source)
    break_export(source / f"month={MONTH}", fault, table, share=0.3)
    collect(source, lake, MONTH)
    with pytest.raises(ContractBroken, match=expected.replace("(the", r"\(the")):
        validate(lake, MONTH)


def test_a_few_bad_rows_are_named_and_the_gate_stays_open(source: Path, lake: Path) -> None:
    break_export(source / f"month={MONTH}", "negative_minutes", share=0.001, seed=1)
    collect(source, lake, MONTH)
    quality = validate(lake, MONTH)
    bad = rows(lake, "quarantine", MONTH, "usage")
    assert quality.messages() == [f"contract: usage {MONTH}: {len(bad)} rows have minutes < 0"]
    assert bad["reason"].unique().to_list() == ["minutes < 0"]
    assert (bad["minutes"] < 0).all()
    assert read_quality(lake, MONTH) == quality


def test_clean_exports_lose_no_row(clean_lake: Path) -> None:
    for month in MONTHS:
        assert quality_of(clean_lake, month)["rejected"] == {}
        assert raise_if_a_row_is_lost(clean_lake, clean_lake, month) == set()


def test_a_leaking_column_goes_no_further_than_raw_and_is_reported(source: Path, lake: Path, clean_lake: Path) -> None:
    break_export(source / f"month={MONTH}", "leaking_column", "payments")
    collect(source, lake, MONTH)
    assert validate(lake, MONTH).ignored_columns == {"payments": ["wants_to_leave"]}
    process(lake, MONTH)
    for table in ("valid", "features"):
        assert tables(lake / table) == tables(clean_lake / table)


def test_all_broken_tables_are_named_at_once(source: Path, lake: Path) -> None:
    without_manifests(source)
    break_export(source / f"month={MONTH}", "missing_table", "tickets")
    break_export(source / f"month={MONTH}", "empty_table", "customers")
    collect(source, lake, MONTH)
    with pytest.raises(ContractBroken) as closed:
        validate(lake, MONTH)
    assert str(closed.value) == f"customers {MONTH}: the table is empty; tickets {MONTH}: the table is missing"


def test_a_corrected_export_opens_the_gate_again(source: Path, operator: Path, lake: Path, clean_lake: Path) -> None:
    break_export(source / f"month={MONTH}", "renamed_column", "usage")
    collect(source, lake, MONTH)
    with pytest.raises(ContractBroken):
        validate(lake, MONTH)
    collect(operator / "source", lake, MONTH)
    validate(lake, MONTH)
    process(lake, MONTH)
    assert files(lake) == files(clean_lake)


def test_a_fault_nobody_knows_is_refused(source: Path) -> None:
    with pytest.raises(BadInput, match="there is no fault 'gremlins': choose one of duplicate_rows, "):
        break_export(source / f"month={MONTH}", "gremlins")
    with pytest.raises(BadInput, match="new_plan does not happen to usage: choose one of customers"):
        break_export(source / f"month={MONTH}", "new_plan", "usage")
