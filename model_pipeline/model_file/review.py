"""The types that a model file may bring, each reviewed, and the checks on their content.

skops refuses a type that it does not know, but it cannot judge the content of a type that it was told to trust. Two of
our types hold numbers that compiled code uses as addresses, unchecked. A forged file could crash the program that
predicts with it, so we check these numbers once, when the file is opened.
"""

from itertools import chain
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from model_pipeline.own_table.columns import Columns
from model_pipeline.own_table.dates import is_form

TRUSTED = {
    "model_pipeline.validate.as_declared": "ours: the input check; a function without side effects",
    "model_pipeline.own_table.pipelines.as_declared": "ours: the same for a user's table, which may have dates",
    "model_pipeline.own_table.pipelines.known_numbers": "ours: names the columns of a table that have values",
    "sklearn.model_selection._split.StratifiedGroupKFold": "the same for a table with several rows per customer",
    "sklearn.model_selection._split.GroupKFold": "a parameter of CalibratedClassifierCV; holds a number",
    "sklearn.calibration._CalibratedClassifier": "a part of CalibratedClassifierCV; holds estimators",
    "sklearn.calibration._SigmoidCalibration": "a part of CalibratedClassifierCV; holds two numbers",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": "a boosted tree; its node numbers are checked",
    "scipy.interpolate._bsplines.BSpline": "a spline; the sizes of its arrays are checked",
    "scipy._lib.array_api_compat.numpy._aliases.asarray": "numpy.asarray, to which every BSpline keeps a reference",
}


def is_sound(model: Any) -> bool:
    """Return whether `train.fit_best` could have made this model, and all its numbers point into its own arrays."""
    if not (isinstance(model, FixedThresholdClassifier) and isinstance(model.estimator, FrozenEstimator)):
        return False
    calibrated = model.estimator.estimator
    if not (isinstance(calibrated, CalibratedClassifierCV) and model.pos_label in calibrated.classes_.tolist()):
        return False
    members = [member.estimator for member in calibrated.calibrated_classifiers_]
    return len(members) > 0 and all(_member_is_sound(member) for member in members)


def _member_is_sound(member: Any) -> bool:
    if not (isinstance(member, Pipeline) and [name for name, _ in member.steps] == ["validate", "process", "model"]):
        return False
    if not _check_is_sound(member["validate"]):
        return False
    model = member["model"]
    if isinstance(model, HistGradientBoostingClassifier):
        return all(tree_is_sound(tree, model.n_features_in_) for trees in model._predictors for tree in trees)
    numbers = member["process"].named_transformers_["numbers"]
    splines = getattr(numbers["bend"], "bsplines_", [])  # none if the table had no numbers: then it was never fitted
    return isinstance(model, LogisticRegression) and all(spline_is_sound(spline) for spline in splines)


def _check_is_sound(check: Any) -> bool:
    """Return whether the Pipeline's first step is ours, and its arguments are those that ours takes."""
    if not isinstance(check, FunctionTransformer) or getattr(check.func, "__name__", "") != "as_declared":
        return False
    columns = Columns(**check.kw_args)  # a TypeError means: not ours
    lists = [columns.numeric, columns.categorical, columns.fixed, *columns.unknown.values()]
    texts = [*columns.dates, *columns.decimal, *columns.unknown, *columns.unit, *columns.unit.values()]
    return (
        all(isinstance(each, list) for each in lists)
        and all(isinstance(text, str) for text in [*chain(*lists), *texts])
        and all(map(is_form, columns.dates.values()))
        and set(columns.decimal.values()) <= {".", ","}
    )


def tree_is_sound(tree: Any, features: int) -> bool:
    """Return whether every walk ends at a leaf, and every feature that the tree asks for exists.

    A walk ends if each child exists and comes after its parent. Why we check it:
    https://github.com/scikit-learn/scikit-learn/pull/34558
    """
    nodes = tree.nodes
    number = np.arange(len(nodes))
    inner = nodes["is_leaf"] == 0
    children = [nodes[side].astype(np.int64) for side in ("left", "right")]
    onward = all(((child > number) & (child < len(nodes)))[inner].all() for child in children)
    asks = nodes["feature_idx"].astype(np.int64)[inner]
    return bool(
        len(nodes) > 0 and onward and ((asks >= 0) & (asks < features)).all() and not nodes["is_categorical"].any()
    )


def spline_is_sound(spline: Any) -> bool:
    """Return whether the knots are in order, and as many as coefficients and degree demand.

    SciPy checks this when a spline is made, not when it is read from a file.
    """
    knots, coefficients, degree = spline.t, spline.c, spline.k
    if not (isinstance(degree, int | np.integer) and 0 <= degree <= 5 and knots.ndim == 1 and coefficients.ndim == 2):
        return False
    return bool(
        len(knots) >= len(coefficients) + degree + 1 and np.isfinite(knots).all() and (np.diff(knots) >= 0).all()
    )
