"""The picture that a decision is made on."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from churn.terminal import COLOURS

COLOUR = {"challenger": COLOURS["tracking"], "champion": COLOURS["plain"]}


def calibration_plot(churned: ArrayLike, probabilities: Mapping[str, Any], groups: int = 10) -> Figure:
    """Mean prediction against the share that left, in groups of equal size. A Figure of its own: no global pyplot."""
    outcome = np.asarray(churned, dtype=float)
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    axes.axline((0, 0), slope=1, color="black", linewidth=0.8, linestyle=":")
    for name, probability in probabilities.items():
        parts = np.array_split(np.argsort(probability, kind="stable"), groups)
        predicted = [probability[part].mean() for part in parts]
        left = [outcome[part].mean() for part in parts]
        axes.plot(predicted, left, "o-", color=COLOUR[name], label=name)
    axes.set(xlabel="predicted", ylabel="share that left", title="Calibration on the month held out")
    axes.legend()
    return figure
