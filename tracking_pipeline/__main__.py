"""The churn problem, tracked with MLflow: `python -m tracking_pipeline [demo|lineage|rollback|force|ui|team]`.

- demo: three months of models; a bad one is forced live and rolled back (the default)
- lineage: show what made the model that was live in a month, and make it again
- rollback: undo the newest promotion: the model before it is live again
- force: make a version live without asking the gate: --version 4
- ui: MLflow's own pages over the store
- team: a tracking server for a team: PostgreSQL, passwords, artifacts through the server
"""

from argparse import Namespace

from churn.harness.command import operator_data, parser
from churn.harness.errors import BadInput, exit_on_bad_input
from churn.harness.terminal import console
from tracking_pipeline.promote import force, roll_back
from tracking_pipeline.record import month_run
from tracking_pipeline.registry import model_name, registered_version
from tracking_pipeline.safety.moves import Decision
from tracking_pipeline.safety.store import forget_other_projects, open_store, store_name, with_store_errors_as_sentences
from tracking_pipeline.servers.team import team
from tracking_pipeline.servers.ui import ui
from tracking_pipeline.story.demo import demo
from tracking_pipeline.story.lineage import lineage


def rollback(arguments: Namespace) -> None:
    data = operator_data(arguments)
    open_store(arguments.runs / "tracking", store_name(data))
    with month_run(data.newest, data.seed, "rollback"):
        _print(roll_back())


def insist(arguments: Namespace) -> None:
    if arguments.version is None:
        raise BadInput("name the version to force: --version 4")
    data = operator_data(arguments)
    open_store(arguments.runs / "tracking", store_name(data))
    version = registered_version(arguments.version)
    with month_run(data.newest, data.seed, "forced"):
        _print(force(version))


def _print(decision: Decision) -> None:
    console.print(f"{decision.what}: version {decision.live} of {model_name()} is live ({decision.reasons})")
    console.print("restart the servers that serve it: a server reads the alias only when it starts")


COMMANDS = {"demo": demo, "lineage": lineage, "rollback": rollback, "force": insist, "ui": ui, "team": team}


@exit_on_bad_input
@with_store_errors_as_sentences
def main() -> None:
    options = parser("tracking_pipeline", "The churn problem, tracked with MLflow.")
    options.add_argument("command", nargs="?", choices=COMMANDS, default="demo", help="default: demo")
    options.add_argument("--version", help="the version of the registered model to force")
    arguments = options.parse_args()
    forget_other_projects()
    COMMANDS[arguments.command](arguments)


if __name__ == "__main__":
    main()
