"""Sentences about a container that cannot be started."""

import pytest

from workflow_pipeline.serving.container import _refused_port


@pytest.mark.parametrize("port", [None, 0])
def test_a_port_that_nobody_chose_is_not_named(port: int | None) -> None:
    for reason in ("network bridge not found", "address already in use"):
        sentence = (
            f"the model cannot be served on a free port ({reason}): if it is the engine's network, restart the engine"
        )
        assert _refused_port(port, reason) == sentence


def test_a_chosen_port_is_named() -> None:
    assert _refused_port(8080, "address already in use").startswith("port 8080 is taken: make serve-workflow PORT=8081")
    assert _refused_port(8080, "no such network").startswith(
        "the model cannot be served on port 8080 (no such network)"
    )
