"""The two ways a run ends early on purpose, and how a command says so: one sentence, exit code 2."""

import re
import sys
from collections.abc import Callable
from functools import wraps

# What the file system said, as Polars passes it on: "parquet: …: No space left on device (os error 28)"
FILE_SYSTEM_REFUSED = re.compile(r"([^: ][^:]*) \(os error \d+\)")


class BadInput(ValueError):
    """What the user gave cannot be used. The message is one sentence: what, where, and what to do."""


class ContractBroken(RuntimeError):
    """The gate closed: an export broke the contract, nothing downstream was changed."""


def exit_on_bad_input(main: Callable[[], None]) -> Callable[[], None]:
    """Wrap a command's `main`, so that what a person can mend is printed as a sentence, never as a traceback.

    Exit code 2 for `BadInput`, a closed gate, and a file system that refuses (full, read-only, no such path);
    130 for Ctrl-C. Anything else is our bug and keeps its traceback.
    """

    @wraps(main)
    def command() -> None:
        try:
            main()
        except (BadInput, ContractBroken) as error:
            print(f"error: {error}", file=sys.stderr)
            raise SystemExit(2) from None
        except OSError as error:
            where = f": {error.filename or 'the target folder'}" if error.strerror else ""
            print(f"error: {error.strerror or error}{where}", file=sys.stderr)
            raise SystemExit(2) from None
        except Exception as error:
            refused = FILE_SYSTEM_REFUSED.search(str(error))
            if refused is None:
                raise
            print(f"error: {refused[1]}: the target folder", file=sys.stderr)
            raise SystemExit(2) from None
        except KeyboardInterrupt:
            print("stopped: run the same command again to continue", file=sys.stderr)
            raise SystemExit(130) from None

    return command
