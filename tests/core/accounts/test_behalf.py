"""On behalf of (代办): staff act for a resident, and both names go on record."""

import pytest
from sqlalchemy import select

from core.accounts import grants
from core.audit.models import Entry
from core.db import Database, session, unit
from core.people.models import Holder
from core.plugins import House
from tests import kit
from tests.kit import SLUG, BrowserOf, Cast, ProgramOf

NEW = {"user_name": "qian", "password": "eight-or-more", "role": "resident"}
BANNER = "You act for 陈玉兰."


def last_entry(database: Database, house: House) -> tuple[str, str | None]:
    """Who did the latest act, and for whom."""
    with unit(database, write=False):
        kit.enter_slug(house, SLUG)
        entry = session.scalars(select(Entry).order_by(Entry.id.desc()).limit(1)).one()
        return entry.actor, entry.on_behalf_name


def test_staff_act_for_a_resident_until_they_stop(browser_of: BrowserOf, cast: Cast) -> None:
    browser = browser_of("sun")
    assert "陈玉兰" in browser.get("/behalf?q=陈玉").text
    assert browser.post(f"/behalf/{cast.chen.resident_id}").location == f"/{SLUG}/"
    assert BANNER in browser.get("/").text
    assert browser.post("/behalf/stop").status_code == 303
    assert BANNER not in browser.get("/").text


def test_both_names_are_kept_through_both_doors(
    browser_of: BrowserOf, program_of: ProgramOf, database: Database, house: House, cast: Cast
) -> None:
    browser = browser_of("li")
    browser.post(f"/behalf/{cast.chen.resident_id}")
    assert browser.post("/accounts/new", NEW).status_code == 303
    assert last_entry(database, house) == ("李主任", "陈玉兰")
    wish = NEW | {"user_name": "wu", "on_behalf_of": str(cast.zhang.resident_id)}
    assert program_of("li").post("/accounts", wish).status_code == 201
    assert last_entry(database, house) == ("李主任", "张淑芬")
    assert "for 陈玉兰" in browser.get("/audit").text


def test_staff_award_for_a_resident_and_both_names_are_in_the_audit(
    browser_of: BrowserOf, database: Database, house: House, cast: Cast
) -> None:
    browser = browser_of("sun")
    assert browser.post(f"/behalf/{cast.chen.resident_id}").status_code == 303
    page = browser.get("/points/award")
    assert BANNER in page.text
    typed = {"category": "performance", "day": "2026-11-26", "note": "", f"n_{cast.choir.id.hex}": "1"}
    assert browser.post("/points/award", typed).status_code == 303
    assert last_entry(database, house) == ("孙红梅", "陈玉兰")
    audit = browser_of("li").get("/audit").text
    newest = audit.partition("<tbody")[2].partition("</tr>")[0]
    for words in "孙红梅", "for 陈玉兰", "Recorded contributions", "合唱队":
        assert words in newest
    browser.post("/behalf/stop")
    assert browser.post("/points/award", typed | {f"n_{cast.choir.id.hex}": "2"}).status_code == 303
    assert last_entry(database, house) == ("孙红梅", None)


def test_one_may_act_for_another_without_stopping_first(browser_of: BrowserOf, cast: Cast) -> None:
    browser = browser_of("sun")
    browser.post(f"/behalf/{cast.chen.resident_id}")
    browser.post(f"/behalf/{cast.zhang.resident_id}")
    assert "You act for 张淑芬." in browser.get("/").text


@pytest.mark.parametrize("user_name", ["zhang", "chen"])
def test_residents_act_for_nobody_else(
    browser_of: BrowserOf, program_of: ProgramOf, user_name: str, cast: Cast
) -> None:
    browser = browser_of(user_name)
    assert browser.get("/behalf").status_code == 403
    assert browser.post(f"/behalf/{cast.zhao.resident_id}").status_code == 403
    assert "On behalf" not in browser.get("/").text
    answer = program_of(user_name).put("/plugins/points", {"enabled": True, "on_behalf_of": str(cast.zhao.resident_id)})
    assert answer.status_code == 403


@pytest.mark.parametrize("who", ["wang", "nobody"])
def test_whoever_does_not_live_here_is_not_found(
    browser_of: BrowserOf, program_of: ProgramOf, cast: Cast, who: str
) -> None:
    known = {"wang": str(cast.wang.resident_id), "nobody": "01a00000-0000-7000-8000-000000000000"}[who]
    assert browser_of("sun").post(f"/behalf/{known}").status_code == 404
    for on_behalf_of in known, "no id at all":
        answer = program_of("li").post("/accounts", NEW | {"on_behalf_of": on_behalf_of})
        assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


def test_who_may_no_longer_act_for_others_goes_on_alone(
    browser_of: BrowserOf, database: Database, house: House, cast: Cast
) -> None:
    browser = browser_of("sun")
    browser.post(f"/behalf/{cast.chen.resident_id}")
    with unit(database, write=True):
        kit.enter_slug(house, SLUG)
        grants.change({("core.on_behalf", "staff"): "none"}, by=kit.actor_of("li"))
    home = browser.get("/")
    assert home.status_code == 200
    assert BANNER not in home.text


def test_nobody_found_is_said(browser_of: BrowserOf) -> None:
    assert "Nobody is found by" in browser_of("sun").get("/behalf?q=没有").text


def test_the_name_of_whom_one_acts_for_is_told_as_it_is_now(
    browser_of: BrowserOf, database: Database, house: House, cast: Cast
) -> None:
    browser = browser_of("sun")
    browser.post(f"/behalf/{cast.chen.resident_id}")
    with unit(database, write=True):
        kit.enter_slug(house, SLUG)
        session.scalars(select(Holder).where(Holder.id == cast.chen.resident_id)).one().name = "陈玉兰兰"
    assert "You act for 陈玉兰兰." in browser.get("/").text
