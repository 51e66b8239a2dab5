"""The rule that every server follows: which requests of a browser are answered, and which are refused."""

from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from playwright.sync_api import Browser

from churn.harness.same_origin import ANY, SameOriginOnly, refusal
from tests.foreign_page import EVIL, attack, served

HERE = "127.0.0.1:8080"
LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {"host": HERE}),  # curl, and the pipelines' own clients
        ("POST", {"host": "localhost:8080", "origin": "http://localhost:8080", "sec-fetch-site": "same-origin"}),
        ("GET", {"host": "localhost"}),
        ("GET", {"host": HERE, "sec-fetch-site": "none"}),  # typed into the address bar
        ("GET", {"host": HERE, **LINK}),
    ],
)
def test_programs_and_own_pages_are_answered(method: str, headers: dict[str, str]) -> None:
    assert refusal(method, headers) is None


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8080", "127.0.0.1.evil.example", "evil.localhost:8080", "10.evil.example"),
        *("0.0.0.0", "[::1]:8080", "localhost.", "", "127.0.0.2", "evil.example:127.0.0.1"),
    ],
)
def test_a_name_that_is_not_the_servers_is_refused(host: str) -> None:
    assert "answers only to 127.0.0.1 and localhost" in str(refusal("GET", {"host": host}))


@pytest.mark.parametrize(
    "origin",
    [
        *("http://evil.example", "null", "", "http://127.0.0.1", "http://127.0.0.1:8081", "http://localhost:8080"),
        *("http://127.0.0.1:8080.evil.example", "http://evil.example/127.0.0.1:8080", "file://"),
    ],
)
def test_a_page_of_a_different_origin_is_refused(origin: str) -> None:
    assert "answers only to its own pages" in str(refusal("POST", {"host": HERE, "origin": origin}))


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything new"])
@pytest.mark.parametrize(
    ("method", "changed"),
    [
        ("GET", {"sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}),
        ("GET", {"sec-fetch-dest": "iframe"}),
        ("GET", {"sec-fetch-dest": "embed"}),
        ("POST", {}),  # a form
    ],
)
def test_only_a_link_leads_here_from_a_different_site(method: str, changed: dict[str, str], site: str) -> None:
    assert refusal(method, {"host": HERE, **LINK, **changed, "sec-fetch-site": site})


def test_a_server_with_many_names_still_refuses_other_pages() -> None:
    assert refusal("GET", {"host": "churn-serving.shop.svc:80"}, [ANY]) is None
    assert refusal("POST", {"host": "churn-serving", "origin": "http://evil.example"}, [ANY])


def messages(scope: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a server would have to send for a request, around an application that answers "served"."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "served"})

    with suppress(StopIteration):  # it waits for nothing, and so needs no event loop
        SameOriginOnly(application)(scope, None, send).send(None)
    return sent


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_what_is_refused_does_not_reach_the_application(kind: str) -> None:
    own, foreign = ([(b"host", HERE.encode()), (b"origin", origin)] for origin in (b"http://" + HERE.encode(), b"null"))
    assert messages({"type": kind, "headers": own}) == [{"type": "served"}]
    first, *_ = messages({"type": kind, "headers": foreign})
    assert (first.get("status"), first.get("code")) == ((403, None) if kind == "http" else (None, 1008))


def test_the_start_and_the_end_of_a_server_are_left_alone() -> None:
    assert messages({"type": "lifespan"}) == [{"type": "served"}]


class Trusting(BaseHTTPRequestHandler):
    """Let every page do and read everything, as a server without the rule does."""

    rule = False

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.send_response(403 if self.rule and refusal(self.command, headers) else 200)
        self.send_header("Access-Control-Allow-Origin", self.headers.get("Origin", "*"))
        self.send_header("Access-Control-Allow-Credentials", "true")
        self.send_header("Access-Control-Allow-Methods", "DELETE")
        self.send_header("Access-Control-Allow-Headers", "Content-Type")
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"secret")

    do_GET = do_POST = do_DELETE = do_OPTIONS = answer

    def log_message(self, *arguments: Any) -> None:
        pass


class Ruled(Trusting):
    rule = True


@pytest.mark.browser
def test_the_page_that_attacks_the_servers_would_get_through_to_one_without_the_rule(browser: Browser) -> None:
    with served(Trusting) as port:
        seen = attack(browser, f"http://127.0.0.1:{port}", ["/"], origins=[EVIL])
    assert len(seen.read) == 3  # fetches of all methods that a preflight allows
    methods = [method for method, _, status in seen.answered if status == 200]
    assert [methods.count(method) for method in ("GET", "POST", "DELETE", "rebound")] == [6, 6, 1, 2]


@pytest.mark.browser
def test_the_page_gets_nothing_from_a_server_with_the_rule(browser: Browser) -> None:
    with served(Ruled) as port:
        seen = attack(browser, f"http://127.0.0.1:{port}", ["/"])
    assert seen.allowed() == []
    assert len(seen.answered) > 20
