"""Change the code that learns and judges, one expression at a time, and list the changes that no test notices.

`make mutants` works in a copy of the repository, runs/mutants. mutmut makes the mutants: each is a function with one
change. Its own run takes hours, because it starts pytest for each mutant and runs every test that reaches the function.
Here each file has the tests that are about it, and pytest collects them once. Each mutant is a fork of that. It runs
the tests that reach the changed function, the quickest first, until one fails.
"""

import ast
import difflib
import gc
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from importlib import import_module
from io import StringIO
from itertools import zip_longest
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.state import state

COPY = Path("runs/mutants")
KNOWN = Path("tools/mutants-alive.txt")
UNFINISHED = {"model_pipeline/train.py"}  # not all of its mutants were tried yet
LEAST_KILLED = 0.85  # of the mutants of a file that change what the code does
JOBS = int(os.environ.get("JOBS", os.cpu_count() or 1))
SECONDS = 60  # of the processor; a mutant that takes longer is an endless loop, and counts as killed
REACHED = "stats"  # mutmut's word in MUTANT_UNDER_TEST for: change nothing, note which functions are called
HEADER = ("---", "+++", "@@ ")
NO_CHANGE = "No change"  # the headings of KNOWN that begin so are about mutants that no test could notice
OPTIONS = [
    "-q",
    "-s",
    "--tb=native",
    "--assert=plain",
    "-pno:cacheprovider",
    "-Wignore::pytest.PytestAssertRewriteWarning",
    "--hypothesis-profile=mutants",
]
settings.register_profile(
    "mutants", phases=[Phase.explicit, Phase.generate], derandomize=True, database=None, deadline=None
)
NO_ENGINE = "not (thorough or docker or airflow or browser)"
OF_WHOLE_EXPORTS = "tests/churn/test_contract.py::test_two_bad_rows_in_a_hundred_pass_and_more_do_not"  # of validate
OF_A_RUN = "tests/model_pipeline/test_build.py::test_the_operators_model_sees_neither_the_month_nor_the_id"
OF_A_HISTORY = [
    "tests/tracking_pipeline/test_promotion.py::test_what_is_live_follows_from_the_history",
    "tests/tracking_pipeline/test_promotion.py::test_a_rollback_may_pass_over_versions_that_are_gone",
    "tests/tracking_pipeline/test_promotion.py::test_a_move_by_hand_is_one_more_version_that_was_live",
    "tests/tracking_pipeline/test_promotion.py::test_a_rollback_to_a_version_that_no_decision_is_left_of_is_believed",
]
TESTS = {
    "churn/contract.py": ["tests/churn/test_contract.py", f"--deselect={OF_WHOLE_EXPORTS}"],
    "churn/checks/cross_check.py": ["tests/churn/checks/test_unused_rows.py"],
    "churn/process.py": ["tests/churn/test_process.py", "tests/churn/test_point_in_time.py"],
    "churn/value.py": ["tests/churn/test_value.py"],
    "churn/build.py": ["tests/churn/test_build.py"],
    "churn/train.py": ["tests/churn/test_train.py"],
    "model_pipeline/periods.py": ["tests/model_pipeline/test_periods.py"],
    "model_pipeline/build.py": ["tests/model_pipeline/test_build.py", f"--deselect={OF_A_RUN}"],
    "model_pipeline/train.py": ["tests/model_pipeline/test_train.py"],
    "tracking_pipeline/build.py": ["tests/tracking_pipeline/test_build.py"],
    "tracking_pipeline/train.py": ["tests/tracking_pipeline/test_train.py"],
    "tracking_pipeline/gate.py": ["tests/tracking_pipeline/test_gate.py"],
    "tracking_pipeline/promote.py": ["tests/tracking_pipeline/test_promote.py", *OF_A_HISTORY],
    "tracking_pipeline/candidates/judged.py": ["tests/tracking_pipeline/candidates/test_judged.py"],
}


