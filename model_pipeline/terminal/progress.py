"""Show how far a search is, with a callback that scikit-learn calls after each fit (new in 1.9).

https://scikit-learn.org/stable/developers/developing_callbacks.html
"""

from collections.abc import Callable
from typing import Any

SEARCH_STEPS = 12  # of the progress bar, for one search


class SearchProgress:
    """A callback for one search. It calls `advance` SEARCH_STEPS times, evenly, however many fits the search has."""

    def __init__(self, advance: Callable[[], object]) -> None:
        self.advance = advance
        self.fits = 0

    def setup(self, estimator: Any, context: Any) -> None: ...

    def teardown(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        if context.max_subtasks == 0:  # a single fit, not a group of them
            planned = context.parent.max_subtasks
            shown = SEARCH_STEPS * self.fits // planned
            self.fits += 1
            for _ in range(SEARCH_STEPS * self.fits // planned - shown):
                self.advance()
