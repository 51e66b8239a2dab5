"""The style of all plots, and how a plot gets into a page: as inline SVG in the page's light or dark colours."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from churn.harness.visible import visible

# The light colours of page.css by their names there. In a page, svg() replaces each with the style sheet's variable.
THEME = {"ink": "#1f2328", "soft": "#59636e", "line": "#d8dde3", "paper": "#ffffff"}
INK, SOFT, LINE, PAPER = THEME.values()
STYLE: dict[Any, Any] = {
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": INK,
    "legend.facecolor": PAPER,
    "legend.edgecolor": "none",
    "lines.linewidth": 1.8,
}
LONGEST_LABEL = 34
WIDTH = 4.8  # inches: narrow enough for a telephone to show the text at its own size

# A decorator for functions that draw. Matplotlib's settings are as before when they return.
in_style = rc_context(STYLE)


class Plot(NamedTuple):
    """A figure, and what it shows in words."""

    figure: Figure
    words: str


def new_figure(height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure of `columns` plots side by side, `height` inches high. It needs no pyplot and no screen."""
    figure = Figure(figsize=(WIDTH * columns, height), layout="constrained")
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def label(text: str) -> str:
    """Return a name or value of a user as Matplotlib should draw it: on one line, not too long, and never as a formula.

    Matplotlib sets `$…$` as mathematics, unless the dollar signs are escaped.
    """
    line = visible(" ".join(text.split()))
    return (line if len(line) <= LONGEST_LABEL else line[: LONGEST_LABEL - 1] + "…").replace("$", r"\$")


def png(figure: Figure, path: Path) -> None:
    """Save the figure. The same data gives the same bytes."""
    with quiet_about_fonts():
        figure.savefig(path, dpi=140, metadata={"Software": None})


@contextmanager
def quiet_about_fonts() -> Iterator[None]:
    """Hide Matplotlib's warning for each letter that its font lacks, such as a Chinese one. In a page, the browser's
    fonts draw it.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from font", UserWarning)
        yield


def svg(figure: Figure, alt: str) -> Markup:
    """Return the figure as an <svg> element that a screen reader calls `alt`. The same data gives the same text."""
    written = StringIO()
    no_dates = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": alt}), quiet_about_fonts():
        figure.savefig(written, format="svg", transparent=True, metadata=no_dates)
    head, _, drawing = written.getvalue().partition("<svg")[2].partition(">")
    view = re.findall(r'viewBox="([^"]+)"', head)[0]
    drawing = re.sub('<g id="[^"]+"', "<g", drawing)  # Matplotlib repeats these ids in every plot, a page must not
    for name, colour in THEME.items():
        drawing = drawing.replace(colour, f"var(--{name})")
    return Markup('<svg viewBox="{}" role="img" aria-label="{}">{}').format(view, alt, Markup(drawing))
