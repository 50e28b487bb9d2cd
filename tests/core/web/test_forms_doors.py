"""The door of pages: tokens, keys, refusals. Nothing is done twice or by a stranger, and nothing typed is lost."""

import threading
import time
from collections.abc import Callable

import pytest
from flask import Flask

from core.db import Conflict, Database, session
from core.web.request import linli_of
from tests import kit
from tests.core.web.conftest import count_acts, on
from tests.core.web.toy import Doors
from tests.kit import SLUG, Browser, BrowserOf, find_cast

Acted = Callable[[], int]
TYPED = {"note": "亲爱的 <b>choir</b> 🎶", "name": "张淑芬"}
SHOWN = "亲爱的 &lt;b&gt;choir&lt;/b&gt; 🎶"


def test_a_form_acts_and_leads_on(toy_browser: BrowserOf, acted: Acted) -> None:
    answer = toy_browser("li").post("/toy/", TYPED)
    assert (answer.status_code, answer.location, acted()) == (303, f"/{SLUG}/toy/", 1)


# --- tokens --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/toy/", "/toy/own"])
@pytest.mark.parametrize("token", ["", "nonsense", "foreign", "expired", None])
def test_a_token_that_is_not_good_does_nothing_and_everything_typed_is_still_there(
    toy_app: Flask, toy_browser: BrowserOf, acted: Acted, token: str | None, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = toy_browser("li")
    sent: dict[str, str] = {"csrf_token": token or ""}
    if token == "foreign":
        sent["csrf_token"] = toy_browser("zhang").csrf_token()
    if token == "expired":
        sent["csrf_token"] = browser.csrf_token()
        monkeypatch.setitem(toy_app.config, "WTF_CSRF_TIME_LIMIT", -1)
    answer = browser.client.post(
        f"/{SLUG}{path}", data=TYPED | (sent if token is not None else {}), headers={"Accept-Language": "en"}
    )
    assert answer.status_code == 400
    assert "Everything is still here: send it again." in answer.text
    assert SHOWN in answer.text
    assert 'value="张淑芬"' in answer.text
    assert acted() == 0


def test_the_page_that_says_so_can_be_sent_at_once(toy_app: Flask, toy_browser: BrowserOf, acted: Acted) -> None:
    browser = toy_browser("li")
    again = browser.client.post(f"/{SLUG}/toy/", data=TYPED).text
    hidden = {name: again.split(f'name="{name}" value="')[-1].split('"')[0] for name in ("csrf_token", "_key")}
    assert browser.client.post(f"/{SLUG}/toy/", data=TYPED | hidden).status_code == 303
    assert acted() == 1


def test_a_view_that_does_not_look_at_its_form_does_nothing_all_the_same(toy_browser: BrowserOf, acted: Acted) -> None:
    browser = toy_browser("li")
    answer = browser.client.post(
        f"/{SLUG}/toy/careless", data={"csrf_token": "stale"}, headers={"Accept-Language": "en"}
    )
    assert (answer.status_code, acted()) == (400, 0)
    assert "Everything is still here" not in answer.text  # what was typed is not: the form is not shown
    assert "Nothing was done" in answer.text
    assert browser.post("/toy/careless").status_code == 303
    assert acted() == 1


# --- sent twice ----------------------------------------------------------------------------------------------------


def test_a_form_sent_twice_acts_once_and_leads_to_the_same_page(toy_browser: BrowserOf, acted: Acted) -> None:
    browser = toy_browser("li")
    answers = [browser.post("/toy/", TYPED | {"_key": "k"}) for _time in range(3)]
    assert {(answer.status_code, answer.location) for answer in answers} == {(303, f"/{SLUG}/toy/")}
    assert acted() == 1


def test_every_page_that_is_shown_brings_a_key_of_its_own(toy_browser: BrowserOf) -> None:
    browser = toy_browser("li")
    keys = {browser.get("/toy/").text.split('name="_key" value="')[-1].split('"')[0] for _time in range(3)}
    assert len(keys) == 3


def test_another_content_under_the_same_key_is_shown_again_and_may_be_sent(
    toy_browser: BrowserOf, acted: Acted
) -> None:
    browser = toy_browser("li")
    browser.post("/toy/", TYPED | {"_key": "k"})
    again = browser.post("/toy/", {"note": "changed after going back", "_key": "k"})
    assert again.status_code == 409
    assert "sent before with other content" in again.text
    assert "changed after going back" in again.text
    fresh = again.text.split('name="_key" value="')[-1].split('"')[0]
    assert fresh != "k"
    assert browser.post("/toy/", {"note": "changed after going back", "_key": fresh}).status_code == 303
    assert acted() == 2


def test_a_form_that_was_refused_may_be_sent_again_with_its_key(toy_browser: BrowserOf, acted: Acted) -> None:
    browser = toy_browser("li")
    assert browser.post("/toy/", {"note": "refuse", "_key": "k"}).status_code == 409
    assert browser.post("/toy/", {"note": "better", "_key": "k"}).status_code == 303
    assert acted() == 1


def test_keys_of_different_people_pages_and_communities_have_nothing_to_do_with_one_another(
    toy_browser: BrowserOf, acted: Acted
) -> None:
    for user_name in "li", "zhang", "wang":
        assert toy_browser(user_name).post("/toy/", TYPED | {"_key": "k"}).status_code == 303
    assert toy_browser("li").post("/toy/careless", {"_key": "k"}).status_code == 303
    assert acted() == 3  # Wang's is in another community


@pytest.mark.race
def test_a_form_sent_twice_at_the_same_time_acts_once(real_database: Database) -> None:
    app = on(real_database)
    browser_of = BrowserOf(app, find_cast(real_database))
    start, answers = threading.Barrier(6), []
    Doors.hook = staticmethod(lambda: time.sleep(0.05))  # the others arrive while it acts

    def send() -> None:
        browser = browser_of("li")
        token = browser.csrf_token()
        start.wait()
        answers.append(browser.post("/toy/", TYPED | {"_key": "k", "csrf_token": token}))

    threads = [threading.Thread(target=send) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Doors.hook = staticmethod(lambda: None)
    assert [(answer.status_code, answer.location) for answer in answers] == [(303, f"/{SLUG}/toy/")] * 6
    assert count_acts(app) == 1


# --- refusals and faults -------------------------------------------------------------------------------------------


def test_a_refusal_stands_on_the_form_with_everything_typed(toy_browser: BrowserOf, acted: Acted) -> None:
    answer = toy_browser("li").post("/toy/", {"note": "refuse", "name": "张淑芬"})
    assert answer.status_code == 409
    assert "things have moved on" in answer.text
    assert 'value="张淑芬"' in answer.text
    assert acted() == 0


def test_a_fault_of_a_field_stands_at_the_field(toy_browser: BrowserOf, acted: Acted) -> None:
    answer = toy_browser("li").post("/toy/", {"note": "", "name": "n" * 21})
    assert answer.status_code == 422
    assert "Fill this in." in answer.text
    assert "At most 20 characters; this has 21." in answer.text
    assert acted() == 0


def test_a_note_of_10_mb_is_refused_with_its_length_and_is_still_there(toy_browser: BrowserOf, acted: Acted) -> None:
    answer = toy_browser("li").post("/toy/", {"note": "x" * 10_000_000})
    assert answer.status_code == 422
    assert "At most 500 characters; this has 10000000." in answer.text
    assert "x" * 10_000_000 in answer.text
    assert acted() == 0


def test_what_is_larger_than_16_mb_is_not_read(toy_browser: BrowserOf, acted: Acted) -> None:
    answer = toy_browser("li").post("/toy/", {"note": "x" * (16 * 2**20 + 1)})
    assert (answer.status_code, acted()) == (413, 0)
    assert "Send at most 16 MB." in answer.text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["a\x00b", "\u202eevil", "🎶 ok"])
def test_marks_nobody_sees_are_taken_out_of_what_is_typed(toy_browser: BrowserOf, acted: Acted, name: str) -> None:
    assert toy_browser("li").post("/toy/", {"note": "n", "name": name}).status_code == 303
    assert acted() == 1


def test_a_fault_of_ours_shows_no_trace_and_keeps_nothing(toy_browser: BrowserOf, acted: Acted) -> None:
    answer = toy_browser("li").post("/toy/", {"note": "fault"})
    assert (answer.status_code, acted()) == (500, 0)
    assert "nothing was changed" in answer.text
    assert "Traceback" not in answer.text
    assert "RuntimeError" not in answer.text
    assert "Back to the home page" in answer.text  # the page is whole


def test_what_the_database_refuses_last_is_a_conflict_and_nothing_is_kept(toy_browser: BrowserOf, acted: Acted) -> None:
    answer = toy_browser("li").post("/toy/", {"note": "twin"})
    assert (answer.status_code, acted()) == (409, 0)
    assert "Somebody else changed the same thing" in answer.text


def test_a_get_that_writes_is_refused(toy_browser: BrowserOf, acted: Acted) -> None:
    answer = toy_browser("li").get("/toy/writes")
    assert (answer.status_code, acted()) == (500, 0)


# --- conflicts -----------------------------------------------------------------------------------------------------


def conflicts(times: int) -> Callable[[], None]:
    """Another unit is in the way so many times."""
    left = [times]

    def hook() -> None:
        session.flush()
        if left[0]:
            left[0] -= 1
            raise Conflict("40001")

    return hook


@pytest.mark.parametrize("path", ["/toy/", "/toy/own"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_request_whose_unit_met_another_is_tried_again_and_acts_once(
    toy_browser: BrowserOf, acted: Acted, path: str, times: int
) -> None:
    Doors.hook = staticmethod(conflicts(times))
    answer = toy_browser("li").post(path, TYPED | {"_key": "k"})
    assert (answer.status_code, acted()) == (303, 1)


@pytest.mark.parametrize("path", ["/toy/", "/toy/own"])
def test_after_three_tries_it_says_so_and_nothing_is_kept(toy_browser: BrowserOf, acted: Acted, path: str) -> None:
    Doors.hook = staticmethod(conflicts(99))
    answer = toy_browser("li").post(path, TYPED)
    assert (answer.status_code, acted()) == (503, 0)
    assert answer.headers["Retry-After"] == "1"
    assert "try again in a moment" in answer.text


# --- who may -------------------------------------------------------------------------------------------------------


def test_the_guard_leads_strangers_to_sign_in_and_refuses_the_rest(toy_browser: BrowserOf, acted: Acted) -> None:
    assert toy_browser(None).get("/toy/").location == f"/{SLUG}/sign-in?next=/{SLUG}/toy/"
    assert toy_browser("sun").get("/toy/").status_code == 403  # staff have no right to write notes
    assert toy_browser("sun").post("/toy/", TYPED).status_code == 403
    assert toy_browser("wang", slug=SLUG).post("/toy/", TYPED).status_code == 303
    assert acted() == 0


@pytest.mark.parametrize(
    ("path", "status"),
    [("/toy/nothing", 404), ("/nothing", 404), ("/accounts/no-id/password", 404), ("/toy/careless", 405)],
)
def test_what_is_not_there_is_said_on_a_page(toy_browser: BrowserOf, path: str, status: int) -> None:
    answer = toy_browser("li").get(path)
    assert answer.status_code == status
    assert "Back to the home page" in answer.text


def test_a_community_that_is_none_is_not_found(toy_app: Flask) -> None:
    for path in "/atlantis/", "/atlantis/toy/", "/ATLANTIS/sign-in", "/%00/":
        assert Browser(toy_app.test_client(), "x").client.get(path).status_code == 404
    assert linli_of(toy_app).house.by_name.keys() == {"toy"}


def test_every_answer_loads_nothing_from_elsewhere(toy_browser: BrowserOf) -> None:
    answer = toy_browser("li").get("/toy/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "http://" not in answer.text.replace("http://www.w3.org", "")
    assert " style=" not in answer.text
    assert "<style" not in answer.text


def test_nobody_reads_what_belongs_to_another_session(toy_app: Flask) -> None:
    cookie = toy_app.test_client()
    cookie.set_cookie("session", "forged.by.somebody")
    assert cookie.get(f"/{kit.SLUG}/").status_code == 302
