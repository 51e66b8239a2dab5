"""An empty place to run a notebook in: only its declared inputs, an empty home, and an empty temporary folder.

Where there is a wall (wall.py), the inputs are links that the notebook cannot write to. Elsewhere they are copies, so
that a notebook which changes its input changes no file of yours.
"""

import ast
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from notebooks.hermetic import wall

REPOSITORY = Path(__file__).resolve().parents[2]
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/proc", "/sys", "/opt", "/nix/store")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/shm", "/dev/tty")
Stamp = tuple[int, int, int]  # size, time of the last change, and inode


@dataclass(frozen=True)
class Variant:
    """The conditions of one run. Two runs in different ones must give the same bytes."""

    zone: str  # two zones that are 26 hours apart never share a date
    threads: str = ""  # of Polars; as many as there are cores
    hash_seed: str = "0"  # the order of sets depends on it


USUAL = Variant("UTC")
FIRST = Variant("Etc/GMT+12", "1", "0")
SECOND = Variant("Etc/GMT-14", "2", "1")


@dataclass
class Sandbox:
    """One place. `folder` is where the notebook runs; paths of files are relative to it, "../x" included."""

    base: Path
    folder: Path
    home: Path
    temporary: Path
    library: Path  # caches of libraries, and the person's own modules
    lent: dict[str, Path] = field(default_factory=dict)  # each lent file, and the one it is in truth
    stamps: dict[str, Stamp] = field(default_factory=dict)

    def files(self) -> dict[str, Stamp]:
        """Return each file with its stamp, by its path as the notebook would write it; those at home begin with ~/."""
        found = {}
        root = self.base / "root"
        for folder, shown in ((root, None), (self.home, "~"), (self.temporary, "$TMPDIR")):
            for path in folder.rglob("*"):
                if path.is_symlink() or path.is_file():
                    status = path.lstat()
                    name = (
                        os.path.relpath(path, self.folder) if shown is None else f"{shown}/{path.relative_to(folder)}"
                    )
                    found[name] = (status.st_size, status.st_mtime_ns, status.st_ino)
        return found

    def written(self) -> dict[str, Stamp]:
        """Return the files that are new or were changed since the inputs were lent."""
        return {name: stamp for name, stamp in self.files().items() if self.stamps.get(name) != stamp}

    def path_of(self, name: str) -> Path:
        if name.startswith("~/"):
            return self.home / name[2:]
        if name.startswith("$TMPDIR/"):
            return self.temporary / name.removeprefix("$TMPDIR/")
        return self.folder / name


@contextmanager
def sandbox(working_folder: Path, inputs: dict[str, list[str]], outputs: dict[str, list[str]]) -> Iterator[Sandbox]:
    """Give a place with the inputs in it. It is removed when the block ends."""
    base = Path(tempfile.mkdtemp(prefix="hermetic-")).resolve()
    try:
        places = [place for paths in [*inputs.values(), *outputs.values()] for place in paths]
        above = max((_steps_up(place) for place in places), default=0)
        parts = working_folder.resolve().parts[1:]
        folder = base.joinpath("root", *parts[len(parts) - above :])
        made = Sandbox(base, folder, base / "home", base / "tmp", base / "library")
        for each in (made.folder, made.home, made.temporary, made.library / "code"):
            each.mkdir(parents=True)
        for paths in inputs.values():
            for place in paths:
                _lend(working_folder, place, made)
        for paths in outputs.values():
            for place in paths:
                (made.folder / place.partition("*")[0]).parent.mkdir(parents=True, exist_ok=True)
        made.stamps = made.files()
        yield made
    finally:
        shutil.rmtree(base, ignore_errors=True)


def matches(working_folder: Path, place: str) -> list[Path]:
    """Return the files and folders at a declared place, in order; nothing if it is missing or an empty folder."""
    exact = working_folder / place
    found = [exact] if exact.exists() else sorted(working_folder.glob(place))
    return [path for path in found if path.is_file() or any(path.iterdir())]


