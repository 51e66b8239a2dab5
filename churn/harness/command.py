"""The command line that every pipeline shares: which world, which month, where to write."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from churn.checks.readable import months_exported
from churn.collect import partition_of_export
from churn.harness.errors import BadInput
from churn.harness.terminal import progress_bar
from churn.simulator.behaviour import block_count
from churn.simulator.exports import export, unfinished
from churn.simulator.world import World
from churn.storage.months import add_months, month_range, parse_month
from churn.tables import FEWEST_MONTHS_TO_LEARN


@dataclass(frozen=True)
class OperatorData:
    """The exports to work on: the months from the operator's first to the one to score."""

    source: Path
    months: list[str]
    seed: int | None  # None for exports that we did not simulate

    @property
    def newest(self) -> str:
        """The month to score."""
        return self.months[-1]

    @property
    def holdout_month(self) -> str:
        """The newest month whose labels are known."""
        return add_months(self.newest, -1)

    @property
    def truth(self) -> Path:
        """The folder of the true probabilities. It does not exist for exports that we did not simulate."""
        return self.source.with_name("truth")


class OneSentenceParser(argparse.ArgumentParser):
    """Report a bad option like any other bad input: one sentence, exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise BadInput(message)


def command(module: str, description: str) -> argparse.ArgumentParser:
    """Return a parser for `python -m module`, with no options yet."""
    return OneSentenceParser(prog=f"python -m {module}", description=description)


def parser(module: str, description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every pipeline has; make calls them N=, SEED= and MONTH=."""
    world, options = World(), command(module, description)
    options.add_argument(
        "--customers", type=whole_number("N"), default=world.customers, help="customers at the start (make: N=)"
    )
    options.add_argument(
        "--seed", type=whole_number("SEED"), default=world.seed, help="seed of the simulation (make: SEED=)"
    )
    options.add_argument(
        "--month", type=parse_month_argument, help="the month to score (make: MONTH=); default: the newest"
    )
    options.add_argument("--source", type=Path, help="a folder of exports to use instead of the simulated ones")
    options.add_argument("--runs", type=Path, default=Path("runs"), help="where to write (default: runs)")
    return options


def whole_number(make_setting: str) -> Callable[[str], int]:
    """Return a converter for argparse. Its error names the setting as make does: "N=abc: a whole number is wanted"."""

    def convert(text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{make_setting}={text}: a whole number is wanted") from None

    return convert


def parse_month_argument(text: str) -> str:
    """Convert a month for argparse; see `parse_month`."""
    try:
        return parse_month(text)
    except BadInput as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def make_settings(arguments: argparse.Namespace) -> str:
    """Return the settings of this world as make takes them, such as " N=1000", for a command to run next."""
    default = World()
    settings = {"N": (arguments.customers, default.customers), "SEED": (arguments.seed, default.seed)}
    return "".join(f" {name}={value}" for name, (value, usual) in settings.items() if value != usual)


def operator_data(arguments: argparse.Namespace) -> OperatorData:
    """Return the exports to work on. Months of a simulated world that are not there yet are simulated first."""
    if arguments.source is not None:
        months = _months_to_use(_exported(arguments.source), arguments.month)
        for month in months:  # a gap is found before the first stage runs
            partition_of_export(arguments.source, month)
        return OperatorData(arguments.source, months, None)
    world = World(customers=arguments.customers, seed=arguments.seed)
    months = _months_to_use(world.all_months(), arguments.month)
    source = arguments.runs / "world" / world.name / "source"
    if missing := unfinished(source, months):
        with progress_bar(f"simulate {world.customers:,} customers", len(missing) * block_count(world)) as bar:
            export(world, source, missing, bar.advance)
    return OperatorData(source, months, world.seed)


def _exported(source: Path) -> list[str]:
    months = months_exported(source)
    first, newest = min(months, default="2025-01"), max(months, default="2025-01")
    partition_of_export(source, first)
    partition_of_export(source, newest)
    return month_range(first, newest)


def _months_to_use(there: list[str], month: str | None) -> list[str]:
    month = month or there[-1]
    earliest = add_months(there[0], FEWEST_MONTHS_TO_LEARN - 1)
    if not earliest <= month <= there[-1]:
        raise BadInput(
            f"MONTH={month} cannot be scored: choose a month from {earliest} to {there[-1]} "
            f"(data begins in {there[0]}, and learning takes {FEWEST_MONTHS_TO_LEARN} months)"
        )
    return [past for past in there if past <= month]
