"""Checking in, no-shows by time, and what a time switched off excuses."""

from datetime import date

import pytest
from sqlalchemy import select

from core import clock
from core.communities import switching
from core.db import Id, session
from core.errors import Forbidden, WrongState
from core.notices.models import Outbox
from plugins.booking import attendance, charges, ground, occupancy, quote, reserve
from plugins.booking.attendance import CheckInTooEarly, TooLate
from plugins.booking.models import Charge, ChargeState, Claim, Reservation, Room, State, Status
from plugins.booking.occupancy import RoomTaken
from plugins.booking.requests import CancellationRequest, ForgivenessRequest
from tests.kit import SYSTEM, Cast, actor_of
from tests.plugins.booking.kit import FakePoints, a_reservation, a_wish, at, set_clock


@pytest.fixture
def booked(within: Cast, hall: Room, points: FakePoints) -> Reservation:
    """Today 14 to 16:30, half an hour longer for 5 points of 30."""
    points.give(within.choir, "gold", 30)
    return a_reservation(hall, within.choir, "14:00", "16:30")


@pytest.mark.parametrize("clock_says", ["13:30", "14:00", "14:15"])
def test_both_edges_of_check_in_are_inclusive(
    within: Cast, booked: Reservation, points: FakePoints, clock_says: str
) -> None:
    set_clock(clock_says)
    attendance.check_in(booked.id, by=actor_of("zhang"))
    assert (booked.status, booked.checked_in_at) == (Status.CHECKED_IN, at(clock_says))
    assert points.said == [("captured", 5, at(clock_says))]


@pytest.mark.parametrize(("clock_says", "error"), [("13:29:59", CheckInTooEarly), ("14:15:01", TooLate)])
def test_outside_of_them_it_is_too_early_or_too_late(
    within: Cast, booked: Reservation, points: FakePoints, clock_says: str, error: type[Exception]
) -> None:
    set_clock(clock_says)
    with pytest.raises(error):
        attendance.check_in(booked.id, by=actor_of("zhang"))
    assert points.said == []


def test_checking_in_twice_takes_once(within: Cast, booked: Reservation, points: FakePoints) -> None:
    set_clock("14:00")
    attendance.check_in(booked.id, by=actor_of("zhang"))
    with pytest.raises(WrongState):
        attendance.check_in(booked.id, by=actor_of("sun"))
    assert len(points.said) == 1


def test_staff_check_anyone_in_others_only_their_own(within: Cast, booked: Reservation) -> None:
    set_clock("14:00")
    for name in ("chen", "zhao"):
        with pytest.raises(Forbidden):
            attendance.check_in(booked.id, by=actor_of(name))
    attendance.check_in(booked.id, by=actor_of("sun"))


def test_cancelled_and_the_centres_own_cannot_be_checked_in(within: Cast, booked: Reservation, hall: Room) -> None:
    reserve.cancel(booked.id, CancellationRequest(), by=SYSTEM)
    centre = a_reservation(hall, within.centre, "14:00", "16:00")
    set_clock("14:00")
    for one in (booked, centre):
        with pytest.raises(WrongState):
            attendance.check_in(one.id, by=actor_of("li"))


@pytest.mark.parametrize(
    ("clock_says", "came", "state"),
    [
        ("13:00", False, State.CONFIRMED),
        ("14:15", False, State.CONFIRMED),
        ("14:15:01", False, State.MISSED),
        ("18:00", False, State.MISSED),
        ("16:29:59", True, State.CHECKED_IN),
        ("16:30", True, State.ATTENDED),
    ],
)
def test_the_state_follows_from_the_time_without_any_sweep(
    within: Cast,
    booked: Reservation,
    clock_says: str,
    came: bool,  # noqa: FBT001
    state: State,
) -> None:
    if came:
        set_clock("14:00")
        attendance.check_in(booked.id, by=SYSTEM)
    assert booked.state(at(clock_says)) is state


def test_the_centres_own_is_attended_from_its_end_without_check_in(within: Cast, hall: Room) -> None:
    one = a_reservation(hall, within.centre, "14:00", "16:00")
    assert one.state(at("15:59")) is State.CONFIRMED
    assert one.state(at("16:00")) is State.ATTENDED


