"""The two ways a run ends early on purpose, and how a command reports them: one sentence, exit code 2."""

import re
import sys
from collections.abc import Callable
from errno import EDQUOT, ENOSPC, EROFS
from functools import wraps

from churn.harness.signals import ending_on_signals
from churn.harness.visible import visible

NO_SPACE = (ENOSPC, EDQUOT, EROFS)
SQLITE_REFUSED = re.compile("database or disk is full|disk I/O error|attempt to write a readonly database")


class BadInput(ValueError):
    """The user gave something that cannot be used. The message is one sentence: what, where, and what to do."""


class ContractBroken(RuntimeError):
    """The gate closed: an export broke the contract, and nothing downstream was changed."""


def exit_on_bad_input(main: Callable[[], None]) -> Callable[[], None]:
    """Wrap a command's `main` so that an error which the user can fix is printed as one sentence, without a traceback.

    The exit code is 2 for `BadInput`, for a closed gate, and for a file system that refuses (full, read-only, no such
    path). It is 130 after Ctrl-C, SIGTERM or SIGHUP. Any other exception is a bug of ours and keeps its traceback.
    """

    @wraps(main)
    def command() -> None:
        try:
            with ending_on_signals():
                main()
        except KeyboardInterrupt:
            print("stopped: run the same command again to continue", file=sys.stderr)
            raise SystemExit(130) from None
        except Exception as error:
            sentence = str(error) if isinstance(error, BadInput | ContractBroken) else refused_by_file_system(error)
            if sentence is None:
                raise
            print(f"error: {visible(sentence)}", file=sys.stderr)
            raise SystemExit(2) from None

    return command


def refused_by_file_system(error: BaseException) -> str | None:
    """Return one sentence if the file system refused, for example because the disk is full; None for other errors.

    Polars reports such a refusal in the text of its exceptions: "…: No space left on device (os error 28)". SQLite says
    that the disk is full, or only that it failed. An engine may wrap each of them in its own exception.
    """
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename or 'the target folder'}"
    reason, found, _ = str(error).partition(" (os error ")
    if found:
        return f"{reason.rpartition(': ')[2]}: the target folder"
    if refused := SQLITE_REFUSED.search(str(error)):
        return f"{refused[0]}: the folder of the engine's database (is its disk full?)"
    wrapped = error.__cause__ or error.__context__
    is_full = isinstance(wrapped, OSError) and wrapped.errno in NO_SPACE
    return refused_by_file_system(wrapped) if wrapped and (is_full or not isinstance(wrapped, OSError)) else None
