"""Judge whether an export is complete, by its sums and those of the months just before it.

No row is wrong in an export that lost half of its rows, so no rule for rows can notice. The months before give it away:
they have rows on every day, usage of as many customers, and as many rows for each of them. A rule speaks when a figure
is off by more than its usual changes from month to month, and by more than chance. Until FEWEST_MONTHS months, without
a gap, are here before the month, only days without usage count. The verdict depends on the months that are here;
`valid` does not.

- A hole in a table closes the gate, because every customer behind it would look silent.
- A figure that a business can change, such as more rows or another mix of plans, is a warning: a person decides.

No row is put aside: those that are here are right.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise
from math import exp, log, sqrt
from pathlib import Path
from statistics import median
from typing import NamedTuple

from churn.checks.sums import Sums, TableSums, read_sums
from churn.contract import CONFIRMED_MONTHS
from churn.harness.errors import ContractBroken
from churn.lake import partition
from churn.storage.months import add_months, first_day

FEWEST_MONTHS, MOST_MONTHS = 2, 6  # before the month
RECENT_MONTHS = 3  # their median is the usual figure
SURE = 3.0  # how many usual changes a figure may be off; more while few months are here
LEAST_CHANGE = 0.01  # a usual change from month to month is at least this, as a share
BY_CHANCE = 2.5  # how far the square root of a count may be off: five standard deviations
FEWEST_ROWS_IN_A_HOLE = 30  # and three times the largest hole of a usual month
HARDLY_ANY = 0.25  # of a day's usual rows
FEWEST_DAYS_IN_A_HOLE = 3  # to close the gate, in a table that lacks some days in other months too
STEEP = 2 / 3  # of the usual tickets or cancellations: a steeper fall closes the gate
SILENT = 0.05  # of the customers may have no usage, by chance
LATE_DAYS = 7  # rows of one customer come late together


class Finding(NamedTuple):
    """A sign that an export is not complete."""

    closes: bool
    sentence: str


@dataclass(frozen=True)
class Figure:
    """A count per something, which hardly changes from month to month."""

    count: float
    per: float
    observations: float | None = None  # independent ones behind the count; None: the count itself
    closes_below: float = 0.0  # of the usual figure; 1: every fall that is noticed

    @property
    def value(self) -> float:
        return (self.count + 0.5) / max(self.per, 1.0)


def doubts(lake: Path, month: str, sums: Sums) -> list[str]:
    """Return what a person should look at in an export, a sentence each.

    Raises ContractBroken if a table has a hole, unless CONFIRMED_MONTHS has the month.
    """
    found = list(judge(month, sums, sums_before(lake, month)))
    holes = [finding.sentence for finding in found if finding.closes]
    if holes and month not in CONFIRMED_MONTHS:
        raise ContractBroken(
            f"{', and '.join(holes)}: ask the operator for the complete export of {month}, or, if this is it, "
            "add the month to CONFIRMED_MONTHS in churn/contract.py"
        )
    return [finding.sentence for finding in found]


def sums_before(lake: Path, month: str) -> list[Sums]:
    """Return the sums of the valid months just before the month, up to the first gap, in order."""
    sums: list[Sums] = []
    while len(sums) < MOST_MONTHS:
        found = read_sums(partition(lake, "valid", add_months(month, -len(sums) - 1)))
        if found is None:
            break
        sums.insert(0, found)
    return sums


def judge(month: str, sums: Sums, before: Sequence[Sums]) -> Iterator[Finding]:
    """Yield the findings about a month with these sums. `before` has those of the months just before it, in order."""
    if len(before) < FEWEST_MONTHS:
        yield from _holes_of_a_first_month(month, sums["usage"].days)
        return
    for table in sums:
        days = {add_months(month, back - len(before)): of[table].days for back, of in enumerate(before)}
        yield from _holes(table, month, sums[table].days, days)
    words = _words([*before, sums])
    history = [figures(of, before[back - 1] if back else None, words) for back, of in enumerate(before)]
    for name, figure in figures(sums, before[-1], words).items():
        if past := [here[name].value for here in history if name in here]:
            yield from _unusual(name, month, figure, past)


def _holes(table: str, month: str, days: list[int], history: dict[str, list[int]]) -> Iterator[Finding]:
    """Find days with hardly any row, where days of that number and of that weekday usually have many."""
    largest = [max(rows for _, _, rows in _bare_days(past, of, history)) for past, of in history.items()]
    every_day = all(all(of) for of in history.values())
    for bare, (first, last), rows in _bare_days(month, days, history):
        if rows > max(FEWEST_ROWS_IN_A_HOLE, 3 * median(largest)):
            where = f"on {first}" if first == last else f"from {first} to {last}"
            yield Finding(
                every_day or bare >= FEWEST_DAYS_IN_A_HOLE,
                f"{table} {month}: hardly any rows {where}, about {rows:,.0f} are usual",
            )


def _holes_of_a_first_month(month: str, days: list[int]) -> Iterator[Finding]:
    """Find days in a row with hardly any usage by the month's other days: too few months are here before it.

    Usage is the one table with rows on every day, at most without weekends. A month that begins late is a warning:
    exports may begin with it.
    """
    there = [rows for rows in days if rows]
    if len(there) < len(days) / 3:  # a source that reports once a week, or once a month
        return
    usual = round(median(there))
    for bare, (first, _), _ in _bare_days(month, days, {month: [usual] * len(days)}):
        if bare >= FEWEST_DAYS_IN_A_HOLE:
            days_of_hole = [rows if first.day <= day < first.day + bare else usual for day, rows in enumerate(days, 1)]
            for hole in _holes("usage", month, days_of_hole, {month: [usual] * len(days)}):
                yield hole._replace(closes=first.day > 1)


def _bare_days(
    month: str, days: list[int], history: dict[str, list[int]]
) -> list[tuple[int, tuple[date, date], float]]:
    """Return each run of bare days: how many, the first and last, and the rows that are usual on them."""
    of_day, of_weekday = defaultdict(list), defaultdict(list)
    for past, counts in history.items():
        for index, count in enumerate(counts):
            of_day[index].append(count)
            of_weekday[(first_day(past).weekday() + index) % 7].append(count)
    weekday = first_day(month).weekday()
    usual = [min(median(of_day[index] or [0]), median(of_weekday[(weekday + index) % 7])) for index in range(len(days))]
    runs = []
    for bare, group in groupby(range(len(days)), lambda index: days[index] <= HARDLY_ANY * usual[index]):
        run = [index for index in group if usual[index] > 0]
        if bare and run:
            first, last = (first_day(month).replace(day=index + 1) for index in (run[0], run[-1]))
            runs.append((len(run), (first, last), sum(usual[index] for index in run)))
    return runs or [(0, (first_day(month), first_day(month)), 0.0)]


def figures(sums: Sums, previous: Sums | None, words: dict[tuple[str, str], set[str]]) -> dict[str, Figure]:
    """Return a month's figures by name. `previous` is None in the lake's first month, which has everyone as new."""
    usage, customers, active = sums["usage"], sums["customers"], sums["usage"].customers
    days, expected = len(usage.days), active
    found = {"usage: rows per customer": Figure(usage.in_month, active * days, active, closes_below=1)}
    if previous is not None:
        stayed = previous["usage"].customers - previous["cancellations"].in_month
        expected = max(stayed + customers.in_month, 1)
        found |= {
            "usage: customers with usage": Figure(active, expected, expected / SILENT, closes_below=1),
            "usage: rows of the previous month": Figure(usage.before / LATE_DAYS, expected),
            "customers: rows": Figure(customers.in_month, expected),
            "customers: sign-ups before the month": Figure(customers.before, customers.rows),
        }
    for table, closes_below in (("payments", 1.0), ("tickets", STEEP), ("cancellations", STEEP)):
        found[f"{table}: rows"] = Figure(sums[table].in_month, expected, closes_below=closes_below)
    for table, of in sums.items():
        if table != "customers" or previous is not None:
            found |= _figures_of_columns(table, of, words)
    return found


def _figures_of_columns(table: str, sums: TableSums, words: dict[tuple[str, str], set[str]]) -> dict[str, Figure]:
    """Return the mean of each column, how many rows do not have its commonest value, and how many have each word."""
    measured = float(table == "usage")  # a business changes its prices, not how much people talk
    found = {}
    for column, counts in sums.values.items():
        others = sums.sampled - max(counts.values(), default=0)
        closes_below = measured or float(others == 0)
        found[f"{table}: rows without the commonest {column}"] = Figure(others, sums.sampled, None, closes_below)
        if column in sums.totals:
            units = sums.customers or sums.rows
            found[f"{table}: {column} per row"] = Figure(sums.totals[column] / 1000, sums.rows, units, measured)
        else:
            for word in sorted(words[table, column]):
                found[f"{table}: rows with {column} {word}"] = Figure(counts.get(word, 0), sums.sampled)
    return found


def _words(months: Sequence[Sums]) -> dict[tuple[str, str], set[str]]:
    words: dict[tuple[str, str], set[str]] = defaultdict(set)
    for sums in months:
        for table, of in sums.items():
            for column, counts in of.values.items():
                words[table, column] |= counts.keys()
    return words


def _unusual(name: str, month: str, figure: Figure, past: list[float]) -> Iterator[Finding]:
    """Compare a figure with those of the months before it, the oldest first."""
    usual = median(past[-RECENT_MONTHS:])
    changes = [abs(log(after / before)) for before, after in pairwise(past)]
    usual_change = max(LEAST_CHANGE, 1.4826 * median(changes or [0.0]))  # 1.4826: as a standard deviation
    width = SURE * usual_change * sqrt(1 + 6 / len(past))
    ratio = figure.value / usual
    units = figure.observations or usual * figure.per
    chance = BY_CHANCE * sqrt(1 + 1 / min(len(past), RECENT_MONTHS))
    if abs(log(ratio)) > width and abs(sqrt(units * ratio) - sqrt(units)) > chance:
        table, what = name.split(": ")
        expected = usual * figure.per
        off = figure.count / expected - 1
        by = f"{-off:.0%} fewer" if off < 0 else f"{off:.0%} more" if off < 10 else "many more"
        yield Finding(
            ratio < min(figure.closes_below, exp(-width)),
            f"{table} {month}: {what}: {by} than usual ({figure.count:,.0f}, about {expected:,.0f} are usual)",
        )
