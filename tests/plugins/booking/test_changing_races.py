"""Moves, shortening and going on, many at once: threads that commit for real, on both databases."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from core.contract import Holder
from core.db import Id, session, unit
from plugins.booking import attendance, lengths, moving, reserve
from plugins.booking.models import Charge, ChargeState, Occupancy, Reservation
from plugins.booking.requests import CancellationRequest, ChangeRequest, EndRequest
from tests.kit import SLUG, SYSTEM, Cast, enter_slug
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, at, rule, set_clock
from tests.plugins.booking.test_races import Race, book, people, race, rooms_of  # noqa: F401 - two are fixtures

pytestmark = pytest.mark.race


def made(race: Race, room_id: Id, holder_id: Id, starts: str, ends: str) -> Id:  # noqa: F811 - not the fixture itself
    assert race.once(book(room_id, holder_id, starts, ends)) == "done"
    with unit(race.database, write=False):
        enter_slug(race.house, SLUG)
        there = (Reservation.room_id == room_id, Reservation.starts_at == at(starts))
        return session.scalars(select(Reservation.id).where(*there)).one()


def move(one: Id, starts: str, ends: str, room_id: Id | None = None) -> Callable[[], object]:
    wish = ChangeRequest(starts_at=at(starts), ends_at=at(ends), room_id=room_id)
    return lambda: moving.change(one, wish, by=SYSTEM)


def seen(race: Race, one: Id) -> Reservation:  # noqa: F811
    with unit(race.database, write=False):
        enter_slug(race.house, SLUG)
        found = session.scalars(select(Reservation).where(Reservation.id == one)).one()
        session.expunge(found)
        return found


def taken(race: Race) -> int:  # noqa: F811
    with unit(race.database, write=False):
        enter_slug(race.house, SLUG)
        return session.scalar(select(func.count()).select_from(Occupancy)) or 0


def captured(race: Race) -> int:  # noqa: F811
    with unit(race.database, write=False):
        enter_slug(race.house, SLUG)
        taken_then = select(func.sum(Charge.points)).where(Charge.state == ChargeState.CAPTURED)
        return session.scalar(taken_then) or 0


def test_b1_of_many_moves_into_one_slot_exactly_one_wins(race: Race, people: Cast) -> None:  # noqa: F811
    hall, studio = rooms_of(race, ("排练厅", None), ("画室", None))
    chen = people.people["chen"].resident_id
    holders = [people.choir.id, people.orchestra.id, people.centre.id, chen or hall]
    own = [
        made(race, room, holder, f"11-27 {hour:02}:00", f"11-27 {hour + 1:02}:00")
        for hour, (room, holder) in enumerate([(r, h) for r in (hall, studio) for h in holders], 8)
    ]
    outcome = race.all([move(one, "11-28 10:00", "11-28 11:00", hall) for one in own] * 2)
    # The winner may come twice: the second time it is there already, and nothing is different.
    winners = [place % len(own) for place, word in enumerate(outcome) if word == "done"]
    assert len(set(winners)) == 1
    assert set(outcome) == {"done", "room_taken"}
    assert taken(race) == 4 * len(own)
    race.sound()


def test_b1_a_move_and_a_new_reservation_after_one_slot(race: Race, people: Cast) -> None:  # noqa: F811
    [hall] = rooms_of(race, ("排练厅", None))
    one = made(race, hall, people.choir.id, "11-27 08:00", "11-27 09:00")
    acts = [
        move(one, "11-28 10:00", "11-28 11:00"),
        *[book(hall, who, "11-28 10:30", "11-28 11:30") for who in (people.orchestra.id, people.centre.id)],
    ]
    assert sorted(race.all(acts)) == ["done", "room_taken", "room_taken"]
    race.sound()


def test_two_moves_of_one_reservation_leave_it_in_one_place(race: Race, people: Cast) -> None:  # noqa: F811
    hall, studio = rooms_of(race, ("排练厅", None), ("画室", None))
    one = made(race, hall, people.choir.id, "11-27 08:00", "11-27 09:00")
    acts = [move(one, f"11-28 {hour}:00", f"11-28 {hour + 1}:00", room) for hour in (10, 14) for room in (hall, studio)]
    assert set(race.all(acts)) == {"done"}
    assert taken(race) == 4
    race.sound()


def test_b7_two_moves_cannot_both_use_the_last_of_the_week(race: Race, people: Cast) -> None:  # noqa: F811
    hall, studio = rooms_of(race, ("排练厅", None), ("画室", None))
    made(race, hall, people.choir.id, "11-27 08:00", "11-27 10:00")
    own = [
        made(race, room, people.choir.id, f"12-01 {hour}:00", f"12-01 {hour + 2}:00")
        for room, hour in ((hall, 10), (studio, 14))
    ]
    acts = [move(own[0], "11-28 10:00", "11-28 12:00"), move(own[1], "11-28 10:00", "11-28 12:00")]
    assert sorted(race.all(acts)) == ["done", "extension_not_available"]
    race.sound()


def test_b9_moves_between_halves_and_whole_neither_deadlock_nor_double(race: Race, people: Cast) -> None:  # noqa: F811
    whole, east, west = rooms_of(race, ("大厅", ("east", "west")), ("大厅东", ("east",)), ("大厅西", ("west",)))
    own = [
        made(race, room, holder, f"11-27 {hour:02}:00", f"11-27 {hour + 1:02}:00")
        for room, holder, hour in (
            (east, people.choir.id, 8),
            (west, people.orchestra.id, 8),
            (whole, people.centre.id, 9),
        )
    ]
    for hour in (10, 11, 12):
        when = (f"11-27 {hour}:00", f"11-27 {hour + 1}:00")
        outcome = race.all([move(own[0], *when, west), move(own[1], *when, east), move(own[2], *when, whole)])
        assert set(outcome) <= {"done", "room_taken"}
        assert "done" in outcome
        race.sound()


def a_running_one(race: Race, holder: Holder, points: FakePoints, **rules: int) -> tuple[Id, Id]:  # noqa: F811
    """Its room and itself: 10 to 12, there since 10."""
    points.give(holder, "gold", 100)
    found: list[Id] = []

    def begin() -> None:
        one = a_reservation(rule(a_room(), **rules), holder, "10:00", "12:00")
        found.extend((one.room_id, one.id))

    assert race.once(begin) == "done"
    set_clock("10:00")
    assert race.once(lambda: attendance.check_in(found[1], by=SYSTEM)) == "done"
    return found[0], found[1]


def longer(one: Id, ends: str) -> Callable[[], object]:
    return lambda: lengths.extend(one, EndRequest(ends_at=at(ends)), by=SYSTEM)


def shorter(one: Id, ends: str) -> Callable[[], object]:
    return lambda: lengths.shorten(one, EndRequest(ends_at=at(ends)), by=SYSTEM)


def one_of_three_has_it(race: Race, one: Id, outcome: list[str]) -> None:  # noqa: F811
    """The first of the three was to go on: both or neither, the time and the points."""
    assert sorted(outcome) == ["done", "room_taken", "room_taken"]
    assert seen(race, one).price_points == captured(race) == (5 if outcome[0] == "done" else 0)
    race.sound()


def test_b4_going_on_and_a_new_reservation_of_the_next_slot(
    race: Race,  # noqa: F811
    people: Cast,  # noqa: F811
    points: FakePoints,
) -> None:
    room_id, one = a_running_one(race, people.choir, points)
    outcome = race.all(
        [
            longer(one, "12:30"),
            book(room_id, people.orchestra.id, "11-26 12:00", "11-26 13:00"),
            book(room_id, people.centre.id, "11-26 12:15", "11-26 13:00"),
        ]
    )
    one_of_three_has_it(race, one, outcome)


def test_b4_going_on_moving_there_and_booking_where_only_the_buffers_meet(
    race: Race,  # noqa: F811
    people: Cast,  # noqa: F811
    points: FakePoints,
) -> None:
    room_id, one = a_running_one(race, people.choir, points, setup_minutes=15, clearup_minutes=30)
    other = made(race, room_id, people.orchestra.id, "11-26 19:00", "11-26 20:00")
    # Held up to 12:30 so far. No two of the sessions touch, but where one clears up the other sets up.
    outcome = race.all(
        [
            longer(one, "12:15"),
            move(other, "11-26 12:45", "11-26 13:45"),
            book(room_id, people.centre.id, "11-26 12:45", "11-26 13:30"),
        ]
    )
    one_of_three_has_it(race, one, outcome)


def test_b4_of_many_taps_to_go_on_one_counts(
    race: Race,  # noqa: F811
    people: Cast,  # noqa: F811
    points: FakePoints,
) -> None:
    _room_id, one = a_running_one(race, people.choir, points)
    assert sorted(race.all([longer(one, "12:30")] * 6)) == ["done"] + ["invalid"] * 5
    assert captured(race) == 5
    race.sound()


def test_shortening_and_going_on_at_once_pay_what_they_say(
    race: Race,  # noqa: F811
    people: Cast,  # noqa: F811
    points: FakePoints,
) -> None:
    _room_id, one = a_running_one(race, people.choir, points)
    outcome = race.all([longer(one, "12:30"), shorter(one, "11:30")] * 2)
    assert set(outcome) <= {"done", "invalid"}
    found = seen(race, one)
    assert found.price_points == captured(race)
    assert taken(race) == found.minutes // 15
    race.sound()


def test_b5_shortening_against_a_late_cancellation_settles_every_point_once(
    race: Race,  # noqa: F811
    people: Cast,  # noqa: F811
    points: FakePoints,
) -> None:
    points.give(people.choir, "gold", 100)
    found: list[Id] = []
    race.once(lambda: found.append(a_reservation(a_room(), people.choir, "14:00", "17:00").id))
    one = found[0]  # two steps of 5; nine o'clock is too late to cancel and early enough to shorten
    cancel: Callable[[], object] = lambda: reserve.cancel(one, CancellationRequest(), by=SYSTEM)  # noqa: E731
    outcome = race.all([shorter(one, "16:30"), cancel, shorter(one, "16:30")])
    assert outcome[1] == "done"
    assert set(outcome) <= {"done", "invalid", "wrong_state"}
    price = 5 if "done" in (outcome[0], outcome[2]) else 10
    assert (seen(race, one).price_points, points.available[people.choir.id]) == (price, 100 - price)
    assert captured(race) == price
    race.sound()


def test_shortening_against_check_in_takes_the_price_once(
    race: Race,  # noqa: F811
    people: Cast,  # noqa: F811
    points: FakePoints,
) -> None:
    points.give(people.choir, "gold", 100)
    found: list[Id] = []
    race.once(lambda: found.append(a_reservation(a_room(), people.choir, "14:00", "16:30").id))
    set_clock("13:45")
    arrive: Callable[[], object] = lambda: attendance.check_in(found[0], by=SYSTEM)  # noqa: E731
    outcome = race.all([shorter(found[0], "15:00"), arrive] * 3)
    assert sorted(outcome) == ["done", "done", "invalid", "invalid", "wrong_state", "wrong_state"]
    assert points.said == [("captured", 5, at("13:45"))]
    assert taken(race) == 4
    race.sound()
