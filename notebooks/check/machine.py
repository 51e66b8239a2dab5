"""Refuse what depends on one machine: absolute paths, variables, the clock, a shell, a network."""

import ast
import re
from collections.abc import Iterator

from notebooks.check.parsed import Parsed, dotted, is_shell, magic, texts, texts_of
from notebooks.check.refusals import Refusal
from notebooks.hermetic.cells import Notebook

CARRIED_OVER = {"store": "brings values from another notebook", "run": "runs another notebook's cells in this one"}
MAGICS = {
    **CARRIED_OVER,
    "cd": "changes the working folder",
    "load": "replaces the cell by another file",
    "loadpy": "replaces the cell by another file",
    "env": "reads or sets variables of this machine",
    "set_env": "sets variables of this machine",
    "dotenv": "reads variables of this machine",
    "pip": "installs packages that the next run may not get",
    "conda": "installs packages that the next run may not get",
    "uv": "installs packages that the next run may not get",
    "mamba": "installs packages that the next run may not get",
    "writefile": "writes a file that OUTPUTS cannot name",
    "bash": "runs a shell, whose files nobody declares",
    "sh": "runs a shell, whose files nobody declares",
    "script": "runs a shell, whose files nobody declares",
    "system": "runs a shell, whose files nobody declares",
    "sx": "runs a shell, whose files nobody declares",
}
SHELLS = {("os", "system"), ("os", "popen"), ("os", "execv"), ("os", "spawnv")}
CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("Timestamp", "now"),
    ("Timestamp", "today"),
}
ABSOLUTE = re.compile(
    r"/(?:home|Users|root|tmp|var|etc|mnt|media|data|opt|srv|usr|Volumes|private|content|kaggle|dbfs|workspace|work|scratch|project)s?/\S"
    r"|/[\w.-]+(?:/[\w .-]+)*\.\w{2,8}$"  # /anything/that/looks/like/a.file
    r"|~\w*/|~$"
    r"|[A-Za-z]:[\\/]\S"
    r"|\\\\[\w.-]+\\",
)
ADDRESS = re.compile(
    r"(https?|ftp|s3a?|gs|gcs|abfss?|az|hf|hdfs|postgres(ql)?|mysql|mssql|snowflake|bigquery)(\+\w+)?://"
)
READS = re.compile(
    r"(read|scan|open|load|urlopen|urlretrieve|connect|create_engine|genfromtxt|loadtxt|fetch)\w*$", re.IGNORECASE
)
FETCHERS = {"requests", "httpx", "urllib3", "aiohttp"}


def machine(notebook: Notebook, cells: list[Parsed]) -> Iterator[Refusal]:
    """Nothing depends on this machine: absolute paths, its variables, its clock, its shell, its network."""
    for each in cells:
        for text in dict.fromkeys(texts(each)):
            if ABSOLUTE.match(text):
                yield Refusal(
                    notebook.path,
                    each.cell,
                    f"names {text}, a path of one machine",
                    "write it relative to the working folder, or make it a parameter",
                )
        told = set()
        for what, instead in _calls_of_machine(each):
            if what not in told:
                told.add(what)
                yield Refusal(notebook.path, each.cell, what, instead)


def _calls_of_machine(each: Parsed) -> Iterator[tuple[str, str]]:
    for node in each.nodes:
        name = magic(node)
        if name in MAGICS:
            yield f"uses %{name}, which {MAGICS[name]}", _instead_of_magic(name)
        if isinstance(node, ast.Subscript | ast.Attribute) and dotted(node.value)[-1:] == ("environ",):
            yield (
                "reads a variable of this machine (os.environ)",
                "make it a parameter; a secret belongs to the job that runs the notebook",
            )
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            for module in modules:
                if module.split(".")[0] == "subprocess":
                    yield "imports subprocess, to start a shell or a program", "do it in Python, from INPUTS to OUTPUTS"
                if module.split(".")[0] in FETCHERS:
                    yield (
                        f"imports {module}, to fetch from a network",
                        "fetch in the collect stage, and read the copy that INPUTS names",
                    )
    for call in each.calls:
        parts = dotted(call.func)
        last_two = parts[-2:]
        if last_two in SHELLS or is_shell(call):
            yield f"starts a shell or a program ({'.'.join(parts) or '!'})", "do it in Python, from INPUTS to OUTPUTS"
        elif parts[-1:] == ("getenv",) or last_two == ("os", "getenv"):
            yield (
                "reads a variable of this machine (os.getenv)",
                "make it a parameter; a secret belongs to the job that runs the notebook",
            )
        elif last_two == ("os", "chdir") or parts[-1:] == ("chdir",):
            yield (
                "changes the working folder",
                "the paths of all later cells depend on it: write paths relative to one folder",
            )
        elif last_two in CLOCKS:
            yield (
                f"reads the clock ({'.'.join(last_two)})",
                "make the date a parameter, or the same inputs give other outputs tomorrow",
            )
        elif parts and READS.match(parts[-1]):
            for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
                for text in texts_of(argument):
                    if ADDRESS.match(text):
                        shown = re.sub(r"//[^/@]*@", "//…@", text)[:60]
                        yield (
                            f"reads {shown} from a network",
                            "fetch in the collect stage, and read the copy that INPUTS names",
                        )


def _instead_of_magic(name: str) -> str:
    if name in CARRIED_OVER:
        return "write a file there, and read it here as one of INPUTS"
    if name in ("pip", "conda", "uv", "mamba"):
        return "add the package to the environment's lock"
    return "do it in Python, from INPUTS to OUTPUTS"
