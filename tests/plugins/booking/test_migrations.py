"""The second revision of booking: back and forth with sessions that were shortened, moved and made longer."""

from typing import Any

import pytest
from sqlalchemy import Engine, text

from core.db import Database, migrate, unit
from core.plugins import House
from plugins.booking import attendance, charges, lengths, moving, occupancy
from plugins.booking.requests import ChangeRequest, EndRequest
from tests import kit
from tests.core.db.test_migrate import empty, empty_address  # noqa: F401 - pytest finds them here
from tests.kit import SLUG, SYSTEM, enter_slug
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, at, set_clock

KEPT = "SELECT id, starts_at, ends_at, status, base_minutes, extension_minutes, price_points FROM booking_reservation"
CHARGES = "SELECT state, points FROM booking_charge ORDER BY state, points"
CUT_OFFS = "SELECT id, shorten_until FROM booking_reservation"


@pytest.fixture
def full(empty: Database, booking_house: House, points: FakePoints) -> Database:  # noqa: F811
    """One as it was booked, one shortened, one moved, one made longer."""
    kit.prepare(empty, booking_house)
    cast = kit.find_cast(empty)
    points.give(cast.choir, "gold", 100)
    with unit(empty, write=True):
        enter_slug(booking_house, SLUG)
        hall = a_room()
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


def rows(database: Database, statement: str) -> list[Any]:
    assert isinstance(database.writer, Engine)
    with database.writer.begin() as connection:
        return sorted(tuple(row) for row in connection.execute(text(statement)))


def test_back_and_forth_keeps_every_reservation_and_the_charge_that_counts(
    full: Database, booking_house: House
) -> None:
    kept, charged, cut_offs = rows(full, KEPT), rows(full, CHARGES), rows(full, CUT_OFFS)
    assert charged == [
        ("captured", 5),
        ("captured", 10),
        ("held", 5),
        ("held", 5),
        ("held", 5),
        ("released", 5),
        ("released", 10),
    ]
    assert migrate.downgrade(full, booking_house.by_name["booking"], "0001") != []
    assert rows(full, KEPT) == kept
    assert rows(full, CHARGES) == [("captured", 15), ("held", 5), ("held", 5), ("held", 5)]
    assert len(migrate.upgrade(full, booking_house.installed)) == 1
    assert migrate.check(full, booking_house.by_name["booking"]) == []
    assert (rows(full, KEPT), rows(full, CUT_OFFS)) == (kept, cut_offs)
    with unit(full, write=False):
        enter_slug(booking_house, SLUG)
        assert [*occupancy.broken(), *charges.broken()] == []
