"""A wall around a process, by Linux's Landlock: it sees the folders that it may see, and no network.

Any user may put up this wall for its own process, and its children inherit it. It cannot be taken down again. Other
systems have none, and neither have old kernels; then `put_up` returns False.

Numbers and structures: https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
import struct
from collections.abc import Sequence

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
BENEATH_PATH = 1
NO_NEW_PRIVILEGES = 38  # prctl(2)
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
READ = EXECUTE | READ_FILE | READ_DIR
CONNECT_TCP = 2
OLDEST = 3  # the first version with a right for cutting a file short
WITH_NETWORK = 4
OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14 | 1 << 15  # the last two: truncate, ioctl
ALL_RIGHTS = {3: (1 << 15) - 1, 4: (1 << 15) - 1}
NEWER = (1 << 16) - 1


def version() -> int:
    """Return the version of Landlock here; 0 where there is none that can be used."""
    try:
        found = int(ctypes.CDLL(None, use_errno=True).syscall(CREATE_RULESET, None, 0, 1))
    except (OSError, AttributeError):
        return 0
    return found if found >= OLDEST else 0


def put_up(readable: Sequence[str], writable: Sequence[str]) -> bool:
    """Let this process read and run only `readable`, write only `writable`, and open no connection.

    Folders mean everything beneath them. Paths that do not exist are left out. Returns False where there is no wall;
    raises OSError if the kernel refuses it.
    """
    if not (found := version()):
        return False
    rights = ALL_RIGHTS.get(found, NEWER)
    network = CONNECT_TCP if found >= WITH_NETWORK else 0
    attributes = struct.pack("=QQ", rights, network) if network else struct.pack("=Q", rights)
    ruleset = _called(CREATE_RULESET, attributes, len(attributes), 0)
    for paths, allowed in ((readable, READ), (writable, rights)):
        for path in paths:
            _allow(ruleset, path, allowed)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    _called(RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)
    return True


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        of_this = rights if os.path.isdir(path) else rights & OF_A_FILE  # noqa: PTH112  # no pathlib before the wall
        _called(ADD_RULE, ruleset, BENEATH_PATH, struct.pack("=Qi", of_this, opened), 0)
    finally:
        os.close(opened)


def _called(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    result = int(libc.syscall(number, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"landlock ({number})")
    return result
