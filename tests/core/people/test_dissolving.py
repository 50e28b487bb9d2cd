"""Dissolving a group: nobody is in it any more, it says so, and its name is free."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from core.audit.models import Entry
from core.db import session
from core.errors import Forbidden, NotFound
from core.explanations import explain
from core.people import closed, dissolving, groups, members, queries
from core.people.closed import GroupClosed
from core.people.models import Group, Membership, Role
from core.people.requests import DissolutionRequest, GroupRequest, MemberRequest
from tests.kit import MEMBER_SINCE, NOW, BrowserOf, Cast, ProgramOf, a_resident, actor_of

TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)


def dissolve(cast: Cast, *, by: str = "li") -> Group:
    return dissolving.dissolve(cast.choir.id, DissolutionRequest(reason="没有人了"), by=actor_of(by))


def test_everybody_leaves_and_the_past_stays(inside: Cast) -> None:
    late, former = a_resident(), a_resident()
    members.add(inside.choir.id, MemberRequest(resident_id=late.id, from_day=date(2026, 12, 24)), by=actor_of("li"))
    past = MemberRequest(resident_id=former.id, from_day=date(2025, 1, 1), to_day=date(2025, 2, 1))
    members.add(inside.choir.id, past, by=actor_of("li"))
    assert inside.choir.id in actor_of("zhang").holders
    assert dissolve(inside).dissolved_on == TODAY
    rows = session.scalars(select(Membership).where(Membership.group_id == inside.choir.id)).all()
    assert {(row.resident_id, row.from_day, row.to_day) for row in rows} == {
        (inside.zhang.resident_id, MEMBER_SINCE, YESTERDAY),
        (inside.chen.resident_id, MEMBER_SINCE, YESTERDAY),
        (former.id, date(2025, 1, 1), date(2025, 2, 1)),
    }
    assert inside.choir.id not in actor_of("zhang").holders
    assert members.on(inside.choir.id, YESTERDAY) == {inside.zhang.resident_id, inside.chen.resident_id}
    assert members.on(inside.choir.id, TODAY) == frozenset()


def test_it_says_so_is_in_no_list_and_leaves_its_name_free(inside: Cast) -> None:
    dissolve(inside)
    assert closed.words([inside.choir.id]) == {inside.choir.id: explain("group_dissolved", group="合唱队", day=TODAY)}
    assert [group.name for group in queries.groups(by=actor_of("li"), limit=9)] == ["民乐团"]
    assert groups.create(GroupRequest(name="合唱队", kind="choir"), by=actor_of("li")).id != inside.choir.id
    entry = session.scalars(select(Entry).where(Entry.act == "core.group_dissolved")).one()
    assert (entry.subject, entry.after) == ("合唱队", {"members": 2, "reason": "没有人了"})


def test_a_second_time_and_anything_new_is_refused(inside: Cast) -> None:
    dissolve(inside)
    with pytest.raises(GroupClosed) as again:
        dissolve(inside)
    assert again.value.explanation() == explain("group_dissolved", group="合唱队", day=TODAY)
    with pytest.raises(GroupClosed):
        members.add(inside.choir.id, MemberRequest(resident_id=a_resident().id, role=Role.LEADER), by=actor_of("li"))
    with pytest.raises(GroupClosed):
        groups.edit(inside.choir.id, GroupRequest(name="老年合唱队", kind="choir"), by=actor_of("li"))


def test_managers_alone_dissolve_and_only_groups(inside: Cast) -> None:
    for nobody in ("sun", "zhang"):
        with pytest.raises(Forbidden):
            dissolve(inside, by=nobody)
    with pytest.raises(NotFound):
        dissolving.dissolve(inside.centre.id, DissolutionRequest(), by=actor_of("li"))
    with pytest.raises(NotFound):
        dissolving.dissolve(a_resident().id, DissolutionRequest(), by=actor_of("li"))


def test_pages_say_what_will_be_lost_dissolve_and_say_since_when(browser_of: BrowserOf, cast: Cast) -> None:
    li, path = browser_of("li"), f"/groups/{cast.choir.id}"
    shown = li.get(f"{path}/dissolution").text
    assert "2 members leave" in shown
    assert "This cannot be undone." in shown
    done = li.post(f"{path}/dissolution", {"reason": "没有人了"})
    assert (done.status_code, done.location) == (303, f"/xincheng{path}")
    page = li.get(path).text
    assert "合唱队 was dissolved on Thu 26 Nov" in page
    assert "Nobody is in this group any more." in page
    assert f"{path}/members/new" not in page
    assert "Book a room" not in page
    again = li.post(f"{path}/dissolution", {"reason": ""})
    assert again.status_code == 409
    assert "合唱队 was dissolved on Thu 26 Nov" in again.text
    assert browser_of("sun").get(f"{path}/dissolution").status_code == 403


def test_rest_dissolves_and_refuses_with_the_sentence_of_the_page(
    program_of: ProgramOf, browser_of: BrowserOf, cast: Cast
) -> None:
    li, path = program_of("li"), f"/groups/{cast.choir.id}"
    made = li.post(f"{path}/dissolution", {"reason": "over"})
    assert (made.status_code, made.get_json()["dissolved_on"]) == (201, "2026-11-26")
    assert made.get_json()["merged_into"] is None
    again = li.post(f"{path}/dissolution")
    assert (again.status_code, again.get_json()["code"]) == (409, "wrong_state")
    assert again.get_json()["detail"] in browser_of("li").get(path).text
    assert li.put(path, {"name": "合唱队", "kind": "dance"}).status_code == 409
    assert li.post(f"{path}/members", {"resident_id": str(cast.zhao.resident_id)}).status_code == 409
    assert program_of("sun").post(f"/groups/{cast.orchestra.id}/dissolution").status_code == 403
    assert program_of("wang", slug=cast.slug).post(f"/groups/{cast.orchestra.id}/dissolution").status_code == 404
