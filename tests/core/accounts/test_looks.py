"""Language and large print: one tap, remembered on the account or else by the browser."""

import pytest

from tests.kit import SLUG, BrowserOf

LARGE = 'class="large"'


def test_large_print_is_one_tap_and_remembered_on_the_account(browser_of: BrowserOf) -> None:
    browser = browser_of("chen")
    assert LARGE not in browser.get("/").text
    assert browser.post("/large-print", {"next": f"/{SLUG}/account"}).location == f"/{SLUG}/account"
    assert LARGE in browser.get("/").text
    assert LARGE in browser_of("chen").get("/").text  # on another device
    browser.post("/large-print")
    assert LARGE not in browser.get("/").text


def test_who_has_not_signed_in_is_remembered_by_the_browser(browser_of: BrowserOf) -> None:
    browser = browser_of(None)
    browser.post("/large-print", {"next": f"/{SLUG}/sign-in"})
    browser.post("/language", {"lang": "en"})
    page = browser.get("/sign-in").text
    assert LARGE in page
    assert LARGE not in browser_of(None).get("/sign-in").text


def test_what_was_chosen_before_signing_in_goes_with_the_person(browser_of: BrowserOf) -> None:
    browser = browser_of(None, locale="zh-CN")
    browser.post("/large-print")
    browser.post("/language", {"lang": "en"})
    browser.post("/sign-in", {"user_name": "chen", "password": "correct-horse"})
    page = browser_of("chen", locale="zh-CN").get("/account").text
    assert LARGE in page
    assert 'lang="en"' in page.partition("<head")[0]


def test_the_language_is_the_browsers_until_one_is_chosen(browser_of: BrowserOf) -> None:
    browser = browser_of("chen", locale="zh-CN")
    assert 'lang="zh-Hans"' in browser.get("/account").text.partition("<head")[0]
    browser.post("/language", {"lang": "en", "next": f"/{SLUG}/account"})
    assert 'lang="en"' in browser.get("/account").text.partition("<head")[0]
    browser.post("/language", {"lang": "xx"})
    assert 'lang="en"' in browser.get("/account").text.partition("<head")[0]


@pytest.mark.parametrize("path", ["/large-print", "/language"])
def test_a_form_from_elsewhere_changes_nothing(browser_of: BrowserOf, path: str) -> None:
    browser = browser_of("chen", locale="zh-CN")
    assert browser.client.post(f"/{SLUG}{path}", data={"lang": "en"}).status_code == 400
    page = browser.get("/account").text
    assert LARGE not in page
    assert 'lang="zh-Hans"' in page.partition("<head")[0]


def test_a_double_tap_switches_once(browser_of: BrowserOf) -> None:
    browser = browser_of("chen")
    for _time in range(2):
        assert browser.post("/large-print", {"_key": "one tap"}).status_code == 303
    assert LARGE in browser.get("/").text
