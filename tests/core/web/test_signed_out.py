"""Signed out meanwhile: who sends a form is led to sign in, told that it was not taken, and led back to where it stood."""

from collections.abc import Callable

import pytest

from tests.kit import SLUG, Browser, BrowserOf

TOLD = "You have been signed out, and what you sent was not kept. Sign in and send it again."
SENT = {"note": "lost", "csrf_token": "of a session that is over"}


def send(browser: Browser, path: str, came_from: str | None, **headers: str) -> tuple[int, str | None]:
    """A form of a session that is over; answers the status and where it leads."""
    if came_from is not None:
        headers["Referer"] = came_from
    answer = browser.client.post(f"/{SLUG}{path}", data=SENT, headers={"Accept-Language": "en", **headers})
    return answer.status_code, answer.location


@pytest.mark.parametrize(
    ("path", "came_from", "back"),
    [
        ("/toy/", f"http://localhost/{SLUG}/toy/?a=1", f"?next=/{SLUG}/toy/?a%3D1"),
        ("/toy/own", f"http://localhost/{SLUG}/toy/own", f"?next=/{SLUG}/toy/own"),
        ("/toy/", None, f"?next=/{SLUG}/toy/"),
        ("/toy/", "http://elsewhere.example/xincheng/toy/own", f"?next=/{SLUG}/toy/"),
        ("/toy/careless", f"http://localhost/{SLUG}/toy/", f"?next=/{SLUG}/toy/"),
        ("/toy/careless", f"http://localhost/{SLUG}/toy/careless", ""),  # no page stands there
        ("/toy/careless", "http://localhost/binhe/", ""),  # nor is another community's a page of here
        ("/toy/careless", None, ""),
    ],
)
def test_a_form_that_needs_an_account_leads_to_sign_in_and_back_to_its_page(
    toy_browser: BrowserOf, acted: Callable[[], int], path: str, came_from: str | None, back: str
) -> None:
    browser = toy_browser(None)
    assert send(browser, path, came_from) == (303, f"/{SLUG}/sign-in{back}")
    page = browser.get("/sign-in").text
    assert TOLD in page
    assert TOLD not in browser.get("/sign-in").text  # once
    assert acted() == 0


def test_so_does_a_form_whose_token_is_good_but_whose_account_is_not(
    toy_browser: BrowserOf, acted: Callable[[], int]
) -> None:
    browser = toy_browser("li")
    with browser.client.session_transaction() as kept:
        kept["_user_id"] = kept["_user_id"] + "-ended-elsewhere"
    answer = browser.post("/toy/", {"note": "lost"})
    assert (answer.status_code, answer.location, acted()) == (303, f"/{SLUG}/sign-in?next=/{SLUG}/toy/", 0)
    assert TOLD in browser.get("/sign-in").text


def test_the_form_to_sign_in_itself_is_shown_again(toy_browser: BrowserOf) -> None:
    answer = toy_browser(None).client.post(
        f"/{SLUG}/sign-in", data={"user_name": "li", "csrf_token": "old"}, headers={"Accept-Language": "en"}
    )
    assert answer.status_code == 400
    assert "Everything is still here: send it again." in answer.text
    assert 'value="li"' in answer.text


def test_no_page_is_put_into_a_piece_of_a_page(toy_browser: BrowserOf) -> None:
    assert send(toy_browser(None), "/toy/", None, **{"HX-Request": "true"}) == (401, None)


def test_who_is_signed_in_is_not_sent_away(toy_browser: BrowserOf, acted: Callable[[], int]) -> None:
    assert send(toy_browser("li"), "/toy/", None) == (400, None)
    assert acted() == 0


# --- pages of what went wrong --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status", "next_step"),
    [
        ("GET", "/nowhere", 404, "Go back, or look for it from the home page."),
        ("GET", "/toy/nowhere", 404, "Go back, or look for it from the home page."),
        ("GET", "/plugins/on", 404, "Go back, or look for it from the home page."),
        ("GET", "/behalf/x", 404, "Go back, or look for it from the home page."),
        ("GET", "/toy/careless", 405, "Go back, load the page again and try once more."),
        ("GET", "/residents?cursor=x", 422, "Go back and correct it."),
        ("POST", "/toy/careless", 400, "Go back, load the page again and try once more."),
    ],
)
def test_a_page_that_says_what_went_wrong_keeps_the_menu_and_says_what_to_do(
    toy_browser: BrowserOf, method: str, path: str, status: int, next_step: str
) -> None:
    def answer_for(browser: Browser) -> tuple[int, str]:
        found = browser.client.open(f"/{SLUG}{path}", method=method, headers={"Accept-Language": "en"})
        return found.status_code, found.text

    found_status, page = answer_for(toy_browser("li"))
    assert found_status == status
    assert next_step in page
    assert 'aria-label="Main menu"' in page
    assert "李主任" in page
    assert "cursor" not in page.partition("<main")[2]


def test_who_may_not_is_told_what_to_do_and_keeps_the_menu(toy_browser: BrowserOf) -> None:
    answer = toy_browser("chen").get("/audit")
    assert answer.status_code == 403
    assert "Go back, or choose something else on the home page." in answer.text
    assert 'aria-label="Main menu"' in answer.text


def test_strangers_and_other_communities_see_no_menu(toy_browser: BrowserOf) -> None:
    for browser in toy_browser(None), toy_browser("wang", slug=SLUG):
        answer = browser.get("/nowhere")
        assert answer.status_code == 404
        assert 'aria-label="Main menu"' not in answer.text
    for path in "/", "//", "/no-such-community/", "/no-such-community/nowhere":
        answer = toy_browser("li").client.get(path)
        assert 'aria-label="主菜单"' not in answer.text
