"""Measure the cost of nesting, `make bench-together`: both nests, and the four demos that they are made of."""

import os
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from churn.harness.command import parser
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import console, print_table

ROOT = Path(__file__).parents[1]
PARTS = {
    "make demo-data": ("data", "data_pipeline"),
    "make demo-workflow": ("workflow", "workflow_pipeline"),
    "make demo-model": ("model", "model_pipeline"),
    "make demo-tracking": ("tracking", "tracking_pipeline"),
}
NESTS = {
    "make demo-together": ("data", "together"),
    "make demo-together NEST=two": ("data", "together", "--nest=two"),
}
FIRST = ("plain", "churn")  # it makes the world, so that nobody else has to
SECONDS_BETWEEN_LOOKS = 0.25


@dataclass
class Memory:
    """The peak of the memory that this machine has handed out since the block began, containers included."""

    peak: int = 0  # bytes
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Memory":
        self._before = psutil.virtual_memory().available
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN_LOOKS):
            self.peak = max(self.peak, self._before - psutil.virtual_memory().available)


def run(environment: str, module: str, *words: str) -> tuple[float, int]:
    """Return the seconds that a demo took and the peak of its memory in bytes. Raises BadInput if it fails."""
    started = time.perf_counter()
    with console.status(f"{module} {' '.join(words)}"), Memory() as memory:
        python = ROOT / ".venv" / environment / "bin" / "python"
        done = subprocess.run([python, "-m", module, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadInput(f"python -m {module} {' '.join(words)} failed: {done.stderr.strip().rpartition(chr(10))[2]}")
    return time.perf_counter() - started, memory.peak


@exit_on_bad_input
def main() -> None:
    arguments = parser("benchmarks.together", "What nesting costs.").parse_args()
    load = os.getloadavg()[0]
    with TemporaryDirectory(prefix="bench-") as runs:
        world = [f"--customers={arguments.customers}", f"--seed={arguments.seed}", f"--runs={runs}"]
        world += [f"--month={arguments.month}"] if arguments.month else []
        run(*FIRST, *world)
        measured = {name: run(*command, *world) for name, command in (PARTS | NESTS).items()}
    parts = sum(measured[name][0] for name in PARTS)
    four, two = (measured[name][0] for name in NESTS)
    print_table(
        f"together: what nesting costs ({arguments.customers:,} customers, {os.cpu_count()} cores, load {load:.1f})",
        ["", "seconds", "peak memory"],
        [[name, f"{seconds:.0f}", f"{peak / 1e9:.1f} GB"] for name, (seconds, peak) in measured.items()],
        "together",
    )
    print_table(
        "as ratios of this run",
        ["", "measured", "limit"],
        [
            ["the nest of four, over its four parts", f"{four / parts:.2f}", "1.3"],
            ["the nest of four, over the nest of two", f"{four / two:.2f}", ""],
            ["make demo-together, images and exports there", f"{four:.0f} s", "240 s"],
            ["its peak memory", f"{measured['make demo-together'][1] / 1e9:.1f} GB", "4 GB"],
        ],
        "together",
    )


if __name__ == "__main__":
    main()
