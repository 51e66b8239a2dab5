"""Kill demos at random moments, run them again, and compare: `make kills N=200`. It reads /proc, so it needs Linux.

The demos take turns, so that a shorter run has kills of each. Each line has all it takes to repeat a kill but the
machine's speed. The lines are also in runs/kills/<seed>.jsonl.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.processes import command_line, descendants, left_running, let_children_heed_signals

ROOT = Path(__file__).parents[1]
FOLDERS = {"dagster": "data-dagster"}  # in runs; the others write to a folder of the same name
DEMOS = ("plain", "model", "dagster", "tracking", "workflow", "data")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
WHOM = ("group", "make", "program")  # a recipe's shell becomes the program
SECONDS_TO_END = 60  # after a signal, on a busy machine
SECONDS_TO_RUN = 1800


class Clone:
    """A folder in which make works as in the repository, with its own runs."""

    def __init__(self, folder: Path, customers: int, month: str) -> None:
        self.folder, self.runs = folder, folder / "runs"
        self.settings = [f"N={customers}", f"MONTH={month}"]
        self.runs.mkdir(parents=True, exist_ok=True)
        for place in ROOT.iterdir():
            if place.name not in ("runs", ".git") and not (folder / place.name).is_symlink():
                (folder / place.name).symlink_to(place)

    def start(self, demo: str, log: str) -> "subprocess.Popen[bytes]":
        return self.make(log, f"demo-{demo}", *self.settings)

    def make(self, log: str, *words: str) -> "subprocess.Popen[bytes]":
        with (self.runs / log).open("wb") as file:
            return subprocess.Popen(
                ["make", "--no-print-directory", *words],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def undisturbed(self, demo: str) -> tuple[float, Any]:
        """Run the demo to its end. Return how long it took, and its answer."""
        self.forget(demo)
        begun = time.monotonic()
        if self.start(demo, "undisturbed.log").wait(SECONDS_TO_RUN):
            sys.exit(f"make demo-{demo} fails undisturbed: {self.runs / 'undisturbed.log'}")
        return time.monotonic() - begun, self.answer(demo)

    def forget(self, demo: str) -> None:
        """Delete the cache of the workflow's steps: with it, a run would execute nothing."""
        if demo == "workflow":
            shutil.rmtree(self.runs / "workflow", ignore_errors=True)

    def answer(self, demo: str) -> Any:
        """Return the scores of the last report, with the checksum of its predictions."""
        report = self.runs / FOLDERS.get(demo, demo) / "report.json"
        return json.loads(report.read_text(encoding="utf-8"))["baseline"]

    def containers(self, demo: str, stopped: bool = False) -> list[str]:
        """Return the containers of workflow runs in this clone; none for the other demos."""
        if demo != "workflow":
            return []
        from workflow_pipeline.engine.runner import engine, labels_of  # which takes seconds

        labels = [f"{name}={value}" for name, value in labels_of((self.runs / "workflow" / "steps").resolve()).items()]
        client = engine()
        found = client.containers.list(all=stopped, filters={"label": labels}) if client else []
        return [f"container {container.name} of {container.attrs['Config']['Image']}" for container in found]

    def half_written(self) -> list[str]:
        return [str(path.relative_to(self.folder)) for path in self.runs.rglob("*/.month=*")]


def send(make: "subprocess.Popen[bytes]", whom: str, number: signal.Signals) -> None:
    if whom == "group":
        os.killpg(make.pid, number)
        return
    children = psutil.Process(make.pid).children() if whom == "program" else []
    os.kill(children[0].pid if children else make.pid, number)


