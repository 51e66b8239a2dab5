"""Let `make docs` answer only to its own pages: the server of MkDocs would answer to any name and any page."""

from collections.abc import Callable, Iterable
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer


def on_serve(server: LiveReloadServer, config: MkDocsConfig, **_: Any) -> LiveReloadServer:
    site = server.get_app()
    assert site
    names = [f"{host}:{config.dev_addr.port}" for host in ("127.0.0.1", "localhost")]

    def own_pages(environ: dict[str, str], start_response: Callable[..., Any]) -> Iterable[bytes]:
        host, sent_by = environ.get("HTTP_HOST"), environ.get("HTTP_SEC_FETCH_SITE", "none")
        is_link = (environ.get("HTTP_SEC_FETCH_MODE"), environ.get("HTTP_SEC_FETCH_DEST")) == ("navigate", "document")
        is_ours = environ.get("HTTP_ORIGIN") in (None, f"http://{host}")
        if host in names and is_ours and (is_link or sent_by in ("none", "same-origin")):
            return site(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain")])
        return [f"this server answers only to its own pages, as {' or '.join(names)}\n".encode()]

    server.set_app(own_pages)
    return server
