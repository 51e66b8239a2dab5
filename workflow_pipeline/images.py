"""The images: what is in each, what it is called, and building those that are not there yet.

An image's tag is a digest of everything that it is built from: the Dockerfile, its locks, and the files of code that its
step imports. So a tag never means two things, a cache keyed by it can't go stale, and a changed line in `churn/process.py`
gives a new image to the steps that import it and to no other.
"""

import ast
import hashlib
import io
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.errors import BadInput

if TYPE_CHECKING:
    from docker import DockerClient

ROOT = Path(__file__).parents[1]
HERE = ROOT / "workflow_pipeline"
REPOSITORY = "one-churn-problem"
LABEL = "one-churn-problem=workflow"  # on all images and containers of ours: how `sweep` knows them
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
    """All that the serving image is built from: the environment of `deploy`, the web application, and the model."""
    files = _context(ENVIRONMENT["deploy"], code_of(HERE / "serving.py"))
    return {**files, "model/model.skops": model.read_bytes(), "model/card.json": card.encode()}


def _context(environment: str, code: set[Path]) -> dict[str, bytes]:
    files = {"Dockerfile": HERE / "Dockerfile"}
    files |= {f"requirements/{lock}.txt": HERE / "locks" / f"{lock}.txt" for lock in ("kfp", environment)}
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
            found |= {imported, imported.parent / "__init__.py"}
            waiting += _imports(imported)
    return found if only_inside_functions else found | {file, file.parent / "__init__.py"}


def _imports(file: Path, only_inside_functions: bool = False) -> Iterator[Path]:
    tree: ast.AST = ast.parse(file.read_text(encoding="utf-8"))
    roots = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)] if only_inside_functions else [tree]
    for node in [node for root in roots for node in ast.walk(root)]:
        if isinstance(node, ast.ImportFrom) and node.module:
            module = ROOT / f"{node.module.replace('.', '/')}.py"
            if module.is_file():
                yield module


def build_missing(
    client: "DockerClient", log: io.TextIOBase, advance: Callable[[str], object] = lambda name: None
) -> list[str]:
    """Build the step images that the engine does not have; return the names of those that were built."""
    built = []
    for stage, environment in ENVIRONMENT.items():
        name = image(stage)
        if build(client, name, context(stage), {"ENVIRONMENT": environment}, "step", log):
            built.append(name)
        advance(name)
    return built


def build(
    client: "DockerClient", name: str, context: dict[str, bytes], arguments: dict[str, str], target: str, log: io.TextIOBase
) -> bool:
    """Build one image unless it is there already, and say whether it was built. Raises BadInput when it cannot be."""
    from docker.errors import BuildError, DockerException, ImageNotFound

    try:
        client.images.get(name)
        return False
    except ImageNotFound:
        pass
    try:
        steps = client.images.build(
            fileobj=_packed(context), custom_context=True, tag=name, target=target, buildargs=arguments, labels=_labels(name), rm=True, forcerm=True
        )[1]
        log.writelines(_text(step) for step in steps)
    except BuildError as error:
        log.writelines(_text(step) for step in error.build_log)
        raise BadInput(f"the image {name} could not be built ({error.msg.strip()})") from error
    except DockerException as error:
        raise BadInput(f"the image {name} could not be built ({error})") from error
    return True


def _labels(name: str) -> dict[str, str]:
    """The Open Container Initiative's own keys, so that any tool can tell where an image came from."""
    repository, tag = name.split(":")
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return {
        "org.opencontainers.image.title": repository,
        "org.opencontainers.image.version": tag,
        "org.opencontainers.image.source": f"{REPOSITORY}/workflow_pipeline/Dockerfile",
        "org.opencontainers.image.revision": commit.stdout.strip() or "unknown",
        "org.opencontainers.image.licenses": "Apache-2.0",
        "one-churn-problem.stage": repository.split("/")[1],
    }


def _packed(context: dict[str, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in context.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(content))
    packed.seek(0)
    return packed


def _text(step: dict[str, Any]) -> str:
    return str(step.get("stream", ""))
