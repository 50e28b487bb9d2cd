"""Sessions made shorter, and longer while they run: whose points move, whose time is free, and what stands in the way."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from core.db import Id, session
from core.errors import DomainError, Forbidden, Invalid, NotFound, WrongState
from plugins.booking import attendance, charges, closures, lengths, occupancy, prices, reserve
from plugins.booking.attendance import TooLate
from plugins.booking.models import Charge, ChargeState, Claim, Occupancy, Reservation, Room
from plugins.booking.requests import CancellationRequest, ClosureRequest, EndRequest
from tests.kit import SYSTEM, Cast, actor_of
from tests.plugins.booking import kit
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, at, set_clock


def until(text: str) -> EndRequest:
    return EndRequest(ends_at=at(text))


def states() -> list[tuple[ChargeState, int]]:
    found = session.execute(select(Charge.state, Charge.points).order_by(Charge.points.desc(), Charge.state))
    return [(state, points) for state, points in found]


def quarters() -> int:
    return session.scalar(select(func.count()).select_from(Occupancy)) or 0


def refusal(act: Callable[[], object]) -> str:
    """The code of the rule, or of what is wrong with the end."""
    with pytest.raises(DomainError) as caught:
        act()
    found = caught.value
    return found.errors["ends_at"][0].code if isinstance(found, Invalid) else found.code


def sound() -> None:
    kit.refresh()
    assert [*occupancy.broken(), *charges.broken()] == []


@pytest.fixture
def booked(within: Cast, hall: Room, points: FakePoints) -> Reservation:
    """Thursday evening 17 to 20:30: two hours base, then 19, 19:30, 20 o'clock at 10 points each; 30 of 100."""
    points.give(within.choir, "gold", 100)
    return a_reservation(hall, within.choir, "12-03 17:00", "12-03 20:30")


# --- shorter -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "base", "extension", "price"),
    [
        ("20:15", 120, 75, 30),  # the third step is still begun
        ("20:00", 120, 60, 20),
        ("19:15", 120, 15, 10),
        ("19:00", 120, 0, 0),
        ("18:00", 60, 0, 0),
        ("17:15", 15, 0, 0),
    ],
)
def test_b4_shortening_early_gives_back_the_steps_that_fall_away(
    within: Cast, booked: Reservation, points: FakePoints, ends: str, base: int, extension: int, price: int
) -> None:
    set_clock("12-03 15:00")  # exactly two hours before
    lengths.shorten(booked.id, until(f"12-03 {ends}"), by=actor_of("zhang"))
    assert (booked.base_minutes, booked.extension_minutes, booked.price_points) == (base, extension, price)
    assert points.available[within.choir.id] == 100 - price
    assert quarters() == (base + extension) // 15
    given = [] if price == 30 else [("released", 30 - price, at("12-03 15:00"))]
    assert points.said == given
    sound()


def test_b4_a_second_later_the_time_is_free_and_the_points_stay(
    within: Cast, booked: Reservation, points: FakePoints, hall: Room
) -> None:
    set_clock("12-03 15:00:01")
    lengths.shorten(booked.id, until("12-03 18:00"), by=actor_of("zhang"))
    assert (booked.base_minutes, booked.extension_minutes, booked.price_points) == (60, 0, 30)
    assert (points.available[within.choir.id], points.said) == (70, [])
    a_reservation(hall, within.orchestra, "12-03 18:00", "12-03 19:00")
    set_clock("12-03 17:00")
    attendance.check_in(booked.id, by=actor_of("zhang"))
    assert points.said == [("captured", 30, at("12-03 17:00"))]
    sound()


def test_shortened_in_parts_what_is_left_is_taken_once(within: Cast, booked: Reservation, points: FakePoints) -> None:
    lengths.shorten(booked.id, until("12-03 20:00"), by=SYSTEM)
    lengths.shorten(booked.id, until("12-03 19:30"), by=SYSTEM)
    assert states() == [(ChargeState.HELD, 10), (ChargeState.RELEASED, 10), (ChargeState.RELEASED, 10)]
    set_clock("12-03 17:10")
    attendance.check_in(booked.id, by=SYSTEM)
    assert [(word, some) for word, some, _at in points.said] == [("released", 10), ("released", 10), ("captured", 10)]
    assert points.available[within.choir.id] == 90
    sound()


