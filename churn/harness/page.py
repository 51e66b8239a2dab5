"""HTML pages from Jinja2 templates. A page carries its own style and plots, and loads nothing from elsewhere."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from churn.harness.visible import visible

BASE = Path(__file__).with_name("page.html.jinja")
STYLE = Path(__file__).with_name("page.css")


def page(template: Path, **content: object) -> str:
    """Fill in `template`. A template of HTML extends page.html.jinja and escapes every text that is not a `Markup`.

    Raises jinja2.UndefinedError when the template names something that `content` lacks.
    """
    environment = Environment(
        loader=FileSystemLoader([template.parent, BASE.parent]),
        autoescape=select_autoescape(["html.jinja"]),
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,  # not for Markup
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template.name).render(content)
