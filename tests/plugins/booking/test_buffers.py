"""Time to set up and to clear up: who holds what, whatever is asked."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.db import Database, savepoint, session, unit
from core.plugins import House
from plugins.booking import attendance, calendar, closures, occupancy, quote, reserve
from plugins.booking.calendar import BlockKind
from plugins.booking.models import Claim, Occupancy, Reservation, Room
from plugins.booking.occupancy import RoomTaken
from plugins.booking.requests import CancellationRequest, ClosureRequest
from tests.kit import SLUG, SYSTEM, ZONE, Cast, actor_of, enter_slug
from tests.plugins.booking.kit import (
    FakePoints,
    a_reservation,
    a_room,
    a_wish,
    at,
    refresh,
    rule,
    set_clock,
)

FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def hall(within: Cast) -> Room:
    """A hall with half an hour to set up and a quarter to clear up, open from 8 to 22 o'clock."""
    return rule(a_room(), setup_minutes=30, clearup_minutes=15)


def held(one: Reservation) -> tuple[str, str, int]:
    """From when to when, and in how many quarters of an hour."""
    claim = session.scalars(select(Claim).where(Claim.reservation_id == one.id)).one()
    rows = session.scalars(select(func.count()).where(Occupancy.claim_id == claim.id)).one()
    return said(claim.starts_at), said(claim.ends_at), rows


def said(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%d %H:%M}"


def free(room: Room, starts: str = "11-27 00:00", ends: str = "11-28 00:00") -> list[tuple[str, int]]:
    found = calendar.free(room.id, at(starts), at(ends), minutes=15, by=SYSTEM)
    return [(said(one.starts_at), one.minutes) for one in found]


def on_the_day(room: Room, day: str = "11-27") -> list[tuple[str, int]]:
    columns = calendar.day_of_rooms(at(f"{day} 00:00").date(), by=SYSTEM).columns
    [column] = [one for one in columns if one.room.id == room.id]
    return [(said(one.starts_at), one.minutes) for one in column.stretches()]


@pytest.mark.parametrize(
    ("starts", "ends", "taken"),
    [
        ("11:00", "12:00", True),  # the other's clear-up
        ("11:15", "12:00", True),  # its own set-up meets the other's clear-up
        ("11:30", "12:00", True),
        ("11:45", "12:45", False),  # 11:15 to 11:45 to set up: adjoining is fine
        ("08:00", "09:30", True),  # its own clear-up meets the other's set-up
        ("08:00", "09:15", False),
    ],
)
def test_b2_two_neighbours_buffers_do_not_overlap(
    within: Cast, hall: Room, starts: str, ends: str, *, taken: bool
) -> None:
    one = a_reservation(hall, within.choir, "11-27 10:00", "11-27 11:00")
    assert held(one) == ("27 09:30", "27 11:15", 7)
    wish = a_wish(hall, within.orchestra, f"11-27 {starts}", f"11-27 {ends}")
    assert quote.quote(wish, by=SYSTEM).code == ("room_taken" if taken else None)
    if taken:
        with pytest.raises(RoomTaken) as refusal:
            reserve.reserve(wish, by=SYSTEM)
        assert refusal.value.facts["alternatives"]
        for other in refusal.value.facts["alternatives"]:
            again = a_wish(hall, within.orchestra, "11-27 08:00", "11-27 09:00")
            times = {"starts_at": other["starts_at"], "ends_at": other["ends_at"]}
            assert quote.quote(type(again)(room_id=hall.id, holder_id=again.holder_id, **times), by=SYSTEM).allowed
    else:
        reserve.reserve(wish, by=SYSTEM)
    assert list(occupancy.broken()) == []


def test_buffers_lie_outside_the_hours_cost_nothing_and_are_told(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 100)
    early = a_reservation(hall, within.choir, "11-27 08:00", "11-27 10:00")
    late = a_reservation(hall, within.choir, "11-28 20:00", "11-28 22:00")
    assert (early.base_minutes, early.price_points, held(early)) == (120, 0, ("27 07:30", "27 10:15", 11))
    assert (late.base_minutes, late.price_points, held(late)) == (120, 0, ("28 19:30", "28 22:15", 11))
    [told] = [one for one in early.explanation if one.code == "booking.why.buffers"]
    assert told.facts == {"setup": 30, "clearup": 15}
    plain = a_reservation(a_room("画室"), within.orchestra, "11-27 08:00", "11-27 10:00")
    assert "booking.why.buffers" not in {one.code for one in plain.explanation}


def test_a_closure_beside_a_session_may_take_its_buffers(within: Cast, hall: Room) -> None:
    wish = ClosureRequest(starts_at=at("11-27 11:00"), ends_at=at("11-27 12:00"), reason="检修")
    closures.close(hall.id, wish, by=SYSTEM)
    one = a_reservation(hall, within.choir, "11-27 10:00", "11-27 11:00")
    assert held(one) == ("27 09:30", "27 11:15", 7)
    assert free(hall) == on_the_day(hall) == [("27 08:00", 75), ("27 12:00", 600)]


