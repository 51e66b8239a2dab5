"""Decisions without a store: which version goes live, why, and what the run of the decision is given.

test_promotion.py makes the same decisions in MLflow, with models.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import polars as pl
import pytest
from mlflow.entities.model_registry import ModelVersion

from tracking_pipeline import promote
from tracking_pipeline.safety.moves import NOTHING, Decision

LAKE, MONTH, HOLDOUT = Path("lake"), "2025-05", pl.DataFrame({"holdout": [1]})
LIVE = {"roc_auc": 0.82, "calibration_error": 0.008, "campaign_value_eur": 5000.0}


class Desk:
    """Stands for MLflow: it has versions 1 to 3, and notes what promote.py asks of it. A model is its version."""

    def __init__(self) -> None:
        self.versions = {number: version(number) for number in "123"}
        self.scores = {number: LIVE for number in "123"}
        self.live, self.moved = NOTHING, ""
        self.past: list[Decision] = []
        self.noted: list[tuple[Any, ...]] = []

    def training_and_holdout(self, lake: Path, month: str) -> tuple[None, pl.DataFrame]:
        assert (lake, month) == (LAKE, MONTH)
        return None, HOLDOUT

    def aliased(self, alias: str) -> ModelVersion | None:
        assert alias == "champion"
        return self.versions.get(self.live)

    def live_number(self) -> str:
        return self.live

    def history(self) -> list[Decision]:
        return self.past

    def moved_by_hand(self, expected: str) -> str:
        self.noted.append(("looked whether live is", expected))
        return self.moved

    @contextmanager
    def child_run(self, name: str, **tags: str) -> Iterator[None]:
        self.noted.append((name, tags))
        yield
        self.noted.append(("end",))

    def load_version(self, version: ModelVersion) -> str:
        self.noted.append(("loaded", version.version))
        return str(version.version)

    def evaluated(self, model: str, holdout: pl.DataFrame) -> dict[str, float]:
        assert holdout is HOLDOUT
        return self.scores[model]

    def decision_plots(self, models: dict[str, str], holdout: pl.DataFrame) -> list[tuple[str, str]]:
        assert holdout is HOLDOUT
        return [("plot.png", f"a plot of {models}")]

    def log_metrics(self, metrics: dict[str, float]) -> None:
        self.noted.append(("metrics", metrics))

    def log_figure(self, figure: str, file: str) -> None:
        self.noted.append((file, figure))

    def make_live(self, version: ModelVersion, what: str, reasons: str, about: str | None = None) -> Decision:
        self.noted.append(("moved to", version.version))
        return Decision(what, MONTH, about or str(version.version), str(version.version), reasons)

    def decided(self, what: str, about: str, live: str, reasons: str) -> Decision:
        self.noted.append((what, about, live, reasons))
        return Decision(what, MONTH, about, live, reasons)

    def newest_that_opens(self, numbers: Iterable[str]) -> tuple[ModelVersion, str]:
        *_, newest = found = [*numbers]
        self.noted.append(("looked for one of", found))
        return self.versions[newest], "version 9 was deleted: "


def version(number: str, **tags: str) -> ModelVersion:
    found: Any = SimpleNamespace(version=number, tags={"month": MONTH} | tags)
    return found


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk()
    for name in vars(Desk):
        if name.startswith("log_"):
            monkeypatch.setattr(mlflow, name, getattr(desk, name))
        elif not name.startswith("_"):
            monkeypatch.setattr(promote, name, getattr(desk, name))
    return desk


def judged(desk: Desk, challenger: ModelVersion) -> Decision:
    return promote.decide(LAKE, MONTH, challenger)


def test_the_first_version_goes_live_with_its_scores_and_plots(desk: Desk) -> None:
    assert judged(desk, version("1")) == Decision("promoted", MONTH, "1", "1", "nothing was live")
    assert desk.noted == [
        ("looked whether live is", NOTHING),
        ("version 1 judged", {"stage": "deploy", "role": "decision"}),
        ("loaded", "1"),
        ("metrics", {f"challenger_{metric}": value for metric, value in LIVE.items()}),
        ("plot.png", "a plot of {'challenger': '1'}"),
        ("moved to", "1"),
        ("end",),
    ]


def test_a_better_version_goes_live_and_what_it_earns_is_the_reason(desk: Desk) -> None:
    desk.live, desk.scores["2"] = "1", {**LIVE, "campaign_value_eur": 6234.5}
    reason = "earns 1,234 € more than version 1"
    assert judged(desk, version("2")) == Decision("promoted", MONTH, "2", "2", reason)
    assert desk.noted[2:7] == [
        ("loaded", "2"),
        ("loaded", "1"),
        ("metrics", {f"challenger_{metric}": value for metric, value in desk.scores["2"].items()}),
        ("metrics", {f"champion_{metric}": value for metric, value in LIVE.items()}),
        ("plot.png", "a plot of {'challenger': '2', 'champion': '1'}"),
    ]


def test_a_version_that_the_gates_object_to_does_not_go_live(desk: Desk) -> None:
    desk.live, desk.scores["2"] = "1", {**LIVE, "roc_auc": 0.7, "campaign_value_eur": 4000.0}
    refused = judged(desk, version("2"))
    assert refused.reasons == "roc_auc 0.7000 against 0.8200; campaign_value_eur 4,000 against 5,000"
    assert desk.noted[-2:] == [("refused", "2", "1", refused.reasons), ("end",)]


@pytest.mark.parametrize(
    ("champion", "what"),
    [({"month": "2025-06"}, "refused"), ({"month": "2025-05"}, "promoted"), ({"month": "2025-04"}, "promoted")],
)
def test_a_champion_that_has_learnt_from_newer_months_stays(desk: Desk, champion: dict[str, str], what: str) -> None:
    desk.live, desk.versions["1"] = "1", version("1", **champion)
    desk.scores["2"] = {**LIVE, "campaign_value_eur": 6000.0}
    decision = judged(desk, version("2"))
    assert (decision.what, decision.live) == (what, "1" if what == "refused" else "2")
    if what == "refused":
        assert desk.noted[-2] == ("refused", "2", "1", "@champion has learnt from newer months")


def test_a_champion_that_someone_else_registered_counts_as_the_oldest(desk: Desk) -> None:
    desk.live, desk.scores["2"] = "1", {**LIVE, "campaign_value_eur": 6000.0}
    del desk.versions["1"].tags["month"]
    assert judged(desk, version("2")).what == "promoted"


def test_a_forced_version_is_opened_first_and_its_scores_are_not_asked(desk: Desk) -> None:
    assert promote.force(version("3")) == Decision("forced", MONTH, "3", "3", "a person insisted")
    assert desk.noted == [
        ("loaded", "3"),
        ("looked whether live is", NOTHING),
        ("version 3 forced", {"stage": "deploy", "role": "decision"}),
        ("moved to", "3"),
        ("end",),
    ]


def test_a_rollback_goes_to_a_version_that_was_live_before(desk: Desk) -> None:
    desk.live = "3"
    desk.past = [Decision("promoted", MONTH, number, number, "") for number in ("1", "3", "2", "3")]
    reason = "version 9 was deleted: back to version 2"
    assert promote.roll_back() == Decision("rolled back", MONTH, "3", "2", reason)
    assert desk.noted == [
        ("looked whether live is", "3"),
        ("looked for one of", ["1", "2"]),
        ("version 3 rolled back", {"stage": "deploy", "role": "decision"}),
        ("moved to", "2"),
        ("end",),
    ]


def test_a_move_by_hand_is_printed_in_one_line_and_added_to_the_history(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.live, desk.moved = "2", "@champion was moved by hand: " + 50 * "far "
    promote.note_move_by_hand()
    assert capsys.readouterr().out == f"{desk.moved}\n"
    assert desk.noted == [
        ("looked whether live is", NOTHING),
        ("@champion moved by hand", {"stage": "deploy", "role": "decision"}),
        ("moved by hand", "2", "2", desk.moved),
        ("end",),
    ]
