"""Kill demos at random moments, run them again, and compare: `make kills N=20`. It reads /proc, so it needs Linux.

Each line has all it takes to repeat a kill but the machine's speed. The lines are also in runs/kills/<seed>.jsonl.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from tests.processes import command_line, descendants, left_running

ROOT = Path(__file__).parents[1]
DEMOS = {"plain": "plain", "model": "model", "dagster": "data-dagster", "tracking": "tracking", "data": "data"}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
WHOM = ("group", "make", "program")  # a recipe's shell becomes the program
SECONDS_TO_END = 30  # after a signal


def clone_in(folder: Path) -> Path:
    """Return a folder in which make works as in the repository, with its own runs."""
    folder.mkdir(parents=True, exist_ok=True)
    for place in ROOT.iterdir():
        if place.name not in ("runs", ".git") and not (folder / place.name).is_symlink():
            (folder / place.name).symlink_to(place)
    return folder


def start(clone: Path, demo: str, customers: int, log: Path) -> "subprocess.Popen[bytes]":
    command = ["make", f"demo-{demo}", f"N={customers}", "MONTH=2025-06"]
    with log.open("wb") as file:
        return subprocess.Popen(
            command, cwd=clone, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )


def answer(clone: Path, demo: str) -> Any:
    """Return the scores of the last report, with the checksum of its predictions."""
    return json.loads((clone / "runs" / DEMOS[demo] / "report.json").read_text(encoding="utf-8"))["baseline"]


def send(make: "subprocess.Popen[bytes]", whom: str, number: signal.Signals) -> None:
    if whom == "group":
        os.killpg(make.pid, number)
        return
    children = psutil.Process(make.pid).children() if whom == "program" else []
    os.kill(children[0].pid if children else make.pid, number)


def kill(clone: Path, demo: str, customers: int, choice: random.Random, seconds: float, right: Any) -> dict[str, Any]:
    """Kill one run at a random moment, run again, and return what was seen. `wrong` lists what must not be."""
    at, whom, number = choice.uniform(0.1, seconds), choice.choice(WHOM), choice.choice(SIGNALS)
    log, wrong = clone / "runs" / "killed.log", list[str]()
    with left_running() as left:
        make = start(clone, demo, customers, log)
        time.sleep(at)
        early = make.poll() is not None
        if not early:
            send(make, whom, number)
        alone = number == signal.SIGKILL and whom == "make"  # nobody tells the program: it finishes its work
        deadline = time.monotonic() + (600 if alone else SECONDS_TO_END)
        while (alive := descendants(os.getpid())) and time.monotonic() < deadline:
            make.poll()
            time.sleep(0.1)
        wrong += [f"went on: {command_line(pid)[:100]}" for pid in alive]
        for pid in alive:
            os.kill(pid, signal.SIGKILL)
        make.wait()
        again = start(clone, demo, customers, clone / "runs" / "again.log")
        if again.wait(600):
            wrong.append(f"ran again: exit code {again.returncode}")
        elif answer(clone, demo) != right:
            wrong.append("a different answer")
    wrong += [f"left running: {line[:100]}" for line in left]
    wrong += [f"left behind: {path.relative_to(clone)}" for path in (clone / "runs").rglob("*/.month=*")]
    return {"demo": demo, "at": round(at, 2), "of": round(seconds, 2), "to": whom, "signal": number.name} | {
        "ended before": early,
        "wrong": wrong,
    }


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    options.add_argument("--kills", type=int, default=200, help="how many of each demo (make: N=)")
    options.add_argument("--seed", type=int, default=random.randrange(10**6), help="of moments and signals")
    options.add_argument("--customers", type=int, default=600)
    options.add_argument("--demos", nargs="+", choices=DEMOS, default=list(DEMOS))
    options.add_argument("--folder", type=Path, default=Path("runs/kills"))
    arguments = options.parse_args()
    print(f"seed {arguments.seed}: repeat with --seed {arguments.seed}", flush=True)
    clone, faults = clone_in(arguments.folder.resolve() / "clone"), 0
    (clone / "runs").mkdir(exist_ok=True)
    with (arguments.folder / f"{arguments.seed}.jsonl").open("a", encoding="utf-8") as lines:
        for demo in arguments.demos:
            choice = random.Random(f"{arguments.seed} {demo}")
            for _ in range(2):  # the first one simulates the world, and compiles what it imports
                begun = time.monotonic()
                if start(clone, demo, arguments.customers, clone / "runs" / "undisturbed.log").wait(600):
                    sys.exit(f"make demo-{demo} fails undisturbed: {clone / 'runs' / 'undisturbed.log'}")
                seconds, right = time.monotonic() - begun, answer(clone, demo)
            for _ in range(arguments.kills):
                seen = kill(clone, demo, arguments.customers, choice, seconds, right)
                faults += bool(seen["wrong"])
                for file in (lines, sys.stdout):
                    print(json.dumps(seen), file=file, flush=True)
    print(f"{arguments.kills * len(arguments.demos)} kills, {faults} with something wrong")
    sys.exit(faults > 0)


if __name__ == "__main__":
    main()
