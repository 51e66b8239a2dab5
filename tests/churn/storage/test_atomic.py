"""A folder or a file is replaced as a whole or not at all, even when other processes write, read or die."""

import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from churn.lake import months_of, new_partition, partition
from churn.storage import atomic
from churn.storage.atomic import swap_in, sweep, write_file
from tests.churn.kill import killed
from tests.churn.small_world import hidden_leftovers


@pytest.fixture(params=["exchange", "two renames"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Linux, and as where folders cannot change places in one step."""
    if request.param == "two renames":
        monkeypatch.setattr(atomic, "_exchanged", lambda first, second: False)


def fill(folder: Path, text: str) -> None:
    for part in range(3):
        (folder / f"part-{part}").write_text(text)


def replace(folder: Path, text: str) -> None:
    with new_partition(folder) as written:
        fill(written, text)


def content(folder: Path) -> list[str]:
    return [path.read_text() for path in sorted(folder.iterdir())]


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)


def test_a_partition_appears_when_it_is_complete(tmp_path: Path) -> None:
    folder = partition(tmp_path, "features", "2025-03")
    with new_partition(folder) as written:
        fill(written, "new")
        assert not folder.exists()
        assert months_of(tmp_path, "features") == []
    assert content(folder) == ["new"] * 3
    assert hidden_leftovers(tmp_path) == []


@pytest.mark.usefixtures("either_way")
def test_the_old_partition_goes_with_all_its_files(tmp_path: Path) -> None:
    folder = partition(tmp_path, "features", "2025-03")
    replace(folder, "old")
    (folder / "part-9").write_text("one part more than the new one has")
    replace(folder, "new")
    assert content(folder) == ["new"] * 3


def test_a_failure_leaves_the_old_partition(tmp_path: Path) -> None:
    folder = partition(tmp_path, "features", "2025-03")
    replace(folder, "old")
    with pytest.raises(RuntimeError, match="half-way"), new_partition(folder) as written:
        fill(written, "new")
        raise RuntimeError("half-way")
    assert content(folder) == ["old"] * 3
    assert hidden_leftovers(tmp_path) == []


@pytest.mark.usefixtures("either_way")
def test_a_partition_that_cannot_be_put_in_place_leaves_the_old_one(tmp_path: Path) -> None:
    folder = partition(tmp_path, "features", "2025-03")
    replace(folder, "old")
    with pytest.raises(FileNotFoundError):
        swap_in(tmp_path / "was never written", folder)
    assert content(folder) == ["old"] * 3
    assert hidden_leftovers(tmp_path) == []


@pytest.mark.usefixtures("either_way")
def test_many_writers_at_once_leave_one_whole_partition(tmp_path: Path) -> None:
    folder = partition(tmp_path, "features", "2025-03")
    with ThreadPoolExecutor(6) as threads:
        for _ in threads.map(lambda n: replace(folder, f"writer {n}"), range(100)):
            pass
    assert len(content(folder)) == 3
    assert len(set(content(folder))) == 1
    assert hidden_leftovers(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is an instant without a partition")
def test_a_reader_always_finds_a_partition(tmp_path: Path) -> None:
    folder = partition(tmp_path, "predictions", "2025-03")
    replace(folder, "old")
    done = threading.Event()
    looks: list[bool] = []

    def look() -> None:
        while not done.is_set():
            looks.append(folder.is_dir())

    reader = threading.Thread(target=look)
    reader.start()
    for n in range(300):
        replace(folder, f"{n}")
    done.set()
    reader.join()
    assert len(looks) > 300
    assert all(looks)


@pytest.mark.usefixtures("either_way")
def test_what_stands_in_a_place_is_whole_whenever_it_is_looked_at(tmp_path: Path) -> None:
    folder = partition(tmp_path, "features", "2025-03")
    long = "x" * 100_000
    replace(folder, f"0{long}")
    done = threading.Event()
    seen: set[str] = set()
    halves: list[object] = []

    def read() -> None:
        while not done.is_set():
            with suppress(FileNotFoundError), opened(folder) as handle:
                names = list(folder.iterdir())
                text = (folder / "part-1").read_text()
                still_there = os.path.samestat(os.fstat(handle), folder.stat())
                seen.add(text[0])
                if len(text) != 100_001 or (still_there and len(names) != 3):
                    halves.append((names, len(text)))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(100):
        replace(folder, f"{n % 10}{long}")
    done.set()
    for reader in readers:
        reader.join()
    assert halves == []
    assert len(seen) > 3


@pytest.mark.slow
@pytest.mark.parametrize("at", range(8))
def test_after_a_kill_and_a_sweep_there_is_the_old_partition_or_the_new(tmp_path: Path, at: int) -> None:
    folder = partition(tmp_path, "features", "2025-03")
    replace(folder, "old")
    assert killed(tmp_path, at, replace, folder, "new")
    found = sweep(tmp_path)
    assert content(folder) in (["old"] * 3, ["new"] * 3)
    assert bool(found) == (at not in (0, 1))  # the first changes are folders: one that is there, then the hidden one
    assert hidden_leftovers(tmp_path) == []


def test_a_write_that_is_let_live_is_not_killed(tmp_path: Path) -> None:
    folder = partition(tmp_path, "features", "2025-03")
    assert not killed(tmp_path, 1000, replace, folder, "new")
    assert content(folder) == ["new"] * 3


def test_sweep_puts_back_a_partition_caught_between_two_renames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = partition(tmp_path, "features", "2025-03")
    replace(folder, "old")
    folder.rename(atomic.hidden_beside(folder, "retired"))
    assert months_of(tmp_path, "features") == []
    assert len(sweep(tmp_path)) == 1
    assert content(folder) == ["old"] * 3
    assert sweep(tmp_path) == []


def test_a_text_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = tmp_path / "runs" / "report.json"
    write_file(report, "old")

    def full_disk(self: Path, text: str, encoding: str) -> None:
        self.write_bytes(text.encode(encoding)[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_file(report, "new")
    assert report.read_text() == "old"
    assert hidden_leftovers(tmp_path) == []
