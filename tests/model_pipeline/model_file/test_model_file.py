"""A model file opens to the same model, and only if it brings nothing that nobody reviewed, nor anything forged."""

import copy
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from skops import io as skops

from churn.build import baseline
from churn.harness.errors import BadInput
from model_pipeline.model_file.review import TRUSTED
from model_pipeline.model_file.skops_file import load_model, positive_probability, save_model
from model_pipeline.own_table.columns import Table
from model_pipeline.own_table.fit import fit_best
from model_pipeline.own_table.pipelines import known_numbers
from tests.model_pipeline.conftest import COLUMNS, Run, only

OfFamily = Callable[[str], Any]
RAN: list[str] = []


class Stranger(StandardScaler):
    """A type nobody has reviewed."""

    def __reduce__(self) -> Any:
        return RAN.append, ("opening this runs it",)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["splines", "trees"])
def test_a_saved_model_answers_as_before_to_the_last_bit(
    customers: pl.DataFrame, model_of_family: OfFamily, family: str, tmp_path: Path
) -> None:
    model = model_of_family(family)
    save_model(model, tmp_path / "model.skops")
    opened = load_model(tmp_path / "model.skops")
    assert np.array_equal(positive_probability(opened, customers), positive_probability(model, customers))
    assert np.array_equal(opened.predict(customers), model.predict(customers))
    assert set(opened.predict(customers)) == {"Yes", "No"}


@pytest.mark.slow
def test_the_list_of_trusted_types_lacks_nothing_and_has_nothing_to_spare(
    model_of_family: OfFamily, table: Table, finished: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought = set(skops.get_untrusted_types(file=finished.folder / "model.skops"))
    monkeypatch.setattr("model_pipeline.build.search_space", lambda *pipelines: [only("splines", *pipelines)])
    several_rows_each = replace(table, bucket=np.arange(len(table.rows)) // 2)
    save_model(fit_best(several_rows_each, COLUMNS, seed=1)[0], tmp_path / "model.skops")
    brought |= set(skops.get_untrusted_types(file=tmp_path / "model.skops"))
    for family in ("splines", "trees"):
        save_model(model_of_family(family), tmp_path / "model.skops")
        brought |= set(skops.get_untrusted_types(file=tmp_path / "model.skops"))
    needed_with_months = {"sklearn.model_selection._split.GroupKFold"}
    assert needed_with_months <= brought
    assert brought == set(TRUSTED)
    assert all(TRUSTED.values())


FOREIGN: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing there": (lambda path: None, "there is no model file .*: make demo-model makes one"),
    "a folder": (lambda path: path.mkdir(), "there is no model file"),
    "an empty file": (lambda path: path.write_bytes(b""), "is not a model file of this pipeline"),
    "text": (lambda path: path.write_text("weights: 42"), "is not a model file of this pipeline"),
    "a pickle": (lambda path: path.write_bytes(pickle.dumps(Stranger())), "is not a model file of this pipeline"),
    "another zip": (lambda path: zipfile.ZipFile(path, "w").close(), "is not a model file of this pipeline"),
    "an untrusted type": (lambda path: skops.dump(Stranger(), path), r"we did not review \(.*Stranger\)"),
    "a bare estimator": (lambda path: skops.dump(LogisticRegression(), path), "holds no model of this pipeline"),
    "the plain baseline": (lambda path: skops.dump(baseline(), path), "holds no model of this pipeline"),
    "no estimator": (lambda path: skops.dump({"a": 1}, path), "holds no model of this pipeline"),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_file_that_is_no_model_of_ours_is_refused_with_a_sentence(tmp_path: Path, what: str) -> None:
    make, sentence = FOREIGN[what]
    path = tmp_path / "model.skops"
    make(path)
    with pytest.raises(BadInput, match=sentence) as refused:
        load_model(path)
    assert "\n" not in str(refused.value)
    assert not RAN


def rewritten(path: Path, change: Callable[[str], str]) -> Path:
    """Return a copy of a model file with a changed schema."""
    copied = path.with_name("rewritten.skops")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copied, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content.decode()) if name == "schema.json" else content)
    return copied


