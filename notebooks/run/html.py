"""Turn executed notebooks into pages that load nothing from other sites."""

from pathlib import Path

import nbformat
from nbconvert import HTMLExporter

from churn.storage.atomic import write_file

ELSEWHERE = [name for name in HTMLExporter.class_trait_names() if name.endswith("_url")]  # scripts of other sites


def write_html(executed: nbformat.NotebookNode, target: Path, title: str) -> None:
    """Write one executed notebook as a page."""
    exporter = HTMLExporter(**dict.fromkeys(ELSEWHERE, ""), embed_images=True)
    body, _ = exporter.from_notebook_node(executed, resources={"metadata": {"name": title}})
    write_file(target, body)
