"""A page of blocks, each in Markdown and in HTML. The HTML carries its pictures and asks no server for anything."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

STYLE = """
:root { color-scheme: light dark; --ink: #222; --soft: #666; --line: #ddd; --paper: #fff; --accent: #b34e00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --soft: #aaa; --line: #444; --paper: #1b1b1b; --accent: #ff9a52; }
}
body { max-width: 48rem; margin: 2.5rem auto; padding: 0 1.2rem; font: 16px/1.55 system-ui, sans-serif;
       color: var(--ink); background: var(--paper); }
h1 { font-size: 1.7rem; line-height: 1.2; border-bottom: 4px solid var(--accent); padding-bottom: .5rem; }
h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: .3rem 1.2rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
td:first-child { white-space: nowrap; }
.figure { text-align: right; padding-right: 0; padding-left: .8rem; }
th { color: var(--soft); font-weight: 600; }
img { max-width: 100%; border-radius: 6px; background: #fff; padding: .4rem; box-sizing: border-box; margin: .4rem 0; }
pre { background: color-mix(in srgb, var(--line) 40%, transparent); padding: .8rem 1rem; border-radius: 6px;
      overflow-x: auto; }
code { font-size: .92em; }
"""


class Block(NamedTuple):
    """One block, written both ways."""

    markdown: str
    html: str


def heading(text: str) -> Block:
    return Block(f"## {text}", f"<h2>{escape(text)}</h2>")


def paragraph(text: str) -> Block:
    return Block(text, f"<p>{escape(text)}</p>")


def bullets(items: Sequence[str]) -> Block:
    listed = "".join(f"<li>{escape(item)}</li>" for item in items)
    return Block("\n".join(f"- {item}" for item in items), f"<ul>{listed}</ul>")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Block:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    markdown = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    figures = [all(_is_figure(row[column]) for row in rows) for column in range(len(header))]
    head, *body = (
        "".join(
            f"<{tag}{' class=figure' if figure else ''}>{escape(cell)}</{tag}>"
            for cell, figure in zip(row, figures, strict=True)
        )
        for tag, row in [("th", header), *(("td", row) for row in rows)]
    )
    lines_of_html = "".join(f"<tr>{cells}</tr>" for cells in [head, *body])
    return Block(markdown, f'<div class="wide"><table>{lines_of_html}</table></div>')


def _is_figure(cell: str) -> bool:
    return not cell or cell.lstrip("−-+")[:1].isdigit()


def picture(path: Path, alt: str) -> Block:
    content = b64encode(path.read_bytes()).decode()
    return Block(f"![{alt}]({path.name})", f'<img src="data:image/png;base64,{content}" alt="{escape(alt)}">')


def code(text: str) -> Block:
    return Block(f"```sh\n{text}\n```", f"<pre><code>{escape(text)}</code></pre>")


def drawing(html: str) -> Block:
    """HTML made by a library; there is no Markdown of it."""
    return Block("", f'<div class="wide">{html}</div>')


def to_markdown(title: str, blocks: Sequence[Block]) -> str:
    return "\n\n".join([f"# {title}", *(block.markdown for block in blocks if block.markdown)]) + "\n"


def to_html(title: str, blocks: Sequence[Block]) -> str:
    body = "\n".join(block.html for block in blocks)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}</style></head>\n<body>\n<h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )
