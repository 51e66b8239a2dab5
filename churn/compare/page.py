"""One HTML page about all runs: it carries its style and its plots, and asks no server for anything."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from churn.compare.charts import euros, roc_auc, seconds_by_stage
from churn.compare.runs import DEMOS, SAME_ANSWER, Run, reference_of
from churn.compare.words import five_lines, left_behind, missing
from churn.harness.report import STAGES
from churn.harness.terminal import COLOURS
from churn.storage.atomic import write_file

STYLE = Path(__file__).with_name("page.css")
SHORT = ("engine", "isolation", "answer", "seconds")  # columns that stay on one line
CATEGORIES = {
    "plain": "a bare script",
    "workflow": "workflow pipeline",
    "data": "data pipeline",
    "data-dagster": "data pipeline",
    "model": "model pipeline",
    "tracking": "tracking pipeline",
    "together": "all four, nested",
}


def write_page(runs: Sequence[Run], folder: Path) -> Path:
    """Write `folder`/compare.html and return its path."""
    page = folder / "compare.html"
    write_file(page, to_html(runs, folder))
    return page


def to_html(runs: Sequence[Run], folder: Path) -> str:
    reference, report = reference_of(runs)
    title = f"The same problem, {report.month}, side by side"
    alike = [run for run in runs if run.same_data]
    sections = [
        f"<h1>{title}</h1>",
        f'<p class="soft">Which of {report.customers:,} customers will leave next month? '
        f"{len(alike)} pipelines answer; answers are compared with that of {reference}.</p>",
        f'<div class="rainbow" aria-hidden="true">{"".join(f"<i style={_colour(run)}></i>" for run in runs)}</div>',
        "<h2>What was the same, and what was different</h2>",
        _lines(runs),
        "<h2>The pipelines</h2>",
        _pipelines(runs, folder),
        "<h2>Seconds, by stage</h2>",
        "<p>A stage's seconds are added up over all months, as the engine measured them: what an engine does besides "
        "the stage's own work is among them.</p>",
        seconds_by_stage(alike),
        _stage_table(alike),
        f"<h2>How good is the model? ROC-AUC on {report.holdout_month}</h2>",
        "<p>Measured on a month that no model has learnt from. The baseline is in all pipelines, so that they can be "
        "compared; some then searched for a better model.</p>",
        roc_auc(alike, report.ceiling_roc_auc),
        "<h2>What is it worth? A campaign in euros</h2>",
        f"<p>Whom to call in {report.holdout_month}, what it costs, and what it keeps.</p>",
        euros(alike),
        "<h2>How far apart are the answers?</h2>",
        _differences(runs, reference),
        "<footer><p>Written by <code>make compare</code>, the end of <code>make demo</code>, from the reports in this "
        "folder.</p></footer>",
    ]
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(sections)
        + "\n</main>\n</body>\n</html>\n"
    )


def _lines(runs: Sequence[Run]) -> str:
    lines = [*five_lines(runs), *missing(runs)]
    text = "".join(f"<dt>{word}</dt><dd>{escape(sentence)}</dd>" for word, sentence in lines)
    return f'<dl class="lines">{text.replace(" €", "&nbsp;€")}</dl>'


def _pipelines(runs: Sequence[Run], folder: Path) -> str:
    header = ("pipeline", "engine", "isolation", "answer", "seconds", "leaves behind", "look at")
    rows = []
    for run in runs:
        cells = ["", "", _answer(run), "", "", f"<div><code>make {DEMOS[run.name]}</code></div>"]
        if run.report is not None:
            engine = escape(f"{run.report.engine['name']} {run.report.engine['version']}")
            seconds = "cached" if run.cached else f"{run.seconds:.1f}"
            what, where = left_behind(run, folder)
            command = f"<code>{where}</code>" if where.startswith("make ") else ""
            cells = [engine, run.report.isolation, _answer(run), seconds, what, _links(run, folder, command)]
        rows.append(
            f'<tr role="row" style={_colour(run)}>'
            f'<th role="rowheader" scope="row"><span class="name">{run.name}</span>'
            f"<small>{CATEGORIES[run.name]}</small></th>"
            + "".join(
                f'<td role="cell" data-label="{name}"{" class=short" if name in SHORT else ""}>{cell}</td>'
                for name, cell in zip(header[1:], cells, strict=True)
            )
            + "</tr>"
        )
    return _table("cards", header, rows)


def _links(run: Run, folder: Path, command: str) -> str:
    assert run.report is not None
    paths = {"report": "report.json", **run.report.artifacts}
    links = "".join(
        f'<li><a href="{quote(f"{run.name}/{path}")}">{escape(name.replace("_", " "))}</a></li>'
        for name, path in paths.items()
        if (folder / run.name / path).is_file()
    )
    return f"<div><ul>{links}</ul>{command}</div>"


def _stage_table(runs: Sequence[Run]) -> str:
    rows = []
    for run in runs:
        assert run.report is not None
        cells = ["cached" if stage.status == "cached" else _short(stage.seconds) for stage in run.report.stages]
        rows.append(_figures(run, [*cells, "" if run.cached else _short(run.seconds)]))
    return _table("figures", ("seconds", *STAGES, "all"), rows, figures=True)


def _differences(runs: Sequence[Run], reference: str) -> str:
    rows = []
    for run in runs:
        if run.report is not None and run.name != reference:
            difference = "not comparable" if run.difference is None else f"{run.difference:.1g}"
            rows.append(_figures(run, [f"{run.report.customers:,}", difference, _answer(run)]))
    if not rows:
        return "<p>There is nothing to compare yet.</p>"
    header = (f"with {reference}", "customers", "largest difference", "answer")
    return f"<p>Between two probabilities of the same customer; up to {SAME_ANSWER:g} is called the same.</p>" + _table(
        "figures", header, rows, figures=True
    )


def _figures(run: Run, cells: Sequence[str]) -> str:
    return (
        f'<tr style={_colour(run)}><th scope="row" class="name">{run.name}</th>'
        + "".join(f'<td class="figure">{cell}</td>' for cell in cells)
        + "</tr>"
    )


def _table(kind: str, header: Sequence[str], rows: Sequence[str], figures: bool = False) -> str:
    head = "".join(
        f'<th scope="col"{" class=figure" if figures and number else ""}>{name}</th>'
        for number, name in enumerate(header)
    )
    return f'<table class="{kind}" role="table"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _short(seconds: float) -> str:
    return f"{seconds:.{2 if seconds < 10 else 1 if seconds < 100 else 0}f}"


def _answer(run: Run) -> str:
    fine = run.answer in ("the same", "reference", "not run")
    return run.answer if fine else f'<span class="bad">{escape(run.answer)}</span>'


def _colour(run: Run) -> str:
    return f'"--c:{COLOURS[run.name]}"'
