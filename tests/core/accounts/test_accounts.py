"""New accounts and new passwords, through both doors."""

from typing import Any

import pytest
from sqlalchemy import func, select

from core.accounts import accounts, grants, passwords
from core.accounts.models import Account, AccountRole
from core.accounts.requests import AccountRequest
from core.audit.models import Entry
from core.db import Database, session, unit
from core.errors import Forbidden
from core.plugins import House
from tests import kit
from tests.kit import PASSWORD, SLUG, BrowserOf, Cast, ProgramOf, actor_of

NEW: dict[str, Any] = {"user_name": "qian", "password": "eight-or-more", "role": "staff"}


def count(database: Database, house: House, *conditions: Any) -> int:
    """How many accounts there are."""
    with unit(database, write=False):
        kit.enter_slug(house, SLUG)
        return session.scalars(select(func.count(Account.id)).where(*conditions)).one()


def test_a_new_account_can_sign_in(browser_of: BrowserOf) -> None:
    answer = browser_of("li").post("/accounts/new", NEW)
    assert (answer.status_code, answer.location) == (303, f"/{SLUG}/accounts")
    assert browser_of(None).post("/sign-in", NEW).status_code == 303
    assert "qian" in browser_of("li").get("/accounts").text


def test_a_program_makes_an_account_for_a_resident(program_of: ProgramOf, browser_of: BrowserOf, cast: Cast) -> None:
    wish = NEW | {"role": "resident", "resident_id": str(cast.chen.resident_id)}
    answer = program_of("li").post("/accounts", wish)
    assert answer.status_code == 201
    made = answer.get_json()
    assert made == {
        "id": made["id"],
        "user_name": "qian",
        "role": "resident",
        "resident_id": str(cast.chen.resident_id),
    }
    browser = browser_of(None)
    browser.post("/sign-in", NEW)
    assert "陈玉兰" in browser.get("/account").text


def test_a_page_finds_the_resident_by_name_or_telephone(
    browser_of: BrowserOf, database: Database, house: House, cast: Cast
) -> None:
    page = browser_of("li").post("/accounts/new", NEW | {"resident": "淑芬 0001"})
    assert page.status_code == 303
    assert count(database, house, Account.resident_id == cast.zhang.resident_id) == 2


@pytest.mark.parametrize(("words", "sentence"), [("没有这人", "No resident is found"), ("", None)])
def test_a_resident_nobody_is_found_by_is_a_fault_of_that_field(
    browser_of: BrowserOf, words: str, sentence: str | None
) -> None:
    answer = browser_of("li").post("/accounts/new", NEW | {"resident": words})
    assert answer.status_code == (422 if sentence else 303)
    if sentence:
        assert sentence in answer.text
        assert f'value="{words}"' in answer.text


def test_words_that_find_several_residents_are_not_guessed(
    browser_of: BrowserOf, database: Database, house: House
) -> None:
    with unit(database, write=True):
        kit.enter_slug(house, SLUG)
        kit.a_resident("张淑芬", telephone="13900000002")
    answer = browser_of("li").post("/accounts/new", NEW | {"resident": "张淑芬"})
    assert answer.status_code == 422
    assert "Several residents" in answer.text


BAD = [
    (
        {"user_name": "钱"},
        "user_name",
        "Only Latin letters, digits, dots, hyphens and underscores: for example zhang.sf",
    ),
    (
        {"user_name": "a b"},
        "user_name",
        "Only Latin letters, digits, dots, hyphens and underscores: for example zhang.sf",
    ),
    ({"user_name": "\u202e"}, "user_name", "Fill this in."),
    ({"user_name": "q" * 41}, "user_name", "At most 40 characters; this has 41."),
    ({"password": "seven77"}, "password", "At least 8 characters."),
    ({"password": "p" * 201}, "password", "At most 200 characters; this has 201."),
]


