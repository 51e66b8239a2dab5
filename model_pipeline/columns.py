"""What a model is told about its table: which columns it may see, and as what. It ignores everything else."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Columns:
    """Column names by kind. `dates` maps a column of dates to its strptime format; the model sees days since
    1970.

    `pool_rare_words`: treat categories seen a few times as one. Not needed (and slow) where a contract lists
    the words.
    """

    numeric: list[str]
    categorical: list[str]
    dates: dict[str, str] = field(default_factory=dict)
    pool_rare_words: bool = True

    @property
    def names(self) -> list[str]:
        return [*self.numeric, *self.dates, *self.categorical]
