"""Moving a reservation: the whole is judged as a new wish, only the change counts, and a title is only a title."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.audit.models import Entry
from core.db import Database, Id, savepoint, session, unit
from core.errors import DomainError, Forbidden, Invalid, NotFound, WrongState
from core.plugins import House
from plugins.booking import attendance, charges, lengths, moving, occupancy, reserve
from plugins.booking.models import Charge, ChargeState, Claim, Occupancy, Reservation, Room
from plugins.booking.requests import CancellationRequest, ChangeRequest, EndRequest
from tests.kit import SLUG, SYSTEM, Cast, actor_of, enter_slug
from tests.plugins.booking import kit
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, at, set_clock


def to(starts: str, ends: str, **more: object) -> ChangeRequest:
    return ChangeRequest(starts_at=at(starts), ends_at=at(ends), **more)  # type: ignore[arg-type]


def held(room_id: Id | None = None) -> set[int]:
    found = select(Occupancy.quarter).join(Claim, Claim.id == Occupancy.claim_id)
    return set(session.scalars(found if room_id is None else found.where(Claim.room_id == room_id)))


def sound() -> None:
    kit.refresh()
    assert [*occupancy.broken(), *charges.broken()] == []


def all_of(found: Reservation) -> dict[str, object]:
    return {column.key: getattr(found, column.key) for column in Reservation.__mapper__.column_attrs}


@pytest.fixture
def booked(within: Cast, hall: Room, points: FakePoints) -> Reservation:
    """Friday 10 to 12:30: half an hour longer for 5 of 10 points."""
    points.give(within.choir, "gold", 10)
    return a_reservation(hall, within.choir, "11-27 10:00", "11-27 12:30", title="排练", people=20)


def test_b1_a_move_takes_the_new_time_and_frees_the_old(
    within: Cast, booked: Reservation, points: FakePoints, hall: Room
) -> None:
    studio = a_room("画室")
    moving.change(booked.id, to("11-28 10:00", "11-28 12:30", room_id=studio.id), by=actor_of("zhang"))
    assert (booked.room.name, booked.day, booked.starts_at) == ("画室", at("11-28 00:00").date(), at("11-28 10:00"))
    assert (booked.base_minutes, booked.extension_minutes, booked.price_points) == (120, 30, 10)  # a Saturday is peak
    assert points.available[within.choir.id] == 0
    assert [(word, some) for word, some, _at in points.said] == [("released", 5)]
    assert (held(hall.id), len(held(studio.id))) == (set(), 10)
    assert (booked.cancel_until, booked.check_in_from) == (at("11-27 10:00"), at("11-28 09:30"))
    a_reservation(hall, within.orchestra, "11-27 10:00", "11-27 12:00")
    sound()


def test_points_set_aside_for_it_pay_for_it_again(within: Cast, booked: Reservation, points: FakePoints) -> None:
    points.available[within.choir.id] = 0
    moving.change(booked.id, to("11-27 14:00", "11-27 16:30"), by=SYSTEM)
    assert (booked.price_points, points.available[within.choir.id]) == (5, 0)
    with pytest.raises(DomainError) as caught, savepoint():
        moving.change(booked.id, to("11-27 17:00", "11-27 19:30"), by=SYSTEM)
    assert (caught.value.code, caught.value.facts["price"], caught.value.facts["available"]) == (
        "not_enough_points",
        10,
        5,
    )
    sound()


def test_b7_of_the_week_only_the_change_counts(within: Cast, booked: Reservation, hall: Room) -> None:
    a_reservation(hall, within.choir, "11-28 10:00", "11-28 12:00")
    # The week is used up; the session that moves brings its own two hours along.
    moving.change(booked.id, to("11-29 10:00", "11-29 12:00"), by=SYSTEM)
    assert (booked.base_minutes, booked.price_points) == (120, 0)
    # Another week is another account.
    moving.change(booked.id, to("11-30 10:00", "11-30 12:00"), by=SYSTEM)
    assert a_reservation(hall, within.choir, "11-29 10:00", "11-29 12:00").base_minutes == 120
    with pytest.raises(DomainError) as caught:
        moving.change(booked.id, to("11-26 18:00", "11-26 21:00"), by=SYSTEM)
    assert caught.value.code == "extension_not_available"


def test_overlapping_its_own_old_time_is_fine(within: Cast, booked: Reservation) -> None:
    moving.change(booked.id, to("11-27 10:30", "11-27 13:00"), by=SYSTEM)
    assert len(held()) == 10
    moving.change(booked.id, ChangeRequest(ends_at=at("11-27 12:00")), by=SYSTEM)
    assert (booked.starts_at, booked.minutes, booked.price_points, len(held())) == (at("11-27 10:30"), 90, 0, 6)
    sound()


def test_b1_a_time_that_is_taken_leaves_everything_as_it_was(
    within: Cast, booked: Reservation, points: FakePoints, hall: Room
) -> None:
    a_reservation(hall, within.orchestra, "11-27 14:00", "11-27 15:00")
    before = all_of(booked)
    with pytest.raises(DomainError) as caught:
        moving.change(booked.id, to("11-27 13:00", "11-27 15:00"), by=SYSTEM)
    assert caught.value.code == "room_taken"
    assert caught.value.facts["alternatives"]
    assert all_of(booked) == before
    assert points.said == []
    sound()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (to("12-18 10:00", "12-18 11:00"), "too_early"),
        (to("11-26 08:00", "11-26 10:00"), "too_late"),
        (to("11-27 10:10", "11-27 11:00"), "off_grid"),
        (to("11-27 21:00", "11-27 23:00"), "outside_hours"),
        (to("11-27 10:00", "11-27 14:15"), "extension_not_available"),
        (ChangeRequest(starts_at=at("11-27 12:30")), "ends_before_start"),
        (ChangeRequest(people=41), "too_many_people"),
        (to("11-27 14:00", "11-27 15:00", people=41), "too_many_people"),
        (ChangeRequest(people=0), "too_small"),
        (ChangeRequest(title="长" * 61), "too_long_text"),
        (ChangeRequest(room_id=Id(int=1)), "not_found"),
    ],
)
def test_the_whole_is_judged_and_nothing_changes(
    within: Cast, booked: Reservation, points: FakePoints, change: ChangeRequest, code: str
) -> None:
    before, quarters = all_of(booked), held()
    with pytest.raises(DomainError) as caught:
        moving.change(booked.id, change, by=actor_of("zhang"))
    found = caught.value
    assert (next(iter(found.errors.values()))[0].code if isinstance(found, Invalid) else found.code) == code
    assert (all_of(booked), held(), points.said) == (before, quarters, [])


def test_b12_a_title_or_a_number_changes_nothing_else(
    within: Cast, booked: Reservation, points: FakePoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit, "TIERS", {"gold": (None, 0)})  # today it could not be booked at all
    before, quarters = all_of(booked), held()
    moving.change(
        booked.id,
        ChangeRequest(title="合练", people=None, room_id=booked.room_id, ends_at=booked.ends_at),
        by=actor_of("zhang"),
    )
    assert all_of(booked) == {**before, "title": "合练", "people": None}
    assert (held(), points.said) == (quarters, [])
    assert session.scalars(select(func.count()).select_from(Charge)).one() == 1


def test_nothing_different_writes_nothing_down(within: Cast, booked: Reservation) -> None:
    moving.change(booked.id, ChangeRequest(title="排练"), by=SYSTEM)
    acts = select(func.count()).select_from(Entry).where(Entry.act == "booking.change")
    assert session.scalar(acts) == 0
    moving.change(booked.id, ChangeRequest(title="合练"), by=SYSTEM)
    assert session.scalar(acts) == 1


def test_what_has_begun_is_checked_in_or_cancelled_stays_where_it_is(
    within: Cast, booked: Reservation, hall: Room
) -> None:
    other = a_reservation(hall, within.choir, "11-28 10:00", "11-28 11:00")
    reserve.cancel(other.id, CancellationRequest(), by=SYSTEM)
    for wish in (ChangeRequest(title="x"), to("11-29 10:00", "11-29 11:00")):
        with pytest.raises(WrongState):
            moving.change(other.id, wish, by=SYSTEM)
        set_clock("11-27 10:00:01")
        with pytest.raises(WrongState):
            moving.change(booked.id, wish, by=SYSTEM)
    set_clock("11-27 09:45")
    attendance.check_in(booked.id, by=SYSTEM)
    with pytest.raises(WrongState):
        moving.change(booked.id, to("11-29 10:00", "11-29 11:00"), by=SYSTEM)


def test_moving_late_is_no_way_around_the_cut_offs(
    within: Cast, booked: Reservation, points: FakePoints, hall: Room
) -> None:
    set_clock("11-27 08:00:01")  # less than two hours before, and less than 24
    moving.change(booked.id, to("11-29 10:00", "11-29 11:00"), by=SYSTEM)
    assert (booked.extension_minutes, booked.price_points, points.said) == (0, 5, [])
    assert "booking.why.moved_late" in {one.code for one in booked.explanation}
    lengths.shorten(booked.id, EndRequest(ends_at=at("11-29 10:30")), by=SYSTEM)
    assert (booked.price_points, points.said) == (5, [])
    reserve.cancel(booked.id, CancellationRequest(), by=SYSTEM)
    assert (booked.cancelled_late, points.said) == (True, [("captured", 5, at("11-27 08:00:01"))])
    sound()


def test_moving_late_to_something_dearer_pays_the_whole(within: Cast, booked: Reservation, points: FakePoints) -> None:
    set_clock("11-27 08:30")
    moving.change(booked.id, to("11-28 10:00", "11-28 12:30"), by=SYSTEM)
    assert (booked.price_points, points.available[within.choir.id]) == (10, 0)
    sound()


def test_a_missed_session_makes_room_for_a_move(within: Cast, booked: Reservation, hall: Room) -> None:
    a_reservation(hall, within.orchestra, "11-26 10:00", "11-26 12:00")
    set_clock("11-26 10:15:01")
    moving.change(booked.id, to("11-26 10:30", "11-26 12:30"), by=SYSTEM)
    assert len(held()) == 8
    sound()


def test_only_who_may_book_for_the_group(within: Cast, booked: Reservation) -> None:
    for name in ("chen", "zhao"):
        with pytest.raises(Forbidden):
            moving.change(booked.id, ChangeRequest(title="x"), by=actor_of(name))
        with pytest.raises(Forbidden):
            moving.quote_of(booked.id, ChangeRequest(title="x"), by=actor_of(name))
    with pytest.raises(NotFound):
        moving.change(Id(int=1), ChangeRequest(title="x"), by=SYSTEM)


def test_b11_moving_one_touches_no_other(within: Cast, booked: Reservation, hall: Room) -> None:
    other = a_reservation(hall, within.orchestra, "11-27 12:30", "11-27 14:00")
    before = all_of(other)
    moving.change(booked.id, to("11-27 10:15", "11-27 12:30"), by=SYSTEM)
    assert all_of(other) == before
    assert len(session.scalars(select(Claim)).all()) == 2
    sound()


def test_the_quote_of_a_move_says_what_the_move_then_costs(
    within: Cast, booked: Reservation, points: FakePoints
) -> None:
    wish = to("11-28 10:00", "11-28 13:00")
    quoted = moving.quote_of(booked.id, wish, by=actor_of("zhang"))
    assert (quoted.allowed, quoted.code, quoted.price_points) == (False, "not_enough_points", 20)
    points.available[within.choir.id] = 15
    assert moving.quote_of(booked.id, wish, by=actor_of("zhang")).allowed
    assert (booked.price_points, points.said) == (5, [])


START = st.integers(0, 55)
LENGTH = st.integers(1, 16)
MOVES = st.lists(st.tuples(st.sampled_from("smce"), st.integers(0, 2), START, LENGTH), max_size=12)


@given(moves=MOVES)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_b1_b4_b7_any_order_of_moves_leaves_whole_quarters_paid_prices_and_a_fair_week(
    database: Database, booking_house: House, cast: Cast, points: FakePoints, moves: list[tuple[str, int, int, int]]
) -> None:
    points.empty()
    with unit(database, write=True) as work:
        enter_slug(booking_house, SLUG)
        work.commit = False
        set_clock("11-26 09:00")
        points.give(cast.choir, "gold", 60)
        hall = a_room()
        made = [a_reservation(hall, cast.choir, f"12-0{day} 10:00", f"12-0{day} 11:00") for day in (1, 2, 3)]
        for act, which, start, length in moves:
            begins = at("12-02 08:00") + start * 15 * kit.MINUTE
            ends = begins + length * 15 * kit.MINUTE
            one = made[which]
            try:
                with savepoint():
                    if act == "s":
                        lengths.shorten(one.id, EndRequest(ends_at=ends), by=SYSTEM)
                    elif act == "m":
                        moving.change(one.id, ChangeRequest(starts_at=begins, ends_at=ends), by=SYSTEM)
                    elif act == "e":
                        moving.change(one.id, ChangeRequest(ends_at=ends), by=SYSTEM)
                    else:
                        moving.change(one.id, ChangeRequest(title=f"{start}"), by=SYSTEM)
            except DomainError:
                kit.refresh()
        sound()
        assert sum(one.base_minutes for one in made) <= 240
        assert all(one.extension_minutes <= 120 for one in made)
        paid = sum(one.price_points for one in made)
        assert points.available[cast.choir.id] == 60 - paid
        kept = session.scalar(select(func.sum(Charge.points)).where(Charge.state == ChargeState.HELD)) or 0
        assert kept == paid
