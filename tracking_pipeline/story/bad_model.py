"""The bad model of the story: "churn is rare, so weigh it up!" It ranks as well, with probabilities ten times too high.

No search proposes it: a person puts it forward.
"""

from sklearn.pipeline import Pipeline

from churn.build import baseline
from tracking_pipeline.candidates.estimators import Candidate

BAD = Candidate("balanced", {})


def bad_model() -> Pipeline:
    """Return the baseline with `class_weight="balanced"`, unfitted."""
    return baseline().set_params(classifier__class_weight="balanced")
