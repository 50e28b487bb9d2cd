"""What comes by e-mail: chosen on a page of one's own, never more than an address and kinds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from core import clock
from core.accounts.models import Account
from core.audit.models import Entry
from core.config import Smtp
from core.db import Database, session, unit
from core.notices import mails, outbox
from core.notices.models import Mail
from core.plugins import House
from core.web.request import linli_of
from tests import kit
from tests.core.notices.kit import REAL, with_address
from tests.kit import SLUG, BrowserOf, Cast

ALL = {"reminder": "y", "change": "y", "request": "y", "news": "y"}


@pytest.fixture
def chosen(database: Database, house: House) -> Callable[[], tuple[str | None, list[str]]]:
    """What Zhang has chosen."""

    def look() -> tuple[str | None, list[str]]:
        with unit(database, write=False):
            kit.enter_slug(house, SLUG)
            account = session.scalars(select(Account).where(Account.user_name == "zhang")).one()
            return account.email, account.mail_kinds

    return look


def test_an_address_and_kinds_are_kept_and_shown_again(browser_of: BrowserOf, chosen: Any) -> None:
    browser = browser_of("zhang")
    page = browser.get("/notices/by-mail").text
    assert page.count(" checked") == 4  # all, once there is an address
    answer = browser.post("/notices/by-mail", {"email": " Zhang.S+x@Mail.example.org ", "change": "y"})
    assert answer.status_code == 303
    assert chosen() == ("Zhang.S+x@Mail.example.org", ["change"])
    page = browser.get("/notices/by-mail").text
    assert 'value="Zhang.S+x@Mail.example.org"' in page
    assert page.count(" checked") == 1
    browser.post("/notices/by-mail", {"email": "", "change": "y"})
    assert chosen() == (None, ["change"])


@pytest.mark.parametrize(
    "typed",
    [
        "zhang",
        "zhang@",
        "zhang@localhost",
        "@example.org",
        "张@example.org",
        "a@b@example.org",
        "a b@example.org",
        "a@example.org\nBcc: b@example.org",
        "a@-x.org",
        "a@example.org,b@example.org",
        f"{'a' * 65}@example.org",
    ],
)
def test_what_is_no_address_is_refused_and_still_there(browser_of: BrowserOf, chosen: Any, typed: str) -> None:
    answer = browser_of("zhang").post("/notices/by-mail", ALL | {"email": typed})
    assert answer.status_code == 422
    assert "This must be an e-mail address like zhang@example.org" in answer.text
    assert chosen()[0] is None


def test_it_is_written_down_without_the_address(
    browser_of: BrowserOf, database: Database, house: House, chosen: Any
) -> None:
    browser_of("zhang").post("/notices/by-mail", {"email": "zhang@example.org", "news": "y"})
    with unit(database, write=False):
        kit.enter_slug(house, SLUG)
        entry = session.scalars(select(Entry).where(Entry.act == "core.mail_chosen")).one()
        assert (entry.before, entry.after) == ({"mail_kinds": []}, {"mail_kinds": ["news"]})


def test_the_page_says_when_this_installation_sends_none_and_when_the_last_did_not_arrive(
    browser_of: BrowserOf,
    app: Flask,
    database: Database,
    house: House,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def given_up() -> None:
        outbox.notify_account(cast.zhang.account_id, REAL)
        mails.sweep()
        taken = mails.take()
        assert taken is not None
        mails.failed(taken, "no", final=True)

    browser = browser_of("zhang")
    assert "E-mail is not set up here yet" in browser.get("/notices/by-mail").text
    linli = linli_of(app)
    config = replace(linli.config, smtp=Smtp(host="x", port=25))
    monkeypatch.setitem(app.extensions, "linli", replace(linli, config=config))
    page = browser.get("/notices/by-mail").text
    assert "E-mail is not set up here yet" not in page
    assert "did not arrive" not in page
    with unit(database, write=True):
        kit.enter_slug(house, SLUG)
        with_address("zhang")
        given_up()
    assert "The last letter to zhang@example.org did not arrive" in browser.get("/notices/by-mail").text
    with unit(database, write=True):
        kit.enter_slug(house, SLUG)
        clock.advance(timedelta(days=1))
        outbox.notify_account(cast.zhang.account_id, REAL)
        mails.sweep()
        taken = mails.take()
        assert taken is not None
        mails.sent(taken)
        assert len(session.scalars(select(Mail)).all()) == 2
    assert "did not arrive" not in browser.get("/notices/by-mail").text