@dataclass(frozen=True)
class Mutant:
    """A function with one change. `change` is the changed line, with a minus if the line is gone."""

    file: str
    name: str
    change: str

    def __str__(self) -> str:
        return f"{self.file} {self.change}"


def main(files: list[str]) -> int:
    """Try all mutants of these files. Print each that is alive and not in KNOWN, or in KNOWN and not alive.

    Returns 1 if one is alive that is not in KNOWN, or if too many of a file are alive, except for UNFINISHED files.
    """
    known = read_known(KNOWN.read_text(encoding="utf-8"))
    copy_repository()
    sys.path[0] = str(Path.cwd())
    if any(file.startswith("tracking_pipeline/") for file in files):
        os.environ["EMPTY_STORE"] = str(empty_store())
    mutants = {file: made(file) for file in files}  # all of them before the first import
    failed = False
    print(f"{'':42}{'mutants':>8}{'killed':>8}{'alive':>7}{'no change':>11}{'share killed':>14}")
    for file in files:
        alive = [str(mutant) for mutant in survivors(mutants[file], TESTS[file])]
        same = sum(known.get(line, "").startswith(NO_CHANGE) for line in alive)
        killed = len(mutants[file]) - len(alive)
        share = killed / (len(mutants[file]) - same)
        new = [line for line in alive if line not in known]
        gone = [f"listed, but not alive: {line}" for line in known if line.startswith(f"{file} ") and line not in alive]
        counts = f"{file:42}{len(mutants[file]):8}{killed:8}{len(alive):7}{same:11}{share:14.0%}"
        print(counts, *new, *gone, sep="\n", flush=True)
        failed |= file not in UNFINISHED and (bool(new) or share < LEAST_KILLED)
    return int(failed)


def copy_repository() -> None:
    """Copy what git knows to runs/mutants, and go there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True
    )
    shutil.rmtree(COPY, ignore_errors=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if Path(name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, COPY / name)
    os.chdir(COPY)


def empty_store() -> Path:
    """Make MLflow's database once: its tables take seconds, and the tests would make them for each mutant."""
    database = Path("mlflow.db").resolve()
    mlflow = [sys.executable, "-m", "mlflow", "db", "upgrade", f"sqlite:///{database}"]
    subprocess.run(mlflow, check=True, capture_output=True)
    return database


def made(file: str) -> list[Mutant]:
    """Replace a file of the copy by one that has all its mutants, each switched on by MUTANT_UNDER_TEST."""
    path = Path(file)
    mutated = mutate_file_contents(file, path.read_text(encoding="utf-8"))
    path.write_text(mutated.code, encoding="utf-8")
    lines = mutated.code.splitlines()
    bodies = {
        node.name: [line.replace(node.name, "f") for line in lines[node.lineno - 1 : node.end_lineno]]
        for node in ast.walk(ast.parse(mutated.code))
        if isinstance(node, ast.FunctionDef)
    }
    module = file.removesuffix(".py").replace("/", ".")
    found = []
    for name in mutated.mutant_names:
        function = name.partition("__mutmut_")[0]
        before, after = bodies[f"{function}__mutmut_orig"], bodies[name]
        changed = [line for line in difflib.unified_diff(before, after, n=0, lineterm="") if line[:3] not in HEADER]
        gone, new = ([line[1:].strip() for line in changed if line[0] == sign] for sign in "-+")
        shown = " ".join(new) or f"without {' '.join(gone)}"
        readable = function.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
        found.append(Mutant(file, f"{module}.{name}", f"{readable}: {shown}"))
    return found


def survivors(mutants: list[Mutant], tests: list[str]) -> list[Mutant]:
    """Collect the tests once, and run them in a fork per mutant. Return the mutants with which all of them pass."""
    forks = Forks([mutant.name for mutant in mutants])
    with redirect_stdout(StringIO()) as printed:
        pytest.main([*OPTIONS, "-m", NO_ENGINE, *tests], plugins=[forks])
    if not forks.tests or forks.red:
        red = ", ".join(forks.red) or "there are none"
        raise SystemExit(f"{printed.getvalue()}these tests fail without a change: {red} ({' '.join(tests)})")
    return [mutant for mutant in mutants if not forks.noticed[mutant.name]]


