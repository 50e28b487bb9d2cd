"""The system's Chromium as a test drives it: who looks with it, what a tap costs, what axe and the console say of a page."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Response, ViewportSize, expect, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# What keeps it quiet and lets it run as root.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
TELEPHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1280, "height": 900}
IDS = re.compile(r"/[0-9a-f]{8}-[0-9a-f-]{27}")
# What a page is, and which parts of the house stand on it.
KIND = """[location.pathname, document.documentElement.className, document.documentElement.lang, innerWidth, ...new Set(
  [...document.querySelectorAll("main [class*=house-]")].flatMap((part) => [...part.classList])
)].filter((name) => !/^[cqrs]-/.test(name)).join(" ")"""
PATIENCE = 30_000  # milliseconds: the machine may be busy with other tests
GRAVE = {"serious", "critical"}


def require_chromium() -> str:
    """Where Chromium is; without it the test is skipped, saying why, or fails where CI=true."""
    found = next((path for program in PROGRAMS if (path := shutil.which(program))), None)
    if found:
        return found
    if os.environ.get("CI") == "true":
        pytest.fail("CI needs Chromium")
    pytest.skip("there is no Chromium; on Debian and Ubuntu: apt-get install chromium")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running Chromium."""
    path = require_chromium()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Person:
    """Somebody at a telephone or a desk: every tap is counted, whatever goes wrong on a page is kept."""

    page: Page
    address: str
    audited: set[str]  # kinds of pages that axe has seen, by anybody
    taps: int = 0
    typed: int = 0
    faults: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Type an address; below the community's."""
        self.page.goto(f"{self.address}{path}")

    def start_at_home(self) -> None:
        """Begin to count on the home page."""
        self.go("/")
        self.taps = self.typed = 0

    def tap(self, what: Locator) -> None:
        """One tap."""
        self.taps += 1
        what.click()

    def choose(self, what: Locator, value: str) -> None:
        """Open a list of choices, and choose: two taps."""
        self.taps += 2
        what.select_option(value)

    def type(self, what: Locator, text: str) -> None:
        """Write into one field."""
        self.typed += 1
        what.fill(text)

    def button(self, name: str) -> Locator:
        """A button by its words."""
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        """A link by its words."""
        return self.page.get_by_role("link", name=name, exact=True)

    def reads(self, words: str) -> None:
        """The main part of the page says so."""
        expect(self.page.locator("main")).to_contain_text(words)

    def audit(self) -> None:
        """Nothing serious for axe (asked once a kind of page), nothing that scrolls sideways, no fault on the way here."""
        self.page.wait_for_load_state()  # a tap comes back when the next page begins, before it has a document
        kind = self.page.evaluate(KIND)
        if (kind := IDS.sub("", kind)) not in self.audited:
            self.audited.add(kind)
            found = Axe().run(self.page)
            grave = [violation for violation in found.response["violations"] if violation["impact"] in GRAVE]
            assert grave == [], _said(self.page.url, grave)
        width, shown = self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert width <= shown, f"{self.page.url} is {width} wide on {shown}"
        assert self.faults == []


def _said(url: str, violations: list[dict[str, Any]]) -> str:
    lines = [f"{one['id']}: {one['help']}: {[node['html'] for node in one['nodes']]}" for one in violations]
    return "\n".join([url, *lines])


@contextmanager
def somebody(browser: Browser, address: str, viewport: ViewportSize, audited: set[str]) -> Iterator[Person]:
    """A person who reads English, with a browser of their own."""
    context = browser.new_context(
        viewport=viewport, locale="en", has_touch=viewport == TELEPHONE, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE)
    person = Person(context.new_page(), address, audited)

    def note(answer: Response) -> None:
        if answer.status >= 500 or (answer.status == 404 and "favicon" not in answer.url):
            person.faults.append(f"{answer.status} {answer.url}")

    person.page.on("response", note)
    person.page.on("pageerror", lambda error: person.faults.append(str(error)))
    person.page.on("console", lambda said: person.faults.append(said.text) if "Security Policy" in said.text else None)
    yield person
    context.close()
