"""A scikit-learn callback (new in 1.9): the search tells how far it is, and the progress bar moves."""

from collections.abc import Callable
from typing import Any

TICKS = 12  # of the progress bar, for one search


class Ticker:
    """Calls `tick` TICKS times, evenly, while `fits` fits of a search are done."""

    def __init__(self, tick: Callable[[], None], fits: int) -> None:
        self.tick = tick
        self.fits = fits
        self.done = 0

    def setup(self, estimator: Any, context: Any) -> None: ...

    def teardown(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        if context.max_subtasks == 0:  # a single fit, not a round of them
            for _ in range(TICKS * (self.done + 1) // self.fits - TICKS * self.done // self.fits):
                self.tick()
            self.done += 1
