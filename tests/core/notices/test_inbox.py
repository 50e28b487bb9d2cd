"""The inbox: one's own notices, the newest first; read one by one or all at once; counted in the bar without a statement more."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from core import clock
from core.accounts.models import AccountRole
from core.communities import switching
from core.db import Database, session, unit
from core.errors import Invalid, NotFound
from core.explanations import explain
from core.notices import inbox, outbox
from core.notices.models import NoticeKind, Outbox
from core.notices.outbox import About
from core.plugins import House
from tests import kit
from tests.core.notices.kit import REAL, WORDS
from tests.kit import SLUG, SYSTEM, BrowserOf, Cast, actor_of
from tests.statements import statements

PROJECT = Path(__file__).parents[3]


def tell(cast: Cast, number: int = 1, about: About = outbox.ANYTHING, **named: Any) -> None:
    """Zhang is told so many things, a minute after the other."""
    assert cast.zhang.resident_id is not None
    for at in range(number):
        clock.advance(timedelta(minutes=1))
        words = explain("too_small", least=at)
        outbox.notify(cast.zhang.resident_id, named.get("words", words), about=about)
    session.flush()


def told(user_name: str = "zhang", **named: Any) -> list[Any]:
    found = inbox.notices(by=actor_of(user_name), limit=named.pop("limit", 99), **named)
    return [one.words.facts.get("least", one.words.code) for one in found]


@pytest.fixture
def kept(database: Database, house: House, cast: Cast) -> Any:
    """Do something in the community and keep it, for pages to see."""

    def do(act: Any) -> Any:
        with unit(database, write=True):
            kit.enter_slug(house, SLUG)
            return act()

    return do


# --- the rule ------------------------------------------------------------------------------------------------------


def test_one_reads_what_oneself_and_ones_resident_were_told_and_nothing_of_others(inside: Cast) -> None:
    tell(inside, 2)
    outbox.notify_account(inside.zhang.account_id, REAL)
    operator = kit.an_account("operator", AccountRole.MANAGER)
    outbox.notify_account(operator.id, WORDS)
    assert told() == ["not_an_address", 1, 0]
    assert told("operator") == ["core.test"]
    assert told("chen") == []
    notice = session.scalars(select(Outbox).where(Outbox.account_id == operator.id)).one()
    with pytest.raises(NotFound):
        inbox.read(notice.id, by=actor_of("zhang"))
    assert notice.read_at is None


def test_pages_follow_one_another_and_what_comes_meanwhile_shifts_nothing(inside: Cast) -> None:
    tell(inside, 5)
    zhang = actor_of("zhang")
    first = inbox.notices(by=zhang, limit=2)
    assert [one.words.facts["least"] for one in first] == [4, 3, 2]  # one more, for there is more
    tell(inside)
    assert told(limit=2, cursor=str(first[1].id)) == [2, 1, 0]
    for wrong in ("x", str(inside.zhang.account_id)):
        with pytest.raises(Invalid):
            inbox.notices(by=zhang, limit=2, cursor=wrong)


def test_all_are_read_up_to_the_newest_that_was_seen(inside: Cast) -> None:
    tell(inside, 3)
    zhang = actor_of("zhang")
    first, second, _third = inbox.notices(by=zhang, limit=9)
    moment = clock.now()
    inbox.read(second.id, by=zhang)
    clock.advance(timedelta(hours=1))
    tell(inside)
    inbox.read_all(first.id, by=zhang)
    session.expire_all()
    assert [one.read_at is None for one in inbox.notices(by=zhang, limit=9)] == [True, False, False, False]
    assert second.read_at == moment  # not read a second time
    inbox.read(second.id, by=zhang)
    assert second.read_at == moment


def test_what_was_withdrawn_is_gone_and_other_kinds_of_the_same_stay(inside: Cast) -> None:
    matter = About(kind=NoticeKind.REMINDER, page="people.group", id=inside.choir.id)
    tell(inside, 1, matter)
    tell(inside, 1, About(kind=NoticeKind.CHANGE, page="people.group", id=inside.choir.id), words=REAL)
    tell(inside, 1, About(kind=NoticeKind.REMINDER, page="people.group", id=inside.orchestra.id))
    outbox.withdraw(inside.choir.id, NoticeKind.REMINDER)
    assert told() == [0, "not_an_address"]


def test_every_page_that_notices_name_is_there_and_takes_no_more_than_one_id(app: Flask) -> None:
    named = {
        page
        for folder in ("core", "plugins")
        for path in (PROJECT / folder).rglob("*.py")
        for page in re.findall(r"""About\([^)]*page="([a-z_.]+)\"""", path.read_text(encoding="utf-8"))
    }
    assert named >= {"points.account", "points.gifts_of", "points.posted", "points.rulebook"}
    for page in named:
        [rule, *_others] = app.url_map.iter_rules(page)
        assert len(rule.arguments - {"community"}) <= 1, page


