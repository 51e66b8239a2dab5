"""Questions to the model half, which it answers with JSON: these modules run in its environment, with MLflow."""

import argparse
import os
from pathlib import Path

from churn.harness.command import command
from together.engines.servers import Servers, read_servers
from together.inside.month import open_registry


def asked(module: str, description: str, *more: str) -> tuple[argparse.Namespace, Servers]:
    """Return the arguments and the servers, after MLflow's registry has been opened. `more` are required options."""
    options = command(module, description)
    options.add_argument("--folder", type=Path, required=True)
    options.add_argument("--experiment", required=True)
    for name in more:
        options.add_argument(name, required=True)
    arguments = options.parse_args()
    servers = read_servers(arguments.folder)
    os.environ |= servers.variables()
    open_registry(arguments.experiment, arguments.folder)
    return arguments, servers
