"""Who is in a group, from when to when, and who leads it."""

from datetime import date

import pytest
from sqlalchemy import func, select

from core.audit.models import Entry
from core.db import Id, session
from core.errors import Forbidden, Invalid, NotFound
from core.people import members, queries
from core.people.members import AlreadyMember
from core.people.models import Membership, Role
from core.people.requests import MemberRequest
from tests.kit import BrowserOf, Cast, ProgramOf, a_resident, actor_of

TODAY, YESTERDAY = date(2026, 11, 26), date(2026, 11, 25)


def spells(group_id: Id, resident_id: Id) -> list[tuple[str, date, date | None]]:
    statement = select(Membership).where(Membership.group_id == group_id, Membership.resident_id == resident_id)
    found = session.scalars(statement.order_by(Membership.from_day)).all()
    return [(spell.role.value, spell.from_day, spell.to_day) for spell in found]


def test_a_member_counts_on_both_end_days_and_no_others(inside: Cast) -> None:
    zhao = inside.zhao.resident_id
    assert zhao is not None
    request = MemberRequest(resident_id=zhao, from_day=date(2026, 12, 1), to_day=date(2026, 12, 31))
    members.add(inside.choir.id, request, by=actor_of("sun"))
    inside_on = [
        day
        for day in (date(2026, 11, 30), date(2026, 12, 1), date(2026, 12, 31), date(2027, 1, 1))
        if zhao in members.on(inside.choir.id, day)
    ]
    assert inside_on == [date(2026, 12, 1), date(2026, 12, 31)]
    assert queries.member_counts(date(2026, 12, 1), [inside.choir.id]) == {inside.choir.id: 3}


def test_without_days_from_today_on(inside: Cast) -> None:
    somebody = a_resident()
    members.add(inside.choir.id, MemberRequest(resident_id=somebody.id), by=actor_of("li"))
    assert spells(inside.choir.id, somebody.id) == [("member", TODAY, None)]


def test_twice_is_refused_and_nothing_changes(inside: Cast) -> None:
    chen = inside.chen.resident_id
    assert chen is not None
    with pytest.raises(AlreadyMember) as refusal:
        members.add(inside.choir.id, MemberRequest(resident_id=chen), by=actor_of("li"))
    assert refusal.value.facts == {"name": "陈玉兰", "group": "合唱队", "from_day": date(2025, 1, 1)}
    assert spells(inside.choir.id, chen) == [("member", date(2025, 1, 1), None)]


def test_a_member_becomes_leader_from_a_day_on(inside: Cast) -> None:
    chen = inside.chen.resident_id
    assert chen is not None
    members.add(inside.choir.id, MemberRequest(resident_id=chen, role=Role.LEADER), by=actor_of("li"))
    assert spells(inside.choir.id, chen) == [("member", date(2025, 1, 1), YESTERDAY), ("leader", TODAY, None)]
    assert inside.choir.id in actor_of("chen").holders
    members.add(inside.choir.id, MemberRequest(resident_id=chen), by=actor_of("li"))  # and back on the same day
    assert spells(inside.choir.id, chen) == [("member", date(2025, 1, 1), YESTERDAY), ("member", TODAY, None)]


def test_leaving_ends_the_rights_of_a_leader_at_once(inside: Cast) -> None:
    zhang = inside.zhang.resident_id
    assert zhang is not None
    members.remove(inside.choir.id, zhang, by=actor_of("li"))
    assert spells(inside.choir.id, zhang) == [("leader", date(2025, 1, 1), YESTERDAY)]
    assert actor_of("zhang").holders == {zhang}
    with pytest.raises(NotFound):  # a second time
        members.remove(inside.choir.id, zhang, by=actor_of("li"))
    assert session.scalar(select(func.count()).select_from(Entry).where(Entry.act == "core.member_removed")) == 1


def test_who_joined_today_leaves_no_trace_but_the_audit(inside: Cast) -> None:
    somebody = a_resident()
    members.add(inside.choir.id, MemberRequest(resident_id=somebody.id), by=actor_of("li"))
    members.remove(inside.choir.id, somebody.id, by=actor_of("li"))
    assert spells(inside.choir.id, somebody.id) == []


