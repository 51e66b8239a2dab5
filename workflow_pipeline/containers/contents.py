"""Print the table of what each image contains, for README.md: `python -m workflow_pipeline.containers.contents`."""

import re

from workflow_pipeline.images import ENVIRONMENT, application_context, context

WORTH_NAMING = ("polars", "pandera", "frouros", "numpy", "scikit-learn", "skops", "fastapi")


def table() -> str:
    """Return a Markdown table with a row per image: those of the six steps, and the serving image."""
    rows = ["| image | packages | of these | files of `churn/` |", "|---|---|---|---|"]
    contexts = {stage: context(stage) for stage in ENVIRONMENT} | {"serving": application_context()}
    for name, files in contexts.items():
        locks = "".join(text.decode() for path, text in files.items() if path.startswith("requirements/"))
        pins = dict(re.findall(r"^([\w.-]+)==(\S+)", locks, re.MULTILINE))
        named = ", ".join(f"{package} {pins[package]}" for package in WORTH_NAMING if package in pins)
        modules = re.findall(r"code/churn/(?:\w+/)?([a-z]\w*)\.py", " ".join(files))
        rows.append(f"| `{name}` | {len(pins)} | {named} | {', '.join(modules)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
