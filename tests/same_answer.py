"""Check that all pipelines give the same answer, in a folder of runs and in the repository's folders.

Each check raises AssertionError with the pipeline, the problem and the place. It reads files and imports no pipeline.
"""

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "churn" / "harness" / "report.schema.json").read_text(encoding="utf-8"))
LARGEST_DIFFERENCE = 1e-6
NAMES = ("plain", "workflow", "data", "data-dagster", "model", "tracking", "notebooks", "together")
ISOLATION = {"workflow": "container", "data": "process", "notebooks": "process", "together": "container"}
Names = tuple[str, ...]
PIPELINES = ("workflow_pipeline", "data_pipeline", "model_pipeline", "tracking_pipeline")


def stage_table(page: Path = ROOT / "STAGES.md") -> dict[str, tuple[set[str], set[str]]]:
    """Inputs and outputs of each stage, as the page has them."""
    row = re.compile(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|", re.MULTILINE)
    return {
        stage: (set(re.findall(r"`(\w+)`", inputs)), set(re.findall(r"`(\w+)`", outputs)))
        for stage, inputs, outputs in row.findall(page.read_text(encoding="utf-8"))
    }


def each_has_both_files(runs: Path, names: Names = NAMES) -> None:
    for name in names:
        for file in ("report.json", "predictions.parquet"):
            assert (runs / name / file).is_file(), f"{name}: {name}/{file} is missing"


def each_report_keeps_the_schema(runs: Path, names: Names = NAMES) -> None:
    for name, report in _reports(runs, names):
        broken = next(Draft202012Validator(SCHEMA).iter_errors(report), None)
        assert broken is None, f"{name}: {name}/report.json breaks the schema at {broken.json_path}: {broken.message}"
        assert report["pipeline"] == name, f"{name}: {name}/report.json is of {report['pipeline']}"


def each_has_the_six_stages(runs: Path, names: Names = NAMES) -> None:
    expected = list(stage_table())
    for name, report in _reports(runs, names):
        stages = [stage["name"] for stage in report["stages"]]
        same = stages == expected
        assert same, f"{name}: its stages are {', '.join(stages)}; STAGES.md has {', '.join(expected)}"
        for stage in report["stages"]:
            executed = stage["status"] == "ok"
            assert executed, f"{name}: {stage['name']} was not executed, its status is {stage['status']}"


def all_have_one_world(runs: Path, names: Names = NAMES) -> None:
    plain = _report(runs, "plain")
    for name, report in _reports(runs, names):
        for field in ("month", "holdout_month", "seed", "customers", "data_fingerprint", "ceiling_roc_auc"):
            ours, theirs = report[field], plain[field]
            assert ours == theirs, f"{name}: {field} in {name}/report.json is {ours}, plain has {theirs}"


def all_predict_the_same(runs: Path, names: Names = NAMES) -> None:
    plain = pl.read_parquet(runs / "plain" / "predictions.parquet", glob=False)
    for name in names:
        ours, where = pl.read_parquet(runs / name / "predictions.parquet", glob=False), f"{name}/predictions.parquet"
        assert ours.schema == plain.schema, f"{name}: {where} has {dict(ours.schema)}, plain has {dict(plain.schema)}"
        assert len(ours) == len(plain), f"{name}: {where} has {len(ours)} customers, plain has {len(plain)}"
        both = plain.hstack(ours.rename(lambda column: f"{column}_ours")).with_row_index("row")
        wrong = both.filter(pl.col("customer_id").ne_missing(pl.col("customer_id_ours"))).to_dicts()
        assert not wrong, (
            f"{name}: row {wrong[0]['row']} of {where} is customer {wrong[0]['customer_id_ours']}, "
            f"in plain it is {wrong[0]['customer_id']}"
        )
        difference = (pl.col("churn_probability") - pl.col("churn_probability_ours")).abs()
        near = (difference <= LARGEST_DIFFERENCE).fill_null(False)  # NaN counts as larger than any number
        wrong = both.filter(~near).to_dicts()
        assert not wrong, (
            f"{name}: {len(wrong)} of {len(plain)} predictions in {where} are more than {LARGEST_DIFFERENCE:g} away; "
            f"customer {wrong[0]['customer_id']} has {wrong[0]['churn_probability_ours']}, "
            f"in plain {wrong[0]['churn_probability']}"
        )


def all_measure_the_same(runs: Path, names: Names = NAMES) -> None:
    plain = _report(runs, "plain")["baseline"]
    for name, report in _reports(runs, names):
        for metric in plain.keys() - {"predictions_sha256"}:
            ours, theirs = report["baseline"][metric], plain[metric]
            same = abs(ours - theirs) <= LARGEST_DIFFERENCE
            assert same, f"{name}: baseline.{metric} in {name}/report.json is {ours}, plain has {theirs}"


def each_artifact_is_there(runs: Path, names: Names = NAMES) -> None:
    for name, report in _reports(runs, names):
        for artifact, path in report["artifacts"].items():
            assert (runs / name / path).exists(), f"{name}: its {artifact}, {name}/{path}, is not there"


def each_ran_where_it_says(runs: Path, names: Names = NAMES, engine_promised: bool = False) -> None:
    """`engine_promised`: there is a Docker engine, so that it is a defect if no container was used."""
    for name, report in _reports(runs, names):
        allowed = {ISOLATION.get(name, "none")} | ({"none"} if name == "workflow" and not engine_promised else set())
        ours = report["isolation"]
        assert ours in allowed, f"{name}: isolation in {name}/report.json is {ours}, not {' or '.join(sorted(allowed))}"


CHECKS: tuple[Callable[[Path, Names], None], ...] = (
    each_has_both_files,
    each_report_keeps_the_schema,
    each_has_the_six_stages,
    all_have_one_world,
    all_predict_the_same,
    all_measure_the_same,
    each_artifact_is_there,
    each_ran_where_it_says,
)


def each_pipeline_has_the_six_files(root: Path) -> None:
    for folder in ("churn", *PIPELINES):
        for stage in stage_table():
            assert (root / folder / f"{stage}.py").is_file(), f"{folder}: the stage {folder}/{stage}.py is missing"


def no_pipeline_uses_another(root: Path) -> None:
    """Neither by an import, also one inside a function, nor by a module's name in a string."""
    for folder in PIPELINES:
        for file in sorted((root / folder).rglob("*.py")):
            found = (imported_modules(file) | named_modules(file)) & set(PIPELINES) - {folder}
            assert not found, f"{folder}: {file.relative_to(root).as_posix()} uses {', '.join(sorted(found))}"


def imported_modules(file: Path) -> set[str]:
    """Top-level names that a Python file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:  # from .. import name: it may be a neighbour
            names |= {(node.module or alias.name).split(".")[0] for alias in node.names} if node.level > 1 else set()
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def named_modules(file: Path) -> set[str]:
    """Top-level names of what looks like a module in a string: what importlib or `python -m` would be given."""
    texts = (
        node.value for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant)
    )
    return {text.split(".")[0] for text in texts if isinstance(text, str) and re.fullmatch(r"\w+(\.\w+)*", text)}


def _reports(runs: Path, names: Names) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((name, _report(runs, name)) for name in names)


def _report(runs: Path, name: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((runs / name / "report.json").read_text(encoding="utf-8"))
    return report
