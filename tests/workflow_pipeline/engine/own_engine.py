"""A Docker engine of the tests' own, to be killed and starved. The machine's, which others may use, stays whole.

It lives in namespaces of its own (processes, mounts, network), its data in memory. Without a network of its own it
would take the machine's docker0 away: dockerd removes the bridge that it is told to do without. All of it ends with
the process that holds the namespaces, and that one ends with the tests, however they end.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import docker

START_TIMEOUT_S = 120
SIZE = "6g"  # of what its images may take; memory is used as they come
HOLD = 'mount -t tmpfs -o size="$1" engine "$2" && ip link set lo up && echo ready && while sleep 1; do :; done'


class OwnEngine:
    """`client` speaks to it, and so does a command that `inside` is put before, on its side of the network."""

    def __init__(self, folder: Path, pid: int) -> None:
        self.data = folder / "data"
        self.log = folder / "log"
        self.host = f"unix://{folder}/socket"
        namespaces = ["nsenter", "--target", str(pid), "--mount", "--net", "--pid"]
        self.inside = [*namespaces, "env", f"DOCKER_HOST={self.host}"]
        self._docker = ["docker", "--host", self.host]
        self.start()
        self.client = docker.DockerClient(self.host, timeout=600)

    def start(self) -> None:
        places = [f"--{name}={self.data / name}" for name in ("data-root", "exec-root", "pidfile")]
        command = [*self.inside, "dockerd", "--config-file=", f"--host={self.host}", *places]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            if subprocess.run([*self._docker, "version"], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError(f"no engine of our own: {self.log.read_text()[-2000:]}")

    def kill(self) -> None:
        """As the kernel does it when memory runs out: no goodbye, and the containers stay as they are."""
        self._sh('kill -9 "$(cat "$1"/pidfile)"')
        self._process.wait()

    def close(self) -> None:
        self.client.close()
        self._process.kill()  # nsenter; dockerd ends with its namespaces
        self._process.wait()

    def take_over(self, images: list[str]) -> None:
        """Copy images from the machine's engine."""
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saved:
            subprocess.run([*self._docker, "load"], stdin=saved.stdout, stdout=subprocess.DEVNULL, check=True)
        assert saved.returncode == 0

    @contextmanager
    def almost_full(self, megabytes_left: int) -> Iterator[None]:
        """While the block runs, the disk that the engine writes to has room for so much and no more."""
        used = '$(df --output=used -k "$1" | tail -n 1)'
        self._sh(f'mount -o remount,size=$(({used} + {megabytes_left} * 1024))k "$1"')
        try:
            yield
        finally:
            self._sh(f'mount -o remount,size={SIZE} "$1"')

    def _sh(self, script: str) -> None:
        subprocess.run([*self.inside, "sh", "-ec", script, "sh", str(self.data)], check=True)


@contextmanager
def own_engine() -> Iterator[OwnEngine]:
    """Needs root and what Debian calls util-linux and iproute2."""
    with TemporaryDirectory(prefix="engine-") as name:  # short: a socket's path may have 107 characters
        folder = Path(name)
        (folder / "data").mkdir()
        namespaces = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
        hold = ["setpriv", "--pdeathsig", "KILL", *namespaces, "sh", "-c", HOLD, "sh", SIZE, str(folder / "data")]
        with subprocess.Popen(hold, stdout=subprocess.PIPE, text=True) as holder:
            try:
                assert holder.stdout is not None
                assert holder.stdout.readline() == "ready\n"
                (pid,) = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split()
                with closing(OwnEngine(folder, int(pid))) as engine:
                    yield engine
            finally:
                holder.kill()
