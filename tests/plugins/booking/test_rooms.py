"""Rooms, their hours and closures."""

import pytest
from sqlalchemy import select

from core.db import Id, session
from core.errors import Forbidden, Invalid, NotFound
from plugins.booking import calendar, closures, hours, quote, rooms
from plugins.booking.closures import ReservationsInTheWay
from plugins.booking.models import Closure, Room, Space
from plugins.booking.requests import ClosureRequest, HoursRequest, OpenInterval, RoomRequest
from tests.kit import SYSTEM, ZONE, Cast, actor_of
from tests.plugins.booking.kit import a_reservation, a_room, a_wish, at, set_clock

NOBODYS = Id(int=1)


def test_a_new_room_has_a_space_of_its_own_and_is_closed_until_it_has_hours(within: Cast) -> None:
    made = a_room("画室", opens=0, closes=0)
    assert session.scalars(select(Space.code)).all() == [str(made.id)]
    found = quote.quote(a_wish(made, within.choir, "10:00", "11:00"), by=SYSTEM)
    assert [reason.code for reason in found.reasons] == ["closed"]


def test_two_rooms_of_one_name_are_refused(within: Cast, hall: Room) -> None:
    with pytest.raises(Invalid) as refusal:
        rooms.create(RoomRequest(name=f" {hall.name} ", capacity=3), by=SYSTEM)
    assert list(refusal.value.errors) == ["name"]


def test_only_the_manager_keeps_rooms(within: Cast, hall: Room) -> None:
    for name in ("sun", "zhang", "chen"):
        who = actor_of(name)
        with pytest.raises(Forbidden):
            rooms.create(RoomRequest(name="画室", capacity=3), by=who)
        with pytest.raises(Forbidden):
            hours.put(hall.id, HoursRequest(), by=who)
        with pytest.raises(Forbidden):
            closures.close(hall.id, a_closure("11-27 10:00", "11-27 11:00"), by=who)
        with pytest.raises(Forbidden):
            closures.reopen(NOBODYS, by=who)
    assert rooms.create(RoomRequest(name="画室", capacity=3), by=actor_of("li")).name == "画室"


@pytest.mark.parametrize(
    ("intervals", "fault"),
    [
        ([(0, 480, 480)], "impossible_hours"),
        ([(0, 600, 480)], "impossible_hours"),
        ([(7, 480, 600)], "impossible_hours"),
        ([(0, 480, 1455)], "impossible_hours"),
        ([(0, 485, 600)], "hours_off_grid"),
        ([(0, 480, 600), (0, 585, 705)], "hours_overlap"),
    ],
)
def test_hours_that_cannot_be_are_refused(intervals: list[tuple[int, int, int]], fault: str) -> None:
    with pytest.raises(Invalid) as refusal:
        HoursRequest(hours=tuple(OpenInterval(weekday=a, opens=b, closes=c) for a, b, c in intervals))
    assert [found.code for faults in refusal.value.errors.values() for found in faults] == [fault]


def test_hours_replace_what_was_and_touch_no_reservation(within: Cast, hall: Room) -> None:
    a_reservation(hall, within.choir, "11-27 10:00", "11-27 11:00")
    week = (OpenInterval(weekday=4, opens=14 * 60, closes=1440), OpenInterval(weekday=4, opens=480, closes=540))
    for _twice in range(2):
        kept = hours.put(hall.id, HoursRequest(hours=week), by=SYSTEM)
        assert [(row.weekday, row.opens, row.closes) for row in kept] == [(4, 480, 540), (4, 840, 1440)]
    assert quote.quote(a_wish(hall, within.choir, "11-27 23:00", "11-27 24:00"), by=SYSTEM).allowed
    assert quote.quote(a_wish(hall, within.choir, "11-28 10:00", "11-28 11:00"), by=SYSTEM).code == "closed"
    with pytest.raises(NotFound):
        hours.put(NOBODYS, HoursRequest(), by=SYSTEM)


def a_closure(starts: str, ends: str, reason: str = "器材检修") -> ClosureRequest:
    return ClosureRequest(starts_at=at(starts), ends_at=at(ends), reason=reason)


