"""Decide what each image contains, and compute its name from that.

An image's tag is a digest of everything that this repository puts into it: the Dockerfile, the locks, and the code
that its step imports. The same tree gives the same tag on any machine. A changed line in `churn/process.py` gives a
new tag to the steps that import it, and to no other.

The digest does not cover the base image, which the Dockerfile names by its tag. To use a newer one, run `docker pull`
and `make clean-images`.
"""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
HERE = ROOT / "workflow_pipeline"
REPOSITORY = "one-churn-problem"
LABEL = "one-churn-problem=workflow"  # the Dockerfile puts it on every image
LOCKS_IN_ALL = ("kfp",)
ENVIRONMENT = {
    "collect": "process",
    "validate": "validate",
    "process": "process",
    "build": "train",
    "train": "train",
    "deploy": "serve",
}


def image(stage: str) -> str:
    """Return the name of a step's image. It is known before the image is built."""
    return f"{REPOSITORY}/{stage}:{tag_of(context(stage))}"


def context(stage: str) -> dict[str, bytes]:
    """Return the build context of a step's image: file contents by path."""
    return context_of(code_of(HERE / f"{stage}.py", only_inside_functions=True), lock(ENVIRONMENT[stage]))


def serving_context(model: Path, card: str) -> dict[str, bytes]:
    """Return the build context of the serving image: the application, the model file and its description."""
    return {**application_context(), "model/model.skops": model.read_bytes(), "model/card.json": card.encode()}


def application_context() -> dict[str, bytes]:
    """Return the part of the serving image's build context that is the same for every model."""
    code = code_of(HERE / "serving" / "app.py") | code_of(HERE / "serving" / "limits.py")
    return context_of(code, lock(ENVIRONMENT["deploy"]))


def lock(name: str) -> Path:
    """Return the lock of one of this pipeline's environments."""
    return HERE / "locks" / f"{name}.txt"


def context_of(code: set[Path], packages: Path) -> dict[str, bytes]:
    """Return a build context from the files of code that it holds and the lock of its packages."""
    files = {"Dockerfile": HERE / "Dockerfile"}
    files |= {f"requirements/{file.name}": file for file in (*map(lock, LOCKS_IN_ALL), packages)}
    files |= {f"code/{file.relative_to(ROOT).as_posix()}": file for file in code}
    return {name: files[name].read_bytes() for name in sorted(files)}


def tag_of(context: dict[str, bytes]) -> str:
    """Return the first 12 hex digits of a SHA-256 over the paths and contents of a build context."""
    digest = hashlib.sha256()
    for name in sorted(context):
        digest.update(f"{name} {hashlib.sha256(context[name]).hexdigest()}\n".encode())
    return digest.hexdigest()[:12]


def code_of(file: Path, only_inside_functions: bool = False) -> set[Path]:
    """Return the file itself and the files of this repository that it imports, directly or indirectly.

    With `only_inside_functions`, the file is a component: kfp sends its function to the container, so only the imports
    inside of the function count, and the file itself is left out.
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
    """Return the __init__.py of each package that contains the module."""
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