def files_at(working_folder: Path, place: str) -> dict[str, Path]:
    """Return every file at a declared place by its path relative to the working folder."""
    files = {}
    for match in matches(working_folder, place):
        for path in [match] if match.is_file() else sorted(match.rglob("*")):
            if path.is_file():
                files[os.path.relpath(path, working_folder)] = path
    return files


def _lend(working_folder: Path, place: str, made: Sandbox) -> None:
    for name, path in files_at(working_folder, place).items():
        target = made.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() or target.is_symlink():
            continue
        made.lent[name] = path.resolve()
        if wall.version():
            target.symlink_to(path.resolve())
        else:
            shutil.copyfile(path, target)


def environment(made: Sandbox, variant: Variant, caches: Path, code: Sequence[Path]) -> dict[str, str]:
    """Return the variables of the notebook's process: none of the person's own."""
    nowhere = "http://127.0.0.1:9"  # a proxy that answers nobody
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONPYCACHEPREFIX": str(caches / "bytecode"),  # an environment is built without, and is read-only here
        "PYTHONHASHSEED": variant.hash_seed,
        "PYTHONPATH": os.pathsep.join(str(path) for path in code),
        "HOME": str(made.home),
        "TMPDIR": str(made.temporary),
        "TZ": variant.zone,
        **({"POLARS_MAX_THREADS": variant.threads} if variant.threads else {}),
        "MPLCONFIGDIR": str(caches / "matplotlib"),
        "IPYTHONDIR": str(made.library / "ipython"),
        "JUPYTER_CONFIG_DIR": str(made.library / "jupyter"),
        "JUPYTER_DATA_DIR": str(made.library / "jupyter"),
        "XDG_CACHE_HOME": str(made.library / "cache"),
        "http_proxy": nowhere,
        "https_proxy": nowhere,
        "JPY_PARENT_PID": str(os.getpid()),  # the kernel ends when this process does
    }


def reachable(made: Sandbox, python: str, caches: Path, code: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Return what the notebook's process may read, and what it may write."""
    environment_of_kernel = Path(python).absolute().parents[1]
    prefixes = {environment_of_kernel, environment_of_kernel.resolve(), Path(python).resolve().parents[1]}
    if environment_of_kernel == Path(sys.prefix):
        prefixes |= {Path(sys.base_prefix).resolve()}
    packages = [path / "churn" if path == REPOSITORY else path for path in code]
    readable = [*SYSTEM, *map(str, [*prefixes, *packages, Path(__file__).parent, *made.lent.values(), made.base])]
    writable = [*DEVICES, *map(str, [made.base, caches])]
    return readable, writable


def own_code(sources: Sequence[str], folders: Sequence[Path], target: Path) -> list[str]:
    """Copy the modules that the cells import from the person's own folders to `target`. Return their names."""
    copied: list[str] = []
    to_read = list(sources)
    while to_read:
        for name in imported(to_read.pop()) - {*copied}:
            for folder in folders:
                module, package = folder / f"{name}.py", folder / name
                if module.is_file():
                    shutil.copyfile(module, target / module.name)
                elif package.is_dir() and any(package.glob("*.py")):
                    shutil.copytree(package, target / name, ignore=_all_but_code)
                else:
                    continue
                files = [module] if module.is_file() else [*package.rglob("*.py")]
                to_read += [file.read_text(encoding="utf-8", errors="replace") for file in files]
                copied.append(name)
                break
    return copied


def imported(source: str) -> set[str]:
    """Return the top-level names of the modules that Python code imports."""
    return {module.split(".")[0] for module in modules_imported(source)}


def modules_imported(source: str) -> list[str]:
    """Return the modules that Python code imports, in full; none if it cannot be parsed.

    `from a import b` gives a and a.b, because b may be a module.
    """
    try:
        nodes = [*ast.walk(ast.parse(source))]
    except SyntaxError:
        return []
    modules = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return modules


def _all_but_code(folder: str, names: list[str]) -> set[str]:
    return {
        name for name in names if not (name.endswith(".py") or Path(folder, name).is_dir()) or name == "__pycache__"
    }


def _steps_up(place: str) -> int:
    return sum(part == ".." for part in Path(os.path.normpath(place)).parts)
