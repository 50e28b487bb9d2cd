"""Who may do what: a manager changes it, it counts at once and for every process, and it can never be lost for good."""

import pytest
from sqlalchemy import select

from core.accounts import access, grants
from core.accounts.models import Grant
from core.audit.models import Entry
from core.db import session
from core.errors import Forbidden, Invalid
from core.plugins import here
from tests.kit import SLUG, Browser, BrowserOf, Cast, ProgramOf, actor_of


def test_a_changed_right_counts_at_once(inside: Cast) -> None:
    revision = here().revision
    assert not access.allows(actor_of("sun"), "core.audit")
    assert grants.change({("core.audit", "staff"): "all"}, by=actor_of("li")) == 1
    assert access.allows(actor_of("sun"), "core.audit")
    assert here().revision != revision


def test_a_right_that_is_taken_away_is_gone_and_comes_back(inside: Cast) -> None:
    li, sun = actor_of("li"), actor_of("sun")
    grants.change({("core.people.edit", "staff"): "none"}, by=li)
    assert not access.allows(sun, "core.people.edit")
    grants.change({("core.people.edit", "staff"): "all"}, by=li)
    assert access.allows(sun, "core.people.edit")


def test_a_right_for_oneself_covers_oneself_and_the_groups_one_leads(inside: Cast) -> None:
    grants.change({("core.audit", "resident"): "own"}, by=actor_of("li"))
    zhang = actor_of("zhang")
    assert access.allows(zhang, "core.audit", zhang.resident_id)
    assert access.allows(zhang, "core.audit", inside.choir.id)
    assert not access.allows(zhang, "core.audit", inside.orchestra.id)
    assert not access.allows(actor_of("chen"), "core.audit", inside.choir.id)  # a member, no leader


def test_what_is_as_it_was_changes_nothing(inside: Cast) -> None:
    assert grants.change({("core.audit", "manager"): "all"}, by=actor_of("li")) == 0
    assert session.scalars(select(Grant)).all() == []


def test_the_change_is_on_record_before_and_after(inside: Cast) -> None:
    grants.change({("core.audit", "staff"): "all", ("core.import", "staff"): "none"}, by=actor_of("li"))
    entry = session.scalars(select(Entry).where(Entry.act == "core.grants_changed")).one()
    assert entry.before == {"core.audit staff": "none", "core.import staff": "all"}
    assert entry.after == {"core.audit staff": "all", "core.import staff": "none"}
    assert entry.subject == "core.audit, core.import"


def test_managers_cannot_give_away_the_right_to_decide(inside: Cast) -> None:
    with pytest.raises(grants.LockedOut):
        grants.change({("core.grants", "manager"): "none"}, by=actor_of("li"))


@pytest.mark.parametrize(
    "wish", [("no.such", "staff", "all"), ("core.audit", "king", "all"), ("core.audit", "staff", "some")]
)
def test_what_does_not_exist_is_refused(inside: Cast, wish: tuple[str, str, str]) -> None:
    permission, role, reach = wish
    with pytest.raises(Invalid):
        grants.change({(permission, role): reach}, by=actor_of("li"))


@pytest.mark.parametrize("user_name", ["sun", "zhang"])
@pytest.mark.usefixtures("inside")
def test_nobody_else_decides(user_name: str) -> None:
    with pytest.raises(Forbidden):
        grants.change({("core.audit", "staff"): "all"}, by=actor_of(user_name))


def test_the_page_shows_every_right_and_keeps_what_is_chosen(browser_of: BrowserOf) -> None:
    browser = browser_of("li")
    page = browser.get("/permissions").text
    assert 'name="core.audit staff"' in page
    assert browser_of("sun").get("/audit").status_code == 403
    answer = browser.post("/permissions", _all_as_shown(browser) | {"core.audit staff": "all"})
    assert (answer.status_code, answer.location) == (303, f"/{SLUG}/permissions")
    assert "1 permission changed" in browser.get("/permissions").text
    assert browser_of("sun").get("/audit").status_code == 200


def test_the_page_refuses_what_would_lock_everyone_out_and_keeps_every_choice(browser_of: BrowserOf) -> None:
    browser = browser_of("li")
    wish = _all_as_shown(browser) | {"core.grants manager": "none", "core.audit staff": "own"}
    answer = browser.post("/permissions", wish)
    assert answer.status_code == 422
    assert "Managers must keep the right" in answer.text
    assert _chosen(answer.text)["core.audit staff"] == "own"
    assert browser.get("/permissions").status_code == 200


def test_a_choice_that_is_none_is_refused(browser_of: BrowserOf) -> None:
    answer = browser_of("li").post("/permissions", _all_as_shown(browser_of("li")) | {"core.audit staff": "everything"})
    assert answer.status_code == 422


def test_only_who_decides_sees_the_page(browser_of: BrowserOf) -> None:
    for user_name in "sun", "zhang", "chen":
        assert browser_of(user_name).get("/permissions").status_code == 403
        assert browser_of(user_name).post("/permissions").status_code == 403


def _all_as_shown(browser: Browser) -> dict[str, str]:
    return _chosen(browser.get("/permissions").text)


def _chosen(page: str) -> dict[str, str]:
    """Field → what is chosen, read from the page."""
    found = {}
    for select_ in page.split("<select")[1:]:
        name = select_.split('name="')[1].split('"')[0]
        chosen = next(
            option for option in select_.split("</select>")[0].split("<option ") if option.startswith("selected")
        )
        found[name] = chosen.split('value="')[1].split('"')[0]
    return found


def test_who_asks_is_told_what_they_may(program_of: ProgramOf, cast: Cast) -> None:
    me = program_of("zhang").get("/me").get_json()
    assert (me["user_name"], me["name"], me["roles"]) == ("zhang", "张淑芬", ["resident"])
    assert me["resident_id"] == str(cast.zhang.resident_id)
    assert {holder["name"] for holder in me["holders"]} == {"张淑芬", "合唱队"}
    assert me["permissions"]["core.people.read"] == "own"
    assert "core.audit" not in me["permissions"]
    assert program_of("li").get("/me").get_json()["permissions"]["core.audit"] == "all"


def test_a_token_can_do_what_its_scopes_say_and_no_more(program_of: ProgramOf) -> None:
    program = program_of("li", scopes=["core.plugins"])
    assert program.get("/me").get_json()["permissions"] == {"core.plugins": "all"}
    assert program.get("/plugins").status_code == 200
    answer = program.get("/audit")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "forbidden")
