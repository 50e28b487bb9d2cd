"""A community's plugins, switched at run time through both doors and across processes."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from core.accounts import grants
from core.audit.models import Entry
from core.communities import switching
from core.contract import Actor, Contribution
from core.db import Database, session, unit
from core.hookspecs import Happened
from core.plugins import here
from core.web.request import linli_of
from tests import kit
from tests.core.communities.chain import ChoirPlugin, an_app, set_aside, use
from tests.core.web.toy import ToyPlugin
from tests.kit import SLUG, BrowserOf, Cast, ProgramOf, find_cast


@pytest.fixture
def chain(database: Database) -> Flask:
    """An app in whose communities both plugins are on."""
    use(database, "achoir", "toy")
    return an_app(database, ToyPlugin, ChoirPlugin)


@pytest.fixture
def browsers(chain: Flask, cast: Cast) -> BrowserOf:
    """Browsers of it."""
    return BrowserOf(chain, cast)


@pytest.fixture
def programs(chain: Flask, cast: Cast) -> ProgramOf:
    """Programs that ask it."""
    return ProgramOf(chain, cast)


def test_programs_see_what_is_installed_and_what_requires_what(programs: ProgramOf) -> None:
    toy = {"name": "toy", "label": "Toy", "summary": "Doors to knock at.", "version": "0.1", "enabled": True}
    choir = {"name": "achoir", "label": "Choir", "summary": "Sings.", "version": "0.1", "enabled": True}
    assert programs("li").get("/plugins").get_json() == {
        "items": [
            toy | {"requires": [], "required_by": ["achoir"]},
            choir | {"requires": ["toy"], "required_by": []},
        ],
        "next": None,
    }


def test_p2_off_is_404_in_pages_and_api_and_on_again_everything_is_back(
    chain: Flask, browsers: BrowserOf, programs: ProgramOf, database: Database
) -> None:
    assert browsers("li").post("/toy/", {"note": "kept"}).status_code == 303
    program = programs("li")
    for name in "achoir", "toy":
        assert program.put(f"/plugins/{name}", {"enabled": False}).get_json()["enabled"] is False
    for path in "/toy/", "/toy/own", "/toy/no-such":
        assert browsers("li").get(path).status_code == 404
    for path in "/toy/", "/toy/own", "/toy/careless":
        assert browsers("li").post(path, {"note": "a"}).status_code == 404
    assert program.get("/toy/notes").status_code == 404
    assert program.post("/toy/notes", {"note": "a"}).status_code == 404
    home = browsers("li").get("/").text
    assert "Toy of" not in home  # no card
    assert "/toy/" not in home  # no link
    assert program.put("/plugins/toy", {"enabled": True}).status_code == 200
    assert "Toy of 李主任" in browsers("li").get("/").text
    assert program.get("/toy/notes").status_code == 200
    with unit(database, write=False):
        kit.enter_slug(linli_of(chain).house, SLUG)
        assert session.scalars(select(func.count(Entry.id)).where(Entry.subject == "kept")).one() == 1


def test_p2_off_in_one_community_is_on_in_another(programs: ProgramOf, browsers: BrowserOf) -> None:
    programs("li").put("/plugins/achoir", {"enabled": False})
    programs("li").put("/plugins/toy", {"enabled": False})
    assert browsers("wang").get("/toy/").status_code == 200
    assert programs("wang").get("/toy/notes").status_code == 200


def test_switching_twice_is_switching_once(programs: ProgramOf, chain: Flask, database: Database) -> None:
    program = programs("li")
    for _time in range(2):
        assert program.put("/plugins/achoir", {"enabled": False}).status_code == 200
    with unit(database, write=False):
        kit.enter_slug(linli_of(chain).house, SLUG)
        acts = session.scalars(select(Entry.act).where(Entry.subject == "achoir", Entry.act.like("core.plugin%"))).all()
    assert acts == ["core.plugin_disabled"]


def test_409_names_what_requires_it_and_what_it_requires(programs: ProgramOf, browsers: BrowserOf) -> None:
    program = programs("li")
    refused = program.put("/plugins/toy", {"enabled": False})
    assert refused.status_code == 409
    assert {"code": "still_required", "plugin": "Toy", "needed_by": "Choir"}.items() <= refused.get_json().items()
    program.put("/plugins/achoir", {"enabled": False})
    program.put("/plugins/toy", {"enabled": False})
    refused = program.put("/plugins/achoir", {"enabled": True})
    assert refused.status_code == 409
    assert {"code": "requires_others", "plugin": "Choir", "requires": "Toy"}.items() <= refused.get_json().items()
    page = browsers("li").post("/plugins/achoir/on")
    assert page.status_code == 409
    assert "Choir needs Toy: switch that on first." in page.text


@pytest.mark.parametrize("body", [{}, {"enabled": None}, {"enabled": "yes"}, {"enabled": True, "x": 1}])
def test_a_body_that_makes_no_sense_is_refused(programs: ProgramOf, body: dict[str, object]) -> None:
    assert programs("li").put("/plugins/toy", body).status_code == 422


def test_what_a_get_answered_may_be_put_back(programs: ProgramOf) -> None:
    program = programs("li")
    for plugin in program.get("/plugins").get_json()["items"]:
        assert program.put(f"/plugins/{plugin['name']}", plugin).get_json() == plugin


def test_a_plugin_that_is_not_installed_is_not_found(programs: ProgramOf, browsers: BrowserOf) -> None:
    assert programs("li").put("/plugins/nosuch", {"enabled": True}).status_code == 404
    assert browsers("li").post("/plugins/nosuch/on").status_code == 404
    assert browsers("li").post("/plugins/toy/sideways").status_code == 404


def test_only_managers_switch(programs: ProgramOf, browsers: BrowserOf) -> None:
    for user_name in "sun", "zhang", "chen":
        assert browsers(user_name).get("/plugins").status_code == 403
        assert browsers(user_name).post("/plugins/achoir/off").status_code == 403
        assert programs(user_name).get("/plugins").status_code == 403
        assert programs(user_name).put("/plugins/achoir", {"enabled": False}).status_code == 403
    assert programs("li").get("/plugins").get_json()["items"][1]["enabled"] is True


def test_the_page_switches_with_a_button_that_asks_once(browsers: BrowserOf) -> None:
    browser = browsers("li")
    page = browser.get("/plugins").text
    assert "Needed by: Choir" in page
    assert "Nothing it has kept is lost" in page
    assert browser.post("/plugins/achoir/off").location == f"/{SLUG}/plugins"
    assert "Choir is off." in browser.get("/plugins").text
    assert browser.post("/plugins/achoir/on").location == f"/{SLUG}/plugins"
    assert "Choir is on." in browser.get("/plugins").text


def test_the_page_names_what_was_set_aside_and_what_failed(
    chain: Flask, browsers: BrowserOf, database: Database, cast: Cast
) -> None:
    set_aside(chain, "broken", "ImportError: no module named flute")
    with unit(database, write=True):
        kit.enter_slug(linli_of(chain).house, SLUG)
        sung = Contribution(
            key="k",
            source="staff",
            category="publicity",
            holder=cast.choir,
            occurred_on=here().today(),
            acts=1,
            by=_nobody(),
        )
        here().relay.tell(Happened.contribution_recorded, contribution=sung)
    page = browsers("li").get("/plugins").text
    assert "no module named flute" in page
    assert "cannot sing of k" in page


def _nobody() -> Actor:
    return Actor(account_id=None, name="test")


def test_a_house_without_plugins_says_how_to_get_some(database: Database, cast: Cast) -> None:
    use(database)
    browser = BrowserOf(an_app(database), cast)("li")
    assert "No plugins are installed." in browser.get("/plugins").text
    assert "Nothing waits for you." in browser.get("/").text


# --- several processes ---------------------------------------------------------------------------------------------


@pytest.fixture
def two(real_database: Database) -> tuple[Flask, Flask]:
    """Two processes that found the plugins in opposite order."""
    use(real_database, "achoir", "toy")
    return an_app(real_database, ToyPlugin, ChoirPlugin), an_app(real_database, ChoirPlugin, ToyPlugin)


def test_p2_switched_in_one_process_it_is_switched_in_the_other_at_the_next_request(
    two: tuple[Flask, Flask], real_database: Database
) -> None:
    one, other = two
    cast = find_cast(real_database)
    here_, there = ProgramOf(one, cast)("li"), BrowserOf(other, cast)("li")
    for enabled in True, False, True:
        if not enabled:
            here_.put("/plugins/achoir", {"enabled": False})
        assert here_.put("/plugins/toy", {"enabled": enabled}).status_code == 200
        assert there.get("/toy/").status_code == (200 if enabled else 404)
        assert ("Toy of" in there.get("/").text) == enabled
    assert [plugin.name for plugin in linli_of(one).house.installed] == ["toy", "achoir"]
    assert [plugin.name for plugin in linli_of(other).house.installed] == ["toy", "achoir"]


def test_a_right_changed_in_one_process_counts_in_the_other(two: tuple[Flask, Flask], real_database: Database) -> None:
    one, other = two
    cast = find_cast(real_database)
    assert BrowserOf(other, cast)("sun").get("/toy/").status_code == 403
    with unit(real_database, write=True):
        kit.enter_slug(linli_of(one).house, SLUG)
        grants.change({("toy.write", "staff"): "all"}, by=kit.actor_of("li"))
    assert BrowserOf(other, cast)("sun").get("/toy/").status_code == 200


# --- the bundled ones ----------------------------------------------------------------------------------------------


def test_p2_every_address_of_a_bundled_plugin_is_404_while_it_is_off(
    app: Flask, browser_of: BrowserOf, program_of: ProgramOf, database: Database
) -> None:
    house = linli_of(app).house
    paths = {
        str(rule.rule).replace("<community>", SLUG)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.partition(".")[0].removesuffix("_api") in house.by_name
        and rule.arguments == {"community"}
        and "GET" in (rule.methods or set())
    }
    assert paths
    with unit(database, write=True):
        kit.enter_slug(house, SLUG)
        for plugin in reversed(house.installed):
            switching.disable(plugin.name, by=kit.SYSTEM)
    browser, program = browser_of("li"), program_of("li")
    token = {"Authorization": f"Bearer {program.token}"}
    for path in sorted(paths):
        of_api = path.startswith("/api/")
        answer = program.client.get(path, headers=token) if of_api else browser.client.get(path)
        assert answer.status_code == 404, path
