"""A store that cannot be used gives one sentence and exit code 2, and loses nothing. Importing changes nothing."""

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from errno import ENOSPC
from pathlib import Path
from tempfile import gettempdir

import mlflow
import pytest
from sklearn.linear_model import LogisticRegression

from churn.harness.errors import BadInput
from churn.storage.atomic import sha256_of
from tests.demos import MONTH
from tests.tracking_pipeline.conftest import NAME, ROOT, SMALL_WORLD, command
from tracking_pipeline.safety.store import open_store, store_errors_as_sentences

pytestmark = [pytest.mark.slow, pytest.mark.thorough]  # each starts a command, which imports MLflow
IMPORT_ALL = """
import importlib, os, sys
from pathlib import Path
import mlflow
before = os.getcwd(), mlflow.get_tracking_uri(), sorted(Path.cwd().iterdir())
entry_point = "scoring_app.py"  # of the scoring server, which has set what it needs
for file in (file for file in Path(sys.argv[1]).rglob("*.py") if file.name != entry_point):
    importlib.import_module(".".join(["tracking_pipeline", *file.relative_to(sys.argv[1]).with_suffix("").parts]))
assert before == (os.getcwd(), mlflow.get_tracking_uri(), sorted(Path.cwd().iterdir()))
assert not mlflow.active_run()
print(*before)
"""


@pytest.fixture
def runs(source: Path, store: Path, name: str, tmp_path: Path) -> Path:
    """Return a runs folder with the small world, and a store that was used before."""
    world = tmp_path / "world" / source.parent.name
    world.parent.mkdir()
    world.symlink_to(source.parent)
    (tmp_path / "tracking").mkdir()
    shutil.copy(store / "mlflow.db", tmp_path / "tracking")
    return tmp_path


def refusal(runs: Path, *words: str, **environment: str) -> str:
    """Return the error that a command prints; the store must be the same after it."""
    database = runs / "tracking" / "mlflow.db"
    before = sha256_of(database)
    refused = command(*words, *SMALL_WORLD, runs=runs, **environment)
    assert refused.returncode == 2, refused.stderr
    lines = refused.stderr.strip().splitlines()
    assert len(lines) == 1, refused.stderr
    assert sha256_of(database) == before
    return lines[0]


def test_a_store_that_is_opened_again_knows_how_much_it_holds(store: Path, name: str) -> None:
    """SQLite needs these counts to search many runs fast."""
    with mlflow.start_run():
        mlflow.log_metric("log_loss", 0.1)
    open_store(store, name)
    with closing(sqlite3.connect(store / "mlflow.db")) as database:
        counted = {row[0] for row in database.execute("SELECT tbl FROM sqlite_stat1")}
    assert {"runs", "tags", "latest_metrics"} <= counted


def test_a_store_of_another_schema_version(runs: Path) -> None:
    with closing(sqlite3.connect(runs / "tracking" / "mlflow.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'abcdef123456'")
    assert "was made by a different MLflow than" in refusal(runs)


def test_a_damaged_store(runs: Path) -> None:
    (runs / "tracking" / "mlflow.db").write_bytes(os.urandom(8192))
    assert "is damaged: restore it from a copy" in refusal(runs, "lineage")


def test_a_server_that_does_not_answer(runs: Path) -> None:
    refused = refusal(runs, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert "no tracking server answers at http://127.0.0.1:9" in refused


def test_a_full_disk(runs: Path) -> None:
    """A limit on the size of a file replaces it: SQLite reaches the limit in the middle of a transaction."""
    database = runs / "tracking" / "mlflow.db"
    limit = database.stat().st_size + 16_384
    process = subprocess.run(
        [sys.executable, "-m", "tracking_pipeline", *SMALL_WORLD, f"--runs={runs}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert process.returncode == 2, process.stderr
    assert "takes no more of the store" in process.stderr or "File too large" in process.stderr
    assert "Traceback" not in process.stderr
    with closing(sqlite3.connect(database)) as again:
        assert again.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_full_temporary_folder_is_not_blamed_on_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow packs a model there, and calls any failure a class that skops does not support."""

    def refuse(*_: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    monkeypatch.setattr("skops.io.dump", refuse)
    sentence = f"^No space left on device: the temporary folder {gettempdir()}; make room"
    with pytest.raises(BadInput, match=sentence), store_errors_as_sentences():
        mlflow.sklearn.save_model(LogisticRegression(), tmp_path / "model", serialization_format="skops")


def test_a_month_with_no_model(runs: Path) -> None:
    open_store(runs / "tracking", NAME)
    refused = command("lineage", *SMALL_WORLD, runs=runs)
    assert refused.returncode == 2
    assert f"no model of {NAME} was live in {MONTH}: there is none yet: make demo-tracking" in refused.stderr


def test_an_alias_that_does_not_exist(runs: Path) -> None:
    open_store(runs / "tracking", NAME)
    refused = command("rollback", *SMALL_WORLD, runs=runs)
    assert refused.returncode == 2
    assert (
        f"{NAME} has no version to go back to (none was live before): make demo-tracking trains one" in refused.stderr
    )


def test_a_version_that_does_not_exist(runs: Path) -> None:
    open_store(runs / "tracking", NAME)
    refused = command("force", "--version=9", *SMALL_WORLD, runs=runs)
    assert refused.returncode == 2
    assert f"{NAME} has no version 9, or it was deleted: make demo-tracking trains some" in refused.stderr


def test_importing_changes_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, str(ROOT / "tracking_pipeline")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
