"""The later revisions of booking: back and forth with rooms and reservations in the tables, on both databases."""

from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from core.db import Database, migrate, session, unit
from core.hookspecs import Keeps
from core.plugins import House, here
from plugins.booking import attendance, lengths, moving, occupancy, series
from plugins.booking.models import Claim, FormerHours, Item, Occupancy, Purpose, Reservation, Room, Who
from plugins.booking.requests import ChangeRequest, EndRequest
from tests import kit
from tests.core.db.test_migrate import empty, empty_address  # noqa: F401 - pytest finds them here
from tests.kit import SLUG, SYSTEM, enter_slug
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, a_series, at, rule, set_clock

KEPT = (
    "SELECT id, name, capacity, floor_area FROM booking_room ORDER BY id",
    "SELECT id, room_id, holder_id, starts_at, ends_at, status FROM booking_reservation ORDER BY id",
    "SELECT room_id, space_id FROM booking_room_space ORDER BY room_id, space_id",
    "SELECT room_id, weekday, opens, closes FROM booking_hours ORDER BY room_id, weekday, opens",
)


def run(database: Database, statement: str, **values: Any) -> list[Any]:
    assert isinstance(database.writer, Engine)
    with database.writer.begin() as connection:
        result = connection.execute(text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []


def back(database: Database, house: House, to: str = "0001") -> None:
    assert migrate.downgrade(database, house.by_name["booking"], to) != []


def forth(database: Database, house: House) -> None:
    """At the newest again; the models are what is there, and nothing is broken."""
    assert len(migrate.upgrade(database, house.installed)) == 1
    assert migrate.check(database, house.by_name["booking"]) == []
    with unit(database, write=False):
        enter_slug(house, SLUG)
        assert list(here().relay.collect(Keeps.invariants)) == []


@pytest.fixture
def booked(empty: Database, house: House) -> Database:  # noqa: F811
    """A room with rules and one without, each with sessions."""
    kit.prepare(empty, house)
    cast = kit.find_cast(empty)
    with unit(empty, write=True):
        enter_slug(house, SLUG)
        equipment = (Item(name="音响"), Item(name="椅子", count=40))
        strict = rule(a_room("排练厅"), setup_minutes=30, clearup_minutes=15, who="groups", equipment=equipment)
        a_reservation(strict, cast.choir, "11-27 10:00", "11-27 11:00")
        a_reservation(rule(a_room("画室"), equipment=(Item(name="投影"),)), cast.choir, "11-27 10:00", "11-27 11:00")
        a_room("棋牌室")
    return empty


def test_going_back_keeps_rooms_and_sessions_and_frees_the_buffers(booked: Database, house: House) -> None:
    kept = [run(booked, one) for one in KEPT]
    assert run(booked, "SELECT count(*) FROM booking_occupancy") == [(4 + 3 + 4,)]
    back(booked, house)
    assert [run(booked, one) for one in KEPT] == kept
    said = dict(run(booked, "SELECT name, equipment FROM booking_room"))
    assert said == {"排练厅": "音响, 椅子 ×40", "画室": "投影", "棋牌室": ""}
    assert run(booked, "SELECT count(*) FROM booking_occupancy") == [(8,)]
    forth(booked, house)
    with unit(booked, write=False):
        enter_slug(house, SLUG)
        assert {(one.starts_at, one.ends_at) for one in session.scalars(select(Claim))} == {
            (at("11-27 10:00"), at("11-27 11:00"))
        }
        quarters = set(session.scalars(select(Occupancy.quarter)))
        assert quarters == set(occupancy.quarters(at("11-27 10:00"), at("11-27 11:00")))


def test_rooms_of_the_first_revision_have_no_rules_and_their_equipment_once(booked: Database, house: House) -> None:
    back(booked, house)
    run(booked, "UPDATE booking_room SET equipment = '音响一套、话筒' WHERE name = '棋牌室'")
    forth(booked, house)
    with unit(booked, write=False):
        enter_slug(house, SLUG)
        rooms = {room.name: room for room in session.scalars(select(Room))}
        assert rooms["棋牌室"].equipment == (Item(name="音响一套、话筒"),)
        assert rooms["画室"].equipment == (Item(name="投影"),)
        assert {(room.who, room.setup_minutes, room.longest_minutes) for room in rooms.values()} == {
            (Who.ANYONE, 0, None)
        }
        assert {one.held for one in session.scalars(select(Reservation))} == {(at("11-27 10:00"), at("11-27 11:00"))}
    back(booked, house)
    assert ("音响一套、话筒",) in run(booked, "SELECT equipment FROM booking_room")


def test_rooms_of_the_second_revision_serve_people_and_had_no_other_week(booked: Database, house: House) -> None:
    with unit(booked, write=True):
        enter_slug(house, SLUG)
        rule(a_room("办公室"), purpose="office", floor_area=12)
    assert run(booked, "SELECT count(*) FROM booking_former_hours") == [(4,)]
    assert migrate.downgrade(booked, house.by_name["booking"], "0002") != []
    assert run(booked, "SELECT floor_area FROM booking_room WHERE name = '办公室'") == [(12,)]
    forth(booked, house)
    with unit(booked, write=False):
        enter_slug(house, SLUG)
        assert {room.purpose for room in session.scalars(select(Room))} == {Purpose.SERVICE}
        assert session.scalars(select(FormerHours)).all() == []


# --- charges -------------------------------------------------------------------------------------------------------

RESERVATIONS = (
    "SELECT id, starts_at, ends_at, status, base_minutes, extension_minutes, price_points "
    "FROM booking_reservation ORDER BY id"
)
CHARGES = "SELECT state, points FROM booking_charge ORDER BY state, points"
CUT_OFFS = "SELECT id, shorten_until FROM booking_reservation ORDER BY id"


@pytest.fixture
def full(empty: Database, booking_house: House, points: FakePoints) -> Database:  # noqa: F811
    """One as it was booked, one shortened, one moved, one made longer, in a room with buffers."""
    kit.prepare(empty, booking_house)
    cast = kit.find_cast(empty)
    points.give(cast.choir, "gold", 100)
    with unit(empty, write=True):
        enter_slug(booking_house, SLUG)
        hall = rule(a_room(), setup_minutes=15, clearup_minutes=30)
        a_reservation(hall, cast.choir, "11-27 08:00", "11-27 10:30")
        shortened, moved, running = (
            a_reservation(hall, cast.choir, f"12-0{day} 10:00", f"12-0{day} 13:00") for day in (1, 2, 7)
        )
        lengths.shorten(shortened.id, EndRequest(ends_at=at("12-01 12:30")), by=SYSTEM)
        moving.change(moved.id, ChangeRequest(starts_at=at("12-02 11:00"), ends_at=at("12-02 13:30")), by=SYSTEM)
        set_clock("12-07 10:00")
        attendance.check_in(running.id, by=SYSTEM)
        lengths.extend(running.id, EndRequest(ends_at=at("12-07 13:30")), by=SYSTEM)
        set_clock("11-26 09:00")
    return empty


@pytest.mark.parametrize("to", ["0002", "0001"])
def test_back_and_forth_keeps_every_reservation_and_the_charge_that_counts(
    full: Database, booking_house: House, to: str
) -> None:
    kept, cut_offs = run(full, RESERVATIONS), run(full, CUT_OFFS)
    assert run(full, CHARGES) == [
        ("captured", 5),
        ("captured", 10),
        ("held", 5),
        ("held", 5),
        ("held", 5),
        ("released", 5),
        ("released", 10),
    ]
    back(full, booking_house, to)
    assert run(full, RESERVATIONS) == kept
    assert run(full, CHARGES) == [("captured", 15), ("held", 5), ("held", 5), ("held", 5)]
    forth(full, booking_house)
    assert (run(full, RESERVATIONS), run(full, CUT_OFFS)) == (kept, cut_offs)


# --- series --------------------------------------------------------------------------------------------------------

SESSIONS = "SELECT id, starts_at, ends_at, status, title FROM booking_reservation ORDER BY id"


def test_going_back_keeps_every_session_of_a_series_by_itself(empty: Database, house: House) -> None:  # noqa: F811
    kit.prepare(empty, house)
    cast = kit.find_cast(empty)
    with unit(empty, write=True):
        enter_slug(house, SLUG)
        hall = a_room()
        a_reservation(hall, cast.centre, "12-03 15:00", "12-03 16:00")
        wish = a_series(hall, cast.centre, "11-26 14:00", "11-26 16:00", "FREQ=WEEKLY;COUNT=3", skip=True)
        made = series.make(wish, by=SYSTEM)
        assert (len(made.dates), len(made.skipped)) == (2, 1)
    kept = run(empty, SESSIONS)
    back(empty, house, "0004")
    assert run(empty, SESSIONS) == kept
    forth(empty, house)
    assert run(empty, SESSIONS) == kept
    assert run(empty, "SELECT count(*) FROM booking_reservation WHERE series_id IS NULL") == [(3,)]
