"""A model is loaded without running anything it brings along, or it is not loaded."""

import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from skops import io as skops

from churn.build import baseline
from churn.deploy import deploy
from churn.harness.errors import BadInput
from churn.lake import partition
from churn.storage.atomic import sha256_of
from churn.storage.model_file import churn_probability, load_model
from churn.train import fitted, training_and_holdout
from tests.churn.small_world import NEWEST, files, rows

PWNED: list[str] = []


class Surprise(StandardScaler):
    """A type nobody has reviewed."""

    def __reduce__(self) -> Any:
        return PWNED.append, ("a pickle runs this when it is loaded",)


def other_columns() -> Pipeline:
    steps = [("scale", StandardScaler()), ("classify", LogisticRegression())]
    return Pipeline(steps).fit(pl.DataFrame({"height": [1.0, 2.0], "weight": [3.0, 4.0]}), [0, 1])


def dump_as_scikit_learn(version: str, model: Any, path: Path) -> None:
    """Write a skops file that says a different scikit-learn made it."""
    skops.dump(model, path)
    with zipfile.ZipFile(path) as file:
        contents = {name: file.read(name) for name in file.namelist()}
    here, there = f'\\"{sklearn.__version__}\\"'.encode(), f'\\"{version}\\"'.encode()
    assert here in contents["schema.json"]
    contents["schema.json"] = contents["schema.json"].replace(here, there)
    with zipfile.ZipFile(path, "w") as file:
        for name, content in contents.items():
            file.writestr(name, content)


FOREIGN: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing there": (lambda path: None, "there is no model file"),
    "a folder": (lambda path: path.mkdir(), "there is no model file"),
    "an empty file": (lambda path: path.write_bytes(b""), "is not a model file of ours"),
    "text": (lambda path: path.write_text("weights: 42"), "is not a model file of ours"),
    "a renamed pickle": (lambda path: path.write_bytes(pickle.dumps(Surprise())), "is not a model file of ours"),
    "another zip": (lambda path: zipfile.ZipFile(path, "w").close(), "is not a model file of ours"),
    "an untrusted type": (lambda path: skops.dump(Surprise(), path), r"types that were never reviewed \(.*Surprise\)"),
    "an older scikit-learn": (
        lambda path: dump_as_scikit_learn("1.2.0", baseline(), path),
        rf"made with scikit-learn 1\.2\.0, but {sklearn.__version__} is running: run train again, or install",
    ),
    "no estimator": (lambda path: skops.dump({"a": 1}, path), "is not a model file of ours"),
    "other columns": (lambda path: skops.dump(other_columns(), path), "was not fitted on monthly_charge_eur, "),
    "not fitted": (lambda path: skops.dump(baseline(), path), "was not fitted on monthly_charge_eur, "),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_file_that_is_no_model_of_ours_is_refused(lake: Path, what: str) -> None:
    make, sentence = FOREIGN[what]
    path = partition(lake, "model", NEWEST) / "model.skops"
    path.unlink()
    make(path)
    before = files(lake / "predictions")
    with pytest.raises(BadInput, match=f"model.skops.*{sentence}|{sentence}.*model.skops"):
        deploy(lake, NEWEST)
    assert files(lake / "predictions") == before
    assert PWNED == []


def test_a_truncated_model_is_refused(lake: Path) -> None:
    path = partition(lake, "model", NEWEST) / "model.skops"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadInput, match=r"model\.skops is not a model file of ours"):
        load_model(path)


@pytest.mark.slow
def test_the_same_model_gives_the_same_file_in_another_process_and_at_another_time(
    clean_lake: Path, tmp_path: Path
) -> None:
    path = partition(clean_lake, "model", NEWEST) / "model.skops"
    again = (
        "import sys; from pathlib import Path; from churn.build import baseline;"
        "from churn.storage.model_file import save_model; from churn.train import fitted, training_and_holdout;"
        "rows, _ = training_and_holdout(Path(sys.argv[1]), sys.argv[2]);"
        "save_model(fitted(baseline(), rows), Path(sys.argv[3]))"
    )
    command = [sys.executable, "-c", again, str(clean_lake), NEWEST, str(tmp_path / "model.skops")]
    subprocess.run(command, cwd=Path(__file__).parents[3], check=True)
    assert sha256_of(tmp_path / "model.skops") == sha256_of(path)


def test_our_model_holds_nothing_untrusted_and_predicts_as_it_did_at_training(clean_lake: Path) -> None:
    path = partition(clean_lake, "model", NEWEST) / "model.skops"
    assert skops.get_untrusted_types(file=path) == []
    train_rows, _ = training_and_holdout(clean_lake, NEWEST)
    at_training = fitted(baseline(), train_rows)
    features = rows(clean_lake, "features", NEWEST).sort("customer_id")
    predicted = rows(clean_lake, "predictions", NEWEST)["churn_probability"].to_numpy()
    assert (churn_probability(at_training, features) == predicted).all()
    assert (churn_probability(load_model(path), features) == predicted).all()


def test_a_customers_prediction_does_not_depend_on_the_others(clean_lake: Path) -> None:
    model = load_model(partition(clean_lake, "model", NEWEST) / "model.skops")
    features = rows(clean_lake, "features", NEWEST)
    together = churn_probability(model, features)
    alone = [churn_probability(model, features[i])[0] for i in range(0, 50, 7)]
    assert alone == pytest.approx(together[0:50:7], abs=1e-12)


def test_a_word_never_seen_at_training_is_no_reason_to_fail(clean_lake: Path) -> None:
    model = load_model(partition(clean_lake, "model", NEWEST) / "model.skops")
    stranger = rows(clean_lake, "features", NEWEST).head(1).with_columns(region=pl.lit("overseas"))
    assert 0 < churn_probability(model, stranger)[0] < 1