@pytest.mark.slow
def test_a_model_of_another_scikit_learn_is_refused_in_one_sentence(
    model_of_family: OfFamily, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    save_model(model_of_family("splines"), tmp_path / "model.skops")
    old = rewritten(
        tmp_path / "model.skops", lambda schema: schema.replace(f'\\"{sklearn.__version__}\\"', '\\"1.2.0\\"')
    )
    with pytest.raises(BadInput) as refused:
        load_model(old)
    assert str(refused.value) == (
        f"{old} was made with scikit-learn 1.2.0, but {sklearn.__version__} is running: learn from your table again, "
        "or install scikit-learn 1.2.0"
    )
    assert not [warning for warning in recwarn if "unpickle" in str(warning.message)]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), [("schema.json", 40_000_000), ("1.npy", 300_000_000)])
def test_a_small_file_that_unpacks_to_a_huge_one_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, size: int
) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.skops", "w", zipfile.ZIP_DEFLATED) as bomb, bomb.open(name, "w") as entry:
        for _ in range(size // 1_000_000):
            entry.write(b" " * 1_000_000)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(BadInput, match=f"is not opened: .* would unpack to {size:,} bytes"):
        load_model(tmp_path / "bomb.skops")


def trees_of(model: Any) -> Any:
    return model.estimator.estimator.calibrated_classifiers_[0].estimator["model"]._predictors


def splines_of(model: Any) -> Any:
    return (
        model.estimator.estimator.calibrated_classifiers_[0]
        .estimator["process"]
        .named_transformers_["numbers"]["bend"]
        .bsplines_
    )


def forge_child_out_of_range(model: Any) -> None:
    trees_of(model)[0][0].nodes["left"][0] = 10_000


def forge_endless_walk(model: Any) -> None:
    trees_of(model)[0][0].nodes["right"][0] = 0


def forge_feature_out_of_range(model: Any) -> None:
    trees_of(model)[0][0].nodes["feature_idx"][0] = 99


def forge_categorical_split(model: Any) -> None:
    trees_of(model)[0][0].nodes["is_categorical"][0] = 1


def forge_missing_knots(model: Any) -> None:
    splines_of(model)[0].t = splines_of(model)[0].t[:3]


def forge_high_degree(model: Any) -> None:
    splines_of(model)[0].k = 1_000_000


def check_of(model: Any) -> dict[str, Any]:
    return model.estimator.estimator.calibrated_classifiers_[0].estimator["validate"].kw_args


def forge_unknown_field(model: Any) -> None:
    check_of(model)["colour"] = "red"


def forge_missing_field(model: Any) -> None:
    del check_of(model)["numeric"]


def forge_number_for_names(model: Any) -> None:
    check_of(model)["unknown"] = {"tenure": 5}


def forge_date(model: Any) -> None:
    check_of(model)["dates"] = {"joined": "%Q"}


def forge_decimal_mark(model: Any) -> None:
    check_of(model)["decimal"] = {"tenure": "x"}


def forge_check(model: Any) -> None:
    model.estimator.estimator.calibrated_classifiers_[0].estimator["validate"].func = known_numbers


@pytest.mark.parametrize(
    ("family", "forge"),
    [
        ("splines", forge_unknown_field),
        ("splines", forge_missing_field),
        ("splines", forge_number_for_names),
        ("splines", forge_date),
        ("splines", forge_decimal_mark),
        ("splines", forge_check),
        ("trees", forge_child_out_of_range),
        ("trees", forge_endless_walk),
        ("trees", forge_feature_out_of_range),
        ("trees", forge_categorical_split),
        ("splines", forge_missing_knots),
        ("splines", forge_high_degree),
    ],
)
def test_a_forged_model_of_trusted_types_is_refused_before_it_predicts(
    model_of_family: OfFamily, tmp_path: Path, family: str, forge: Callable[[Any], None]
) -> None:
    model = copy.deepcopy(model_of_family(family))
    forge(model)
    save_model(model, tmp_path / "model.skops")
    with pytest.raises(BadInput, match=r"no model of this pipeline|not a model file of this pipeline"):
        load_model(tmp_path / "model.skops")
