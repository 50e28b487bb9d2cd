"""Many at once: threads that commit for real, on both databases."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select

from core.db import Conflict, Database, Id, session, unit
from core.errors import DomainError
from core.plugins import House
from plugins.booking import attendance, charges, closures, occupancy, reserve, rooms
from plugins.booking.models import Charge, ChargeState, Occupancy, Reservation, Status
from plugins.booking.requests import CancellationRequest, ClosureRequest, ReservationRequest, RoomRequest
from tests.kit import SLUG, SYSTEM, Cast, enter_slug, find_cast
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, at, rule, set_clock

pytestmark = pytest.mark.race
TRIES = 5


class Race:
    """Runs acts at the same moment, each in a unit of its own, tried again as a request would be."""

    def __init__(self, database: Database, house: House) -> None:
        self.database, self.house = database, house

    def once(self, act: Callable[[], object]) -> str:
        """Done, or the code of the refusal."""
        for _try in range(TRIES):
            try:
                with unit(self.database, write=True):
                    enter_slug(self.house, SLUG)
                    act()
            except DomainError as error:
                return error.code
            except Conflict:
                continue
            return "done"
        return "conflict"

    def all(self, acts: Sequence[Callable[[], object]]) -> list[str]:
        """What became of each."""
        barrier = Barrier(len(acts))

        def run(act: Callable[[], object]) -> str:
            barrier.wait()
            return self.once(act)

        with ThreadPoolExecutor(len(acts)) as pool:
            return list(pool.map(run, acts))

    def sound(self) -> None:
        """Nothing in the database is other than it must be."""
        with unit(self.database, write=False):
            enter_slug(self.house, SLUG)
            assert [*occupancy.broken(), *charges.broken()] == []


@pytest.fixture
def race(real_database: Database, booking_house: House) -> Race:
    """On a database whose commits are real."""
    return Race(real_database, booking_house)


@pytest.fixture
def people(real_database: Database) -> Cast:
    """The cast of that database."""
    return find_cast(real_database)


def rooms_of(race: Race, *rooms: tuple[str, tuple[str, ...] | None]) -> list[Id]:
    found: list[Id] = []
    race.once(lambda: found.extend(a_room(name, spaces=spaces).id for name, spaces in rooms))
    return found


def book(room_id: Id, holder_id: Id, starts: str, ends: str) -> Callable[[], object]:
    wish = ReservationRequest(room_id=room_id, holder_id=holder_id, starts_at=at(starts), ends_at=at(ends))
    return lambda: reserve.reserve(wish, by=SYSTEM)


def test_b1_of_sixteen_after_one_slot_exactly_one_wins(race: Race, people: Cast) -> None:
    [hall] = rooms_of(race, ("排练厅", None))
    holders = [people.choir.id, people.orchestra.id, people.centre.id, people.people["chen"].resident_id]
    wishes = [book(hall, holders[n % 4] or hall, "11-27 10:00", "11-27 11:00") for n in range(16)]
    outcome = race.all(wishes)
    assert sorted(outcome) == ["done"] + ["room_taken"] * 15
    race.sound()


def test_b7_two_rooms_at_once_cannot_both_use_the_last_of_the_week(race: Race, people: Cast) -> None:
    hall, studio = rooms_of(race, ("排练厅", None), ("画室", None))
    race.once(book(hall, people.choir.id, "11-27 08:00", "11-27 10:00"))
    wishes = [book(room, people.choir.id, "11-28 10:00", "11-28 12:00") for room in (hall, studio)]
    assert sorted(race.all(wishes)) == ["done", "extension_not_available"]
    with unit(race.database, write=False):
        enter_slug(race.house, SLUG)
        assert session.scalar(select(func.sum(Reservation.base_minutes))) == 240
    race.sound()


def test_b9_halves_and_whole_in_opposite_orders_neither_deadlock_nor_double(race: Race, people: Cast) -> None:
    whole, east, west = rooms_of(race, ("大厅", ("east", "west")), ("大厅东", ("east",)), ("大厅西", ("west",)))
    for hour in range(8, 14):
        ends = f"11-27 {hour + 1:02}:00"
        starts = f"11-27 {hour:02}:00"
        outcome = race.all([book(room, people.centre.id, starts, ends) for room in (whole, east, west, whole)])
        assert set(outcome) <= {"done", "room_taken"}
        assert 1 <= outcome.count("done") <= 2
    race.sound()


def test_b1_of_sixteen_neighbours_whose_buffers_meet_exactly_one_wins(race: Race, people: Cast) -> None:
    found: list[Id] = []
    race.once(lambda: found.append(rule(a_room(), setup_minutes=30, clearup_minutes=15).id))
    times = [("10:00", "11:00"), ("11:15", "12:00"), ("11:30", "12:15"), ("08:45", "09:30")]
    holders = [people.choir.id, people.orchestra.id, people.centre.id, people.centre.id]
    # Each alone would fit; whoever is first, its buffers reach into those of its neighbours.
    acts = [book(found[0], holder, f"11-27 {a}", f"11-27 {b}") for holder, (a, b) in zip(holders, times, strict=True)]
    outcome = race.all([*acts[:2]] * 8)
    assert sorted(outcome) == ["done"] + ["room_taken"] * 15
    race.sound()
    with unit(race.database, write=False):
        enter_slug(race.house, SLUG)
        held = len(session.scalars(select(Occupancy.quarter)).all())
        [made] = session.scalars(select(Reservation)).all()
        assert held == (made.minutes + 45) // 15
    outcome = race.all([*acts[2:]] * 3)
    assert set(outcome) <= {"done", "room_taken"}
    race.sound()


def test_b9_whole_and_halves_with_buffers_in_opposite_orders_neither_deadlock_nor_double(
    race: Race, people: Cast
) -> None:
    found: list[Id] = []

    def make() -> None:
        for name, spaces in (("大厅", ("east", "west")), ("大厅东", ("east",)), ("大厅西", ("west",))):
            found.append(rule(a_room(name, spaces=spaces), setup_minutes=15, clearup_minutes=15).id)

    race.once(make)
    whole, east, west = found
    for hour in range(8, 14, 2):
        wishes = ((whole, hour), (east, hour + 1), (west, hour + 1), (whole, hour), (east, hour), (whole, hour + 1))
        acts = [book(room, people.centre.id, f"11-27 {at:02}:00", f"11-27 {at + 1:02}:00") for room, at in wishes]
        assert set(race.all(acts)) <= {"done", "room_taken"}
        race.sound()


def test_new_buffers_and_sessions_at_once_leave_each_session_with_what_it_was_booked_under(
    race: Race, people: Cast
) -> None:
    [hall] = rooms_of(race, ("排练厅", None))

    def buffer(minutes: int) -> Callable[[], object]:
        wish = RoomRequest(name="排练厅", capacity=40, setup_minutes=minutes, clearup_minutes=minutes)
        return lambda: rooms.change(hall, wish, by=SYSTEM)

    acts = [
        buffer(15),
        book(hall, people.choir.id, "11-27 09:00", "11-27 10:00"),
        buffer(30),
        book(hall, people.orchestra.id, "11-27 12:00", "11-27 13:00"),
        buffer(60),
        book(hall, people.centre.id, "11-27 15:00", "11-27 16:00"),
    ]
    assert race.all(acts) == ["done"] * 6
    race.sound()
    with unit(race.database, write=False):
        enter_slug(race.house, SLUG)
        made = session.scalars(select(Reservation)).all()
        assert all(one.setup_minutes == one.clearup_minutes for one in made)
        assert {one.setup_minutes for one in made} <= {0, 15, 30, 60}


def a_priced_one(race: Race, people: Cast, points: FakePoints) -> Id:
    points.give(people.choir, "gold", 100)
    found: list[Id] = []
    assert race.once(lambda: found.append(a_reservation(a_room(), people.choir, "14:00", "16:30").id)) == "done"
    return found[0]


def test_of_many_check_ins_one_counts(race: Race, people: Cast, points: FakePoints) -> None:
    one = a_priced_one(race, people, points)
    set_clock("14:00")
    outcome = race.all([lambda: attendance.check_in(one, by=SYSTEM)] * 6)
    assert sorted(outcome) == ["done"] + ["wrong_state"] * 5
    assert [word for word, _points, _at in points.said] == ["captured"]
    race.sound()


def test_b5_check_in_and_cancelling_at_once_settle_once(race: Race, people: Cast, points: FakePoints) -> None:
    one = a_priced_one(race, people, points)
    set_clock("13:45")
    acts: list[Callable[[], object]] = [
        lambda: attendance.check_in(one, by=SYSTEM),
        lambda: reserve.cancel(one, CancellationRequest(), by=SYSTEM),
    ]
    outcome = race.all(acts * 3)
    assert sorted(outcome) == ["done"] + ["wrong_state"] * 5
    assert len(points.said) == 1
    with unit(race.database, write=False):
        enter_slug(race.house, SLUG)
        assert session.scalars(select(Charge.state)).all() == [ChargeState.CAPTURED]
    race.sound()


def test_clearing_a_missed_session_and_the_sweep_at_once(race: Race, people: Cast, points: FakePoints) -> None:
    one = a_priced_one(race, people, points)
    set_clock("14:16")
    with unit(race.database, write=False):
        enter_slug(race.house, SLUG)
        room_id = session.scalars(select(Reservation.room_id).where(Reservation.id == one)).one()
    acts = [
        book(room_id, people.orchestra.id, "11-26 14:30", "11-26 16:00"),
        attendance.sweep,
        book(room_id, people.centre.id, "11-26 15:00", "11-26 16:00"),
        attendance.sweep,
    ]
    outcome = race.all(acts)
    assert sorted((outcome[0], outcome[2])) == ["done", "room_taken"]
    assert (outcome[1], outcome[3]) == ("done", "done")
    assert points.said == [("captured", 5, at("14:15"))]
    race.sound()


def test_a_closure_and_a_reservation_at_once_do_not_both_happen(race: Race, people: Cast) -> None:
    [hall] = rooms_of(race, ("排练厅", None))
    wish = ClosureRequest(starts_at=at("11-27 10:00"), ends_at=at("11-27 12:00"), reason="检修")
    acts = [
        book(hall, people.choir.id, "11-27 10:00", "11-27 11:00"),
        lambda: closures.close(hall, wish, by=SYSTEM),
    ]
    outcome = race.all(acts)
    assert sorted(outcome) in (["closed", "done"], ["done", "reservations_in_the_way"])
    with unit(race.database, write=False):
        enter_slug(race.house, SLUG)
        booked = session.scalar(
            select(func.count()).select_from(Reservation).where(Reservation.status == Status.CONFIRMED)
        )
    assert booked == (1 if outcome[0] == "done" else 0)
