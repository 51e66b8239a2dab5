"""Give a page with `category: data` in its front matter the colour of that category."""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    category = page.meta.get("category")
    return f'<div class="page {category}">{html}</div>' if category else html
