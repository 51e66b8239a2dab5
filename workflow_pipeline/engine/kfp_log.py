"""Read kfp's log while it is written: which steps ran or came from the cache, and why one of them failed.

kfp's local engine returns artifacts, but no status of its steps. Its log is the only place that has them.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from churn.harness.errors import BadInput, ContractBroken
from churn.harness.report import STAGES, Stage


class StepFilter(logging.Filter):
    """Let every log record pass, and note the steps that begin, end, or come from the cache."""

    def __init__(self, advance: Callable[[], object]) -> None:
        super().__init__()
        self.stages: list[Stage] = []
        self._advance = advance
        self._started = 0.0
        self.began: dict[str, float] = {}  # when each executed stage began, in seconds since 1970

    def filter(self, record: logging.LogRecord) -> bool:
        message = re.sub(r"\033\[\d+m", "", record.getMessage())  # without colours
        if message.startswith("Executing task"):
            self._started = time.perf_counter()
        elif found := re.match(r"Task '(\w+)' finished with status SUCCESS|Task (\w+) cache hit", message):
            executed, cached = found.groups()
            if executed in STAGES:
                self.began[executed] = time.time() - (time.perf_counter() - self._started)
                self._note(Stage(executed, round(time.perf_counter() - self._started, 3), "ok"))
            elif cached in STAGES:
                self._note(Stage(cached, 0.0, "cached"))
        return True

    def _note(self, stage: Stage) -> None:
        self.stages.append(stage)
        self._advance()


@contextmanager
def written_to(log: TextIO, steps: StepFilter) -> Iterator[None]:
    """Send kfp's log records through `steps` to `log`.

    The filter is on the root logger, because kfp replaces the handlers of that logger, but not its filters.
    """
    root = logging.getLogger()
    level, handler = root.level, logging.StreamHandler(log)
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    root.addFilter(steps)
    try:
        yield
    finally:
        root.removeFilter(steps)
        root.removeHandler(handler)
        root.setLevel(level)


def error_of_step(log: Path, error: Exception) -> Exception:
    """Return the exception that the failed step raised. kfp itself only reports that it failed."""
    text = log.read_text(encoding="utf-8")
    raised = re.findall(rf"^\s*{BadInput.__module__}\.(BadInput|ContractBroken): (.+)$", text, re.MULTILINE)
    if raised:
        name, sentence = raised[-1]
        return {"BadInput": BadInput, "ContractBroken": ContractBroken}[name](sentence)
    step = re.search(r"Inner task failed: (?:\033\[\d+m)?'?([\w-]+)", str(error))
    last_lines = re.findall(r"^(.*\S.*)\n.* - ERROR - Task", text, re.MULTILINE)
    reason = last_lines[-1].strip() if last_lines else str(error)
    return BadInput(f"the step {step[1] if step else 'at work'} failed ({reason}): its log is {log}")
