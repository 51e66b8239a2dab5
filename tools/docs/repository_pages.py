"""Show READMEs, and every file that they link to, as pages of the site.

A line `<!-- include: data_pipeline/README.md -->` in a page of docs/ includes that file at each build, so the site
never holds a copy. Links to files of the repository are rewritten: to the file's page if it has one, otherwise to a
generated page that shows the file. The site names no repository address.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname, normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
INCLUDE = re.compile(r"^<!-- include: (\S+) -->$", re.MULTILINE)
FENCE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)[ \t]*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?P<text>!?\[[^\]]*\])\((?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")
IMAGES = {".gif", ".jpg", ".jpeg", ".png", ".svg", ".webp"}
LANGUAGES = {".py": "python", ".sh": "bash", ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".toml": "toml"}

page_of: dict[str, str] = {}  # file of the repository -> page of the site that shows it


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Find the file that each page includes, then generate pages for all files that these link to."""
    page_of.clear()
    to_read = []
    for page in files.documentation_pages():
        page_of[f"docs/{page.src_uri}"] = page.src_uri
        to_read.append(f"docs/{page.src_uri}")
        for name in INCLUDE.findall(page.content_string):
            page_of[name] = page.src_uri
            to_read.append(name)
    while to_read:
        name = to_read.pop()
        for target in links_of(name):
            if target not in page_of:
                page_of[target], page = generated_page(target, config)
                files.append(page)
                if target.endswith(".md"):
                    to_read.append(target)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    uri = page.file.src_uri
    return INCLUDE.sub(
        lambda match: with_site_links((ROOT / match[1]).read_text(encoding="utf-8"), match[1], uri),
        with_site_links(markdown, f"docs/{uri}", uri),
    )


def with_site_links(text: str, name: str, shown_in: str) -> str:
    """Return the Markdown of the repository's file `name` with its links rewritten for the site's page `shown_in`."""

    def rewritten(match: re.Match[str]) -> str:
        target = repository_path(name, match["target"])
        if target is None:
            return match[0]
        place = relpath(page_of[target], dirname(shown_in) or ".")
        return f"{match['text']}({place}{match['anchor'] or ''})"

    return "".join(part if is_code else LINK.sub(rewritten, part) for part, is_code in prose_and_code(text))


def links_of(name: str) -> list[str]:
    """Return the files and folders of the repository that a Markdown file links to."""
    text = (ROOT / name).read_text(encoding="utf-8")
    prose = "".join(part for part, is_code in prose_and_code(text) if not is_code)
    targets = (repository_path(name, match["target"]) for match in LINK.finditer(prose))
    return [target for target in targets if target is not None]


def repository_path(name: str, target: str) -> str | None:
    """Return the target of a link in the file `name`, relative to the root.

    Return None for other web sites and for links between pages of docs/, which MkDocs resolves. Raise PluginError if
    the target does not exist.
    """
    if re.match(r"[a-z][a-z+.-]*:", target):
        return None
    path = normpath(f"{dirname(name)}/{target}".lstrip("/"))
    if name.startswith("docs/") and path.startswith("docs/"):
        return None
    if (ROOT / path).is_dir() and (ROOT / path / "README.md").is_file():
        path = f"{path}/README.md"
    if path.startswith("..") or not (ROOT / path).exists():
        raise PluginError(f"{name} links to {target}, which is not in the repository")
    return path


def generated_page(name: str, config: MkDocsConfig) -> tuple[str, File]:
    """Generate the page that shows a file or folder of the repository."""
    path = ROOT / name
    if path.suffix in IMAGES:
        uri = f"source/{name}"
        return uri, File.generated(config, uri, abs_src_path=str(path))
    uri = f"source/{name}.md"
    if path.is_dir():
        body = f"# {name}/\n\n" + "".join(f"- `{entry}`\n" for entry in entries(path))
    elif path.suffix == ".md":
        body = f"<!-- include: {name} -->\n"
    else:
        text = path.read_text(encoding="utf-8")
        body = f"# {name}\n\n````{LANGUAGES.get(path.suffix, 'text')}\n{text.rstrip()}\n````\n"
    return uri, File.generated(config, uri, content=f"---\ntitle: {name}\nsearch:\n  exclude: true\n---\n\n{body}")


def entries(folder: Path) -> list[str]:
    return sorted(
        f"{path.name}/" if path.is_dir() else path.name for path in folder.iterdir() if path.name[:1] not in "._"
    )


def prose_and_code(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the text in parts. The flag is true for a fenced code block, which has no links."""
    end = 0
    for block in FENCE.finditer(text):
        yield text[end : block.start()], False
        yield block[0], True
        end = block.end()
    yield text[end:], False
