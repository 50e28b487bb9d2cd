"""Cancelling: who gets the points, and when it is too late."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.db import session
from core.errors import Forbidden, NotFound, WrongState
from plugins.booking import attendance, ground, occupancy, quote, reserve
from plugins.booking.attendance import TooLate
from plugins.booking.models import Charge, ChargeState, Claim, Reservation, Room, Side, Status
from plugins.booking.requests import CancellationRequest
from tests.kit import SYSTEM, Cast, actor_of
from tests.plugins.booking.kit import FakePoints, a_reservation, a_wish, at, set_clock

BY_CENTRE = CancellationRequest(by=Side.CENTRE, reason="漏水")


@pytest.fixture
def booked(within: Cast, hall: Room, points: FakePoints) -> Reservation:
    """Sunday 10 to 12:30, half an hour longer for 10 points of 30."""
    points.give(within.choir, "gold", 30)
    return a_reservation(hall, within.choir, "11-29 10:00", "11-29 12:30")


def charge_state() -> ChargeState:
    return session.scalars(select(Charge.state)).one()


@pytest.mark.parametrize(
    ("clock_says", "late"),
    [("11-26 09:00", False), ("11-28 10:00", False), ("11-28 10:00:01", True), ("11-29 10:00", True)],
)
def test_b5_exactly_24_hours_before_or_earlier_gives_back_later_takes(
    within: Cast,
    booked: Reservation,
    points: FakePoints,
    clock_says: str,
    late: bool,  # noqa: FBT001
) -> None:
    set_clock(clock_says)
    reserve.cancel(booked.id, CancellationRequest(), by=actor_of("zhang"))
    assert (booked.status, booked.cancelled_late) == (Status.CANCELLED, late)
    assert charge_state() is (ChargeState.CAPTURED if late else ChargeState.RELEASED)
    assert points.available[within.choir.id] == (20 if late else 30)
    assert points.said == [("captured" if late else "released", 10, at(clock_says))]
    assert session.scalars(select(Claim)).all() == []


def test_the_centre_always_gives_back_and_the_week_is_free_again(
    within: Cast, booked: Reservation, points: FakePoints, hall: Room
) -> None:
    set_clock("11-29 09:59")
    reserve.cancel(booked.id, BY_CENTRE, by=actor_of("sun"))
    assert (charge_state(), booked.cancelled_by, booked.cancel_reason) == (ChargeState.RELEASED, Side.CENTRE, "漏水")
    assert points.available[within.choir.id] == 30
    a_reservation(hall, within.choir, "11-29 10:00", "11-29 12:00")
    assert a_reservation(hall, within.choir, "11-29 13:00", "11-29 15:00").base_minutes == 120


def test_a_late_cancel_counts_for_the_week_and_an_early_one_does_not(within: Cast, hall: Room) -> None:
    early, late = (a_reservation(hall, within.choir, f"11-{day} 10:00", f"11-{day} 12:00") for day in (28, 27))
    reserve.cancel(early.id, CancellationRequest(), by=SYSTEM)
    set_clock("11-26 11:00")
    reserve.cancel(late.id, CancellationRequest(), by=SYSTEM)
    assert late.cancelled_late is True
    day = late.day
    assert ground.records_of(within.choir, day, day, at("12-01 10:00")).missed_days == ()  # nor is it a no-show
    assert a_reservation(hall, within.choir, "11-29 10:00", "11-29 12:00").base_minutes == 120
    found = quote.quote(a_wish(hall, within.choir, "11-28 10:00", "11-28 10:15"), by=SYSTEM)
    assert (found.base_minutes, found.extension_minutes) == (0, 15)


def test_after_the_start_it_is_too_late_for_the_centre_too(within: Cast, booked: Reservation) -> None:
    for moment in ("11-29 10:00:01", "11-29 10:30", "12-01 10:00"):
        set_clock(moment)
        for wish in (CancellationRequest(), BY_CENTRE):
            with pytest.raises(TooLate):
                reserve.cancel(booked.id, wish, by=actor_of("li"))


def test_checked_in_is_always_the_wrong_state(within: Cast, booked: Reservation) -> None:
    set_clock("11-29 09:45")
    attendance.check_in(booked.id, by=actor_of("zhang"))
    for moment in ("11-29 09:46", "11-29 11:00"):
        set_clock(moment)
        with pytest.raises(WrongState):
            reserve.cancel(booked.id, CancellationRequest(), by=actor_of("zhang"))


def test_b5_cancelling_twice_gives_back_once(within: Cast, booked: Reservation, points: FakePoints) -> None:
    reserve.cancel(booked.id, CancellationRequest(), by=actor_of("zhang"))
    for wish in (CancellationRequest(), BY_CENTRE):
        with pytest.raises(WrongState):
            reserve.cancel(booked.id, wish, by=actor_of("li"))
    assert points.available[within.choir.id] == 30
    assert len(points.said) == 1


def test_only_the_own_group_and_only_staff_for_the_centre(within: Cast, booked: Reservation) -> None:
    for name in ("chen", "zhao"):
        with pytest.raises(Forbidden):
            reserve.cancel(booked.id, CancellationRequest(), by=actor_of(name))
    with pytest.raises(Forbidden):
        reserve.cancel(booked.id, BY_CENTRE, by=actor_of("zhang"))
    with pytest.raises(NotFound):
        reserve.cancel(within.choir.id, CancellationRequest(), by=actor_of("zhang"))


def test_b11_cancelling_one_touches_no_other(within: Cast, booked: Reservation, hall: Room) -> None:
    other = a_reservation(hall, within.choir, "11-30 10:00", "11-30 12:00")
    reserve.cancel(booked.id, CancellationRequest(), by=SYSTEM)
    assert list(occupancy.broken()) == []
    assert session.scalars(select(Claim.reservation_id)).all() == [other.id]


def test_a_missed_session_cannot_be_cancelled(within: Cast, booked: Reservation, points: FakePoints) -> None:
    clock.advance(timedelta(days=7))
    with pytest.raises(TooLate):
        reserve.cancel(booked.id, CancellationRequest(), by=SYSTEM)
    assert points.said == []