def kill(clone: Clone, demo: str, choice: random.Random, seconds: float) -> dict[str, Any]:
    """Kill one run at a random moment, and return what was seen. `wrong` lists what must not be."""
    at, whom, number = choice.uniform(0.1, seconds), choice.choice(WHOM), choice.choice(SIGNALS)
    seen = {"demo": demo, "at": round(at, 2), "of": round(seconds, 2), "to": whom, "signal": number.name}
    wrong = list[str]()
    make = clone.start(demo, "killed.log")
    with suppress(subprocess.TimeoutExpired):
        if make.wait(at):
            wrong.append(f"failed by itself: exit code {make.returncode}")
        return {**seen, "ended before": True, "wrong": wrong}
    send(make, whom, number)
    sent = time.monotonic()
    alone = whom == "make" and number != signal.SIGTERM  # make passes on no other: the program finishes its work
    while still := [*map(command_line, descendants(os.getpid())), *clone.containers(demo)]:
        if time.monotonic() > sent + (SECONDS_TO_RUN if alone else SECONDS_TO_END):
            wrong += [f"went on: {line[:100]}" for line in still]
            break
        make.poll()
        time.sleep(0.1)
    ended = round(time.monotonic() - sent, 1)
    for pid in descendants(os.getpid()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    make.wait()
    return {**seen, "ended after": ended, "wrong": wrong}


def run_again(clone: Clone, demo: str, right: Any, resume: bool) -> list[str]:
    """Run the demo after kills, or let `make resume` do it, and return what is wrong."""
    again = clone.make("again.log", "resume") if resume else clone.start(demo, "again.log")
    if code := again.wait(SECONDS_TO_RUN):
        last_line = (clone.runs / "again.log").read_text(errors="replace").strip().rpartition("\n")[2]
        return [f"ran again: exit code {code}, {last_line[:200]}"]
    wrong = [] if clone.answer(demo) == right else ["a different answer"]
    return wrong + [f"left behind: {name}" for name in clone.half_written() + clone.containers(demo, stopped=True)]


def kill_in_a_row(
    clone: Clone, demo: str, kills: int, choice: random.Random, seconds: float, right: Any, resume: bool
) -> tuple[list[dict[str, Any]], float]:
    """Kill the demo's run so many times, then let it finish. Return what was seen, and how long the last run took."""
    clone.forget(demo)
    with left_running() as left:
        seen = [kill(clone, demo, choice, seconds) for _ in range(kills)]
        begun = time.monotonic()
        wrong = run_again(clone, demo, right, resume)
        seconds = time.monotonic() - begun
    wrong += [f"left running: {line[:100]}" for line in left]
    return [*seen, {"demo": demo, "ran again": True, "after": round(seconds, 1), "wrong": wrong}], seconds


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    options.add_argument("--kills", type=int, default=200, help="how many, of all demos (make: N=)")
    options.add_argument("--in-a-row", type=int, default=1, help="how many before a run that must be right")
    options.add_argument("--seed", type=int, default=random.randrange(10**6), help="of moments and signals")
    options.add_argument("--customers", type=int, default=600)
    options.add_argument("--month", default="2025-03", help="the month to score: the earlier, the faster")
    options.add_argument("--demos", nargs="+", choices=DEMOS, default=list(DEMOS))
    options.add_argument("--resume", action="store_true", help="continue with make resume")
    options.add_argument("--folder", type=Path, default=Path("runs/kills"))
    arguments = options.parse_args()
    let_children_heed_signals()
    print(f"seed {arguments.seed}: repeat with --seed {arguments.seed}", flush=True)
    clone = Clone(arguments.folder.resolve() / "clone", arguments.customers, arguments.month)
    moments = {demo: random.Random(f"{arguments.seed} {demo}") for demo in arguments.demos}
    usual: dict[str, tuple[float, Any]] = {}
    killed = faults = 0
    with (arguments.folder / f"{arguments.seed}.jsonl").open("a", encoding="utf-8") as lines:
        while killed < arguments.kills:
            for demo, choice in moments.items():
                if demo not in usual:
                    usual[demo] = clone.undisturbed(demo)
                if in_a_row := min(arguments.in_a_row, arguments.kills - killed):
                    seconds, right = usual[demo]
                    seen, seconds = kill_in_a_row(clone, demo, in_a_row, choice, seconds, right, arguments.resume)
                    if not arguments.resume:  # it does nothing when the last kill came too late
                        usual[demo] = seconds, right  # a machine may be busier now than before
                    killed += sum("ended after" in each for each in seen)
                    faults += sum(bool(each["wrong"]) for each in seen)
                    for each in seen:
                        print(json.dumps(each), flush=True)
                        print(json.dumps(each), file=lines, flush=True)
    print(f"{killed} kills, {faults} with something wrong")
    sys.exit(faults > 0)


if __name__ == "__main__":
    main()
