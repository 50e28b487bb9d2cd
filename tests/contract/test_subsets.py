"""P1: any subset of the installed plugins boots, renders all its pages, and shows no dead link. SQLite is enough for that."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from html import unescape
from itertools import combinations
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from app import create_app
from core import clock
from core.communities import switching
from core.config import Config
from core.db import connect, unit
from core.hookspecs import Demo
from core.plugins import Plugin
from core.web.request import linli_of
from tests import kit
from tests.kit import Browser

BUNDLED = linli_of(kit.the_app()).house.installed
SUBSETS = [chosen for size in range(len(BUNDLED) + 1) for chosen in combinations(BUNDLED, size)]
LINK = re.compile(r"""\b(?:href|src|hx-get)="([^"]*)\"""")
FEW = 4  # addresses of one view: the fifth resident's page is like the first
DAYS = 9  # lived through, so that there is something to link to


def names(plugins: tuple[Plugin, ...]) -> str:
    return "+".join(plugin.name for plugin in plugins) or "none"


def an_installation(tmp_path: Path, plugins: tuple[Plugin, ...]) -> Flask:
    """The core and these plugins, with tables by their migrations, and some days lived through as in the demo."""
    database = connect(f"sqlite:///{tmp_path}/subset.sqlite")
    app = create_app(Config(env="testing", secret_key="testing"), database=database, plugins=plugins)
    kit.prepare(database, linli_of(app).house)
    with app.app_context(), unit(database, write=True):
        place = kit.enter_slug(linli_of(app).house, kit.SLUG)
        until = kit.NOW + timedelta(days=DAYS)
        for day in (kit.NOW.date() + timedelta(days=number) for number in range(DAYS)):
            clock.start_at(datetime.combine(day, time(9), tzinfo=place.zone), frozen=True)
            place.relay.tell(Demo.demo, day=day, until=until, seed=1)
    return app


@pytest.fixture
def closing() -> Iterator[list[Flask]]:
    apps: list[Flask] = []
    yield apps
    for app in apps:
        linli_of(app).database.close()


def crawl(app: Flask, browser: Browser, *typed: str) -> dict[str, int]:
    """Every page that links lead to from the home page, and those whose address is typed: address → status."""
    adapter = app.url_map.bind("localhost")
    seen: dict[str, int] = {}
    visits: Counter[str] = Counter()
    waiting = deque([f"/{browser.slug}/", *typed])
    while waiting:
        path = waiting.popleft()
        try:
            endpoint, _values = adapter.match(urlsplit(path).path, method="GET")
        except HTTPException as error:
            seen[path] = error.code or 0
            continue
        visits[endpoint] += path not in seen
        if path in seen or visits[endpoint] > FEW:
            continue
        answer = browser.client.get(path, headers={"Accept-Language": browser.locale})
        seen[path] = answer.status_code
        if answer.status_code in {301, 302, 303}:
            waiting.append(answer.headers["Location"])
        elif answer.mimetype == "text/html":
            waiting.extend(links(answer.text))
        answer.close()
    return seen


def links(page: str) -> Iterator[str]:
    for found in LINK.findall(page):
        address = unescape(found).partition("#")[0]
        if address.startswith("/") and not address.startswith(("//", "/static/")):
            yield address


def plain_pages(app: Flask, plugins: tuple[Plugin, ...]) -> list[str]:
    """Pages of the core and of these plugins whose address needs no id."""
    adapter = app.url_map.bind("localhost")
    off = {plugin.name for plugin in BUNDLED if plugin not in plugins}
    return [
        adapter.build(rule.endpoint, {"community": kit.SLUG} if "community" in rule.arguments else {}, method="GET")
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or set())
        and rule.arguments <= {"community"}
        and not rule.rule.startswith("/api/v1/<")
        and rule.endpoint.partition(".")[0] not in off
    ]


def dead(seen: dict[str, int]) -> dict[str, int]:
    return {path: status for path, status in seen.items() if status >= 400}


@pytest.mark.slow
@pytest.mark.parametrize("plugins", SUBSETS, ids=names)
def test_p1_every_subset_of_plugins_boots_and_has_no_dead_link(
    plugins: tuple[Plugin, ...], tmp_path: Path, closing: list[Flask]
) -> None:
    closing.append(app := an_installation(tmp_path, plugins))
    browser_of = kit.BrowserOf(app, kit.find_cast(linli_of(app).database))
    of_the_manager = crawl(app, browser_of("li"), *plain_pages(app, plugins))
    assert not dead(of_the_manager)
    of_a_leader = crawl(app, browser_of("zhang"))
    assert not dead(of_a_leader)
    for plugin in plugins:
        for seen in (of_the_manager, of_a_leader):
            assert any(path.startswith(f"/{kit.SLUG}/{plugin.name}/") for path in seen)
    for plugin in BUNDLED:
        expected = 200 if plugin in plugins else 404
        assert browser_of("li").get(f"/{plugin.name}/", follow_redirects=True).status_code == expected


@pytest.mark.slow
def test_p1_every_subset_switched_on_at_run_time_has_no_dead_link(tmp_path: Path, closing: list[Flask]) -> None:
    closing.append(app := an_installation(tmp_path, BUNDLED))
    linli = linli_of(app)
    browser = kit.BrowserOf(app, kit.find_cast(linli.database))("li")
    for chosen in SUBSETS:
        with unit(linli.database, write=True), app.app_context():
            kit.enter_slug(linli.house, kit.SLUG)
            for plugin in BUNDLED:
                (switching.enable if plugin in chosen else switching.disable)(plugin.name, by=kit.SYSTEM)
        assert not dead(crawl(app, browser, *plain_pages(app, chosen))), names(chosen)
