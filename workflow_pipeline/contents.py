"""The table of what each image contains, for README.md: `python -m workflow_pipeline.contents`."""

import re

from workflow_pipeline.images import ENVIRONMENT, HERE, LOCKS_IN_ALL, context

WORTH_NAMING = ("polars", "pandera", "frouros", "numpy", "scikit-learn", "skops", "fastapi")


def table() -> str:
    """A row per step, in Markdown."""
    rows = ["| image | packages | of these | files of `churn/` |", "|---|---|---|---|"]
    for stage, environment in ENVIRONMENT.items():
        locks = "".join((HERE / "locks" / f"{name}.txt").read_text("utf-8") for name in (*LOCKS_IN_ALL, environment))
        pins = dict(re.findall(r"^([\w.-]+)==(\S+)", locks, re.MULTILINE))
        named = ", ".join(f"{name} {pins[name]}" for name in WORTH_NAMING if name in pins) or "none: Python is enough"
        files = re.findall(r"code/churn/([a-z]\w*)\.py", " ".join(context(stage)))
        rows.append(f"| `{stage}` | {len(pins)} | {named} | {', '.join(files)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())