def test_the_last_day_is_not_before_the_first(inside: Cast) -> None:
    with pytest.raises(Invalid) as refusal:
        MemberRequest(resident_id=inside.choir.id, from_day=TODAY, to_day=YESTERDAY)
    assert list(refusal.value.errors) == ["to_day"]


def test_leaders_may_not_take_in_members(inside: Cast) -> None:
    with pytest.raises(Forbidden):
        members.add(inside.choir.id, MemberRequest(resident_id=a_resident().id), by=actor_of("zhang"))
    with pytest.raises(Forbidden):
        members.remove(inside.choir.id, inside.chen.account_id, by=actor_of("zhang"))


def test_p3_nobody_of_another_community_joins(inside: Cast) -> None:
    wang = inside.wang.resident_id
    assert wang is not None
    with pytest.raises(NotFound):
        members.add(inside.choir.id, MemberRequest(resident_id=wang), by=actor_of("li"))


# --- through the doors ---------------------------------------------------------------------------------------------


def test_pages_add_and_remove_a_member(browser_of: BrowserOf, cast: Cast) -> None:
    li = browser_of("li")
    path = f"/groups/{cast.choir.id}"
    assert "赵国强" in li.get(f"{path}/members/new?q=zgq").text
    joined = li.post(
        f"{path}/members/new",
        {"q": "zgq", "resident": str(cast.zhao.resident_id), "role": "member", "from_day": "2026-11-26"},
    )
    assert joined.status_code == 303
    assert "赵国强" in li.get(path).text
    again = li.post(f"{path}/members/new", {"q": "zgq", "resident": str(cast.zhao.resident_id), "role": "member"})
    assert again.status_code == 409
    assert "is in 合唱队 already" in again.text
    assert li.post(f"{path}/members/{cast.zhao.resident_id}/removal").status_code == 303
    assert "赵国强" not in li.get(path).text
    assert li.post(f"{path}/members/{cast.zhao.resident_id}/removal").status_code == 404


@pytest.mark.parametrize("resident", ["", "x", "01a20c8e-4304-7741-bab4-c1d3513679ce"])
def test_whoever_is_nobody_does_not_join(browser_of: BrowserOf, cast: Cast, resident: str) -> None:
    answer = browser_of("li").post(f"/groups/{cast.choir.id}/members/new", {"resident": resident, "role": "member"})
    assert answer.status_code in {404, 422}


def test_telephones_are_for_leaders_and_staff(browser_of: BrowserOf, cast: Cast) -> None:
    path = f"/groups/{cast.choir.id}"
    assert "13900000001" in browser_of("zhang").get(path).text
    assert "13900000001" in browser_of("sun").get(path).text
    assert "13900000001" not in browser_of("chen").get(path).text


def test_rest_adds_lists_and_removes(program_of: ProgramOf, cast: Cast) -> None:
    li, path = program_of("li"), f"/groups/{cast.choir.id}/members"
    zhao = str(cast.zhao.resident_id)
    joined = li.post(path, {"resident_id": zhao, "role": "leader", "from": "2026-12-01", "to": "2026-12-31"})
    assert joined.status_code == 201
    expected = {"resident_id": zhao, "name": "赵国强", "role": "leader", "from": "2026-12-01", "to": "2026-12-31"}
    assert joined.get_json() == expected
    assert expected in li.get(path).get_json()["items"]
    first = li.get(f"{path}?limit=2").get_json()
    assert [len(first["items"]), len(li.get(f"{path}?limit=2&cursor={first['next']}").get_json()["items"])] == [2, 1]
    assert li.call("DELETE", f"{path}/{zhao}").status_code == 204
    assert li.call("DELETE", f"{path}/{zhao}").status_code == 404
    assert program_of("wang").get(path).status_code == 404
    assert program_of("zhang").post(path, {"resident_id": zhao}).status_code == 403
