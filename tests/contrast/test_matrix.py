"""The table in the repository is valid, is in the README, and matches the faults as they are observed now."""

import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contrast.cell import cells
from contrast.code import REPOSITORY
from contrast.matrix import HERE, MATRIX, README, as_markdown, versions
from contrast.pipelines import PIPELINES
from contrast.scenarios import scenarios
from workflow_pipeline.engine.runner import engine

Columns = dict[str, "Future[dict[str, Any]]"]
MARKS: dict[str, tuple[Any, ...]] = {"workflow": (pytest.mark.docker,), "data": (pytest.mark.airflow,)}


@pytest.fixture(scope="module")
def matrix() -> Any:
    return json.loads(MATRIX.read_text(encoding="utf-8"))


def missing(pipeline: str) -> str:
    """Name what this machine lacks for a pipeline; empty if nothing."""
    if pipeline == "workflow" and engine() is None:
        return "no Docker engine answers (.ci/docker-engine starts one)"
    if pipeline == "data" and not (REPOSITORY / ".venv" / "data" / "bin" / "python").exists():
        return "environment data is not built: make .venv/data/.ok"
    return ""


@pytest.fixture(scope="module")
def columns(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Columns]:
    """Compute the requested columns, three at a time, because Airflow mostly waits."""
    wanted = {item.callspec.params.get("pipeline") for item in request.session.items if hasattr(item, "callspec")}
    folder = tmp_path_factory.mktemp("contrast")
    with ThreadPoolExecutor(3) as threads:
        yield {
            name: threads.submit(cells, PIPELINES[name](folder), scenarios(), lambda what: None)
            for name in ("data", "workflow", "tracking", "model", "plain")
            if name in wanted and not missing(name)
        }


def test_matrix_is_valid(matrix: Any) -> None:
    schema = json.loads((HERE / "matrix.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(matrix)


@pytest.mark.parametrize("wrong", [{"by": None}, {"verdict": "misses"}, {"verdict": "solves"}, {"sentence": ""}])
def test_a_wrong_cell_is_not_valid(matrix: Any, wrong: dict[str, Any]) -> None:
    schema = json.loads((HERE / "matrix.schema.json").read_text(encoding="utf-8"))
    spoilt = deepcopy(matrix)
    spoilt["scenarios"][0]["cells"]["data"] |= wrong
    assert not Draft202012Validator(schema).is_valid(spoilt)


def test_matrix_is_about_the_scenarios_and_the_versions_that_there_are(matrix: Any) -> None:
    written = {row["name"]: (row["title"], row["story"]) for row in matrix["scenarios"]}
    assert written == {name: (each.TITLE, " ".join(each.STORY.split())) for name, each in scenarios().items()}
    assert matrix["pipelines"] == list(PIPELINES)
    assert matrix["made_with"]["versions"] == versions()


def test_readme_has_the_table(matrix: Any) -> None:
    assert as_markdown(matrix) in README.read_text(encoding="utf-8")


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("pipeline", [pytest.param(name, marks=MARKS.get(name, ())) for name in PIPELINES])
def test_cells_are_what_is_observed_now_and_their_controls_hold(matrix: Any, columns: Columns, pipeline: str) -> None:
    if pipeline not in columns:
        promised = os.environ.get("CI") == "true" and sys.platform == "linux"
        (pytest.fail if promised else pytest.skip)(missing(pipeline))
    observed = columns[pipeline].result()  # raises ControlFailed when a control does not hold
    for row in matrix["scenarios"]:
        written, now = row["cells"][pipeline], observed[row["name"]]
        for name in ("verdict", "by", "measure"):
            assert now[name] == written[name], f"{row['name']}, {pipeline}: {now['sentence']}"
