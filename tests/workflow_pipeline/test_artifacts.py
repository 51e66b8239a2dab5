"""A lake made of artifacts: sealed when it is whole, empty when it begins."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from churn.harness.errors import BadInput
from workflow_pipeline.artifacts import lake_of


def artifact(path: Path) -> SimpleNamespace:
    return SimpleNamespace(path=str(path), metadata={})


def test_a_retry_begins_with_nothing_of_the_try_that_failed(tmp_path: Path) -> None:
    raw = artifact(tmp_path / "raw")
    with pytest.raises(ConnectionError), lake_of(inputs={}, outputs={"raw": raw}) as lake:
        (lake / "raw" / "half").touch()
        raise ConnectionError
    assert "sha256" not in raw.metadata
    with lake_of(inputs={}, outputs={"raw": raw}) as lake:
        assert list((lake / "raw").iterdir()) == []
        (lake / "raw" / "whole").touch()
    with lake_of(inputs={"raw": raw}, outputs={}) as lake:
        assert [file.name for file in (lake / "raw").iterdir()] == ["whole"]


def test_an_artifact_that_was_changed_or_never_sealed_is_refused(tmp_path: Path) -> None:
    raw = artifact(tmp_path / "raw")
    with lake_of(inputs={}, outputs={"raw": raw}):
        pass
    Path(raw.path, "added").touch()
    for refused in (raw, artifact(tmp_path)):
        with pytest.raises(BadInput, match="was changed after its step had written it"), lake_of({"raw": refused}, {}):
            pass
