"""Signing in and out: by password, with one answer to everything wrong, without a lock while the password is verified."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from core import clock
from core.accounts import knock, limits, passwords
from core.accounts.models import Account
from core.audit.models import Entry
from core.db import Database, session, unit
from core.db.work import is_open
from core.plugins import House
from core.web.request import linli_of
from tests import kit
from tests.kit import PASSWORD, SLUG, Browser, BrowserOf, Cast

WRONG = "do not belong together"
RIGHT = {"user_name": "li", "password": PASSWORD}


def row_of(database: Database, house: House, user_name: str) -> Account:
    """An account as it stands in the database."""
    with unit(database, write=False):
        kit.enter_slug(house, SLUG)
        account = session.scalars(select(Account).where(Account.user_name == user_name)).one()
        session.expunge(account)
    return account


def fail(browser: Browser, times: int) -> None:
    """So many wrong passwords for Li."""
    for _time in range(times):
        assert browser.post("/sign-in", RIGHT | {"password": "wrong-horse"}).status_code == 401


def test_the_right_password_leads_home_and_is_remembered(browser_of: BrowserOf) -> None:
    browser = browser_of(None)
    answer = browser.post("/sign-in", RIGHT)
    assert (answer.status_code, answer.location) == (303, f"/{SLUG}/")
    assert "李主任" in browser.get("/").text


def test_a_user_name_may_begin_with_the_capital_a_telephone_gives_it(browser_of: BrowserOf) -> None:
    assert browser_of(None).post("/sign-in", RIGHT | {"user_name": " Li "}).status_code == 303


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "wrong-horse"},
        {"user_name": "nobody"},
        {"user_name": "wang"},
        {"user_name": "li\x00"} | {"password": "x"},
    ],
    ids=["password", "name", "of another community", "NUL"],
)
def test_whatever_is_wrong_the_answer_is_the_same_and_the_name_still_there(
    browser_of: BrowserOf, wrong: dict[str, str]
) -> None:
    answer = browser_of(None).post("/sign-in", RIGHT | wrong)
    assert answer.status_code == 401
    assert WRONG in answer.text
    assert f'value="{(RIGHT | wrong)["user_name"]}"' in answer.text
    assert PASSWORD not in answer.text


def test_nothing_typed_says_what_is_missing(browser_of: BrowserOf) -> None:
    answer = browser_of(None).post("/sign-in", {"user_name": "", "password": ""})
    assert answer.status_code == 422
    assert answer.text.count("Fill this in.") >= 2


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        (f"/{SLUG}/account", f"/{SLUG}/account"),
        ("https://evil.example/", f"/{SLUG}/"),
        ("//evil.example/", f"/{SLUG}/"),
        (f"/{SLUG}/\\evil.example", f"/{SLUG}/"),
        (f"/{SLUG}\n//evil.example", f"/{SLUG}/"),
        ("/binhe/", f"/{SLUG}/"),
        ("javascript:alert(1)", f"/{SLUG}/"),
    ],
)
def test_signing_in_leads_back_only_to_pages_of_this_community(browser_of: BrowserOf, asked: str, led: str) -> None:
    answer = browser_of(None).post("/sign-in", RIGHT, query_string={"next": asked})
    assert (answer.status_code, answer.location) == (303, led)


def test_a_page_that_needs_an_account_leads_to_sign_in_and_back(browser_of: BrowserOf) -> None:
    browser = browser_of(None)
    away = browser.get("/audit?q=choir")
    assert away.status_code == 302
    answer = browser.client.post(away.location, data=RIGHT | {"csrf_token": browser.csrf_token()})
    assert answer.location == f"/{SLUG}/audit?q=choir"


# --- lockout -------------------------------------------------------------------------------------------------------


def test_after_five_wrong_passwords_nobody_is_let_in_for_15_minutes_of_real_time(
    browser_of: BrowserOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, begin = browser_of(None), clock.real_now()
    monkeypatch.setattr(clock, "real_now", lambda: begin)
    fail(browser, 5)
    assert browser.post("/sign-in", RIGHT).status_code == 401
    clock.advance(timedelta(days=1))  # the clock of the community does not open it
    monkeypatch.setattr(clock, "real_now", lambda: begin + timedelta(minutes=14, seconds=59))
    assert browser.post("/sign-in", RIGHT).status_code == 401
    monkeypatch.setattr(clock, "real_now", lambda: begin + timedelta(minutes=15))
    assert browser.post("/sign-in", RIGHT).status_code == 303


def test_a_sign_in_between_makes_the_count_begin_again(browser_of: BrowserOf) -> None:
    browser = browser_of(None)
    fail(browser, 4)
    assert browser.post("/sign-in", RIGHT).status_code == 303
    fail(browser, 4)
    assert browser.post("/sign-in", RIGHT).status_code == 303


def test_a_refused_sign_in_is_counted_and_a_lock_is_on_record(
    browser_of: BrowserOf, database: Database, house: House
) -> None:
    fail(browser_of(None), 1)
    assert row_of(database, house, "li").failures == 1
    fail(browser_of(None), 4)
    with unit(database, write=False):
        kit.enter_slug(house, SLUG)
        assert session.scalars(select(Entry.subject).where(Entry.act == "core.account_locked")).all() == ["li"]


def test_a_right_password_verified_before_it_was_changed_does_not_open_any_more(inside: Cast) -> None:
    asked = knock.find("li")
    session.scalars(select(Account).where(Account.user_name == "li")).one().password_hash = passwords.hashed(
        "another-one"
    )
    session.flush()
    assert knock.settle(asked, good=True) is None


def test_no_lock_is_held_while_the_password_is_verified(
    app: Flask, real_database: Database, monkeypatch: pytest.MonkeyPatch, house: House
) -> None:
    monkeypatch.setitem(app.extensions, "linli", replace(linli_of(app), database=real_database))
    wrote = []

    def matches(password: str, password_hash: str | None) -> bool:
        assert not is_open()
        with unit(real_database, write=True):  # would wait for a lock held here, and give up
            kit.enter_slug(house, SLUG)
            kit.a_resident("别人")
        wrote.append(password)
        return password_hash is not None

    monkeypatch.setattr(passwords, "matches", matches)
    browser = Browser(app.test_client(), SLUG)
    assert browser.post("/sign-in", RIGHT).status_code == 303
    assert wrote == [PASSWORD]


@pytest.mark.race
def test_wrong_passwords_sent_side_by_side_are_all_counted(app: Flask, real_database: Database, house: House) -> None:
    linli = linli_of(app)
    app.extensions["linli"] = replace(linli, database=real_database)
    start = threading.Barrier(4)

    def try_once() -> None:
        browser = Browser(app.test_client(), SLUG)
        token = browser.csrf_token()
        start.wait()
        browser.post("/sign-in", RIGHT | {"password": "wrong-horse", "csrf_token": token})

    threads = [threading.Thread(target=try_once) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert row_of(real_database, house, "li").failures == 4


# --- throttle ------------------------------------------------------------------------------------------------------


def test_too_many_tries_from_one_address_are_answered_429_with_when_to_try_again(
    app: Flask, browser_of: BrowserOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(linli_of(app).config, env="development")
    monkeypatch.setitem(app.extensions, "linli", replace(linli_of(app), config=config))
    limits.limiter.reset()
    browser = browser_of(None)
    answers = [browser.post("/sign-in", {"user_name": "nobody", "password": "x" * 8}) for _time in range(31)]
    assert {answer.status_code for answer in answers[:30]} == {401}
    assert answers[30].status_code == 429
    assert 0 < int(answers[30].headers["Retry-After"]) <= 60
    assert "Wait a little" in answers[30].text
    assert browser.get("/sign-in").status_code == 200  # looking is not counted
    limits.limiter.reset()


# --- out, and what ends a session ----------------------------------------------------------------------------------


def test_signing_out_ends_the_session(browser_of: BrowserOf) -> None:
    browser = browser_of("li")
    assert browser.post("/sign-out").location == f"/{SLUG}/sign-in"
    assert browser.get("/").status_code == 302


def test_nobody_is_signed_out_by_a_link_or_a_form_from_elsewhere(browser_of: BrowserOf) -> None:
    browser = browser_of("li")
    assert browser.get("/sign-out").status_code == 405
    assert browser.client.post(f"/{SLUG}/sign-out").status_code == 400
    assert browser.get("/").status_code == 200


def test_a_session_belongs_to_one_community(browser_of: BrowserOf) -> None:
    assert browser_of("li", slug=kit.OTHER_SLUG).get("/").status_code == 302


def test_signing_in_leaves_nothing_of_who_used_the_browser_before(browser_of: BrowserOf, cast: Cast) -> None:
    browser = browser_of("sun")
    browser.post(f"/behalf/{cast.chen.resident_id}")
    browser.post("/sign-in", RIGHT)
    assert "You act for" not in browser.get("/").text


# --- the demo ------------------------------------------------------------------------------------------------------


def test_only_a_demo_offers_its_accounts(app: Flask, browser_of: BrowserOf, monkeypatch: pytest.MonkeyPatch) -> None:
    assert passwords.DEMO not in browser_of(None).get("/sign-in").text
    config = replace(linli_of(app).config, demo=True)
    monkeypatch.setitem(app.extensions, "linli", replace(linli_of(app), config=config))
    page = browser_of(None).get("/sign-in").text
    assert page.count(passwords.DEMO) >= 5
    assert "张淑芬" in page
    assert "王主任" not in page  # of another community


def test_the_clock_of_lockouts_is_the_real_one() -> None:
    clock.start_at(datetime(2030, 1, 1, tzinfo=kit.ZONE), frozen=True)
    assert abs(clock.real_now() - clock.now()) > timedelta(days=1)
