"""`python -m model_pipeline --data` and `python -m model_pipeline.predict`, as a person would use them."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from churn.data import telco
from churn.storage.atomic import sha256_of
from model_pipeline import __main__ as learn
from model_pipeline import build, predict
from model_pipeline.model_file.skops_file import load_model
from model_pipeline.own_table.columns import Reading
from model_pipeline.own_table.command import print_readings
from model_pipeline.own_table.output_file import OURS
from model_pipeline.own_table.read_csv import read_csv
from model_pipeline.own_table.run import folder_for
from tests.model_pipeline.conftest import only

Command = Callable[..., tuple[int, str, str]]
ROWS = 500


def files(folder: Path) -> dict[str, str]:
    return {path.name: sha256_of(path) for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a `main` in this process; returns its exit code, stdout and stderr."""

    def run(main: Callable[[], None], *arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        printed = capsys.readouterr()
        return code, " ".join(printed.out.split()), printed.err

    return run


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of part of the Telco table, written as a German Excel would: semicolons, a BOM, decimal commas."""
    folder = tmp_path_factory.mktemp("own")
    table = telco.load().head(ROWS).with_columns(customer=pl.int_range(ROWS))
    numbers = table.with_columns(
        pl.col("monthly_charges", "total_charges").cast(pl.String).str.replace(".", ",", literal=True)
    )
    (folder / "Meine Kunden.csv").write_bytes(b"\xef\xbb\xbf" + numbers.write_csv(separator=";").encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "CANDIDATES", 1)
        patch.setattr(build, "search_space", lambda *pipelines: [only("splines", *pipelines)])
        arguments = ["--data", folder / "Meine Kunden.csv", "--target", "churn", "--charge-column", "monthly_charges"]
        patch.setattr(sys, "argv", ["command", *map(str, arguments), "--runs", str(folder / "runs")])
        learn.main()
    return folder


@pytest.mark.slow
def test_a_run_leaves_model_card_and_pictures_in_a_folder_of_its_own(learnt: Path) -> None:
    assert [path.name for path in (learnt / "runs").iterdir()] == ["model-meine-kunden"]
    pictures = ["calibration.png", "gap_to_ceiling.png", "importance.png", "profit.png"]
    assert list(files(learnt / "runs")) == sorted(["card.html", "card.md", "model.skops", *pictures])


def test_what_was_decided_is_in_the_card(learnt: Path) -> None:
    card = (learnt / "runs" / "model-meine-kunden" / "card.md").read_text(encoding="utf-8")
    for decision in (
        "# Predicting churn = Yes",
        "Measured on 125 held-out rows. In 32 of them, churn is 'Yes'.",
        "separated by semicolons",
        "customer: dropped; different in every row, like an id",
        "total_charges",
        "Split at random",
        "costs 4,",
    ):
        assert decision in card


def test_the_model_beats_a_coin_and_reads_numbers_with_decimal_commas(learnt: Path) -> None:
    model = load_model(learnt / "runs" / "model-meine-kunden" / "model.skops")
    table, *_ = read_csv(learnt / "Meine Kunden.csv")
    called = model.predict(table) == "Yes"
    churned = (table["churn"] == "Yes").to_numpy()
    assert called[churned].mean() > called[~churned].mean() + 0.2


def test_predict_adds_two_columns_and_keeps_the_rest(learnt: Path, command: Command, tmp_path: Path) -> None:
    customers = tmp_path / "new.csv"
    telco.load().tail(50).drop("churn").write_csv(customers)
    model = learnt / "runs" / "model-meine-kunden" / "model.skops"
    code, out, err = command(predict.main, model, customers)
    assert (code, err) == (0, "")
    assert "50 rows, " in out
    answer = pl.read_csv(tmp_path / "new.predictions.csv")
    assert answer.drop(OURS).equals(pl.read_csv(customers))
    called = answer["churn_predicted"] == "Yes"
    assert 0 < called.sum() < 50
    assert answer.filter(called)["churn_probability"].min() > answer.filter(~called)["churn_probability"].max()  # type: ignore[operator] # numbers
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.csv", "new.predictions.csv"]


def test_predict_keeps_each_value_as_it_is_written_and_notes_foreign_marks(
    learnt: Path, command: Command, tmp_path: Path
) -> None:
    customers = telco.load().tail(3).with_columns(note=pl.lit("\t=1+1"), total_charges=pl.lit("1,234.50"))
    customers.write_csv(tmp_path / "new.csv")
    model = learnt / "runs" / "model-meine-kunden" / "model.skops"
    code, out, _ = command(predict.main, model, tmp_path / "new.csv")
    assert code == 0
    assert "total_charges: decimal point (such as 1,234.50), but training read a decimal comma" in out
    answer = pl.read_csv(tmp_path / "new.predictions.csv", infer_schema=False)
    assert answer["note"].to_list() == ["\t=1+1"] * 3
    assert answer["total_charges"].to_list() == ["1,234.50"] * 3


def test_predicting_on_predictions_gives_the_same_again(learnt: Path, command: Command, tmp_path: Path) -> None:
    telco.load().tail(20).write_csv(tmp_path / "a.csv")
    model = learnt / "runs" / "model-meine-kunden" / "model.skops"
    command(predict.main, model, tmp_path / "a.csv", "--out", tmp_path / "b.csv")
    code, *_ = command(predict.main, model, tmp_path / "b.csv", "--out", tmp_path / "c.csv")
    assert code == 0
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "c.csv").read_bytes()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda t: t.drop("contract", "tenure"), "the table has no column tenure, contract"),
        (lambda t: t.with_columns(tenure=pl.lit("long")), "column tenure, row 1: 'long' is not a number"),
        (lambda t: t.head(0), "has a header and no rows"),
    ],
)
def test_predict_names_what_is_wrong_with_a_table_and_writes_nothing(
    learnt: Path,
    command: Command,
    tmp_path: Path,
    spoil: Callable[[pl.DataFrame], pl.DataFrame],
    sentence: str,
) -> None:
    spoil(telco.load().head(5)).write_csv(tmp_path / "bad.csv")
    code, _, err = command(predict.main, learnt / "runs" / "model-meine-kunden" / "model.skops", tmp_path / "bad.csv")
    assert code == 2
    assert sentence in err
    assert err.count("\n") == 1
    assert list(files(tmp_path)) == ["bad.csv"]


def test_predict_never_writes_over_what_it_reads(learnt: Path, command: Command, tmp_path: Path) -> None:
    telco.load().head(5).write_csv(tmp_path / "a.csv")
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    model = learnt / "runs" / "model-meine-kunden" / "model.skops"
    before = files(tmp_path)
    for out in (
        tmp_path / "a.csv",
        tmp_path / "link.csv",
        tmp_path / "." / "a.csv",
        tmp_path,
        tmp_path / "no" / "b.csv",
    ):
        code, _, err = command(predict.main, model, tmp_path / "a.csv", "--out", out)
        assert code == 2
        assert err.startswith("error: ")
        assert err.count("\n") == 1
    assert files(tmp_path) == before


def test_predict_with_a_foreign_model_is_one_sentence(command: Command, tmp_path: Path) -> None:
    (tmp_path / "model.skops").write_text("not a model")
    telco.load().head(5).write_csv(tmp_path / "a.csv")
    code, _, err = command(predict.main, tmp_path / "model.skops", tmp_path / "a.csv")
    assert code == 2
    assert "model.skops is not a model file of this pipeline" in err


def test_a_table_that_cannot_be_learnt_from_leaves_an_earlier_run_as_it_was(
    learnt: Path, command: Command, tmp_path: Path
) -> None:
    runs = learnt / "runs"
    before = files(runs)
    bad = tmp_path / "Meine Kunden.csv"  # would go to the same folder
    telco.load().head(10).write_csv(bad)
    code, _, err = command(learn.main, "--data", bad, "--target", "churn", "--runs", runs)
    assert code == 2
    assert "is too small to learn from: 10 rows" in err
    assert files(runs) == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--data", "x.csv"], "which column is to be predicted?"),
        (["--target", "churn"], "--target is about a table of yours"),
        (["--data", "x.csv", "--target", "churn"], "there is no file x.csv"),
        (["--data", ".", "--target", "churn"], "is a folder"),
        (["--data"], "expected one argument"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_one_sentence(
    command: Command, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    code, _, err = command(learn.main, *arguments, "--runs", tmp_path / "runs")
    assert code == 2
    assert sentence in err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("mine.csv", "model-mine"),
        ("telco.csv.gz", "model-telco"),
        ("Año 2025 (final).CSV", "model-a-o-2025-final"),
        ("...csv", "model-table"),
        ("noextension", "model-noextension"),
        ("v1.2.csv", "model-v1-2"),
    ],
)
def test_the_folder_is_named_after_the_file_in_plain_letters(name: str, folder: str) -> None:
    assert folder_for(Path("somewhere") / name, Path("runs")) == Path("runs") / folder


def test_of_a_wide_table_forty_columns_are_printed_first_those_with_a_remark(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain = [Reading(f"plain {number}", "numbers") for number in range(50)]
    print_readings([*plain, Reading("odd", "numbers", unknown="2 blank")])
    printed = capsys.readouterr().out
    assert printed.index("odd") < printed.index("plain 0") < printed.index("plain 38")
    assert "plain 39" not in printed
    assert "and 11 columns more" in printed


@pytest.mark.slow
def test_a_table_with_words_only_or_numbers_only_is_learnt_and_predicted(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "CANDIDATES", 2)
    rng = np.random.default_rng(0)
    left = np.tile([True, False, False], 60)
    number, word = np.where(left, 2.0, 0.0) + rng.normal(size=180), np.where(rng.random(180) < 0.8, left, ~left)
    for name, column in (("numbers", pl.Series(number)), ("words", pl.Series(word).cast(pl.String) + "!")):
        path = tmp_path / f"{name}.csv"
        pl.DataFrame({"x": column, "left": left}).write_csv(path)
        code, _, err = command(learn.main, "--data", path, "--target", "left", "--runs", tmp_path / "runs")
        assert (code, err) == (0, "")
        code, _, err = command(predict.main, tmp_path / "runs" / f"model-{name}" / "model.skops", path)
        assert (code, err) == (0, "")


@pytest.mark.slow
def test_a_column_may_have_a_name_that_means_something_to_polars(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "CANDIDATES", 1)
    monkeypatch.setattr(build, "search_space", lambda *pipelines: [only("splines", *pipelines)])
    rng = np.random.default_rng(0)
    names = ["*", "^count$", "^.*$", "count", "literal", "index", "", "len"]
    rows = [[*map(str, rng.integers(0, 99, len(names))), "yes" if number % 3 else "no"] for number in range(150)]
    (tmp_path / "t.csv").write_text("\n".join(map(",".join, [[*names, "^c.*$"], *rows])))
    arguments = ["--target", "^c.*$", "--runs", tmp_path / "runs", "--read", "*=category; ^count$=number"]
    code, _, err = command(learn.main, "--data", tmp_path / "t.csv", *arguments)
    assert (code, err) == (0, "")
    code, _, err = command(predict.main, tmp_path / "runs" / "model-t" / "model.skops", tmp_path / "t.csv")
    assert (code, err) == (0, "")
    assert len(pl.read_csv(tmp_path / "t.predictions.csv").columns) == len(names) + 3