class Forks:
    """A plugin of pytest. Instead of running the tests, it forks for each mutant, and runs there those it needs."""

    def __init__(self, mutants: list[str]) -> None:
        self.mutants = mutants
        self.tests: dict[pytest.Item, set[str]] = {}  # the functions that each reaches; the quickest test comes first
        self.red: list[str] = []
        self.running: dict[int, str] = {}
        self.noticed: dict[str, bool] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run each test without a change first. Polars hangs in a fork if it has computed before."""
        threads = {task.read_text(encoding="utf-8") for task in Path("/proc/self/task").glob("*/comm")}
        if "polars-0\n" in threads:
            raise SystemExit("a test module computes with Polars when it is imported: make its tables in the tests")
        gc.collect()
        gc.freeze()  # so that a fork copies no memory only to look for garbage
        self.look_at_each_test(session)
        for mutant in [] if self.red else self.mutants:
            function = mutant.partition("__mutmut_")[0]
            if len(self.running) == JOBS:
                self.wait()
            self.start(session, mutant, [test for test, reached in self.tests.items() if function in reached])
        while self.running:
            self.wait()
        return True

    def look_at_each_test(self, session: pytest.Session) -> None:
        """Run each test in its own fork, where nothing is cached yet, to see what it reaches and how long it takes.

        What it imports late is imported here, so that the next fork has it.
        """
        seconds = {}
        for test in session.items:
            child = self.start(session, REACHED, [test])
            _, status, used = os.wait4(child, 0)
            if status:
                self.red.append(test.nodeid)
                continue
            seconds[test] = used.ru_utime + used.ru_stime
            found = json.loads((scratch(child) / "found.json").read_text(encoding="utf-8"))
            self.tests[test] = set(found["reached"])
            for module in found["imported"]:
                with suppress(ImportError):
                    import_module(module)
        self.running.clear()
        self.tests = {test: self.tests[test] for test in sorted(seconds, key=lambda test: seconds[test])}

    def start(self, session: pytest.Session, mutant: str, tests: list[pytest.Item]) -> int:
        """Start tests in a fork. Return its process."""
        if child := os.fork():
            self.running[child] = mutant
            return child
        failed = True
        try:
            failed = fails(session, mutant, tests)
        finally:
            os._exit(failed)

    def wait(self) -> None:
        """Wait for one of the forks. A fork that was ended by its time limit has noticed the mutant, too."""
        child, status = os.wait()
        self.noticed[self.running.pop(child)] = status != 0
        shutil.rmtree(scratch(child), ignore_errors=True)


def fails(session: pytest.Session, mutant: str, tests: list[pytest.Item]) -> bool:
    """Run tests with this mutant until one fails. With REACHED, note which functions have mutants and were called."""
    scratch(os.getpid()).mkdir(parents=True)
    os.environ |= {"MUTANT_UNDER_TEST": mutant, "PYTEST_DEBUG_TEMPROOT": str(scratch(os.getpid()))}
    signal.alarm(10 * SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    imported = {*sys.modules}
    for item, following in zip_longest(tests, tests[1:]):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            break
    if mutant == REACHED:
        found = {"reached": [*state()._stats], "imported": [*sys.modules.keys() - imported]}
        (scratch(os.getpid()) / "found.json").write_text(json.dumps(found), encoding="utf-8")
    return session.testsfailed > 0


def scratch(child: int) -> Path:
    """Return the folder for temporary files of a fork."""
    return Path("tmp", str(child)).resolve()


def read_known(text: str) -> dict[str, str]:
    """Return the mutants that are known to be alive, each with the heading above it, which is the reason."""
    reason, known = "", {}
    for line in filter(None, text.splitlines()):
        if line.startswith("# "):
            reason = line[2:]
        else:
            known[line] = reason
    return known


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or [*TESTS]))
