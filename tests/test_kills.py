"""Twenty kills at random moments. `make kills` does more, of more demos."""

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
@pytest.mark.parametrize(("demo", "kills", "in_a_row"), [("plain", 16, 8), ("model", 4, 4)])
def test_after_kills_at_random_moments_make_resume_gives_the_right_answer(
    tmp_path: Path, demo: str, kills: int, in_a_row: int
) -> None:
    environment_python(demo)
    seed = random.randrange(10**6)
    words = [f"--kills={kills}", f"--in-a-row={in_a_row}", f"--seed={seed}", f"--folder={tmp_path}", "--resume"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.kills", *words, "--demos", demo],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(f"{kills} kills, 0 with something wrong\n")
