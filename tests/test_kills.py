"""Twenty kills of the plain script at random moments. `make kills` does more, of more demos."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.demos import environment_python

ROOT = Path(__file__).parents[1]


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_after_a_kill_at_a_random_moment_the_next_run_gives_the_right_answer(tmp_path: Path) -> None:
    environment_python("plain")
    seed = random.randrange(10**6)
    words = ["--kills=20", f"--seed={seed}", f"--folder={tmp_path}", "--demos", "plain"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.kills", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("20 kills, 0 with something wrong\n")
