"""A refusal: one sentence that names the notebook and the cell, says what is wrong, and what to do."""

from dataclasses import dataclass
from pathlib import Path

from notebooks.hermetic.cells import Cell


@dataclass(frozen=True)
class Refusal:
    """`what` begins with a verb, and `instead` says what to do: "reads /home/ann/x.csv", "declare it in INPUTS"."""

    notebook: Path
    cell: Cell | None  # None if the whole notebook is at fault
    what: str
    instead: str

    def __str__(self) -> str:
        where = f"{self.notebook}, {self.cell.place}" if self.cell else str(self.notebook)
        return f"{where} {self.what}: {self.instead}"
