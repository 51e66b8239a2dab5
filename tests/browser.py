"""Open pages in a real browser, and record errors and requests to other hosts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Route, sync_playwright

from tools.docs.chromium import ALONE

# Material draws diagrams in a closed shadow tree, into which no test can look.
OPEN_SHADOWS = "const attach = Element.prototype.attachShadow; " + (
    "Element.prototype.attachShadow = function () { return attach.call(this, { mode: 'open' }) }"
)


@contextmanager
def started(program: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ALONE)
        yield browser
        browser.close()


class Visit:
    """A browser window that records errors and requests to other hosts."""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        self.address = address
        self.errors: list[str] = []
        self.asked_elsewhere: list[str] = []
        self.context: BrowserContext = browser.new_context(reduced_motion="reduce", **options)
        self.context.add_init_script(OPEN_SHADOWS)
        self.context.route("**/*", self._only_here)
        self.page = self.context.new_page()
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _only_here(self, route: Route) -> None:
        if route.request.url.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            self.asked_elsewhere.append(route.request.url)
            route.abort()

    def open(self, page: str) -> None:
        self.page.goto(f"{self.address}/{page}")
        self.page.wait_for_load_state("networkidle")