@pytest.mark.parametrize(("change", "field", "sentence"), BAD)
def test_both_doors_refuse_the_same_with_the_same_sentence(
    browser_of: BrowserOf,
    program_of: ProgramOf,
    database: Database,
    house: House,
    change: dict[str, str],
    field: str,
    sentence: str,
) -> None:
    before = count(database, house)
    page = browser_of("li").post("/accounts/new", NEW | change)
    assert page.status_code == 422
    assert sentence in page.text
    answer = program_of("li").post("/accounts", NEW | change)
    assert (answer.status_code, answer.get_json()["errors"]) == (422, {field: [sentence]})
    assert count(database, house) == before


def test_a_user_name_that_is_taken_is_refused_and_everything_typed_is_still_there(
    browser_of: BrowserOf, program_of: ProgramOf
) -> None:
    page = browser_of("li").post("/accounts/new", NEW | {"user_name": "Zhang"})
    assert page.status_code == 409
    assert "There is an account zhang already" in page.text
    assert 'value="Zhang"' in page.text
    answer = program_of("li").post("/accounts", NEW | {"user_name": "zhang"})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "user_name_taken")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"role": "king"}, 422),
        ({"resident_id": "no-id"}, 404),
        ({"resident_id": "01a00000-0000-7000-8000-000000000000"}, 404),
        ({"colour": "red"}, 422),
        ({"password": None}, 422),
    ],
)
def test_a_program_is_told_what_is_wrong(program_of: ProgramOf, change: dict[str, Any], status: int) -> None:
    assert program_of("li").post("/accounts", NEW | change).status_code == status


def test_a_resident_of_another_community_is_not_found(program_of: ProgramOf, cast: Cast) -> None:
    answer = program_of("li").post("/accounts", NEW | {"resident_id": str(cast.wang.resident_id)})
    assert answer.status_code == 404


@pytest.mark.parametrize("user_name", ["sun", "zhang", "chen"])
def test_only_managers_make_accounts(browser_of: BrowserOf, program_of: ProgramOf, user_name: str, cast: Cast) -> None:
    assert browser_of(user_name).get("/accounts").status_code == 403
    assert browser_of(user_name).post("/accounts/new", NEW).status_code == 403
    assert browser_of(user_name).post(f"/accounts/{cast.li.account_id}/password", NEW).status_code == 403
    assert program_of(user_name).post("/accounts", NEW).status_code == 403


def test_who_may_make_accounts_without_being_a_manager_makes_no_manager(inside: Cast) -> None:
    grants.change({("core.accounts", "staff"): "all"}, by=actor_of("li"))
    sun = actor_of("sun")
    made = accounts.create(AccountRequest(**NEW), password_hash="x", by=sun)
    assert made.user_name == "qian"
    with pytest.raises(Forbidden):
        accounts.create(AccountRequest(**NEW | {"user_name": "boss", "role": "manager"}), password_hash="x", by=sun)
    with pytest.raises(Forbidden):
        accounts.set_password(inside.li.account_id, password_hash="x", by=sun)


def test_a_form_sent_twice_makes_one_account(browser_of: BrowserOf, database: Database, house: House) -> None:
    browser, wish = browser_of("li"), NEW | {"_key": "once"}
    first, second = browser.post("/accounts/new", wish), browser.post("/accounts/new", wish)
    assert (first.status_code, second.status_code) == (303, 303)
    assert count(database, house, Account.user_name == "qian") == 1


def test_the_same_idempotency_key_answers_the_same_although_hashing_stands_outside(program_of: ProgramOf) -> None:
    program = program_of("li")
    first = program.post("/accounts", NEW, Idempotency_Key="k1")
    second = program.post("/accounts", NEW, Idempotency_Key="k1")
    assert first.get_json() == second.get_json()
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["Idempotent-Replay"] == "true"
    assert (
        program.post("/accounts", NEW | {"role": "resident"}, Idempotency_Key="k1").get_json()["code"] == "key_reused"
    )