def test_new_buffers_touch_no_claim_and_count_for_what_comes(within: Cast, hall: Room) -> None:
    one = a_reservation(hall, within.choir, "11-27 10:00", "11-27 11:00")
    rule(hall)
    refresh()
    assert held(one) == ("27 09:30", "27 11:15", 7)
    assert free(hall) == on_the_day(hall) == [("27 08:00", 90), ("27 11:15", 645)]
    other = a_reservation(hall, within.orchestra, "11-27 11:15", "11-27 12:00")
    assert held(other) == ("27 11:15", "27 12:00", 3)
    rule(hall, setup_minutes=240, clearup_minutes=240)
    assert list(occupancy.broken()) == []
    assert free(hall) == on_the_day(hall) == [("27 16:00", 360)]


def test_a_cancelled_or_missed_session_gives_its_buffers_back(within: Cast, hall: Room) -> None:
    one = a_reservation(hall, within.choir, "11-27 10:00", "11-27 11:00")
    reserve.cancel(one.id, CancellationRequest(), by=SYSTEM)
    assert free(hall) == [("27 08:00", 840)]
    a_reservation(hall, within.choir, "11-26 14:00", "11-26 16:00")
    set_clock("14:16")
    assert free(hall, "11-26 00:00", "11-27 00:00") == on_the_day(hall, "11-26") == [("26 14:30", 450)]
    a_reservation(hall, within.orchestra, "16:15", "17:00")  # its set-up meets only what the missed one held
    refresh()
    assert list(occupancy.broken()) == []


@pytest.mark.parametrize("swept", [False, True])
def test_b10_the_set_up_of_a_session_meets_what_has_ended_swept_or_not(
    within: Cast, hall: Room, *, swept: bool
) -> None:
    one = a_reservation(hall, within.choir, "10:00", "11:00")
    set_clock("10:00")
    attendance.check_in(one.id, by=SYSTEM)
    set_clock("11:20")
    if swept:
        occupancy.sweep_past()
    assert quote.quote(a_wish(hall, within.orchestra, "11:30", "12:00"), by=SYSTEM).code == "room_taken"
    assert quote.quote(a_wish(hall, within.orchestra, "11:45", "12:15"), by=SYSTEM).allowed


def test_b9_the_buffers_of_a_whole_hall_hold_its_halves(within: Cast) -> None:
    whole = rule(a_room("大厅", spaces=("east", "west")), setup_minutes=60)
    east = rule(a_room("大厅东", spaces=("east",)), clearup_minutes=15)
    west = a_room("大厅西", spaces=("west",))
    one = a_reservation(whole, within.choir, "11-27 10:00", "11-27 11:00")
    assert held(one) == ("27 09:00", "27 11:00", 16)
    assert free(east) == on_the_day(east) == [("27 08:00", 45), ("27 11:00", 660)]
    assert free(west) == on_the_day(west) == [("27 08:00", 60), ("27 11:00", 660)]
    assert quote.quote(a_wish(west, within.orchestra, "11-27 08:45", "11-27 09:15"), by=SYSTEM).code == "room_taken"
    a_reservation(east, within.orchestra, "11-27 08:00", "11-27 08:45")
    assert quote.quote(a_wish(whole, within.centre, "11-27 13:00", "11-27 14:00"), by=SYSTEM).allowed


def test_buffers_reach_over_midnight(within: Cast) -> None:
    night = rule(a_room("夜场", opens=0, closes=24), setup_minutes=60, clearup_minutes=120)
    a_reservation(night, within.centre, "11-27 22:00", "11-27 24:00")
    assert free(night, "11-28 00:00", "11-29 00:00") == on_the_day(night, "11-28") == [("28 03:00", 21 * 60)]
    rule(night)
    a_reservation(night, within.centre, "11-29 00:00", "11-29 01:00")
    rule(night, clearup_minutes=90)
    assert free(night, "11-28 00:00", "11-29 00:00") == on_the_day(night, "11-28") == [("28 02:00", 20 * 60 + 30)]


def test_the_day_says_what_stands_beside_a_session(within: Cast, hall: Room) -> None:
    a_reservation(hall, within.choir, "11-27 08:00", "11-27 09:00")
    [column] = calendar.day_of_rooms(at("11-27 00:00").date(), by=SYSTEM).columns
    buffers = [(said(one.starts_at), said(one.ends_at)) for one in column.blocks if one.kind is BlockKind.BUFFER]
    # A quarter to clear up, and the half hour that the next one needs to set up; what lies before 8:00 is not shown.
    assert buffers == [("27 09:00", "27 09:45")]
    assert on_the_day(hall)[0] == ("27 09:45", 735)


