"""Series at once: against one another, against single sessions, on both databases."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import func, select

from core.db import Id, session, unit
from plugins.booking import recurrence, scopes, series
from plugins.booking.models import Occupancy, Reservation, Series, Skipped, Status
from plugins.booking.requests import CancellationRequest, ChangeRequest, OnConflict, ReservationRequest, SeriesRequest
from tests.kit import SLUG, SYSTEM, ZONE, Cast, enter_slug
from tests.plugins.booking.kit import FakePoints, a_room, a_series, at, rule
from tests.plugins.booking.test_races import Race, book, people, race, rooms_of  # noqa: F401 - pytest finds them here

pytestmark = pytest.mark.race


def book_all(
    room_id: Id, holder_id: Id, starts: str, ends: str, text: str, *, skip: bool = False
) -> Callable[[], object]:
    first = ReservationRequest(room_id=room_id, holder_id=holder_id, starts_at=at(starts), ends_at=at(ends))
    wish = SeriesRequest(
        first=first,
        rule=recurrence.read(text, starts_at=first.starts_at, zone=ZONE),
        on_conflict=(OnConflict.SKIP if skip else OnConflict.REFUSE).value,
    )
    return lambda: series.make(wish, by=SYSTEM)


def look(race: Race) -> tuple[int, int, int]:  # noqa: F811
    """How many series, dates and skipped days there are."""
    with unit(race.database, write=False):
        enter_slug(race.house, SLUG)
        counts = [
            session.scalar(select(func.count()).select_from(table)) or 0 for table in (Series, Reservation, Skipped)
        ]
    return counts[0], counts[1], counts[2]


def test_b1_of_eight_series_for_one_hall_exactly_one_wins_and_nothing_is_half_made(race: Race, people: Cast) -> None:  # noqa: F811
    [hall] = rooms_of(race, ("排练厅", None))
    holders = [people.choir.id, people.orchestra.id, people.centre.id, people.people["chen"].resident_id]
    # They meet on some days only, each with each.
    texts = ["FREQ=DAILY;COUNT=4", "FREQ=DAILY;INTERVAL=2;COUNT=3"]
    acts = [
        book_all(
            hall, holders[n % 4] or hall, f"11-27 10:{30 * (n % 2):02}", f"11-27 11:{30 * (n % 2):02}", texts[n % 2]
        )
        for n in range(8)
    ]
    outcome = race.all(acts)
    assert sorted(outcome) == ["done"] + ["room_taken"] * 7
    assert look(race) in {(1, 4, 0), (1, 3, 0)}
    race.sound()


def test_b1_series_that_may_skip_share_the_days_and_none_is_had_twice(race: Race, people: Cast) -> None:  # noqa: F811
    [hall] = rooms_of(race, ("排练厅", None))
    acts = [
        *(
            book_all(hall, people.centre.id, "11-27 10:00", "11-27 12:00", "FREQ=DAILY;COUNT=5", skip=True)
            for _ in range(2)
        ),
        *(
            book_all(hall, people.choir.id, "11-27 11:00", "11-27 12:00", "FREQ=DAILY;COUNT=5", skip=True)
            for _ in range(2)
        ),
        *(book(hall, people.orchestra.id, f"11-{27 + n} 11:00", f"11-{27 + n} 11:30") for n in range(3)),
    ]
    outcome = race.all(acts)
    assert set(outcome) <= {"done", "room_taken", "extension_not_available"}
    with unit(race.database, write=False):
        enter_slug(race.house, SLUG)
        taken = session.scalars(select(Reservation.day).where(Reservation.status == Status.CONFIRMED)).all()
        assert sorted(taken) == [date(2026, 11, 27 + n) for n in range(4)] + [date(2026, 12, 1)]
    race.sound()


def test_b9_series_for_a_whole_hall_and_its_halves_in_opposite_orders_neither_deadlock_nor_double(
    race: Race,  # noqa: F811
    people: Cast,  # noqa: F811
) -> None:
    found: list[Id] = []

    def make() -> None:
        for name, spaces in (("大厅", ("east", "west")), ("大厅东", ("east",)), ("大厅西", ("west",))):
            found.append(rule(a_room(name, spaces=spaces), setup_minutes=15).id)

    race.once(make)
    whole, east, west = found
    for hour in (8, 11, 14):
        texts = ("FREQ=DAILY;COUNT=6", "FREQ=WEEKLY;BYDAY=FR,SA,SU,MO;COUNT=6", "FREQ=DAILY;INTERVAL=2;COUNT=4")
        rooms = (whole, east, west, whole, west, east)
        acts = [
            book_all(room, people.centre.id, f"11-27 {hour:02}:00", f"11-27 {hour + 2:02}:00", texts[n % 3])
            for n, room in enumerate(rooms)
        ]
        outcome = race.all(acts)
        assert set(outcome) <= {"done", "room_taken"}
        assert 1 <= outcome.count("done") <= 2
        race.sound()


def test_b7_two_series_of_one_holder_cannot_both_use_the_last_of_a_week(race: Race, people: Cast) -> None:  # noqa: F811
    hall, studio = rooms_of(race, ("排练厅", None), ("画室", None))
    # Two hours on each of two days are all of a week.
    acts = [
        book_all(room, people.choir.id, "11-27 10:00", "11-27 12:00", "FREQ=DAILY;COUNT=2") for room in (hall, studio)
    ]
    assert sorted(race.all(acts * 2)) == ["done"] + ["extension_not_available"] * 3
    with unit(race.database, write=False):
        enter_slug(race.house, SLUG)
        assert session.scalar(select(func.sum(Reservation.base_minutes))) == 240
    race.sound()


def test_the_last_points_pay_for_one_series_only(race: Race, people: Cast, points: FakePoints) -> None:  # noqa: F811
    points.give(people.choir, "gold", 10)
    hall, studio = rooms_of(race, ("排练厅", None), ("画室", None))
    acts = [
        book_all(room, people.choir.id, "11-27 10:00", "11-27 12:30", "FREQ=WEEKLY;COUNT=2") for room in (hall, studio)
    ]
    assert sorted(race.all(acts * 4)) == ["done"] + ["not_enough_points"] * 7
    assert points.available[people.choir.id] == 0
    race.sound()


def test_b11_changing_cancelling_and_splitting_one_series_at_once_leaves_one_whole_story(
    race: Race,  # noqa: F811
    people: Cast,  # noqa: F811
) -> None:
    found: list[list[Id]] = []

    def make() -> None:
        wish = a_series(a_room(), people.centre, "11-27 10:00", "11-27 12:00", "FREQ=DAILY;COUNT=8")
        found.append([one.id for one in series.make(wish, by=SYSTEM).dates])

    race.once(make)
    [dates] = found

    def move(place: int, scope: str, hour: int) -> Callable[[], object]:
        day = f"{'11' if place < 4 else '12'}-{27 + place if place < 4 else place - 3:02}"
        wish = ChangeRequest(scope=scope, starts_at=at(f"{day} {hour}:00"), ends_at=at(f"{day} {hour + 2}:00"))
        return lambda: scopes.change(dates[place], wish, by=SYSTEM)

    acts = [
        move(2, "following", 14),
        lambda: scopes.cancel(dates[5], CancellationRequest(scope="following"), by=SYSTEM),
        move(4, "all", 16),
        lambda: scopes.change(dates[0], ChangeRequest(scope="all", title="唱歌"), by=SYSTEM),
        lambda: scopes.cancel(dates[1], CancellationRequest(), by=SYSTEM),
        move(3, "this", 18),
    ]
    outcome = race.all(acts)
    assert set(outcome) <= {"done", "wrong_state"}
    with unit(race.database, write=False):
        enter_slug(race.house, SLUG)
        made = {one.id: one for one in session.scalars(select(Reservation))}
        assert [made[one].day.isoformat() for one in dates] == [f"2026-11-{n}" for n in range(27, 31)] + [
            f"2026-12-0{n}" for n in range(1, 5)
        ]
        assert {made[one].status for one in dates[5:]} == {Status.CANCELLED}
        held = session.scalar(select(func.count()).select_from(Occupancy))
        assert held == 8 * sum(one.status is Status.CONFIRMED for one in made.values())
    race.sound()