def test_b5_shortened_then_cancelled_gives_back_the_rest_once(
    within: Cast, booked: Reservation, points: FakePoints
) -> None:
    lengths.shorten(booked.id, until("12-03 20:00"), by=SYSTEM)
    reserve.cancel(booked.id, CancellationRequest(), by=SYSTEM)
    assert points.available[within.choir.id] == 100
    assert session.scalars(select(Claim)).all() == []
    sound()


def test_l12_steps_come_back_at_the_prices_it_was_booked_under(
    within: Cast, booked: Reservation, points: FakePoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    dearer = replace(kit.TARIFF, step_minutes=15, off_peak=50, peak=90, peak_hours=())
    monkeypatch.setattr(kit, "TARIFF", dearer)
    lengths.shorten(booked.id, until("12-03 19:45"), by=SYSTEM)
    assert booked.price_points == 20
    sound()


def test_booked_before_prices_were_kept_it_goes_by_those_of_that_day(
    within: Cast, booked: Reservation, points: FakePoints
) -> None:
    booked.tariff = None
    session.flush()
    assert prices.tariff_of(booked, within.choir) == kit.TARIFF
    lengths.shorten(booked.id, until("12-03 19:45"), by=SYSTEM)
    assert booked.price_points == 20


def test_only_base_minutes_that_are_left_count_for_the_week_and_extension_never_becomes_base(
    within: Cast, booked: Reservation, hall: Room
) -> None:
    a_reservation(hall, within.choir, "12-02 10:00", "12-02 11:00")
    lengths.shorten(booked.id, until("12-03 18:00"), by=SYSTEM)
    # 60 and 60 of 240 are used: 120 are there again.
    third = a_reservation(hall, within.choir, "12-04 10:00", "12-04 12:00")
    assert (third.base_minutes, third.extension_minutes) == (120, 0)


def test_a_running_session_may_end_now_at_the_earliest(within: Cast, hall: Room, booked: Reservation) -> None:
    set_clock("12-03 17:05")
    attendance.check_in(booked.id, by=SYSTEM)
    set_clock("12-03 18:07")
    with pytest.raises(TooLate):
        lengths.shorten(booked.id, until("12-03 18:00"), by=SYSTEM)
    assert lengths.ends_for(booked, at("12-03 18:07"))[-1] == at("12-03 18:15")
    lengths.shorten(booked.id, until("12-03 18:15"), by=SYSTEM)
    assert (booked.base_minutes, booked.extension_minutes, booked.price_points) == (75, 0, 30)
    a_reservation(hall, within.orchestra, "12-03 18:15", "12-03 19:00")
    sound()


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        ("12-03 19:50", "off_grid"),
        ("12-03 17:00", "ends_before_start"),
        ("12-02 17:00", "ends_before_start"),
        ("12-03 20:30", "not_shorter"),
        ("12-03 21:00", "not_shorter"),
    ],
)
def test_an_end_that_is_none_is_refused_and_nothing_changes(
    within: Cast, booked: Reservation, points: FakePoints, ends: str, code: str
) -> None:
    assert refusal(lambda: lengths.shorten(booked.id, until(ends), by=SYSTEM)) == code
    assert (booked.ends_at, booked.price_points, points.said, quarters()) == (at("12-03 20:30"), 30, [], 14)


def test_what_is_over_missed_or_cancelled_is_shortened_no_more(within: Cast, hall: Room, booked: Reservation) -> None:
    other = a_reservation(hall, within.choir, "12-04 10:00", "12-04 11:00")
    reserve.cancel(other.id, CancellationRequest(), by=SYSTEM)
    with pytest.raises(WrongState):
        lengths.shorten(other.id, until("12-04 10:30"), by=SYSTEM)
    set_clock("12-03 17:15:01")
    with pytest.raises(WrongState) as caught:
        lengths.shorten(booked.id, until("12-03 18:00"), by=SYSTEM)
    assert caught.value.facts["state"] == "missed"
    set_clock("12-03 17:00")
    attendance.check_in(booked.id, by=SYSTEM)
    set_clock("12-03 20:30")
    with pytest.raises(WrongState) as caught:
        lengths.shorten(booked.id, until("12-03 18:00"), by=SYSTEM)
    assert caught.value.facts["state"] == "attended"
    assert lengths.ends_for(booked, at("12-03 20:30")) == []


