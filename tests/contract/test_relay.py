"""The relay: whom it speaks to and in which order, and what one plugin's failure costs the others."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Literal

import pytest
from flask import Flask
from jinja2 import ChoiceLoader, DictLoader
from sqlalchemy import select

from app import create_app
from core import clock
from core.communities import switching
from core.config import Config
from core.contract import Actor, Contribution, NavItem, Piece
from core.db import Conflict, Database, Id, session, unit
from core.explanations import Explanation, explain
from core.hookspecs import Adds, Happened, Keeps, Offers
from core.notices.models import Outbox
from core.people.models import Resident
from core.plugin_faults import PluginFault
from core.plugins import House, Plugin, Relay, Unavailable, implements
from core.web.request import linli_of
from tests import kit
from tests.contract.test_hooks import a_contribution
from tests.kit import BrowserOf, Cast


class Listener(Plugin):
    """Writes down that it heard, and may fail afterwards."""

    label, summary = "Listener", "Listens."

    def __init__(self, name: str, heard: list[str], *, requires: Sequence[str] = (), fails: bool = False) -> None:
        self.name, self.heard, self.requires, self.fails = name, heard, requires, fails

    @implements(Happened.contribution_recorded)
    def contribution_recorded(self, contribution: Contribution) -> None:
        self.heard.append(self.name)
        resident = session.scalars(select(Resident.id).limit(1)).one()
        session.add(Outbox(resident_id=resident, words=explain(f"heard.{self.name}"), at=clock.now()))
        session.flush()
        if self.fails:
            raise ValueError("no")


class Bundled(Listener):
    """One whose failure undoes the act."""

    strict = True


def heard_in_outbox() -> set[str]:
    return {words.code for words in session.scalars(select(Outbox.words))}


def relay(*plugins: Plugin, off: Sequence[Plugin] = ()) -> Relay:
    return Relay(plugins, [*plugins, *off])


def tell(to: Relay, cast: Cast, key: str = "c1") -> None:
    to.tell(Happened.contribution_recorded, contribution=a_contribution(cast, key))


# --- order ---------------------------------------------------------------------------------------------------------


def test_listeners_hear_in_order_of_requires_then_by_name_however_they_were_found(inside: Cast) -> None:
    heard: list[str] = []
    plugins = [
        Listener("zoo", heard),
        Listener("milk", heard, requires=("zoo",)),
        Listener("ant", heard),
        Listener("bee", heard, requires=("milk",)),
    ]
    for number, shuffled in enumerate(itertools.permutations(plugins)):
        heard.clear()
        tell(relay(*shuffled), inside, f"c{number}")
        assert heard == ["ant", "zoo", "milk", "bee"]


def test_only_enabled_plugins_hear_add_and_offer_but_keeps_reach_those_that_are_off(inside: Cast) -> None:
    class Keeper(Listener):
        @implements(Keeps.invariants)
        def invariants(self) -> Iterable[Explanation]:
            yield explain(f"kept.{self.name}")

        @implements(Adds.navigation)
        def navigation(self, actor: Actor) -> Sequence[NavItem]:
            return [NavItem(label=self.name, endpoint="home.home", order=1, icon="home")]

        @implements(Offers.release_points)
        def release_points(self, hold_id: Id, points: int, at: object) -> None:
            raise AssertionError("it is off")

    heard: list[str] = []
    on, off = Listener("on", heard), Keeper("off", heard)
    speaking = relay(on, off=[off])
    tell(speaking, inside)
    assert heard == ["on"]
    assert speaking.gather(Adds.navigation, lambda item: item.label, actor=kit.SYSTEM) == []
    assert speaking.ask(Offers.release_points, hold_id=inside.choir.id, points=1, at=kit.NOW) is None
    assert [found.code for found in speaking.collect(Keeps.invariants)] == ["kept.off"]


# --- failure -------------------------------------------------------------------------------------------------------


def test_p5_a_bundled_listener_that_fails_undoes_the_act(database: Database, house: House, cast: Cast) -> None:
    heard: list[str] = []
    listeners = relay(Bundled("ant", heard), Bundled("bee", heard, fails=True), Bundled("cat", heard))

    def act() -> None:
        with unit(database, write=True):
            kit.enter_slug(house, kit.SLUG)
            tell(listeners, cast)

    with pytest.raises(ValueError, match="no"):
        act()
    assert heard == ["ant", "bee"]
    with unit(database, write=False):
        kit.enter_slug(house, kit.SLUG)
        assert heard_in_outbox() == set()


def test_p5_a_third_partys_failure_undoes_only_itself_and_is_noted(inside: Cast) -> None:
    heard: list[str] = []
    tell(relay(Bundled("ant", heard), Listener("bee", heard, fails=True), Bundled("cat", heard)), inside)
    assert heard == ["ant", "bee", "cat"]
    assert heard_in_outbox() == {"heard.ant", "heard.cat"}
    fault = session.scalars(select(PluginFault)).one()
    assert (fault.plugin, fault.hook, fault.error) == ("bee", "contribution_recorded", "ValueError: no")


def test_a_conflict_is_nobodys_failure_and_passes(inside: Cast) -> None:
    class Unlucky(Listener):
        @implements(Adds.navigation)
        def navigation(self, actor: Actor) -> Sequence[NavItem]:
            raise Conflict("in the way")

        @implements(Happened.plugin_enabled)
        def plugin_enabled(self, name: str, why: Literal["first", "again"]) -> None:
            raise Conflict("in the way")

    unlucky = relay(Unlucky("unlucky", []))
    with pytest.raises(Conflict):
        unlucky.gather(Adds.navigation, lambda item: item, actor=kit.SYSTEM)
    with pytest.raises(Conflict):
        unlucky.tell(Happened.plugin_enabled, name="x", why="first")
    assert inside.slug == kit.SLUG


def test_an_event_told_while_it_is_being_told_raises(inside: Cast) -> None:
    class Echo(Bundled):
        @implements(Happened.contribution_recorded)
        def contribution_recorded(self, contribution: Contribution) -> None:
            self.heard.append(contribution.key)
            if contribution.key == "c1":
                tell(self.to, inside, "c2")  # another subject: fine
            else:
                tell(self.to, inside, "c1")  # the one on the stack

        to: Relay

    heard: list[str] = []
    echo = Echo("echo", heard)
    echo.to = relay(echo)
    with pytest.raises(RuntimeError, match="is being told already"):
        tell(echo.to, inside)
    assert heard == ["c1", "c2"]
    with pytest.raises(RuntimeError, match="is being told already"):
        tell(echo.to, inside)  # and the stack was taken down: it is told again from the start
    assert heard == ["c1", "c2"] * 2


# --- pieces of pages -----------------------------------------------------------------------------------------------


class Pieces(Plugin):
    """Has a card for the home page, which may fail when it is asked for or when it is rendered."""

    label, summary = "Pieces", "Pieces of pages."

    def __init__(self, name: str, *, fails: Literal["", "asked", "rendered", "in the database"] = "") -> None:
        self.name, self.fails = name, fails

    @implements(Adds.home_cards)
    def home_cards(self, actor: Actor) -> Sequence[Piece]:
        if self.fails == "asked":
            raise ValueError("no")
        if self.fails == "in the database":
            session.connection().exec_driver_sql("SELECT nothing FROM nowhere")
        template = "broken.html" if self.fails == "rendered" else "card.html"
        return [Piece(template=template, context={"name": self.name}, order=50)]


TEMPLATES = DictLoader({"card.html": "<p>card of {{ name }}</p>", "broken.html": "<p>{{ nothing.at_all }}</p>"})


@pytest.fixture
def house_with_pieces(database: Database) -> Flask:
    """An installation with two good plugins and three bad ones, all switched on."""
    plugins = [
        Pieces("ant"),
        Pieces("bee", fails="asked"),
        Pieces("cat", fails="rendered"),
        Pieces("dog", fails="in the database"),
        Pieces("emu"),
    ]
    app = create_app(Config(env="testing", secret_key="testing"), database=database, plugins=plugins)
    app.jinja_env.loader = ChoiceLoader([TEMPLATES, app.create_global_jinja_loader()])
    with unit(database, write=True):
        kit.enter_slug(linli_of(app).house, kit.SLUG)
        for plugin in plugins:
            switching.enable(plugin.name, by=kit.SYSTEM)
    return app


def test_p4_a_piece_that_fails_when_asked_or_rendered_takes_down_nothing_else(
    house_with_pieces: Flask, cast: Cast
) -> None:
    page = BrowserOf(house_with_pieces, cast)("li").get("/")
    assert page.status_code == 200
    assert "card of ant" in page.text
    assert "card of emu" in page.text
    for failed in ("bee", "cat", "dog"):
        assert f"This part ({failed}) cannot be shown right now." in page.text


def test_p4_gather_answers_which_plugin_has_failed(inside: Cast) -> None:
    speaking = relay(Pieces("ant"), Pieces("bee", fails="asked"))
    found = speaking.gather(Adds.home_cards, lambda piece: piece.context["name"], actor=kit.SYSTEM)
    assert found == ["ant", Unavailable("bee")]
    assert inside.slug == kit.SLUG

    def fail(piece: Piece) -> str:
        raise KeyError(piece.template)

    assert speaking.gather(Adds.home_cards, fail, actor=kit.SYSTEM) == [Unavailable("ant"), Unavailable("bee")]
