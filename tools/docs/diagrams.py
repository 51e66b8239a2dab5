"""Wrap each diagram in a box that scrolls on a phone, and load Mermaid (3.6 MB) only where a page has one."""

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