def test_only_who_may_book_for_the_group(within: Cast, booked: Reservation) -> None:
    for name in ("chen", "zhao"):
        for act in (lengths.shorten, lengths.extend):
            with pytest.raises(Forbidden):
                act(booked.id, until("12-03 18:00"), by=actor_of(name))
    with pytest.raises(NotFound):
        lengths.shorten(Id(int=1), until("12-03 18:00"), by=SYSTEM)


# --- longer --------------------------------------------------------------------------------------------------------


@pytest.fixture
def running(within: Cast, hall: Room, points: FakePoints) -> Reservation:
    """Thursday 10 to 12, all of it base; they are there."""
    points.give(within.choir, "silver", 20)
    made = a_reservation(hall, within.choir, "12-03 10:00", "12-03 12:00")
    set_clock("12-03 10:00")
    attendance.check_in(made.id, by=SYSTEM)
    return made


def test_b4_a_running_session_goes_on_and_pays_at_once(within: Cast, running: Reservation, points: FakePoints) -> None:
    set_clock("12-03 11:50")
    found = lengths.longer(running, by=actor_of("zhang"))
    assert found is not None
    assert (found.ends_at, found.quote.price_points) == (at("12-03 12:30"), 5)
    lengths.extend(running.id, until("12-03 12:30"), by=actor_of("zhang"))
    lengths.extend(running.id, until("12-03 13:30"), by=actor_of("sun"))
    assert (running.base_minutes, running.extension_minutes, running.price_points) == (120, 90, 15)
    assert points.said == [("captured", 5, at("12-03 11:50")), ("captured", 10, at("12-03 11:50"))]
    assert points.available[within.choir.id] == 5
    assert quarters() == 14
    sound()


def test_a_step_that_was_begun_is_paid_already(within: Cast, running: Reservation, points: FakePoints) -> None:
    lengths.extend(running.id, until("12-03 12:15"), by=SYSTEM)
    lengths.extend(running.id, until("12-03 12:30"), by=SYSTEM)
    assert (running.price_points, [some for _word, some, _at in points.said]) == (5, [5])
    sound()


def test_base_is_dealt_at_booking_and_what_is_added_is_extension(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "bronze", 20)
    made = a_reservation(hall, within.choir, "12-03 10:00", "12-03 11:00")
    set_clock("12-03 10:00")
    attendance.check_in(made.id, by=SYSTEM)
    lengths.extend(made.id, until("12-03 11:30"), by=SYSTEM)
    assert (made.base_minutes, made.extension_minutes, made.price_points) == (60, 30, 5)


def test_l12_going_on_costs_what_it_was_booked_under(
    within: Cast, running: Reservation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit, "TARIFF", replace(kit.TARIFF, off_peak=50))
    lengths.extend(running.id, until("12-03 12:30"), by=SYSTEM)
    assert running.price_points == 5


def test_what_was_given_up_late_is_paid_when_they_stay_after_all(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "silver", 20)
    made = a_reservation(hall, within.choir, "12-03 10:00", "12-03 12:30")
    set_clock("12-03 10:00")
    attendance.check_in(made.id, by=SYSTEM)
    lengths.shorten(made.id, until("12-03 12:00"), by=SYSTEM)
    lengths.extend(made.id, until("12-03 12:30"), by=SYSTEM)
    assert (made.price_points, [some for _word, some, _at in points.said]) == (5, [5])
    lengths.extend(made.id, until("12-03 13:00"), by=SYSTEM)
    assert made.price_points == 10
    sound()


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        ("12-03 12:00", "not_longer"),
        ("12-03 11:00", "not_longer"),
        ("12-03 12:20", "off_grid"),
        ("12-03 13:45", "extension_not_available"),  # silver: at most 90 minutes
        ("12-03 22:15", "outside_hours"),
        ("12-04 00:15", "outside_hours"),
    ],
)
def test_b4_what_stands_in_the_way_leaves_everything_as_it_was(
    within: Cast, running: Reservation, points: FakePoints, ends: str, code: str
) -> None:
    assert refusal(lambda: lengths.extend(running.id, until(ends), by=SYSTEM)) == code
    assert (running.ends_at, running.price_points, points.said, quarters()) == (at("12-03 12:00"), 0, [], 8)


