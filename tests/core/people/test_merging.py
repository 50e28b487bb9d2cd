"""Merging two groups that were entered twice: who is in the one that goes on, what is refused, and two merges at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from core.accounts import access
from core.audit.models import Entry
from core.contract import Holder
from core.db import Conflict, Database, Id, session, unit
from core.errors import DomainError, Forbidden, Invalid, NotFound
from core.explanations import explain
from core.people import closed, groups, holders, members, merging, queries
from core.people.closed import GroupClosed
from core.people.models import Group, Membership, Role
from core.people.requests import GroupRequest, MemberRequest, MergingRequest
from core.plugins import House
from tests import kit
from tests.kit import MEMBER_SINCE, NOW, BrowserOf, Cast, ProgramOf, a_group, a_resident, actor_of

TODAY = NOW.date()
DAY = timedelta(days=1)


def merge(merged: Holder, kept: Holder, *, by: str = "li", reason: str = "") -> Group:
    return merging.merge(merged.id, MergingRequest(into_id=kept.id, reason=reason), by=actor_of(by))


def stays(group: Holder, who: Holder | Id) -> list[tuple[Role, date, date | None]]:
    resident_id = who.id if isinstance(who, Holder) else who
    wanted = select(Membership).where(Membership.group_id == group.id, Membership.resident_id == resident_id)
    rows = session.scalars(wanted.order_by(Membership.from_day))
    return [(row.role, row.from_day, row.to_day) for row in rows]


def a_stay(group: Holder, who: Holder, role: Role, first: date, last: date | None = None) -> None:
    session.add(Membership(group_id=group.id, resident_id=who.id, role=role, from_day=first, to_day=last))
    session.flush()


# --- members -------------------------------------------------------------------------------------------------------


def test_members_move_over_with_their_days_and_leaders_stay_leaders(inside: Cast) -> None:
    leader, member, gone = a_resident(), a_resident(), a_resident()
    twice = a_group("合唱团", leaders=[leader], members=[member])
    a_stay(twice, gone, Role.MEMBER, date(2025, 3, 1), date(2025, 6, 30))
    merged = merge(twice, inside.choir)
    assert (merged.merged_into, merged.dissolved_on) == (inside.choir.id, TODAY)
    assert stays(inside.choir, leader) == [(Role.LEADER, MEMBER_SINCE, None)]
    assert stays(inside.choir, member) == [(Role.MEMBER, MEMBER_SINCE, None)]
    assert members.on(inside.choir.id, date(2025, 6, 30)) >= {gone.id}
    assert queries.people_of([twice.id, inside.choir.id])[twice.id].count == 0
    assert queries.people_of([inside.choir.id])[inside.choir.id].count == 4  # Zhang and Chen were in it already


@pytest.mark.parametrize(
    ("kept", "merged", "joined"),
    [
        ([("member", 0, None)], [("member", 0, None)], [("member", 0, None)]),
        ([("member", 0, None)], [("leader", 0, None)], [("leader", 0, None)]),
        ([("leader", 0, None)], [("member", 0, None)], [("leader", 0, None)]),
        (
            [("member", 0, None)],
            [("leader", 10, 19)],
            [("member", 0, 9), ("leader", 10, 19), ("member", 20, None)],
        ),
        ([("member", 0, 9)], [("member", 5, 19)], [("member", 0, 19)]),
        ([("member", 0, 9)], [("member", 10, None)], [("member", 0, None)]),
        ([("member", 0, 9)], [("member", 12, 19)], [("member", 0, 9), ("member", 12, 19)]),
        ([("member", 0, 9), ("leader", 10, None)], [("member", 5, None)], [("member", 0, 9), ("leader", 10, None)]),
        ([("leader", 30, None)], [("member", 0, 9)], [("member", 0, 9), ("leader", 30, None)]),
    ],
)
def test_nobody_is_in_the_group_twice_on_any_day(
    inside: Cast, kept: list[Any], merged: list[Any], joined: list[Any]
) -> None:
    who, twice, first = a_resident(), a_group(), date(2026, 1, 1)

    def day(number: int | None) -> date | None:
        return None if number is None else first + number * DAY

    for group, rows in ((inside.choir, kept), (twice, merged)):
        for role, begins, ends in rows:
            a_stay(group, who, Role(role), first + begins * DAY, day(ends))
    merge(twice, inside.choir)
    assert stays(inside.choir, who) == [(Role(role), day(begins), day(ends)) for role, begins, ends in joined]
    assert stays(twice, who) == []


# --- what is left --------------------------------------------------------------------------------------------------


def test_a_merged_group_is_no_more_says_who_goes_on_and_leaves_its_name_free(inside: Cast) -> None:
    twice = a_group("合唱团")
    merge(twice, inside.choir, reason="重复录入")
    assert twice.id not in {group.id for group in queries.groups(by=actor_of("li"), limit=50)}
    assert closed.words([twice.id, inside.choir.id]) == {
        twice.id: explain("group_merged", group="合唱团", day=TODAY, into="合唱队")
    }
    assert groups.create(GroupRequest(name="合唱团", kind="choir"), by=actor_of("li")).id != twice.id
    entry = session.scalars(select(Entry).where(Entry.act.startswith("core.group_m"))).one()
    assert (entry.act, entry.subject, entry.subject_id) == ("core.group_merged", "合唱团 → 合唱队", twice.id)
    assert entry.after == {"into": "合唱队", "into_id": str(inside.choir.id), "members": 0, "reason": "重复录入"}


def test_the_one_that_went_on_may_be_merged_too_and_the_last_goes_on(inside: Cast) -> None:
    first, second = a_group(), a_group()
    merge(first, second)
    merge(second, inside.choir)
    assert closed.successor(first.id) == closed.successor(second.id) == inside.choir.id
    assert closed.successor(inside.choir.id) == inside.choir.id


def test_what_makes_no_sense_is_refused_with_a_sentence(inside: Cast) -> None:
    twice, third = a_group("合唱团"), a_group("三队")

    def faults(kept: Holder | Id) -> list[str]:
        kept_id = kept.id if isinstance(kept, Holder) else kept
        with pytest.raises(Invalid) as refusal:
            merging.merge(twice.id, MergingRequest(into_id=kept_id), by=actor_of("li"))
        return [fault.code for fault in refusal.value.errors["into_id"]]

    assert faults(twice) == ["group_into_itself"]
    assert faults(inside.centre) == ["not_a_group"]
    assert faults(a_resident()) == ["not_a_group"]
    merge(third, inside.choir)
    assert faults(third) == ["group_merged"]
    with pytest.raises(GroupClosed) as again:
        merge(third, twice)
    assert (again.value.code, again.value.explanation().code) == ("wrong_state", "group_merged")
    with pytest.raises(NotFound):
        merge(a_resident(), inside.choir)
    with pytest.raises(NotFound):
        merging.merge(Id(int=7), MergingRequest(into_id=inside.choir.id), by=actor_of("li"))
    with pytest.raises(Invalid):
        MergingRequest(into_id=inside.choir.id, reason="x" * 201)
    for nobody in ("sun", "zhang"):  # managers alone
        with pytest.raises(Forbidden):
            merge(twice, inside.choir, by=nobody)


def test_nothing_new_can_be_done_for_a_merged_group(inside: Cast) -> None:
    twice, li = a_group("合唱团", members=[a_resident()]), actor_of("li")
    merge(twice, inside.choir)
    acts: list[Callable[[], object]] = [
        lambda: members.add(twice.id, MemberRequest(resident_id=a_resident().id), by=li),
        lambda: groups.edit(twice.id, GroupRequest(name="又来了", kind="choir"), by=li),
    ]
    for act in acts:
        with pytest.raises(GroupClosed):
            act()


def test_p3_a_group_of_another_community_is_not_there(inside: Cast, database: Database, house: House) -> None:
    here = inside.choir.id
    with unit(database, write=True) as work:
        kit.enter_slug(house, inside.other_slug)
        other, own = a_group(), a_group()
        with pytest.raises(NotFound):
            merging.merge(own.id, MergingRequest(into_id=here), by=access.system())
        with pytest.raises(NotFound):
            merging.merge(here, MergingRequest(into_id=other.id), by=access.system())
        work.commit = False


# --- both doors ----------------------------------------------------------------------------------------------------


def test_pages_let_choose_show_what_moves_and_merge(browser_of: BrowserOf, cast: Cast) -> None:
    li = browser_of("li")
    path = f"/groups/{cast.orchestra.id}"
    assert f"{path}/merging" in li.get(path).text
    chooser = li.get(f"{path}/merging").text
    assert f"into={cast.choir.id}" in chooser
    assert f"into={cast.orchestra.id}" not in chooser
    shown = li.get(f"{path}/merging?into={cast.choir.id}").text
    assert "民乐团 goes on as 合唱队" in shown
    assert "1 member moves" in shown
    done = li.post(f"{path}/merging", {"into_id": str(cast.choir.id), "reason": ""})
    assert (done.status_code, done.location) == (303, f"/xincheng/groups/{cast.choir.id}")
    page = li.get(path).text
    assert "民乐团 goes on as 合唱队 since Thu 26 Nov." in page
    assert f"{path}/dissolution" not in page
    assert f"{path}/edit" not in page
    assert "民乐团" not in li.get("/groups").text
    again = li.post(f"{path}/merging", {"into_id": str(cast.choir.id)})
    assert again.status_code == 409
    assert "民乐团 goes on as 合唱队 since" in again.text


def test_pages_keep_staff_from_merging(browser_of: BrowserOf, cast: Cast) -> None:
    path = f"/groups/{cast.orchestra.id}"
    assert f"{path}/merging" not in browser_of("sun").get(path).text
    for user in ("sun", "zhao"):
        assert browser_of(user).get(f"{path}/merging").status_code == 403
        assert browser_of(user).post(f"{path}/merging", {"into_id": str(cast.choir.id)}).status_code == 403


def test_rest_merges_and_answers_the_group_that_is_no_more(program_of: ProgramOf, cast: Cast) -> None:
    li, path = program_of("li"), f"/groups/{cast.orchestra.id}"
    made = li.post(f"{path}/merging", {"into_id": str(cast.choir.id), "reason": "twice"})
    assert made.status_code == 201
    assert made.get_json() == {
        "id": str(cast.orchestra.id),
        "name": "民乐团",
        "kind": "orchestra",
        "dissolved_on": "2026-11-26",
        "merged_into": str(cast.choir.id),
    }
    again = li.post(f"{path}/merging", {"into_id": str(cast.choir.id)})
    assert (again.status_code, again.get_json()["code"]) == (409, "wrong_state")
    assert [group["name"] for group in li.get("/groups").get_json()["items"]] == ["合唱队"]
    leads = [group["name"] for group in program_of("zhao").get("/me").get_json()["holders"]]
    assert "合唱队" in leads  # who led the one leads the other
    assert "民乐团" not in leads


def test_both_doors_refuse_with_the_same_sentence(browser_of: BrowserOf, program_of: ProgramOf, cast: Cast) -> None:
    path, li = f"/groups/{cast.orchestra.id}/merging", program_of("li")
    for wrong, status in ((cast.orchestra.id, 422), (cast.centre.id, 422)):
        refused = li.post(path, {"into_id": str(wrong)})
        assert (refused.status_code, refused.get_json()["code"]) == (status, "invalid")
        page = browser_of("li").post(path, {"into_id": str(wrong)})
        assert page.status_code == status
        assert refused.get_json()["errors"]["into_id"][0] in page.text
    assert li.post(path, {"into_id": "nothing"}).status_code == 404
    assert li.post(path, {}).status_code == 422
    assert program_of("sun").post(path, {"into_id": str(cast.choir.id)}).status_code == 403
    assert program_of("wang", slug=cast.slug).post(path, {"into_id": str(cast.choir.id)}).status_code == 404


# --- two at once ---------------------------------------------------------------------------------------------------


@pytest.mark.race
def test_l13_two_merges_that_cross_one_wins_and_nobody_waits_for_ever(
    real_database: Database, house: House, cast: Cast
) -> None:
    start = Barrier(2)

    def cross(pair: tuple[Holder, Holder]) -> str:
        merged, kept = pair
        start.wait()
        for _try in range(20):
            try:
                with unit(real_database, write=True):
                    kit.enter_slug(house, kit.SLUG)
                    merging.merge(merged.id, MergingRequest(into_id=kept.id), by=access.system())
            except Conflict:
                continue
            except DomainError as refusal:
                return refusal.code
            return "done"
        return "always a conflict"

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(cross, [(cast.choir, cast.orchestra), (cast.orchestra, cast.choir)]))
    assert sorted(answers) in (["done", "wrong_state"], ["done", "invalid"])
    with unit(real_database, write=False):
        kit.enter_slug(house, kit.SLUG)
        gone = [group for group in session.scalars(select(Group)) if group.dissolved_on]
        assert len(gone) == 1
        living = ({cast.choir.id, cast.orchestra.id} - {gone[0].id}).pop()
        assert queries.people_of([living])[living].count == 3


def test_what_was_read_before_the_locks_must_still_be_so(inside: Cast) -> None:
    owners = holders.lock([inside.choir.id])
    holders.still([inside.choir.id, inside.choir.id], owners)
    with pytest.raises(Conflict):
        holders.still([inside.choir.id, inside.orchestra.id], owners)