@pytest.mark.parametrize(
    ("starts", "ends", "code"),
    [
        ("11:00", "12:00", None),  # half-open: ends where the closure begins
        ("14:00", "15:00", None),
        ("11:00", "12:15", "closed"),
        ("13:45", "15:00", "closed"),
        ("12:30", "13:00", "closed"),
    ],
)
def test_a_closure_that_touches_the_session_closes(
    within: Cast, hall: Room, starts: str, ends: str, code: str | None
) -> None:
    closures.close(hall.id, a_closure("11-27 12:00", "11-27 14:00"), by=SYSTEM)
    found = quote.quote(a_wish(hall, within.choir, f"11-27 {starts}", f"11-27 {ends}"), by=SYSTEM)
    assert found.code == code
    if code:
        assert found.reasons[0].facts == {"why": "器材检修"}
        assert len(found.reasons) == 1


def test_a_closure_over_reservations_is_refused_with_their_list(within: Cast, hall: Room) -> None:
    one = a_reservation(hall, within.choir, "11-27 10:00", "11-27 11:00")
    closures.close(hall.id, a_closure("11-27 11:00", "11-27 12:00"), by=SYSTEM)
    with pytest.raises(ReservationsInTheWay) as refusal:
        closures.close(hall.id, a_closure("11-27 10:45", "11-27 12:00"), by=SYSTEM)
    assert [found["id"] for found in refusal.value.facts["reservations"]] == [one.id]
    assert len(session.scalars(select(Closure)).all()) == 1


def test_a_closure_is_taken_back_once(within: Cast, hall: Room) -> None:
    made = closures.close(hall.id, a_closure("11-27 12:00", "11-27 14:00"), by=SYSTEM)
    closures.reopen(made.id, by=SYSTEM)
    with pytest.raises(NotFound):
        closures.reopen(made.id, by=SYSTEM)
    assert quote.quote(a_wish(hall, within.choir, "11-27 12:00", "11-27 14:00"), by=SYSTEM).allowed


# --- what is free --------------------------------------------------------------------------------------------------


def said(stretches: list[calendar.Stretch]) -> list[tuple[str, int]]:
    return [(f"{one.starts_at.astimezone(ZONE):%d %H:%M}", one.minutes) for one in stretches]


def test_free_stretches_leave_out_what_is_taken_closed_or_past(within: Cast, hall: Room) -> None:
    a_reservation(hall, within.choir, "11-26 10:00", "11-26 11:00")
    closures.close(hall.id, a_closure("11-26 20:00", "11-27 09:10"), by=SYSTEM)
    set_clock("11-26 09:20")
    found = calendar.free(hall.id, at("11-26 00:00"), at("11-28 00:00"), minutes=30, by=SYSTEM)
    # 9:30 to 10, 11 to 20; on the 27th from 9:15, since the closure touches that quarter of an hour.
    assert said(found) == [("26 09:30", 30), ("26 11:00", 540), ("27 09:15", 765)]
    assert said(calendar.free(hall.id, at("11-26 00:00"), at("11-28 00:00"), minutes=45, by=SYSTEM)) == [
        ("26 11:00", 540),
        ("27 09:15", 765),
    ]


def test_the_day_shows_a_halls_reservation_in_its_halves(within: Cast) -> None:
    whole, east = a_room("大厅", spaces=("east", "west")), a_room("大厅东", spaces=("east",))
    other = a_room("画室")
    a_reservation(whole, within.choir, "11-27 10:00", "11-27 11:00")
    day = calendar.day_of_rooms(at("11-27 00:00").date(), by=SYSTEM)
    blocks = {
        column.room.id: [block.reservation for block in column.blocks if block.reservation] for column in day.columns
    }
    assert [len(blocks[room.id]) for room in (whole, east, other)] == [1, 1, 0]
    stretches = {column.room.id: said(column.stretches()) for column in day.columns}
    assert stretches[east.id] == [("27 08:00", 120), ("27 11:00", 660)]
    assert stretches[other.id] == [("27 08:00", 840)]


def test_the_centres_own_reservations_stand_on_the_day_too(within: Cast, hall: Room) -> None:
    a_reservation(hall, within.centre, "11-27 10:00", "11-27 11:00")
    [column] = calendar.day_of_rooms(at("11-27 00:00").date(), by=SYSTEM).columns
    assert [block.reservation.holder_id for block in column.blocks if block.reservation] == [within.centre.id]
    free = calendar.free(hall.id, at("11-27 00:00"), at("11-28 00:00"), minutes=15, by=SYSTEM)
    assert said(free) == [("27 08:00", 120), ("27 11:00", 660)]
