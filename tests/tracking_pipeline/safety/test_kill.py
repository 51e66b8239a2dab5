"""After kill -9, no server is left running, and the model's copy is where `make clean` removes it."""

import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from tests.tracking_pipeline.conftest import NAME, ROOT

pytestmark = [pytest.mark.slow, pytest.mark.thorough]
SERVING = """
import sys, time
from pathlib import Path
import psutil
from tracking_pipeline.servers.scoring import champion_server
from tracking_pipeline.safety.store import open_store
folder, name = Path(sys.argv[1]), sys.argv[2]
open_store(folder / "tracking", name)
with champion_server(folder / "killed.log"):
    print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
    time.sleep(600)
"""


def test_a_killed_demo_leaves_no_scoring_server(told: Path) -> None:
    command = [sys.executable, "-c", SERVING, str(told), NAME]
    demo = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    giving_up = threading.Timer(300, demo.kill)
    giving_up.start()
    servers: list[psutil.Process] = []
    try:
        assert demo.stdout is not None
        servers = [psutil.Process(int(number)) for number in demo.stdout.readline().split()]
        assert len(servers) >= 2, "the server, and the process that watches over it"
        demo.send_signal(signal.SIGKILL)
        demo.wait()
        _, still_running = psutil.wait_procs(servers, timeout=60)
        assert not still_running
        (copy,) = told.glob("served-*")
        shutil.rmtree(copy)
    finally:
        giving_up.cancel()
        for process in [demo, *servers]:
            if process.is_running() if isinstance(process, psutil.Process) else process.poll() is None:
                process.kill()
        demo.communicate()
