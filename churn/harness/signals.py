"""Ending a command early: Ctrl-C, SIGTERM and SIGHUP each become a KeyboardInterrupt, and no library can lose it."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SECONDS_BETWEEN_LOOKS = 0.5


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """End the block with KeyboardInterrupt on a signal, so that its `finally` blocks run.

    A library can lose that exception: in an `except BaseException`, in a callback from C, or in a `__del__`. So a timer
    looks twice a second, and raises it again unless it is under way or being handled. The block also ends
    with KeyboardInterrupt if a library has turned it into a different exception. SIGHUP is left alone under `nohup`.
    """
    import polars  # noqa: F401  # its first import replaces Python's handler of SIGINT, so it has to come first

    handlers = {number: _stop for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN}
    before = {number: signal.signal(number, handler) for number, handler in {**handlers, signal.SIGALRM: _look}.items()}
    try:
        yield
    except Exception as error:
        if _is_stopping():
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def until_stopped() -> Iterator[None]:
    """Run a block that is meant to end with Ctrl-C, such as a server's. The code after it is not interrupted again."""
    try:
        yield
    except KeyboardInterrupt:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def deaf_to_signals() -> Iterator[None]:
    """Ignore the signals in the block, so that an impatient second Ctrl-C leaves no processes running."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (*STOPPING, signal.SIGALRM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    signal.setitimer(signal.ITIMER_REAL, SECONDS_BETWEEN_LOOKS, SECONDS_BETWEEN_LOOKS)
    raise KeyboardInterrupt


def _look(number: int, frame: FrameType | None) -> None:
    handled = sys.exception()  # also of the callers of the interrupted function
    while handled is not None and not isinstance(handled, KeyboardInterrupt):
        handled = handled.__context__
    if handled is None:
        raise KeyboardInterrupt


def _is_stopping() -> bool:
    return signal.getitimer(signal.ITIMER_REAL)[1] > 0
