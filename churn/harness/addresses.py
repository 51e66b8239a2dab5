"""Addresses on this machine, and how programs get there: past a proxy, and through paths with unusual characters."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from churn.harness.errors import BadInput

THIS_MACHINE = ("127.0.0.1", "localhost")
NOT_IN_A_URL = re.compile(r"[%?$\x00-\x1f]")  # Airflow would replace $HOME in it
LONGEST_FOLDER_OF_SOCKETS = 60  # bytes: Linux takes a socket's path of 107, macOS of 103


def without_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a shell, changed so that a program asks this machine directly.

    By default, a client sends every request through the proxy that the shell names, and a proxy elsewhere does not
    reach the 127.0.0.1 that we mean. Some clients read NO_PROXY and some no_proxy. A SOCKS proxy is left out, because
    httpx and requests need a further package for it, and httpx fails without it even where it would use no proxy.
    """
    names = ("NO_PROXY", "no_proxy")
    hosts = [host.strip() for name in names for host in environment.get(name, "").split(",") if host.strip()]
    direct = "*" if "*" in hosts else ",".join(dict.fromkeys([*hosts, *THIS_MACHINE]))
    kept = {name: value for name, value in environment.items() if not _is_socks_proxy(name, value)}
    return {**kept, **dict.fromkeys(names, direct)}


def _is_socks_proxy(name: str, value: str) -> bool:
    return name.lower().endswith("_proxy") and value.lower().startswith("socks")


def ask_without_proxy() -> None:
    """Make the clients in this process ask this machine directly; see `without_proxy`."""
    environment = without_proxy(os.environ)
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)


def sqlite_url(file: Path) -> str:
    """Return SQLAlchemy's URL of an SQLite database.

    SQLAlchemy cuts a path at its "?" and decodes a "%2F" in it, so that the database would be in a different folder.
    """
    return "sqlite:///" + NOT_IN_A_URL.sub(lambda found: quote(found[0]), str(file.resolve()))


def raise_if_in_path(folder: Path, characters: str, program: str) -> None:
    """Raise BadInput if the path holds a character that `program` cannot take."""
    for character in characters:
        if character in str(folder.resolve()):
            raise BadInput(
                f"{program} cannot work in {folder.resolve()}, because of the {character!r} in its path: "
                "move the project to a folder without it"
            )


def plain_temporary_folder() -> Path:
    """Return the folder of temporary files, or /tmp if its path is long or has characters that a URL cannot have."""
    usual = tempfile.gettempdir()
    return Path(usual if quote(usual) == usual and len(usual) <= LONGEST_FOLDER_OF_SOCKETS else "/tmp")


@contextmanager
def plain_path(folder: Path) -> Iterator[Path]:
    """Yield a link to `folder`, alone in a folder whose path is short and means the same in a URL.

    Some programs make a URL of a path without quoting it, or decode a path as if it were a URL.
    """
    with TemporaryDirectory(prefix="one-churn-problem-", dir=plain_temporary_folder()) as place:
        link = Path(place) / "link"
        link.symlink_to(folder.resolve())
        yield link
