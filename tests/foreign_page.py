"""A page of a different site, in a real browser, that tries to start and to read things on a server of this machine."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, Response

EVIL = "evil.localhost"  # browsers take every name below localhost for this machine, so that no DNS is needed
PATIENCE = 20_000  # milliseconds for one try, on a busy machine
TRIES = """
async ({address, paths, body, patience}) => {
  const read = [], json = {"Content-Type": "application/json"}
  const plain = {"Content-Type": "text/plain;a=application/json"}
  const within = promise => Promise.race([promise, new Promise(end => setTimeout(end, patience))])
  const loaded = (tag, name, url) => within(new Promise(end => {
    const element = document.createElement(tag)
    element.onload = element.onerror = end
    element[name] = url
    document.body.append(element)
  }))
  const asked = async (url, options) => {
    try {
      const answer = await within(fetch(url, {credentials: "include", ...options}))
      const text = answer && await answer.text()
      if (text) read.push([url, text.slice(0, 100)])
    } catch {}
  }
  const posted = (url, enctype) => within(new Promise(end => {
    const frame = document.createElement("iframe"), form = document.createElement("form")
    frame.name = `frame ${Math.random()}`
    Object.assign(form, {action: url, method: "POST", enctype, target: frame.name})
    if (body) form.innerHTML = "<input type=hidden>"
    if (body) Object.assign(form.firstChild, {name: body, value: ""})
    document.body.append(frame, form)
    frame.onload = end
    form.submit()
  }))
  const opened = url => within(new Promise(end => {
    const socket = new WebSocket(url.replace("http", "ws"), "graphql-ws")
    socket.onopen = () => { read.push([url, "a WebSocket"]); end() }
    socket.onerror = socket.onclose = end
  }))
  for (const path of paths) {
    const url = address + path
    await loaded("img", "src", url)
    await loaded("script", "src", url)
    await loaded("iframe", "src", url)
    await asked(url, {})
    await asked(url, {mode: "no-cors"})
    await asked(url, {method: "POST", mode: "no-cors"})
    await asked(url, {method: "POST", mode: "no-cors", headers: plain, body})
    await asked(url, {method: "POST", headers: json, body})
    await asked(url, {method: "DELETE"})
    await posted(url, "text/plain")
    await posted(url, "application/x-www-form-urlencoded")
    navigator.sendBeacon(url, body)
    await opened(url)
  }
  return read
}
"""
REBOUND = """
async ({paths, body}) => Promise.all(paths.flatMap(path => [
  fetch(path), fetch(path, {method: "POST", headers: {"Content-Type": "application/json"}, body})
]).map(async answer => ["rebound", (await answer).url, (await answer).status]))
"""


@dataclass
class Seen:
    """The texts that the page could read, and the status of each answer that the browser got for it."""

    read: list[Any] = field(default_factory=list)
    answered: list[tuple[str, str, int]] = field(default_factory=list)

    def allowed(self) -> list[tuple[str, str, int]]:
        """Return the answers that are not refusals."""
        return [seen for seen in self.answered if not 400 <= seen[2] < 500]


class Blank(BaseHTTPRequestHandler):
    """An empty page, whatever is asked."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>evil</title><body></body>")

    def log_message(self, *arguments: Any) -> None:
        pass


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    """Serve on a free port of 127.0.0.1 and yield the port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def attack(
    browser: Browser,
    address: str,
    paths: Sequence[str],
    body: str = "{}",
    cookie: dict[str, str] | None = None,
    origins: Sequence[str] = (EVIL, "127.0.0.1"),
    login: tuple[str, str] | None = None,
) -> Seen:
    """Open a page of a different site, then one of a different port, and let each try everything.

    At the end the name of the site points to the server, as after DNS rebinding. `cookie` and `login` are those of a
    user who is logged in.
    """
    known = {"username": login[0], "password": login[1], "origin": address} if login else None
    seen, context = Seen(), browser.new_context(http_credentials=known)  # type: ignore[arg-type]
    if cookie:
        context.add_cookies([{**cookie, "url": address}])  # type: ignore[typeddict-item]
    tries = {"address": address, "paths": list(paths), "body": body, "patience": PATIENCE}
    try:
        page = context.new_page()
        context.on("response", lambda answer: seen.answered.append(of(answer)) if is_here(answer, address) else None)
        for name in origins:
            with served(Blank) as port:
                page.goto(f"http://{name}:{port}/")
                seen.read += page.evaluate(TRIES, tries)
        rebound = page.goto(f"http://{EVIL}:{urlsplit(address).port}{paths[0]}")
        seen.answered += [of(rebound)] if rebound else []
        seen.answered += [tuple(each) for each in page.evaluate(REBOUND, tries)]
    finally:
        context.close()
    return seen


def of(answer: Response) -> tuple[str, str, int]:
    return answer.request.method, answer.url, answer.status


def is_here(answer: Response, address: str) -> bool:
    return answer.url.startswith(f"{address}/")


FOREIGN = (
    {"Host": "evil.example"},
    {"Host": "10.evil.example"},  # looks like an address of a private network
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://evil.example", "Content-Type": "text/plain"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
)


def answers(address: str, paths: Sequence[str], body: str = "{}", **headers: str) -> set[int]:
    """Return the statuses of the answers to GETs and POSTs that only a page of a different site would send.

    `headers` are those of a user who is logged in.
    """
    with httpx.Client(base_url=address, timeout=60, trust_env=False, headers=headers) as client:
        return {
            client.request(method, path, headers=foreign, content=body if method == "POST" else None).status_code
            for path in paths
            for method in ("GET", "POST")
            for foreign in FOREIGN
        }
