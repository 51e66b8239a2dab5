"""Run the answer's graph with kfp's local runner, each step as if on its own machine."""

import re
import subprocess
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kfp import local
from kfp.local import subprocess_task_handler

from workshop.answer import Answer, NotYet

SEE = "workflow_pipeline/pipeline.py, workflow_pipeline/process.py"
CUSTOMERS, THRESHOLD = 60, 0.83
EXPECTED = [str(customer) for customer in range(CUSTOMERS) if customer * 37 % 100 / 100 >= THRESHOLD]


def check(answer: Answer) -> str:
    campaign = answer.function("campaign")
    tasks = campaign.pipeline_spec.root.dag.tasks
    if absent := sorted({"predict", "choose"} - set(tasks)):
        raise NotYet(
            f"the graph no longer has the step {' and the step '.join(absent)}: keep the two steps and their names"
        )
    if "pip install" in str(campaign.pipeline_spec):
        raise NotYet("a step installs packages when it runs, but has no network: keep install_kfp_package=False")
    machines = Machines()
    subprocess_task_handler.run_local_subprocess = machines.run
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(Path("artifacts").absolute()))
    try:
        with redirect_stdout(StringIO()):  # hide the engine's output
            calls = campaign(customers=CUSTOMERS, threshold=THRESHOLD).output
    except RuntimeError as error:
        raise explained(machines, tasks) from error
    finally:
        print(*machines.printed, sep="\n")
    if not inputs_from_predict(tasks, "artifacts"):
        raise NotYet(
            "it runs here only because both steps happen to share a disk: choose declares no input that predict makes, "
            "so the graph does not know that it needs one",
            SEE,
        )
    found = Path(calls.path).read_text(encoding="utf-8").split()
    if found != EXPECTED:
        raise NotYet(
            f"for {CUSTOMERS} customers and a threshold of {THRESHOLD}, the graph chose {len(found)} customers to call "
            f"instead of {len(EXPECTED)} ({', '.join(EXPECTED[:4])} ...)",
            SEE,
        )
    return (
        f"Two steps, each with its own empty disk, and {len(found)} customers to call: choose got everything it needs "
        "through its inputs."
    )


class Machines:
    """Replace kfp's way to start a step: of this machine, a step sees only Python and the packages."""

    def __init__(self) -> None:
        self.step = ""
        self.log = ""
        self.printed: list[str] = []

    def run(self, full_command: list[str], env_vars: dict[str, str] | None = None) -> int:
        self.step = full_command[full_command.index("--function_to_execute") + 1]
        with TemporaryDirectory() as machine:
            here = {"PATH": "/usr/bin:/bin", "HOME": machine, "TMPDIR": machine, **(env_vars or {})}
            done = subprocess.run(full_command, cwd=machine, env=here, capture_output=True, text=True, check=False)
        self.log = done.stdout + done.stderr
        own = re.findall(r"^(?!\[KFP)[^\s{}].*", done.stdout, re.MULTILINE)  # without kfp's own log lines and JSON
        self.printed += [f"{self.step}: {line}" for line in own]
        return done.returncode


def explained(machines: Machines, tasks: Any) -> NotYet:
    """Explain the failure of a step in the terms of this exercise."""
    step = machines.step
    errors = re.findall(r"^\s*(\w+(?:Error|Exception|Exit)): ?(.*)$", machines.log, re.MULTILINE)
    kind, detail = errors[-1] if errors else ("it", "printed no error")
    if kind == "FileNotFoundError" and inputs_from_predict(tasks, "parameters"):
        return NotYet(f"{step} failed ({detail}): the text of a path travels, the file does not", SEE)
    if kind == "FileNotFoundError":
        return NotYet(
            f"{step} failed ({detail}): that file was on the disk of the step that wrote it, and what is not declared "
            "does not travel",
            SEE,
        )
    if kind == "NameError":
        return NotYet(
            f"{step} failed ({detail}): only the lines of the function itself travel to its container, not the rest of "
            "the file. Import inside the function, and make everything else a parameter",
            SEE,
        )
    if kind == "KeyError" and "environ" in machines.log:
        return NotYet(
            f"{step} failed ({detail}): it needs an environment variable of your machine; make it a parameter", SEE
        )
    return NotYet(f"the step {step} failed: {kind}: {detail}")


def inputs_from_predict(tasks: Any, kind: str) -> bool:
    """Check whether `choose` declares an input of that kind (artifacts or parameters) that `predict` makes."""
    inputs = getattr(tasks["choose"].inputs, kind).values()
    made_by = "task_output_artifact" if kind == "artifacts" else "task_output_parameter"
    return any(getattr(given, made_by).producer_task == "predict" for given in inputs)
