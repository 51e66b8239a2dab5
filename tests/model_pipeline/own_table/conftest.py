from collections.abc import Iterator

import pytest

from model_pipeline.campaign import THRESHOLDS


@pytest.fixture(autouse=True, scope="package")
def few_thresholds() -> Iterator[None]:
    """Choose among every tenth threshold: each one costs a score in each fold."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model_pipeline.own_table.fit.THRESHOLDS", THRESHOLDS[::10])
        yield
