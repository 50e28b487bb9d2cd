"""Several days of rooms at once: the same as one after the other, for no more statements."""

from datetime import date, timedelta

import pytest

from core.db import Database, Id
from core.errors import NotFound
from plugins.booking import calendar, closures, plan
from plugins.booking.requests import ClosureRequest
from tests.kit import SYSTEM, Cast, actor_of
from tests.plugins.booking.kit import a_reservation, a_room, at, rule
from tests.statements import statements

MONDAY, FRIDAY = date(2026, 11, 23), date(2026, 11, 27)


def a_week(within: Cast) -> None:
    """A divisible hall, buffers that reach past midnight, a closed day, sessions on several days."""
    whole = a_room("大厅", opens=0, closes=24, spaces=("east", "west"))
    east = a_room("东厅", opens=0, closes=24, spaces=("east",))
    rule(east, setup_minutes=60, clearup_minutes=60)
    chess = a_room("棋牌室")
    a_reservation(whole, within.centre, "11-27 10:00", "11-27 12:00")
    a_reservation(east, within.choir, "11-27 23:00", "11-27 23:45")
    a_reservation(east, within.orchestra, "11-29 00:15", "11-29 01:00")
    a_reservation(chess, within.choir, "11-28 08:00", "11-28 09:00")
    closed = ClosureRequest(starts_at=at("11-28 12:00"), ends_at=at("11-30 10:00"), reason="检修")
    closures.close(chess.id, closed, by=SYSTEM)


def test_b1_several_days_at_once_are_the_days_one_by_one(within: Cast) -> None:
    a_week(within)
    by = actor_of("zhang")
    together = calendar.days_of_rooms(MONDAY, 9, by=by)
    assert together == [calendar.day_of_rooms(MONDAY + timedelta(days=number), by=by) for number in range(9)]
    for column in together[4].columns:
        alone = calendar.days_of_rooms(MONDAY, 9, by=by, only=column.room.id)
        assert [day.columns[0].room for day in alone] == [column.room] * 9
        free = [[one.free for one in day.columns if one.room == column.room] for day in together]
        assert [[day.columns[0].free] for day in alone] == free


def test_a_month_of_rooms_takes_the_statements_of_a_day(within: Cast, database: Database) -> None:
    a_week(within)
    by = actor_of("zhang")
    plan.plan()
    sent = []
    for first, count in ((FRIDAY, 1), (FRIDAY, 7), (FRIDAY, 31), (MONDAY, 7)):
        with statements(database.writer) as seen:
            calendar.days_of_rooms(first, count, by=by)
        sent.append(len(seen))
    assert sent == [1, 1, 1, 2]  # what stands there; of days long past, what was closed


def test_days_of_a_room_that_is_none_are_not_found(within: Cast) -> None:
    with pytest.raises(NotFound):
        calendar.days_of_rooms(MONDAY, 7, by=SYSTEM, only=Id(int=1))