def test_b4_without_points_there_is_no_more_time_and_without_time_nothing_is_paid(
    within: Cast, running: Reservation, points: FakePoints, hall: Room
) -> None:
    points.available[within.choir.id] = 4
    with pytest.raises(DomainError) as caught:
        lengths.extend(running.id, until("12-03 12:30"), by=SYSTEM)
    assert (caught.value.code, caught.value.facts["price"], caught.value.facts["available"]) == (
        "not_enough_points",
        5,
        4,
    )
    points.available[within.choir.id] = 20
    a_reservation(hall, within.orchestra, "12-03 12:15", "12-03 13:00")
    with pytest.raises(DomainError) as caught:
        lengths.extend(running.id, until("12-03 12:30"), by=SYSTEM)
    assert caught.value.code == "room_taken"
    assert [reason.code for reason in caught.value.facts["reasons"]] == ["room_taken"]
    assert (points.available[within.choir.id], points.said) == (20, [])


def test_a_closure_right_behind_stands_in_the_way(within: Cast, running: Reservation, hall: Room) -> None:
    wish = ClosureRequest(starts_at=at("12-03 12:00"), ends_at=at("12-03 14:00"), reason="检修")
    closures.close(hall.id, wish, by=SYSTEM)
    with pytest.raises(DomainError) as caught:
        lengths.extend(running.id, until("12-03 12:30"), by=SYSTEM)
    assert (caught.value.code, caught.value.facts["why"]) == ("closed", "检修")


def test_b9_a_part_of_the_hall_that_is_taken_stands_in_the_way(within: Cast, points: FakePoints) -> None:
    whole, east = a_room("大厅", spaces=("east", "west")), a_room("大厅东", spaces=("east",))
    a_reservation(east, within.orchestra, "12-03 12:00", "12-03 13:00")
    points.give(within.choir, "gold", 20)
    made = a_reservation(whole, within.choir, "12-03 10:00", "12-03 12:00")
    set_clock("12-03 10:00")
    attendance.check_in(made.id, by=SYSTEM)
    with pytest.raises(DomainError) as caught:
        lengths.extend(made.id, until("12-03 12:15"), by=SYSTEM)
    assert caught.value.code == "room_taken"


def test_without_standing_or_with_points_off_there_is_no_more(
    within: Cast, running: Reservation, points: FakePoints
) -> None:
    points.tiers[within.choir.id] = "none"
    with pytest.raises(DomainError) as caught:
        lengths.extend(running.id, until("12-03 12:15"), by=SYSTEM)
    assert (caught.value.code, caught.value.facts["most"]) == ("extension_not_available", 0)


def test_what_is_not_running_is_not_made_longer(within: Cast, running: Reservation, hall: Room) -> None:
    other = a_reservation(hall, within.choir, "12-03 14:00", "12-03 15:00")
    with pytest.raises(WrongState):
        lengths.extend(other.id, until("12-03 15:15"), by=SYSTEM)
    assert lengths.longer(other, by=SYSTEM) is None
    set_clock("12-03 12:00")
    with pytest.raises(WrongState):
        lengths.extend(running.id, until("12-03 12:15"), by=SYSTEM)
    assert lengths.longer(running, by=SYSTEM) is None


def test_the_centre_goes_on_without_checking_in_and_without_price(within: Cast, hall: Room) -> None:
    made = a_reservation(hall, within.centre, "12-03 10:00", "12-03 12:00")
    with pytest.raises(WrongState):
        lengths.extend(made.id, until("12-03 13:00"), by=SYSTEM)
    set_clock("12-03 10:00")
    lengths.extend(made.id, until("12-03 17:00"), by=SYSTEM)
    assert (made.base_minutes, made.extension_minutes, made.price_points) == (420, 0, 0)
    sound()


def test_past_claims_are_swept_and_longer_ones_are_not(within: Cast, running: Reservation) -> None:
    lengths.extend(running.id, until("12-03 12:30"), by=SYSTEM)
    set_clock("12-03 16:15")  # four hours after the end: the longest set-up of whoever comes next
    assert occupancy.sweep_past() == 0
    set_clock("12-03 16:30")
    assert occupancy.sweep_past() == 1
