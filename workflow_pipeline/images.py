"""The images: what is in each, and what it is called.

An image's tag is a digest of all that this repository puts into it: the Dockerfile, its locks, and the files of code
that its step imports. So the same tree gives the same tag on any machine, and a changed line in `churn/process.py`
gives a new image to the steps that import it and to no other. What is not in the digest is the base image, which the
Dockerfile names by its tag: for a newer one, `docker pull` it, and `make clean-images`.
"""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
HERE = ROOT / "workflow_pipeline"
REPOSITORY = "one-churn-problem"
LABEL = "one-churn-problem=workflow"  # on all of them, says the Dockerfile
LOCKS_IN_ALL = ("kfp",)
ENVIRONMENT = {
    "collect": "collect",
    "validate": "validate",
    "process": "process",
    "build": "train",
    "train": "train",
    "deploy": "serve",
}


def image(stage: str) -> str:
    """The name of a step's image, known before it is built."""
    return f"{REPOSITORY}/{stage}:{tag_of(context(stage))}"


def context(stage: str) -> dict[str, bytes]:
    """All that a step's image is built from: contents by path in the build context."""
    return _context(ENVIRONMENT[stage], code_of(HERE / f"{stage}.py", only_inside_functions=True))


def serving_context(model: Path, card: str) -> dict[str, bytes]:
    """All that the serving image is built from: the application, and the model."""
    return {**application_context(), "model/model.skops": model.read_bytes(), "model/card.json": card.encode()}


def application_context() -> dict[str, bytes]:
    """The environment of `deploy` and the web application."""
    return _context(ENVIRONMENT["deploy"], code_of(HERE / "serving" / "app.py"))


def _context(environment: str, code: set[Path]) -> dict[str, bytes]:
    files = {"Dockerfile": HERE / "Dockerfile"}
    files |= {f"requirements/{lock}.txt": HERE / "locks" / f"{lock}.txt" for lock in (*LOCKS_IN_ALL, environment)}
    files |= {f"code/{file.relative_to(ROOT).as_posix()}": file for file in code}
    return {name: files[name].read_bytes() for name in sorted(files)}


def tag_of(context: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(context):
        digest.update(f"{name} {hashlib.sha256(context[name]).hexdigest()}\n".encode())
    return digest.hexdigest()[:12]


def code_of(file: Path, only_inside_functions: bool = False) -> set[Path]:
    """The files of this repository that `file` imports, and what these import in turn; not `file` itself.

    What a component imports inside its function runs in the container; the rest of its file stays outside.
    """
    found: set[Path] = set()
    waiting = list(_imports(file, only_inside_functions))
    while waiting:
        imported = waiting.pop()
        if imported not in found:
            found |= {imported, *_packages_of(imported)}
            waiting += _imports(imported)
    return found if only_inside_functions else found | {file, *_packages_of(file)}


def _packages_of(module: Path) -> set[Path]:
    """The __init__.py of each package that the module is in."""
    return {ROOT / folder / "__init__.py" for folder in module.relative_to(ROOT).parents if folder != Path()}


def _imports(file: Path, only_inside_functions: bool = False) -> Iterator[Path]:
    tree: ast.AST = ast.parse(file.read_text(encoding="utf-8"))
    roots = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)] if only_inside_functions else [tree]
    for node in [node for root in roots for node in ast.walk(root)]:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [imported.name for imported in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{imported.name}" for imported in node.names)]
        for name in names:
            module = ROOT / f"{name.replace('.', '/')}.py"
            if module.is_file():
                yield module
