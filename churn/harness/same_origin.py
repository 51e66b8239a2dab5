"""Answer only to this machine and to a server's own pages: the rule for every server that the project starts.

A browser sends requests to 127.0.0.1 for any page that it shows. Three headers, which a page cannot change, say where a
request comes from. Programs such as curl send only the first one.

- Host is the name that was asked. A site can let its own name point to 127.0.0.1, which is called DNS rebinding.
- Origin is the page that sends a form, a WebSocket, or a request of a script.
- Sec-Fetch-Site compares page and server. Images and frames have it too: https://www.w3.org/TR/fetch-metadata/
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

HOSTS = ("127.0.0.1", "localhost")
ANY = "*"


def refusal(method: str, headers: Mapping[str, str], hosts: Iterable[str] = HOSTS) -> str | None:
    """Return why a request is not answered, or None if it is. The names in `headers` are in lower case.

    `hosts` are the names that the server has; with "*" among them, it has any name. A link on a different page may open
    a page of the server, because that starts nothing and the other page cannot read it.
    """
    host = headers.get("host", "")
    if not {ANY, host.partition(":")[0]} & set(hosts):
        return f"this server answers only to {' and '.join(hosts)}, not to {host!r}: open it by one of these names"
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != host:
        return f"this server answers only to its own pages, not to those of {origin!r}"
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return None
    link = ("GET", "navigate", "document")
    if (method, headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == link:
        return None
    return "this server answers only to its own pages, not to those of other sites"


class SameOriginOnly:
    """ASGI middleware that answers 403 to the requests and WebSockets that `refusal` names."""

    def __init__(self, app: Callable[..., Awaitable[None]], hosts: Iterable[str] = HOSTS) -> None:
        self.app = app
        self.hosts = tuple(hosts)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        reason = refusal(scope.get("method", "GET"), headers, self.hosts)
        if reason is None:
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":  # the server answers 403 to a WebSocket that is closed before it is accepted
            return await send({"type": "websocket.close", "code": 1008, "reason": reason})
        plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 403, "headers": plain})
        await send({"type": "http.response.body", "body": f"{reason}\n".encode()})