# --- no-shows ------------------------------------------------------------------------------------------------------


def test_the_rest_of_a_missed_session_is_bookable_at_once(within: Cast, booked: Reservation, hall: Room) -> None:
    set_clock("14:15")
    with pytest.raises(RoomTaken):
        a_reservation(hall, within.orchestra, "14:30", "16:00")
    set_clock("14:15:01")
    assert quote.quote(a_wish(hall, within.orchestra, "14:30", "16:00"), by=SYSTEM).allowed
    a_reservation(hall, within.orchestra, "14:30", "16:00")
    assert list(occupancy.broken()) == []
    assert list(charges.broken()) == []  # no sweep has run: the hold is still a hold, as it must be


@pytest.mark.parametrize("sweeps", [["14:16"], ["14:15", "14:16", "14:17"], ["23:00", "23:00"]])
def test_b10_a_missed_session_is_charged_as_on_time_however_late_or_often(
    within: Cast, booked: Reservation, points: FakePoints, sweeps: list[str]
) -> None:
    for moment in sweeps:
        set_clock(moment)
        attendance.sweep()
    assert points.said == [("captured", 5, at("14:15"))]
    assert booked.status is Status.MISSED
    assert session.scalars(select(Claim)).all() == []
    assert list(charges.broken()) == []


def test_b10_a_cleared_session_is_charged_by_the_later_sweep(
    within: Cast, booked: Reservation, points: FakePoints, hall: Room
) -> None:
    set_clock("14:20")
    a_reservation(hall, within.orchestra, "14:30", "16:00")
    assert points.said == []
    attendance.sweep()
    assert points.said == [("captured", 5, at("14:15"))]
    assert len(session.scalars(select(Claim)).all()) == 1


def test_the_second_no_show_warns_the_leader_and_the_third_closes_the_window(
    within: Cast, hall: Room, points: FakePoints
) -> None:
    points.give(within.choir, "gold", 0)
    for day in ("27", "28", "29"):
        a_reservation(hall, within.choir, f"11-{day} 10:00", f"11-{day} 11:00")
    ahead = a_reservation(hall, within.choir, "12-17 10:00", "12-17 11:00")
    words = []
    for day in ("27", "28", "29"):
        set_clock(f"11-{day} 12:00")
        attendance.sweep()
        attendance.sweep()
        words.append([notice.words.code for notice in session.scalars(select(Outbox).order_by(Outbox.at))])
    assert words[2] == ["booking.no_show", "booking.no_show_warning", "booking.no_show_closed"]
    # 29 November and 30 days is 29 December.
    found = quote.quote(a_wish(hall, within.choir, "12-10 10:00", "12-10 11:00"), by=SYSTEM)
    assert (found.code, found.opens_at) == ("too_early", at("12-03 08:00"))
    closed = next(one for one in found.explanation if one.code == "booking.why.window_closed")
    assert closed.facts["until"] == date(2026, 12, 29)
    # What was booked before stays booked.
    assert ahead.state(clock.now()) is State.CONFIRMED
    assert list(occupancy.broken()) == []


def test_a_forgiven_no_show_no_longer_counts(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 0)
    made = [a_reservation(hall, within.choir, f"11-{day} 10:00", f"11-{day} 11:00") for day in (27, 28, 29)]
    set_clock("11-29 12:00")
    assert quote.quote(a_wish(hall, within.choir, "12-10 10:00", "12-10 11:00"), by=SYSTEM).code == "too_early"
    attendance.forgive(made[0].id, ForgivenessRequest(reason="停电"), by=actor_of("sun"))
    assert quote.quote(a_wish(hall, within.choir, "12-10 10:00", "12-10 11:00"), by=SYSTEM).allowed
    with pytest.raises(WrongState):
        attendance.forgive(made[0].id, ForgivenessRequest(reason="停电"), by=actor_of("sun"))
    with pytest.raises(Forbidden):
        attendance.forgive(made[1].id, ForgivenessRequest(reason="停电"), by=actor_of("zhang"))


def test_only_a_no_show_can_be_forgiven(within: Cast, booked: Reservation) -> None:
    with pytest.raises(WrongState):
        attendance.forgive(booked.id, ForgivenessRequest(reason="停电"), by=SYSTEM)