# --- against a small model -----------------------------------------------------------------------------------------


@dataclass
class Model:
    """Who holds which space when, in minutes of a day; nothing more."""

    spaces: dict[str, set[str]]
    buffers: dict[str, tuple[int, int]]
    kept: dict[Any, tuple[str, int, int]] = field(default_factory=dict)

    def fits(self, room: str, starts: int, ends: int) -> bool:
        before, after = self.buffers[room]
        return all(
            ends + after <= other_from or other_until <= starts - before
            for other, other_from, other_until in self.kept.values()
            if self.spaces[other] & self.spaces[room]
        )


ROOMS = {"大厅": {"east", "west"}, "大厅东": {"east"}, "大厅西": {"west"}}
STEPS = st.one_of(
    st.tuples(st.just("book"), st.sampled_from(sorted(ROOMS)), st.integers(0, 24), st.integers(1, 8)),
    st.tuples(st.just("rule"), st.sampled_from(sorted(ROOMS)), st.integers(0, 4), st.integers(0, 4)),
    st.tuples(st.just("cancel"), st.integers(0, 9)),
)


def _act(step: Any, model: Model, rooms: dict[str, Room], cast: Cast) -> None:
    midnight = at("11-27 00:00")
    match step:
        case ("rule", name, setup, clearup):
            model.buffers[name] = (setup * 15, clearup * 15)
            rule(rooms[name], spaces=tuple(ROOMS[name]), setup_minutes=setup * 15, clearup_minutes=clearup * 15)
        case ("cancel", number) if model.kept:
            chosen = list(model.kept)[number % len(model.kept)]
            reserve.cancel(chosen, CancellationRequest(), by=SYSTEM)
            del model.kept[chosen]
        case ("book", name, quarter, length):
            starts, ends = 8 * 60 + quarter * 15, 8 * 60 + (quarter + length) * 15
            moments = [f"{(midnight + timedelta(minutes=one)).astimezone(ZONE):%m-%d %H:%M}" for one in (starts, ends)]
            wish = a_wish(rooms[name], cast.centre, *moments)
            stretches = calendar.free(rooms[name].id, wish.starts_at, wish.ends_at, minutes=length * 15, by=SYSTEM)
            assert bool(stretches) == model.fits(name, starts, ends)
            assert quote.quote(wish, by=SYSTEM).allowed == model.fits(name, starts, ends)
            try:
                with savepoint():
                    made = reserve.reserve(wish, by=SYSTEM)
            except RoomTaken:
                assert not model.fits(name, starts, ends)
                return
            assert model.fits(name, starts, ends)
            before, after = model.buffers[name]
            model.kept[made.id] = (name, starts - before, ends + after)


def _assert_as_the_model(model: Model, rooms: dict[str, Room]) -> None:
    """Occupancy is what the model says, and the day offers exactly the quarters in which it would book a session."""
    refresh()
    assert list(occupancy.broken()) == []
    assert session.scalar(select(func.count()).select_from(Occupancy)) == sum(
        len(ROOMS[name]) * (until - since) // 15 for name, since, until in model.kept.values()
    )
    for column in calendar.day_of_rooms(at("11-27 00:00").date(), by=SYSTEM).columns:
        name = next(name for name, room in rooms.items() if room.id == column.room.id)
        midnight = int(at("11-27 00:00").timestamp()) // occupancy.QUARTER_SECONDS
        offered = {(quarter - midnight) * 15 for run in column.free for quarter in run}
        assert offered == {one for one in range(480, 1320, 15) if model.fits(name, one, one + 15)}


@FEW
@given(st.lists(STEPS, min_size=3, max_size=14))
def test_property_b1_b2_b9_with_buffers_any_order_of_acts_is_as_a_small_model_says(
    database: Database, booking_house: House, cast: Cast, steps: list[Any]
) -> None:
    with unit(database, write=True) as work:
        enter_slug(booking_house, SLUG)
        model = Model(spaces=ROOMS, buffers=dict.fromkeys(ROOMS, (0, 0)))
        rooms = {name: a_room(name, spaces=tuple(sorted(spaces))) for name, spaces in ROOMS.items()}
        for step in steps:
            _act(step, model, rooms, cast)
        _assert_as_the_model(model, rooms)
        work.commit = False


def test_whoever_asks_sees_the_same_free_times(within: Cast, hall: Room) -> None:
    a_reservation(hall, within.choir, "11-27 10:00", "11-27 11:00")
    who = actor_of("zhang")
    found = calendar.free(hall.id, at("11-27 00:00"), at("11-28 00:00"), minutes=15, by=who)
    assert [(said(one.starts_at), one.minutes) for one in found] == free(hall)
