"""The known flaws of the Telco table, as facts. A copy that was cleaned on the way would fail here."""

import gzip
import hashlib
import subprocess
import sys

import polars as pl

from churn.data import telco


def test_the_copy_is_the_one_that_the_notice_describes() -> None:
    checksum = hashlib.sha256(gzip.decompress(telco.PATH.read_bytes())).hexdigest()
    assert checksum in (telco.PATH.parent / "NOTICE").read_text()


def test_the_table_has_7043_customers_of_whom_26_5_percent_left() -> None:
    table = telco.load()
    assert table.shape == (7043, 20)
    assert round((table[telco.TARGET] == "Yes").mean(), 3) == 0.265  # type: ignore[arg-type]


def test_every_column_is_named_once() -> None:
    named = [telco.TARGET, *telco.NUMERIC, *telco.FLAGS, *telco.CATEGORICAL]
    assert sorted(named) == sorted(telco.load().columns)


def test_the_11_blank_total_charges_are_the_11_customers_without_a_bill_yet() -> None:
    table = telco.load()
    blank = table.filter(pl.col("total_charges").is_null())
    assert blank.height == 11
    assert blank.equals(table.filter(pl.col("tenure") == 0))
    assert table.drop("total_charges").null_count().sum_horizontal().item() == 0


def test_22_rows_repeat_an_earlier_one() -> None:
    table = telco.load()
    assert table.height - table.unique().height == 22


def test_18_groups_of_identical_customers_disagree_about_leaving() -> None:
    table = telco.load()
    labels = table.group_by([c for c in table.columns if c != telco.TARGET]).agg(pl.col(telco.TARGET).n_unique())
    assert labels.filter(pl.col(telco.TARGET) == 2).height == 18


def test_reading_the_table_needs_no_scikit_learn() -> None:
    code = "import sys; from churn.data import telco; telco.load(); sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
