"""Test the locks in requirements/: complete, verifiable and in line with pyproject.toml."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENVIRONMENTS = ["plain", *PROJECT["optional-dependencies"]]


def lock_text(environment: str) -> str:
    return (ROOT / "requirements" / f"{environment}.txt").read_text(encoding="utf-8")


def pins(environment: str) -> dict[str, set[str]]:
    """Return the locked versions by package: more than one if they differ by Python or system."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock_text(environment), re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def declared(environment: str) -> list[Requirement]:
    """Return the requirements of an environment in pyproject.toml. Extras may include other extras."""
    lines = PROJECT["dependencies"] + PROJECT["optional-dependencies"].get(environment, [])
    requirements = [Requirement(line) for line in lines]
    own = [requirement for requirement in requirements if requirement.name == PROJECT["name"]]
    included = [part for requirement in own for extra in requirement.extras for part in declared(extra)]
    return [requirement for requirement in requirements if requirement not in own] + included


def test_every_environment_has_a_lock_and_a_place_in_the_makefile() -> None:
    locks = {path.stem for path in (ROOT / "requirements").glob("*.txt")}
    in_makefile = re.search(r"^ENVIRONMENTS := (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert in_makefile
    assert in_makefile[1].split() == ENVIRONMENTS
    assert locks == {*ENVIRONMENTS, "uv"}


@pytest.mark.parametrize("environment", [*ENVIRONMENTS, "uv"])
def test_every_line_of_a_lock_is_a_pin_or_a_hash(environment: str) -> None:
    line = re.compile(r"[\w.-]+==[^\s;]+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [row for row in lock_text(environment).splitlines() if not line.fullmatch(row)] == []


@pytest.mark.parametrize("environment", [*ENVIRONMENTS, "uv"])
def test_every_pin_has_a_hash(environment: str) -> None:
    entries = re.split(r"\n(?=\S)", lock_text(environment).strip())
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_lock_satisfies_the_project(environment: str) -> None:
    locked = pins(environment)
    unmet = [
        str(requirement)
        for requirement in declared(environment)
        if not (versions := locked.get(canonicalize_name(requirement.name)))
        or not all(requirement.specifier.contains(version, prereleases=True) for version in versions)
    ]
    assert unmet == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_environments_agree_on_what_the_answer_is_computed_with(environment: str) -> None:
    locked = pins(environment)
    assert {name: locked.get(name) for name in pins("plain")} == pins("plain")


def test_the_audit_reads_every_lock_and_fails_if_one_cannot_be_judged() -> None:
    told = subprocess.run(["make", "-n", "audit"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    locks = [*ROOT.glob("requirements/*.txt"), *ROOT.glob("workflow_pipeline/locks/*.txt")]
    read = re.findall(r"-r (\S+)", told)
    assert sorted(read) == sorted(lock.relative_to(ROOT).as_posix() for lock in locks)
    assert "--strict" in told
    assert "run: make audit" in (ROOT / ".github/workflows/nightly.yml").read_text(encoding="utf-8")
