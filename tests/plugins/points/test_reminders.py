"""What is told ahead: points that expire within thirty days, tiers that fall within fourteen; each once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from sqlalchemy import select

from core.communities import policy, switching
from core.contract import Holder
from core.db import Conflict, Database, Id, session, unit
from core.notices.models import Outbox
from core.people import dissolving
from core.people.models import Group, Membership, Resident, Role
from core.people.requests import DissolutionRequest
from core.plugins import House
from core.upkeep import sweeps
from plugins.points import holds, reminders
from plugins.points.policy import PointsPolicy, Standing
from tests import kit
from tests.kit import SLUG, SYSTEM, Cast, a_group, a_resident, enter_slug
from tests.plugins.points.kit import a_hold, a_policy, a_rule, after, an_act, on
from tests.statements import statements


@pytest.fixture
def ready(ready: Cast) -> Cast:
    """Points count at once, one an act, and last 60 days; Li manages, Zhang leads the choir."""
    a_policy(expiry_days=60)
    return ready


def told(code: str) -> dict[Id | None, list[tuple[str, date, int]]]:
    """By reader: of whom, on which day, how many points."""
    found: dict[Id | None, list[tuple[str, date, int]]] = {}
    session.flush()
    for row in session.scalars(select(Outbox).order_by(Outbox.key)):
        if row.words.code == code:
            facts = row.words.facts
            figure, day = facts["points"] if "points" in facts else facts["missing"], facts["day"]
            assert isinstance(figure, int)
            assert isinstance(day, date)
            found.setdefault(row.resident_id or row.account_id, []).append((str(facts["holder"]), day, figure))
    return found


# --- expiry --------------------------------------------------------------------------------------------------------


def soon() -> dict[Id | None, list[tuple[str, date, int]]]:
    return told("points_expire_soon")


def test_leaders_and_managers_are_told_exactly_thirty_days_ahead_and_once(ready: Cast) -> None:
    an_act(ready.choir, 40)
    on(after(29))
    assert reminders.tell_of_expiry() == 0
    on(after(30))
    assert reminders.tell_of_expiry() == 2
    words = [("合唱队", after(60), 40)]
    assert soon() == {ready.zhang.resident_id: words, ready.li.resident_id: words}
    assert reminders.tell_of_expiry() == 0
    on(after(45))
    assert reminders.tell_of_expiry() == 0


def test_the_treasury_has_no_reader_and_a_group_that_nobody_leads_has_the_managers(ready: Cast) -> None:
    alone = a_group("散团")
    for holder in (alone, ready.orchestra):
        an_act(holder, 5)
    dissolving.dissolve(ready.orchestra.id, DissolutionRequest(), by=SYSTEM)
    on(after(30))
    assert reminders.tell_of_expiry() == 1
    assert soon() == {ready.li.resident_id: [("散团", after(60), 5)]}


def test_a_late_sweep_tells_what_is_still_to_come_up_to_the_last_day_and_nothing_of_the_past(ready: Cast) -> None:
    an_act(ready.choir, 40)
    on(after(60))
    assert reminders.tell_of_expiry() == 2
    an_act(ready.orchestra, 40)
    on(after(121))  # the day after the orchestra's last one
    assert reminders.tell_of_expiry() == 0


def test_all_lots_of_one_day_are_one_notice_and_two_days_are_two(ready: Cast) -> None:
    an_act(ready.choir, 4)
    an_act(ready.choir, 6)
    on(after(1))
    an_act(ready.choir, 5)
    on(after(40))
    reminders.tell_of_expiry()
    assert soon()[ready.zhang.resident_id] == [("合唱队", after(60), 10), ("合唱队", after(61), 5)]


def test_what_is_spent_or_set_aside_is_not_told_until_it_is_free_again(ready: Cast) -> None:
    an_act(ready.choir, 40)
    spent, aside = a_hold(ready.choir, 25, key="a"), a_hold(ready.choir, 15, key="b")
    holds.capture(spent.id, None, at=kit.NOW)
    on(after(40))
    assert reminders.tell_of_expiry() == 0
    holds.release(aside.id, 5, at=kit.NOW)
    reminders.tell_of_expiry()
    assert soon()[ready.zhang.resident_id] == [("合唱队", after(60), 5)]


def test_of_a_residents_own_points_the_resident_alone_is_told(ready: Cast) -> None:
    chen, gone = a_resident("陈小兰"), a_resident("搬走的人")
    an_act(chen, 7)
    an_act(gone, 7)
    session.scalars(select(Resident).where(Resident.id == gone.id)).one().left_on = after(1)
    on(after(40))
    assert reminders.tell_of_expiry() == 1
    assert soon() == {chen.id: [("陈小兰", after(60), 7)]}


def test_of_a_dissolved_group_nothing_is_told(ready: Cast) -> None:
    an_act(ready.choir, 200)
    dissolve(ready.choir)
    on(after(40))
    assert reminders.tell_of_expiry() == 0
    on(after(170))
    assert reminders.tell_of_standing() == 0


def dissolve(group: Holder) -> None:
    session.scalars(select(Group).where(Group.id == group.id)).one().dissolved_on = after(0)
    session.flush()


# --- standing ------------------------------------------------------------------------------------------------------


def falls() -> dict[Id | None, list[tuple[str, date, int]]]:
    return told("points_grow_old_unless")


def test_leaders_and_managers_are_told_exactly_fourteen_days_before_the_tier_falls_and_once(ready: Cast) -> None:
    an_act(ready.choir, 150)  # too old on the 180th day after
    on(after(165))
    assert reminders.tell_of_standing() == 0
    on(after(166))
    assert reminders.tell_of_standing() == 2
    words = [("合唱队", after(180), 150)]
    assert falls() == {ready.zhang.resident_id: words, ready.li.resident_id: words}
    assert reminders.tell_of_standing() == 0
    on(after(179))
    assert reminders.tell_of_standing() == 0
    on(after(180))
    assert reminders.tell_of_standing() == 0


def test_a_late_sweep_tells_of_a_fall_that_is_still_to_come(ready: Cast) -> None:
    an_act(ready.choir, 150)
    on(after(179))
    assert reminders.tell_of_standing() == 2


def test_the_day_is_that_on_which_the_tier_falls_not_the_first_on_which_points_grow_old(ready: Cast) -> None:
    for number, points in enumerate((10, 30, 272)):  # 312 are gold; 302 still are; 272 are silver
        an_act(ready.choir, points, day=after(-(10 - number)))
    on(after(165))
    reminders.tell_of_standing()
    words = session.scalars(select(Outbox.words).where(Outbox.key.startswith("points.standing:"))).all()[0]
    assert (words.code, dict(words.facts)) == (
        "points_grow_old_unless",
        {
            "holder": "合唱队",
            "day": after(171),
            "days": 180,
            "leave": 40,
            "earned": 272,
            "tier": "silver",
            "missing": 28,
        },
    )


def test_a_figure_that_changes_within_its_tier_is_not_told(ready: Cast) -> None:
    an_act(ready.choir, 10)
    on(after(100))
    an_act(ready.choir, 200)
    on(after(170))
    assert reminders.tell_of_standing() == 0


def test_per_member_a_tier_falls_by_a_new_member_too(ready: Cast) -> None:
    a_policy(expiry_days=60, standing=Standing(mode="per_member"))
    an_act(ready.choir, 120)  # 60 for each of two
    joined = Membership(
        group_id=ready.choir.id, resident_id=a_resident().id, role=Role.MEMBER, from_day=after(14), to_day=None
    )
    session.add(joined)
    session.flush()
    assert reminders.tell_of_standing() == 2
    words = session.scalars(select(Outbox.words).where(Outbox.key.startswith("points.standing:"))).all()[0]
    assert (words.code, words.facts["day"], words.facts["earned"], words.facts["missing"]) == (
        "points_per_member_change_unless",
        after(14),
        40,
        20,
    )


# --- both ----------------------------------------------------------------------------------------------------------


def test_the_notices_of_forty_groups_take_as_many_statements_as_those_of_one(ready: Cast, database: Database) -> None:
    a_policy(expiry_days=175)
    an_act(ready.choir, 150)
    on(after(170))
    one = counted(database)
    on(after(0))
    for _number in range(40):
        an_act(a_group(leaders=[a_resident()]), 150)
    on(after(170))
    assert counted(database) == one
    assert len(falls()) == len(soon()) == 42  # 41 leaders, and Li
    assert max(one) <= 7


def counted(database: Database) -> tuple[int, int]:
    policy.at(PointsPolicy, after(170))
    session.flush()
    found = []
    for tell in (reminders.tell_of_expiry, reminders.tell_of_standing):
        with statements(database.writer) as sent:
            tell()
        found.append(len(sent))
    return found[0], found[1]


def test_while_points_is_off_nothing_is_told(database: Database, house: House, cast: Cast) -> None:
    with unit(database, write=True):
        enter_slug(house, SLUG)
        a_policy(expiry_days=20)
        a_rule()
        an_act(cast.choir, 40)
        switching.disable("points", by=SYSTEM)
    assert not [swept for swept in sweeps.run(database, house, SLUG) if swept.sweep.startswith("points.")]
    with unit(database, write=True):
        enter_slug(house, SLUG)
        assert soon() == {}
        switching.enable("points", by=SYSTEM)
    sweeps.run(database, house, SLUG)
    with unit(database, write=False):
        enter_slug(house, SLUG)
        assert len(soon()) == 2


@pytest.mark.race
def test_eight_sweeps_at_once_tell_once(real_database: Database, house: House) -> None:
    start, cast = Barrier(8), kit.find_cast(real_database)
    with unit(real_database, write=True):
        enter_slug(house, SLUG)
        a_policy(expiry_days=20)
        a_rule()
        for holder in (cast.choir, cast.orchestra):
            an_act(holder, 150)

    def tell(number: int) -> int:
        start.wait()
        for _try in range(50):
            try:
                with unit(real_database, write=True):
                    enter_slug(house, SLUG)
                    return reminders.tell_of_expiry()
            except Conflict:
                continue
        raise AssertionError(f"always a conflict: {number}")

    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(tell, range(8)))
    with unit(real_database, write=False):
        enter_slug(house, SLUG)
        assert sum(new) == 4
        assert {reader: len(words) for reader, words in soon().items()} == {
            cast.li.resident_id: 2,
            cast.zhang.resident_id: 1,
            cast.zhao.resident_id: 1,
        }


def test_members_are_not_told(ready: Cast) -> None:
    group = a_group(leaders=[a_resident("队长")], members=[a_resident("队员")])
    an_act(group, 40)
    on(after(50))
    reminders.tell_of_expiry()
    names = {row.name for row in session.scalars(select(Resident).where(Resident.id.in_(soon())))}
    assert names == {"队长", ready.li.name}
