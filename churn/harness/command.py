"""What every pipeline's command line has in common: which world, which month, where to write."""

import argparse
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from churn.collect import partition_of_export
from churn.harness.errors import BadInput
from churn.harness.terminal import progress_bar
from churn.simulator.behaviour import block_count
from churn.simulator.exports import export
from churn.simulator.world import World
from churn.storage.months import add_months, month_range, parse_month
from churn.tables import FEWEST_MONTHS_TO_LEARN


@dataclass(frozen=True)
class OperatorData:
    """The exports to work on: the months from the operator's first to the one to score."""

    source: Path
    months: list[str]
    seed: int | None  # None for exports that nobody here simulated


class OneSentenceParser(argparse.ArgumentParser):
    """Reports a bad option like any other bad input: one sentence, exit code 2, and what make calls the option."""

    def error(self, message: str) -> NoReturn:
        message = message.replace("invalid int value:", "a whole number is wanted, not")
        for action in self._actions:
            if in_make := re.search(r"\(make: \w+=\)", action.help or ""):
                for option in action.option_strings:
                    message = re.sub(rf"(?:argument )?{option}\b", f"{option} {in_make[0]}", message)
        raise BadInput(message)


def parser(prog: str, description: str) -> argparse.ArgumentParser:
    default = World()
    command = OneSentenceParser(prog=prog, description=description)
    command.add_argument("--customers", type=int, default=default.customers, help="customers at the start (make: N=)")
    command.add_argument("--seed", type=int, default=default.seed, help="of the simulation (make: SEED=)")
    command.add_argument(
        "--month", type=parse_month_argument, help="the month to score (make: MONTH=); default: the newest"
    )
    command.add_argument("--source", type=Path, help="a folder of exports to use instead of the simulated ones")
    command.add_argument("--runs", type=Path, default=Path("runs"), help="where to write (default: runs)")
    return command


def parse_month_argument(text: str) -> str:
    try:
        return parse_month(text)
    except BadInput as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def operator_data(arguments: argparse.Namespace) -> OperatorData:
    """The source to work on; simulated first, with a progress bar, if it is not there yet."""
    if arguments.source is not None:
        return OperatorData(arguments.source, _months_to_use(_exported(arguments.source), arguments.month), None)
    world = World(customers=arguments.customers, seed=arguments.seed)
    months = _months_to_use(world.all_months(), arguments.month)
    source = arguments.runs / "world" / world.name / "source"
    missing = [month for month in months if not (source / f"month={month}").is_dir()]
    if missing:
        with progress_bar(f"simulate {world.customers:,} customers", len(missing) * block_count(world)) as bar:
            export(world, source, missing, bar.advance)
    return OperatorData(source, months, world.seed)


def _exported(source: Path) -> list[str]:
    first = min((folder.name for folder in source.glob("month=*")), default="month=2025-01").removeprefix("month=")
    partition_of_export(source, first)
    newest = max(folder.name for folder in source.glob("month=*")).removeprefix("month=")
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
