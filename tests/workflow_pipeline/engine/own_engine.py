"""A second Docker engine, which the tests kill and starve. The machine's engine, which others may use, is not touched.

It lives in separate namespaces (processes, mounts, network), with its data in memory. The network namespace protects
the machine's docker0: dockerd removes a bridge that it may not use. Everything ends with the process that holds the
namespaces, and that process ends with the tests, however they end.
"""

import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import docker

from churn.harness.processes import wait_until

START_TIMEOUT_S = 120
SIZE = "6g"  # the most that its images may use; memory is taken as they come
HOLD = 'mount -t tmpfs -o size="$1" engine "$2" && ip link set lo up && echo ready && while sleep 1; do :; done'


class OwnEngine:
    """An engine. `client` talks to it, and so does every command that has `inside` in front of it."""

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
        wait_until(self._answers, START_TIMEOUT_S, f"the second engine did not answer (see {self.log})", self._alive)

    def _answers(self) -> bool:
        return subprocess.run([*self._docker, "version"], capture_output=True, check=False).returncode == 0

    def _alive(self) -> None:
        assert self._process.poll() is None, self.log.read_text()[-2000:]

    def kill(self) -> None:
        """Kill it as the kernel does when memory runs out: the containers stay as they are."""
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
        """Leave the engine's disk this much space while the block runs."""
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
    """Start a second engine. Needs root, and Debian's packages util-linux and iproute2."""
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