def test_passwords_and_hashes_are_in_no_answer_and_not_in_the_audit(
    browser_of: BrowserOf, program_of: ProgramOf, database: Database, house: House
) -> None:
    answer = program_of("li").post("/accounts", NEW)
    assert "password" not in answer.text
    browser_of("li").post("/accounts/new", NEW | {"user_name": "wu"})
    with unit(database, write=False):
        kit.enter_slug(house, SLUG)
        kept = [(entry.before, entry.after) for entry in session.scalars(select(Entry))]
    assert "argon2" not in str(kept)
    assert NEW["password"] not in str(kept)
    assert NEW["password"] not in repr(AccountRequest(**NEW))


# --- new passwords -------------------------------------------------------------------------------------------------

CHANGE = {"present": PASSWORD, "password": "a new one I keep", "again": "a new one I keep"}


def test_ones_own_password_changes_and_every_other_session_ends(browser_of: BrowserOf) -> None:
    here, elsewhere = browser_of("chen"), browser_of("chen")
    assert here.post("/account", CHANGE).status_code == 303
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302
    assert browser_of(None).post("/sign-in", {"user_name": "chen", "password": PASSWORD}).status_code == 401
    assert browser_of(None).post("/sign-in", {"user_name": "chen", "password": CHANGE["password"]}).status_code == 303


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"present": "not mine"}, "This is not your present password."),
        ({"again": "something else"}, "The two new passwords are not the same."),
        ({"password": "short", "again": "short"}, "At least 8 characters."),
        ({"present": ""}, "Fill this in."),
    ],
)
def test_a_new_password_that_is_refused_changes_nothing(
    browser_of: BrowserOf, change: dict[str, str], sentence: str
) -> None:
    browser = browser_of("chen")
    answer = browser.post("/account", CHANGE | change)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert browser_of(None).post("/sign-in", {"user_name": "chen", "password": PASSWORD}).status_code == 303


def test_a_manager_sets_a_forgotten_password_anew_and_the_lock_is_lifted(browser_of: BrowserOf, cast: Cast) -> None:
    for _time in range(5):
        browser_of(None).post("/sign-in", {"user_name": "chen", "password": "forgotten"})
    assert "locked for a while" in browser_of("li").get("/accounts").text
    answer = browser_of("li").post(f"/accounts/{cast.chen.account_id}/password", {"password": "told at the counter"})
    assert answer.status_code == 303
    assert browser_of("chen").get("/account").status_code == 302  # her old session has ended
    assert (
        browser_of(None).post("/sign-in", {"user_name": "chen", "password": "told at the counter"}).status_code == 303
    )


def test_accounts_of_another_community_are_not_found(browser_of: BrowserOf, cast: Cast) -> None:
    path = f"/accounts/{cast.wang.account_id}/password"
    assert browser_of("li").get(path).status_code == 404
    assert browser_of("li").post(path, {"password": "taken over"}).status_code == 404
    assert "wang" not in browser_of("li").get("/accounts").text


def test_the_list_is_searched_and_paged(browser_of: BrowserOf, database: Database, house: House) -> None:
    with unit(database, write=True):
        kit.enter_slug(house, SLUG)
        for number in range(60):
            kit.an_account(f"x{number:02}", AccountRole.RESIDENT)
    browser = browser_of("li")
    assert "x59" not in browser.get("/accounts").text
    assert "x59" in browser.get("/accounts?after=x40").text
    assert "x59" in browser.get("/accounts?q=x59").text
    assert "张淑芬" in browser.get("/accounts?q=张淑").text
    assert "No account is found" in browser.get("/accounts?q=nobody").text


def test_argon2_verifies_what_it_hashed_and_nothing_else() -> None:
    kept = passwords.hashed("correct-horse")
    assert kept.startswith("$argon2id$")
    assert passwords.matches("correct-horse", kept)
    assert not passwords.matches("wrong-horse", kept)
    assert not passwords.matches("correct-horse", None)
