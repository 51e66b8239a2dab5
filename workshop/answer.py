"""The interface between a check.py and the examiner: an answer, and the exception that rejects it."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any


class NotYet(Exception):
    """The answer is not right yet. `sentence` names the misconception, `see` the file that shows the right way."""

    def __init__(self, sentence: str, see: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.see = see


@dataclass(frozen=True)
class Answer:
    """A learner's file. Its code runs on the first access to `module`."""

    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def module(self) -> ModuleType:
        spec = importlib.util.spec_from_file_location("answer", self.path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def function(self, name: str) -> Callable[..., Any]:
        """Return the answer's function of that name. Raise NotYet if it has none."""
        function = getattr(self.module, name, None)
        if not callable(function):
            raise NotYet(f"the check calls {name}(), but your file no longer has a function with that name")
        return function
