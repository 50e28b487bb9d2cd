"""Home: greeted by the time of day, with the cards of the plugins in their columns."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from core import clock
from core.contract import Actor, Piece
from core.db import Database, session, unit
from core.hookspecs import Adds
from core.plugin_faults import PluginFault
from core.plugins import House, Plugin, implements
from tests.core.communities.chain import an_app, use
from tests.core.web.toy import ToyPlugin
from tests.kit import SLUG, ZONE, BrowserOf, Cast, enter_slug


class CardsPlugin(Plugin):
    """Two cards, and one that fails."""

    name, label, summary = "cards", "Cards", "Cards."

    @implements(Adds.home_cards)
    def home_cards(self, actor: Actor) -> list[Piece]:
        """The less urgent one first."""
        return [
            Piece(template="unavailable.html", context={"plugin": "SECOND"}, order=20),
            Piece(template="unavailable.html", context={"plugin": "FIRST"}, order=10),
        ]


class WaitingPlugin(Plugin):
    """Two things that wait for a decision, and a card."""

    name, label, summary = "waiting", "Waiting", "Waiting."

    @implements(Adds.home_cards)
    def home_cards(self, actor: Actor) -> list[Piece]:
        """Rows come into the first card, wherever they stand."""
        return [
            Piece(template="unavailable.html", context={"plugin": "CARD"}, order=1),
            Piece(template="unavailable.html", context={"plugin": "ROWS"}, order=5, waits=2),
        ]


class BadCardsPlugin(Plugin):
    """A card that cannot be drawn."""

    name, label, summary = "badcards", "Bad cards", "Bad cards."

    @implements(Adds.home_cards)
    def home_cards(self, actor: Actor) -> list[Piece]:
        """A template that uses what it was not given."""
        return [Piece(template="unavailable.html", context={}, order=1)]


@pytest.fixture
def cards(database: Database, cast: Cast) -> BrowserOf:
    """Browsers of an app with cards: two in the wide column, one aside, one that fails."""
    use(database, "badcards", "cards", "toy")
    return BrowserOf(an_app(database, CardsPlugin, BadCardsPlugin, ToyPlugin), cast)


@pytest.mark.parametrize(
    ("hour", "greeting"),
    [
        (4, "evening"),
        (5, "morning"),
        (9, "morning"),
        (11, "morning"),
        (12, "afternoon"),
        (17, "afternoon"),
        (18, "evening"),
        (23, "evening"),
    ],
)
def test_the_greeting_follows_the_time_of_day_of_the_community(browser_of: BrowserOf, hour: int, greeting: str) -> None:
    clock.start_at(datetime(2026, 11, 26, hour, 59, tzinfo=ZONE), frozen=True)
    page = browser_of("li").get("/").text
    assert f"Good {greeting}, 李主任" in page
    assert "Thu 26 Nov" in page


def test_staff_see_two_columns_the_most_urgent_first(cards: BrowserOf) -> None:
    page = cards("li").get("/").text
    assert page.count('class="house-stack"') >= 2
    assert page.index("(FIRST)") < page.index("(SECOND)") < page.index("(Toy of 李主任)")


def test_what_waits_comes_first_with_its_count_and_the_faults_of_plugins(
    database: Database, house: House, cast: Cast
) -> None:
    use(database, "waiting")
    browsers = BrowserOf(an_app(database, WaitingPlugin), cast)
    for name in "li", "chen":
        page = browsers(name).get("/").text
        assert page.index("Waiting for you") < page.index("(ROWS)") < page.index("(CARD)")
        assert '<span class="house-badge attention">2</span>' in page
        assert "Nothing waits for you." not in page
    with unit(database, write=True):
        enter_slug(house, SLUG)
        session.add(PluginFault(plugin="toy", hook="x", error="old", at=clock.now() - timedelta(days=15)))
    assert "went wrong" not in browsers("li").get("/").text
    with unit(database, write=True):
        enter_slug(house, SLUG)
        session.add(PluginFault(plugin="toy", hook="x", error="new", at=clock.now()))
    page = browsers("li").get("/").text
    assert "1 fault in the last two weeks" in page
    assert '<span class="house-badge attention">3</span>' in page
    assert "went wrong" not in browsers("chen").get("/").text


def test_staff_are_told_when_nothing_waits(cards: BrowserOf) -> None:
    assert "Nothing waits for you." in cards("li").get("/").text
    assert "Waiting for you" not in cards("chen").get("/").text


def test_residents_see_one_column_in_the_order_of_urgency(cards: BrowserOf) -> None:
    page = cards("chen").get("/").text
    assert "house-split" not in page
    assert page.index("(Toy of 陈玉兰)") < page.index("(FIRST)") < page.index("(SECOND)")


def test_p4_a_card_that_fails_takes_nothing_else_down(cards: BrowserOf) -> None:
    answer = cards("li").get("/")
    assert answer.status_code == 200
    assert "This part (badcards) cannot be shown right now" in answer.text


@pytest.mark.parametrize(("user_name", "offered"), [("li", True), ("sun", True), ("zhang", False)])
def test_staff_are_offered_to_act_on_behalf(browser_of: BrowserOf, user_name: str, offered: bool) -> None:  # noqa: FBT001 - a case
    assert ("/behalf" in browser_of(user_name).get("/").text) == offered


def test_the_menu_shows_what_one_may(browser_of: BrowserOf, app: Flask) -> None:
    assert app is not None
    assert "/settings" in browser_of("li").get("/").text
    for user_name in "sun", "zhang", "chen":
        assert "/settings" not in browser_of(user_name).get("/").text
    page = browser_of("li").get("/settings").text
    for path in "/plugins", "/permissions", "/accounts", "/import", "/audit":
        assert f'href="/xincheng{path}"' in page


def test_the_menu_marks_where_one_is(browser_of: BrowserOf) -> None:
    browser = browser_of("li")
    for path, label in [("/", "Home"), ("/settings", "Settings"), ("/audit", "Settings"), ("/permissions", "Settings")]:
        menu = browser.get(path).text.partition('class="house-nav')[2].partition("</nav>")[0]
        marked = [entry for entry in menu.split("<a ") if 'aria-current="page"' in entry]
        assert len(marked) == 1, path
        assert f"{label}</a>" in marked[0]


def test_no_link_on_the_core_pages_is_dead(browser_of: BrowserOf) -> None:
    browser, links = browser_of("li"), set[str]()
    for path in "/", "/settings", "/plugins", "/accounts", "/permissions", "/audit", "/account", "/behalf?q=zsf":
        links |= {part.split('"')[0] for part in browser.get(path).text.split('href="')[1:]}
    for link in links:
        if link.startswith("/") and not link.startswith("/static/"):
            assert browser.client.get(link.replace("&amp;", "&"), follow_redirects=True).status_code == 200, link
