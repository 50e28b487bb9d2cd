"""Entering groups and changing their name and kind."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from core.accounts import access
from core.audit.models import Entry
from core.db import Conflict, Database, session, unit
from core.errors import Forbidden, Invalid, NotFound
from core.explanations import explain
from core.people import groups, queries
from core.people.models import Group, Holder
from core.people.requests import GroupRequest
from core.plugins import House, here
from tests import kit
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


def test_a_name_is_one_groups_alone_and_stays_its_own(inside: Cast) -> None:
    taken = {"name": [explain("group_exists", name="民乐团")]}
    with pytest.raises(Invalid) as refusal:
        groups.create(GroupRequest(name=" 民乐团 ", kind="choir"), by=actor_of("li"))
    assert refusal.value.errors == taken
    with pytest.raises(Invalid) as refusal:
        groups.edit(inside.choir.id, GroupRequest(name="民乐团", kind="choir"), by=actor_of("li"))
    assert refusal.value.errors == taken
    assert groups.edit(inside.choir.id, GroupRequest(name="合唱队", kind="dance"), by=actor_of("li")).kind == "dance"
    groups.create(GroupRequest(name="张淑芬", kind="other"), by=actor_of("li"))  # a resident's name is free
    orchestra = session.scalars(select(Group).where(Group.id == inside.orchestra.id)).one()
    orchestra.dissolved_on = here().today()
    assert groups.create(GroupRequest(name="民乐团", kind="orchestra"), by=actor_of("li")).name == "民乐团"


def test_p3_a_name_in_another_community_is_free(inside: Cast) -> None:
    assert groups.create(GroupRequest(name="滨河合唱队", kind="choir"), by=actor_of("li")).kind == "choir"


@pytest.mark.race
def test_a_name_given_at_the_same_moment_is_one_groups(real_database: Database, house: House, cast: Cast) -> None:
    at_once, start = 6, Barrier(6)

    def name_it(number: int) -> str:
        start.wait()
        for _try in range(20):
            try:
                with unit(real_database, write=True):
                    kit.enter_slug(house, kit.SLUG)
                    request = GroupRequest(name="新队", kind="choir")
                    if number % 2:
                        groups.create(request, by=access.system())
                    else:
                        groups.edit(
                            [cast.choir.id, cast.orchestra.id, cast.choir.id][number // 2], request, by=access.system()
                        )
            except Conflict:
                continue
            except Invalid as refusal:
                return refusal.errors["name"][0].code
            return "done"
        return "always a conflict"

    with ThreadPoolExecutor(at_once) as pool:
        came = list(pool.map(name_it, range(at_once)))
    assert set(came) == {"done", "group_exists"}
    with unit(real_database, write=False):
        kit.enter_slug(house, kit.SLUG)
        named = session.scalar(select(func.count()).select_from(Holder).where(Holder.name == "新队"))
    assert named == 1


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
    assert li.get(f"/groups/{made['id']}").get_json() == {
        "id": made["id"],
        "name": "编织组",
        "kind": "knitting",
        "dissolved_on": None,
        "merged_into": None,
    }
    assert li.put(f"/groups/{made['id']}", made).status_code == 200
    assert li.post("/groups", {"name": "编织组", "kind": "Knitting!"}).status_code == 422


def test_a_kind_of_the_communitys_own_is_shown_as_it_is(browser_of: BrowserOf, program_of: ProgramOf) -> None:
    made = program_of("li").post("/groups", {"name": "编织组", "kind": "knitting"}).get_json()
    li = browser_of("li")
    assert "knitting" in li.get(f"/groups/{made['id']}").text
    assert 'value="knitting"' in li.get(f"/groups/{made['id']}/edit").text
