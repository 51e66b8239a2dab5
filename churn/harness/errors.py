"""The two ways a run ends early on purpose, and how a command reports them: one sentence, exit code 2."""

import sys
from collections.abc import Callable
from functools import wraps

from churn.harness.visible import visible


class BadInput(ValueError):
    """The user gave something that cannot be used. The message is one sentence: what, where, and what to do."""


class ContractBroken(RuntimeError):
    """The gate closed: an export broke the contract, and nothing downstream was changed."""


def exit_on_bad_input(main: Callable[[], None]) -> Callable[[], None]:
    """Wrap a command's `main` so that an error which the user can fix is printed as one sentence, without a traceback.

    The exit code is 2 for `BadInput`, for a closed gate, and for a file system that refuses (full, read-only, no such
    path). It is 130 after Ctrl-C. Any other exception is a bug of ours and keeps its traceback.
    """

    @wraps(main)
    def command() -> None:
        try:
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

    Polars reports such a refusal in the text of its exceptions: "…: No space left on device (os error 28)".
    """
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename or 'the target folder'}"
    reason, found, _ = str(error).partition(" (os error ")
    return f"{reason.rpartition(': ')[2]}: the target folder" if found else None
