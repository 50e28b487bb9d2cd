"""Reserving: it works; refuses; needs the permission; not from another community; a second time changes nothing."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, select

from core.audit.models import Entry
from core.contract import HoldState, NotEnoughPoints
from core.db import savepoint, session, unit
from core.db.work import Database
from core.errors import DomainError, Forbidden, NotFound
from core.plugins import House
from plugins.booking import attendance, occupancy, reserve, rules
from plugins.booking.models import Charge, ChargeState, Claim, Occupancy, Reservation, Room, Status
from plugins.booking.occupancy import RoomTaken
from plugins.booking.policy import BookingPolicy
from plugins.booking.requests import CancellationRequest, PolicyChange
from plugins.booking.reserve import ExtensionNotAvailable, OutsideHours, TooEarly, TooManyPeople
from tests.kit import OTHER_SLUG, SYSTEM, Cast, actor_of, enter_slug
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, a_wish, at, refresh, set_clock


def held() -> int:
    return session.scalar(select(func.count()).select_from(Occupancy)) or 0


def test_a_leader_books_an_hour_longer_and_the_price_is_set_aside(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 20)
    zhang = actor_of("zhang")
    made = a_reservation(hall, within.choir, "11-27 17:00", "11-27 20:00", by=zhang, title="春节合唱")
    assert (made.base_minutes, made.extension_minutes, made.price_points, made.tier) == (120, 60, 20, "gold")
    assert (made.status, made.day, made.week) == (Status.CONFIRMED, date(2026, 11, 27), date(2026, 11, 23))
    assert points.available[within.choir.id] == 0
    charge = session.scalars(select(Charge)).one()
    assert (charge.points, charge.state, points.holds[charge.hold_id].state) == (20, ChargeState.HELD, HoldState.OPEN)
    assert held() == 12  # three hours
    entry = session.scalars(select(Entry).where(Entry.act == "booking.reserve")).one()
    assert (entry.actor, entry.subject_id) == ("张淑芬", made.id)


def test_what_costs_nothing_makes_no_charge(within: Cast, hall: Room) -> None:
    a_reservation(hall, within.choir, "11-27 10:00", "11-27 12:00")
    assert session.scalars(select(Charge)).all() == []


def test_the_reason_is_kept_with_its_numbers(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 20)
    made = a_reservation(hall, within.choir, "12-17 10:00", "12-17 12:30")
    refresh()
    kept = {one.code: one.facts for one in session.scalars(select(Reservation)).one().explanation}
    assert kept["booking.why.window_early"] == {"tier": "gold", "days": 21, "opens_at": at("11-26 08:00")}
    assert kept["booking.why.extension"] == {"minutes": 30, "price": 5, "tier": "gold", "most": 120}
    assert "test.standing" in kept
    assert made.price_points == 5


@pytest.mark.parametrize(
    ("starts", "ends"),
    [("08:30", "10:15"), ("10:30", "10:45"), ("10:45", "12:00"), ("09:30", "11:30"), ("10:00", "11:00")],
)
def test_b1_a_quarter_hour_in_common_is_refused(within: Cast, hall: Room, starts: str, ends: str) -> None:
    a_reservation(hall, within.choir, "11-27 10:00", "11-27 11:00")
    before = held()
    with pytest.raises(RoomTaken):
        a_reservation(hall, within.orchestra, f"11-27 {starts}", f"11-27 {ends}")
    assert held() == before


def test_b1_the_key_itself_refuses_what_no_look_beforehand_saw(within: Cast, hall: Room) -> None:
    first = a_reservation(hall, within.choir, "11-27 10:00", "11-27 11:00")
    twin = Reservation(
        **{
            name: getattr(first, name)
            for name in ("room_id", "holder_id", "starts_at", "ends_at", "day", "week", "base_minutes", "tier")
        },
        extension_minutes=0,
        price_points=0,
        explanation=(),
        cancel_until=first.cancel_until,
        shorten_until=first.shorten_until,
    )
    session.add(twin)
    session.flush()
    with pytest.raises(RoomTaken), savepoint():
        occupancy.occupy([twin])
    assert held() == 4
    assert len(session.scalars(select(Claim)).all()) == 1


def test_b2_adjoining_sessions_are_fine(within: Cast, hall: Room) -> None:
    a_reservation(hall, within.choir, "11-27 10:00", "11-27 11:00")
    a_reservation(hall, within.orchestra, "11-27 11:00", "11-27 12:00")
    a_reservation(hall, within.orchestra, "11-27 09:00", "11-27 10:00")
    assert held() == 12


def test_b9_the_whole_takes_both_halves_and_a_half_takes_the_whole(within: Cast) -> None:
    whole = a_room("大厅", spaces=("east", "west"))
    east, west = a_room("大厅东", spaces=("east",)), a_room("大厅西", spaces=("west",))
    a_reservation(east, within.choir, "11-27 10:00", "11-27 11:00")
    a_reservation(west, within.orchestra, "11-27 10:00", "11-27 11:00")
    with pytest.raises(RoomTaken):
        a_reservation(whole, within.centre, "11-27 10:30", "11-27 11:30")
    a_reservation(whole, within.centre, "11-27 11:00", "11-27 12:00")
    for half in (east, west):
        with pytest.raises(RoomTaken):
            a_reservation(half, within.choir, "11-27 11:30", "11-27 12:30")


def test_b4_without_the_points_nothing_is_kept(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 4)
    with pytest.raises(NotEnoughPoints) as refusal, savepoint():
        a_reservation(hall, within.choir, "11-27 10:00", "11-27 12:30")
    assert refusal.value.facts["price"] == 5
    assert refusal.value.facts["available"] == 4
    assert session.scalars(select(Reservation)).all() == []
    assert held() == 0


def test_b4_without_the_time_no_points_are_set_aside(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 100)
    a_reservation(hall, within.orchestra, "11-27 12:00", "11-27 13:00")
    with pytest.raises(RoomTaken), savepoint():
        a_reservation(hall, within.choir, "11-27 10:00", "11-27 12:30")
    assert points.holds == {}


def test_b4_points_that_break_undo_the_reservation(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 100)
    points.fails_at = "hold"
    with pytest.raises(RuntimeError), savepoint():
        a_reservation(hall, within.choir, "11-27 10:00", "11-27 12:30")
    assert session.scalars(select(Reservation)).all() == []


def test_a_taken_room_is_answered_with_the_nearest_other_times(within: Cast, hall: Room) -> None:
    a_reservation(hall, within.choir, "11-27 10:00", "11-27 11:00")
    with pytest.raises(RoomTaken) as refusal:
        a_reservation(hall, within.orchestra, "11-27 10:15", "11-27 11:15")
    found = [one["starts_at"] for one in refusal.value.facts["alternatives"]]
    assert found == [at("11-27 11:00"), at("11-27 11:15"), at("11-27 09:00")]
    assert [one.code for one in refusal.value.facts["reasons"]] == ["room_taken"]


@pytest.mark.parametrize(
    ("starts", "ends", "more", "error"),
    [
        ("12-04 10:00", "12-04 11:00", {}, TooEarly),
        ("11-27 07:00", "11-27 08:30", {}, OutsideHours),
        ("11-27 10:00", "11-27 12:15", {}, ExtensionNotAvailable),
        ("11-27 10:00", "11-27 11:00", {"people": 41}, TooManyPeople),
    ],
)
def test_a_refusal_names_the_first_rule_and_tells_all(
    within: Cast, hall: Room, starts: str, ends: str, more: dict[str, int], error: type[DomainError]
) -> None:
    with pytest.raises(error) as refusal:
        a_reservation(hall, within.choir, starts, ends, by=actor_of("zhang"), **more)
    assert refusal.value.facts["reasons"][0].code == error.code


def test_too_early_tells_when_it_opens(within: Cast, hall: Room) -> None:
    with pytest.raises(TooEarly) as refusal:
        a_reservation(hall, within.choir, "12-04 10:00", "12-04 11:00")
    assert refusal.value.facts["opens_at"] == at("11-27 08:00")


def test_only_for_ones_own_group(within: Cast, hall: Room) -> None:
    for name in ("chen", "zhao"):
        with pytest.raises(Forbidden):
            a_reservation(hall, within.choir, "11-27 10:00", "11-27 11:00", by=actor_of(name))
    for number, name in enumerate(("li", "sun", "zhang")):
        a_reservation(hall, within.choir, f"11-27 {10 + number}:00", f"11-27 {10 + number}:30", by=actor_of(name))


def test_a_resident_reserves_for_themselves(within: Cast, hall: Room) -> None:
    chen = actor_of("chen")
    assert chen.resident_id is not None
    one = a_wish(hall, within.choir, "11-27 10:00", "11-27 12:00")
    mine = reserve.reserve(replace(one, holder_id=chen.resident_id), by=chen)
    assert (mine.tier, mine.price_points) == ("none", 0)


def test_nothing_of_another_community_can_be_reserved(
    within: Cast, hall: Room, database: Database, booking_house: House
) -> None:
    one = a_wish(hall, within.choir, "11-27 10:00", "11-27 11:00")
    session.flush()
    with unit(database, write=True) as work:
        enter_slug(booking_house, OTHER_SLUG)
        with pytest.raises(NotFound):
            reserve.reserve(one, by=actor_of("wang"))
        there = a_room("棋牌室")
        with pytest.raises(NotFound):
            reserve.reserve(replace(one, room_id=there.id), by=SYSTEM)
        work.commit = False


# --- overriding ----------------------------------------------------------------------------------------------------


def test_a_manager_sets_rules_aside_with_a_reason_that_is_kept(within: Cast, hall: Room) -> None:
    made = a_reservation(
        hall, within.choir, "12-24 10:00", "12-24 12:00", by=actor_of("li"), people=60, override_reason="新年音乐会"
    )
    assert made.overridden == ["too_early", "too_many_people"]
    assert made.override_reason == "新年音乐会"
    assert made.explanation[-1].facts == {"reason": "新年音乐会"}
    entry = session.scalars(select(Entry).where(Entry.act == "booking.reserve")).one()
    assert entry.after["overridden"] == ["too_early", "too_many_people"]
    assert entry.after["reason"] == "新年音乐会"


def test_staff_and_leaders_may_not_set_rules_aside(within: Cast, hall: Room) -> None:
    for name in ("sun", "zhang"):
        with pytest.raises(Forbidden):
            a_reservation(hall, within.choir, "12-24 10:00", "12-24 12:00", by=actor_of(name), override_reason="please")


def test_extension_granted_by_override_costs_its_steps_as_usual(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "none", 9)
    li = actor_of("li")
    made = a_reservation(hall, within.choir, "11-27 10:00", "11-27 12:30", by=li, override_reason="决赛")
    assert (made.extension_minutes, made.price_points, made.overridden) == (30, 5, ["extension_not_available"])
    with pytest.raises(NotEnoughPoints), savepoint():
        a_reservation(hall, within.choir, "11-27 14:00", "11-27 16:30", by=li, override_reason="决赛")
    assert points.available[within.choir.id] == 4


def test_no_override_opens_a_closed_room_or_takes_one_that_is_taken(within: Cast, hall: Room) -> None:
    a_reservation(hall, within.orchestra, "11-27 10:00", "11-27 11:00")
    for starts, ends, code in (("07:00", "08:30", "outside_hours"), ("10:00", "11:00", "room_taken")):
        with pytest.raises(DomainError) as refusal:
            a_reservation(
                hall, within.choir, f"11-27 {starts}", f"11-27 {ends}", by=actor_of("li"), override_reason="必须"
            )
        assert refusal.value.code == code


def test_the_centres_own_reservation_is_unbound(within: Cast, hall: Room) -> None:
    made = a_reservation(hall, within.centre, "12-31 08:00", "12-31 22:00", by=actor_of("sun"))
    assert (made.base_minutes, made.extension_minutes, made.check_in_until) == (840, 0, None)
    assert [one.code for one in made.explanation] == ["booking.why.centre"]


# --- the week ------------------------------------------------------------------------------------------------------


def test_b7_each_reservation_is_a_session_and_the_week_runs_out(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 100)
    first = a_reservation(hall, within.choir, "11-27 08:00", "11-27 10:00")
    second = a_reservation(hall, within.choir, "11-27 10:00", "11-27 11:30")  # adjoining: a session of its own
    third = a_reservation(hall, within.choir, "11-28 08:00", "11-28 09:00")  # Saturday: 30 minutes are left, then peak
    assert [one.base_minutes for one in (first, second, third)] == [120, 90, 30]
    assert third.price_points == 10
    monday = a_reservation(hall, within.choir, "11-30 08:00", "11-30 10:00")
    assert monday.base_minutes == 120


def test_terms_are_those_of_the_act_and_never_of_the_day_of_use(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 30)
    made = a_reservation(hall, within.choir, "12-17 10:00", "12-17 13:00", by=actor_of("zhang"))  # 21 days ahead
    points.give(within.choir, "none", 20)
    with pytest.raises(TooEarly):
        a_reservation(hall, within.choir, "12-17 14:00", "12-17 15:00", by=actor_of("zhang"))
    set_clock("12-17 10:00")
    attendance.check_in(made.id, by=actor_of("zhang"))
    assert (made.tier, made.base_minutes, made.extension_minutes) == ("gold", 120, 60)
    assert points.said == [("captured", 10, at("12-17 10:00"))]


def test_a_changed_policy_touches_nothing_already_booked(within: Cast, hall: Room) -> None:
    first, second = (a_reservation(hall, within.choir, f"11-28 {hour}:00", f"11-28 {hour + 1}:00") for hour in (10, 12))
    stricter = BookingPolicy(cancel_hours=48, check_in_before=5, check_in_after=1, base_session_minutes=30)
    rules.put(PolicyChange(policy=stricter), by=SYSTEM)
    refresh()
    assert (first.base_minutes, first.cancel_until) == (60, at("11-27 10:00"))
    set_clock("11-27 10:00")  # 24 hours before, not 48
    reserve.cancel(first.id, CancellationRequest(), by=actor_of("zhang"))
    assert first.cancelled_late is False
    for moment in ("11-28 11:30", "11-28 12:15"):  # 30 minutes before, 15 after; not 5 and 1
        set_clock(moment)
        assert second.check_in_from is not None
        assert second.check_in_until is not None
        assert second.check_in_from <= at(moment) <= second.check_in_until
    attendance.check_in(second.id, by=actor_of("zhang"))
    set_clock("11-27 10:00")
    # What is booked from now on keeps the new ones.
    later = a_reservation(hall, within.choir, "11-29 10:00", "11-29 10:30")
    assert (later.cancel_until, later.check_in_until) == (at("11-27 10:00"), at("11-29 10:01"))
