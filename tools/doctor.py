"""Check this machine and explain how to fix what is missing: `make doctor`.

Run on any Python 3.8 or newer with nothing installed, because it must work where the project does not.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import List, NamedTuple

HERE = Path(__file__).resolve().parent.parent
GIGABYTE = 1e9
DISK_NEEDED_GB = 6  # after make demo: environments 2.0, images 1.8, and the download cache
MEMORY_NEEDED_GB = 3  # the default simulation needs 0.4, Airflow 1.1 more
CONTAINER_TIMEOUT_S = 60  # the first pull over a slow connection


class Finding(NamedTuple):
    """One line of the result; `status` is ok, note (slower, or less) or missing (the project does not run)."""

    what: str
    status: str
    found: str
    fix: str = ""


def run(*command: str, timeout: float = 15) -> "subprocess.CompletedProcess[str]":
    """Run a command; if it is missing or hangs, return a failure with the reason in stderr."""
    try:
        return subprocess.run(
            command, cwd=HERE, capture_output=True, text=True, errors="replace", timeout=timeout, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))


def python() -> Finding:
    chosen = run("sh", "tools/python.sh")
    if chosen.returncode:
        return Finding("Python", "missing", "no Python 3.11 or newer", chosen.stderr.strip())
    path = chosen.stdout.strip()
    version = run(path, "-c", "import platform; print(platform.python_version())").stdout.strip()
    return Finding("Python", "ok", f"{version}, {path}")


def environment_builder() -> Finding:
    for uv in ("uv", ".venv/uv/bin/uv"):
        version = run(uv, "--version")
        if version.returncode == 0:
            return Finding("uv", "ok", version.stdout.strip())
    chosen = run("sh", "tools/python.sh").stdout.strip()
    if chosen and run(chosen, "-c", "import ensurepip, venv").returncode:
        fix = "Debian, Ubuntu: sudo apt install python3-venv (or install uv, which does not need it)"
        return Finding("uv", "missing", f"not on PATH, and {chosen} has no venv module for pip to fetch it", fix)
    return Finding("uv", "ok", "not on PATH; make fetches it into .venv/uv on first use")


def disk() -> Finding:
    free_gb = shutil.disk_usage(HERE).free / GIGABYTE
    fix = f"free {DISK_NEEDED_GB} GB (make distclean removes this project's environments and runs)"
    return _at_least(DISK_NEEDED_GB, "disk", free_gb, "GB free here", "missing", fix)


def memory() -> Finding:
    total_gb = _memory_bytes() / GIGABYTE
    fix = f"with less than {MEMORY_NEEDED_GB} GB, use fewer customers: make demo N=1000"
    return _at_least(MEMORY_NEEDED_GB, "memory", total_gb, "GB in total", "note", fix)


def cores() -> Finding:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return _at_least(2, "cores", usable, "usable", "note", "one core works, at half the speed")


def docker() -> Finding:
    """Ask the engine to run a container: a client that answers `--version` proves nothing."""
    if not shutil.which("docker"):
        return _no_docker("not installed", "Install Docker Engine, Docker Desktop or Colima")
    engine = run("docker", "version", "--format", "{{.Server.Version}}")
    if engine.returncode:
        reason = _reason(engine.stderr)
        denied = "permission denied" in reason
        start = "Start Docker Desktop, or: sudo systemctl start docker"
        join = "sudo usermod -aG docker $USER, then log in again"
        return _no_docker(f"no engine answers: {reason}", join if denied else start)
    version = engine.stdout.strip()
    for image in ["hello-world", *_images_here()[:1]]:  # any local image will do where nothing can be pulled
        options = [] if image == "hello-world" else ["--entrypoint", "true"]
        attempt = run("docker", "run", "--rm", "--network", "none", *options, image, timeout=CONTAINER_TIMEOUT_S)
        if attempt.returncode == 0:
            return Finding("Docker", "ok", f"engine {version} ran a container ({image})")
    reason = _reason(attempt.stderr)
    return _no_docker(f"engine {version} does not run a container: {reason}", "Try: docker run --rm hello-world")


def _no_docker(found: str, fix: str) -> Finding:
    return Finding(
        "Docker",
        "note",
        found,
        f"Without it, the workflow pipeline runs its steps as processes, without isolation. {fix}",
    )


def _images_here() -> List[str]:
    listed = run("docker", "images", "--filter", "dangling=false", "--format", "{{.Repository}}:{{.Tag}}")
    return [image for image in listed.stdout.split() if not image.startswith("hello-world:")]


def _memory_bytes() -> float:
    """Return the memory of the machine, or the limit of this container if that is less."""
    if sys.platform == "darwin":
        return float(run("sysctl", "-n", "hw.memsize").stdout or 0)
    total = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    limit = Path("/sys/fs/cgroup/memory.max")
    allowed = limit.read_text().strip() if limit.is_file() else "max"
    return total if allowed == "max" else min(total, float(allowed))


def _at_least(needed: float, what: str, found: float, unit: str, otherwise: str, fix: str) -> Finding:
    if found >= needed:
        return Finding(what, "ok", f"{found:.0f} {unit}")
    return Finding(what, otherwise, f"{found:.1f} {unit}", fix)


def _reason(stderr: str) -> str:
    """Return the line that names the error, because docker prints advice after it."""
    lines = stderr.strip().splitlines() or ["it gave no reason"]
    return next((line for line in lines if "error" in line.lower()), lines[-1])


def main() -> int:
    findings: List[Finding] = []
    for check in (python, environment_builder, disk, memory, cores, docker):
        finding = check()
        findings.append(finding)
        print(f"{finding.status:>7}  {finding.what:<7} {finding.found}", flush=True)
        if finding.fix:
            print(f"{'':>17}-> {finding.fix}")
    missing = [finding.what for finding in findings if finding.status == "missing"]
    print(f"\nMissing: {', '.join(missing)}." if missing else "\nEverything needed is here. Next: make demo")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
