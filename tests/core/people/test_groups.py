"""Entering groups and changing their name and kind."""

import pytest
from sqlalchemy import func, select

from core.audit.models import Entry
from core.db import session
from core.errors import Forbidden, NotFound
from core.people import groups, queries
from core.people.requests import GroupRequest
from tests.kit import BrowserOf, Cast, ProgramOf, actor_of


def test_a_group_needs_no_members_to_exist(inside: Cast) -> None:
    made = groups.create(GroupRequest(name="书法社", kind="calligraphy"), by=actor_of("sun"))
    found = queries.group(made.id, by=actor_of("li"))
    assert (found.name, found.kind, found.holder.initials) == ("书法社", "calligraphy", "sfs")
    assert queries.people_of([made.id])[made.id].count == 0


def test_the_same_change_again_is_not_written_down(inside: Cast) -> None:
    for _time in range(2):
        groups.edit(inside.choir.id, GroupRequest(name="老年合唱队", kind="choir"), by=actor_of("li"))
    assert queries.holder(inside.choir.id).name == "老年合唱队"
    written = select(func.count()).select_from(Entry).where(Entry.act == "core.group_changed")
    assert session.scalar(written) == 1


def test_leaders_may_not_enter_groups(inside: Cast) -> None:
    with pytest.raises(Forbidden):
        groups.create(GroupRequest(name="a", kind="choir"), by=actor_of("zhang"))


def test_members_see_their_own_group_only(browser_of: BrowserOf, program_of: ProgramOf, cast: Cast) -> None:
    chen = browser_of("chen")
    assert chen.get(f"/groups/{cast.choir.id}").status_code == 200
    assert chen.get(f"/groups/{cast.orchestra.id}").status_code == 403
    assert [group["name"] for group in program_of("chen").get("/groups").get_json()["items"]] == ["合唱队"]


def test_p3_a_group_of_another_community_is_not_found(inside: Cast, program_of: ProgramOf) -> None:
    with pytest.raises(NotFound):
        queries.holders([inside.choir.id, inside.wang.account_id])
    assert program_of("wang").get(f"/groups/{inside.choir.id}").status_code == 404


def test_pages_enter_and_change_a_group(browser_of: BrowserOf) -> None:
    li = browser_of("li")
    made = li.post("/groups/new", {"name": "书法社", "kind": "calligraphy"})
    assert made.status_code == 303
    path = made.location.removeprefix("/xincheng")
    assert "Nobody is in this group yet." in li.get(path).text
    assert li.post(f"{path}/edit", {"name": "书画社", "kind": "calligraphy"}).status_code == 303
    assert "书画社" in li.get("/groups").text
    assert li.post("/groups/new", {"name": "x", "kind": "BAD kind"}).status_code == 422


def test_rest_takes_any_word_of_small_letters_as_kind(program_of: ProgramOf) -> None:
    li = program_of("li")
    made = li.post("/groups", {"name": "编织组", "kind": "knitting"}).get_json()
    assert li.get(f"/groups/{made['id']}").get_json() == {"id": made["id"], "name": "编织组", "kind": "knitting"}
    assert li.put(f"/groups/{made['id']}", made).status_code == 200
    assert li.post("/groups", {"name": "编织组", "kind": "Knitting!"}).status_code == 422


def test_a_kind_of_the_communitys_own_is_shown_as_it_is(browser_of: BrowserOf, program_of: ProgramOf) -> None:
    made = program_of("li").post("/groups", {"name": "编织组", "kind": "knitting"}).get_json()
    li = browser_of("li")
    assert "knitting" in li.get(f"/groups/{made['id']}").text
    assert 'value="knitting"' in li.get(f"/groups/{made['id']}/edit").text