def charge_states() -> dict[Id, ChargeState]:
    return {charge.reservation_id: charge.state for charge in session.scalars(select(Charge))}


# --- switched off --------------------------------------------------------------------------------------------------


def test_p6_what_fell_due_while_points_was_off_is_settled_once_in_order_when_it_is_back(
    within: Cast, hall: Room, points: FakePoints
) -> None:
    points.give(within.choir, "gold", 100)
    missed = a_reservation(hall, within.choir, "10:00", "12:30")
    attended = a_reservation(hall, within.choir, "13:00", "15:30")  # 120 of base each: 5 points each
    given = a_reservation(hall, within.choir, "11-30 10:00", "11-30 12:30")
    waiting = a_reservation(hall, within.choir, "12-01 10:00", "12-01 12:30")
    switching.disable("points", by=SYSTEM)
    reserve.cancel(given.id, CancellationRequest(), by=actor_of("zhang"))
    set_clock("12:50")
    attendance.check_in(attended.id, by=actor_of("zhang"))
    attendance.sweep()
    assert points.said == []
    states = charge_states()
    assert states[given.id] is ChargeState.RELEASE_DUE
    assert states[attended.id] is states[missed.id] is ChargeState.CAPTURE_DUE
    set_clock("18:00")
    switching.enable("points", by=SYSTEM)
    assert points.said == [
        ("released", 5, at("09:00")),
        ("captured", 5, at("10:15")),
        ("captured", 5, at("12:50")),
    ]
    attendance.sweep()
    assert len(points.said) == 3
    assert charge_states()[waiting.id] is ChargeState.HELD


def test_with_points_off_base_terms_apply_and_nothing_costs(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 100)
    switching.disable("points", by=SYSTEM)
    found = quote.quote(a_wish(hall, within.choir, "11-27 10:00", "11-27 12:30"), by=SYSTEM)
    assert (found.code, found.price_points, found.tier) == ("extension_not_available", 0, "none")
    made = a_reservation(hall, within.choir, "11-27 10:00", "11-27 12:30", override_reason="x")
    assert (made.price_points, session.scalars(select(Charge)).all()) == (0, [])


def test_p6_sessions_that_began_while_booking_was_off_are_no_no_shows(
    within: Cast, hall: Room, points: FakePoints
) -> None:
    points.give(within.choir, "gold", 100)
    before = a_reservation(hall, within.choir, "10:00", "12:30")
    during = a_reservation(hall, within.choir, "13:00", "15:30")
    after = a_reservation(hall, within.choir, "11-30 10:00", "11-30 12:30")
    set_clock("10:16")
    switching.disable("booking", by=SYSTEM)
    set_clock("11-27 09:00")
    switching.enable("booking", by=SYSTEM)
    now = clock.now()
    assert [one.state(now) for one in (before, during, after)] == [State.MISSED, State.ATTENDED, State.CONFIRMED]
    assert points.said == [("released", 5, at("11-27 09:00")), ("captured", 5, at("10:15"))]
    day = at("11-27 09:00").date()
    record = ground.records_of(within.choir, day, day, now)
    assert record.missed_days == (date(2026, 11, 26),)
    assert list(charges.broken()) == []
    assert list(occupancy.broken()) == []


def test_points_that_break_undo_the_check_in(within: Cast, booked: Reservation, points: FakePoints) -> None:
    points.fails_at = "capture"
    set_clock("14:00")
    with pytest.raises(RuntimeError):
        attendance.check_in(booked.id, by=SYSTEM)


def test_sweeping_the_past_keeps_reservations(within: Cast, booked: Reservation, hall: Room) -> None:
    later = a_reservation(hall, within.orchestra, "18:00", "19:00")
    set_clock("14:00")
    attendance.check_in(booked.id, by=SYSTEM)
    set_clock("20:15")
    assert occupancy.sweep_past() == 0  # the set-up of a session at 20:15 could reach back to it
    set_clock("20:30")
    assert occupancy.sweep_past() == 1
    assert occupancy.sweep_past() == 0
    assert session.scalars(select(Claim.reservation_id)).all() == [later.id]
    assert len(session.scalars(select(Reservation)).all()) == 2
    assert list(occupancy.broken()) == []
