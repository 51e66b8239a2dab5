"""A diagram that is wider than a phone scrolls in a box of its own; a page without one does not load the 3.6 MB that
draw it.
"""

import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

DIAGRAM = re.compile(r'<pre class="mermaid">.*?</pre>', re.DOTALL)
DRAWS_DIAGRAMS = re.compile(r'\s*<script src="[^"]*/mermaid\.min\.js"></script>')


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    return DIAGRAM.sub(r'<div class="diagram" role="region" aria-label="Diagram" tabindex="0">\g<0></div>', html)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    return output if 'class="mermaid"' in output else DRAWS_DIAGRAMS.sub("", output)