# --- the page ------------------------------------------------------------------------------------------------------


def test_the_page_says_what_is_new_and_the_link_leads_there_and_reads_it(
    browser_of: BrowserOf, kept: Any, cast: Cast
) -> None:
    browser = browser_of("zhang")
    assert "Nobody has told you anything yet." in browser.get("/notices").text
    kept(lambda: tell(cast, 1, About(page="people.group", id=cast.choir.id)))
    page = browser.get("/notices").text
    assert "At least 0." in page
    assert "1 is new" in page
    assert '1<span class="visually-hidden"> new' in browser.get("/account").text
    [notice_id] = kept(lambda: session.scalars(select(Outbox.id)).all())
    leads = browser.get(f"/notices/{notice_id}")
    assert (leads.status_code, leads.location) == (302, f"/{SLUG}/groups/{cast.choir.id}")
    page = browser.get("/notices").text
    assert "is new" not in page
    assert f'href="/{SLUG}/groups/{cast.choir.id}"' in page
    assert browser_of("chen").get(f"/notices/{notice_id}").status_code == 404
    assert browser_of(None).get(f"/notices/{notice_id}").location == f"/{SLUG}/sign-in?next=/{SLUG}/notices/{notice_id}"


@pytest.mark.parametrize(
    ("page", "named"),
    [("people.group", False), ("no.such_page", True), ("booking.reservation", True), (None, False)],
)
def test_what_has_no_page_has_no_link(
    browser_of: BrowserOf, kept: Any, cast: Cast, page: str | None, *, named: bool
) -> None:
    def told_and_off() -> None:
        tell(cast, 1, About(page=page, id=cast.choir.id if named else None))
        switching.disable("booking", by=SYSTEM)

    kept(told_and_off)
    browser = browser_of("zhang")
    [notice_id] = kept(lambda: session.scalars(select(Outbox.id)).all())
    assert f'href="/{SLUG}/notices/{notice_id}"' not in browser.get("/notices").text
    assert browser.get(f"/notices/{notice_id}").location == f"/{SLUG}/notices"


def test_words_that_nobody_knows_any_more_are_said_to_be_gone(browser_of: BrowserOf, kept: Any, cast: Cast) -> None:
    kept(lambda: tell(cast, words=WORDS))
    assert "This cannot be said any more" in browser_of("zhang").get("/notices").text


def test_buttons_mark_one_or_all_as_read_and_twice_is_once(browser_of: BrowserOf, kept: Any, cast: Cast) -> None:
    kept(lambda: tell(cast, 3))
    ids = kept(lambda: session.scalars(select(Outbox.id).order_by(Outbox.at.desc())).all())
    browser = browser_of("zhang")
    for _time in range(2):
        assert browser.post(f"/notices/{ids[1]}/reading").status_code == 303
    assert "2 are new" in browser.get("/notices").text
    assert browser_of("chen").post(f"/notices/{ids[0]}/reading-all").status_code == 404
    for _time in range(2):
        assert browser.post(f"/notices/{ids[0]}/reading-all").status_code == 303
    assert "new" not in browser.get("/notices").text
    assert browser.client.post(f"/{SLUG}/notices/{ids[0]}/reading").status_code == 400  # from elsewhere


def test_a_page_has_thirty_and_leads_to_the_next(browser_of: BrowserOf, kept: Any, cast: Cast) -> None:
    kept(lambda: tell(cast, 31))
    browser = browser_of("zhang")
    page = browser.get("/notices").text
    assert "At least 1." in page
    assert "At least 0." not in page
    last = kept(lambda: session.scalars(select(Outbox.id).order_by(Outbox.at).offset(1).limit(1)).one())
    assert f'href="/{SLUG}/notices?cursor={last}"' in page
    older = browser.get(f"/notices?cursor={last}").text
    assert "At least 0." in older
    assert f'href="/{SLUG}/notices"' in older
    assert browser.get("/notices?cursor=x").status_code == 422


def test_a_hundred_notices_cost_as_many_statements_as_none_and_the_bar_none_at_all(
    browser_of: BrowserOf, kept: Any, cast: Cast, database: Database
) -> None:
    browser, counts = browser_of("zhang"), []
    kept(lambda: tell(cast))
    for _time in range(2):
        for path in ("/account", "/notices"):
            browser.get(path)  # what a process reads once is read
            with statements(database.writer) as sent:
                assert browser.get(path).status_code == 200
            counts.append(len(sent))
            assert [one for one in sent if "core_outbox" in one and "core_account" not in one] == (
                sent[-1:] if path == "/notices" else []
            )
        kept(lambda: tell(cast, 100))
    assert counts[:2] == counts[2:]
    assert counts[1] <= counts[0] + 1
