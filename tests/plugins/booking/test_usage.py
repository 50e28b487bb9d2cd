"""What rooms were used for: worked out by hand on a small season, and against a count quarter by quarter."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.communities.models import Community
from core.contract import Holder
from core.db import Database, Id, savepoint, session
from core.errors import Forbidden
from core.plugins import enter, here
from plugins.booking import attendance, closures, hours, opening, reserve, usage
from plugins.booking.models import Closure, FormerHours, Hours, Reservation, Room, RoomSpace, Space, Status
from plugins.booking.requests import (
    CancellationRequest,
    ClosureRequest,
    ForgivenessRequest,
    HoursRequest,
    OpenInterval,
)
from plugins.booking.usage import Usage
from tests.kit import SYSTEM, Cast, a_resident, actor_of
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, at, rule, set_clock
from tests.statements import statements

MONDAY, SUNDAY = date(2026, 11, 23), date(2026, 11, 29)
NEXT_MONDAY = MONDAY + timedelta(days=7)


def used(first: date = MONDAY, last: date = SUNDAY) -> Usage:
    return usage.of(first, last, by=SYSTEM)


def open_from(room: Room, *intervals: tuple[int, int, int]) -> None:
    """A week of (weekday, opens, closes), in hours."""
    week = tuple(OpenInterval(weekday=day, opens=opens * 60, closes=closes * 60) for day, opens, closes in intervals)
    hours.put(room.id, HoursRequest(hours=week), by=SYSTEM)


def of_room(found: Usage) -> dict[str, tuple[int, int, int, float | None]]:
    """Sessions, hours of its own, open hours, share in percent."""
    return {
        one.room.name: (
            one.sessions,
            one.minutes // 60,
            one.open_minutes // 60,
            one.share and round(one.share * 100, 1),
        )
        for one in found.rooms
    }


@pytest.fixture
def season(within: Cast, points: FakePoints) -> Cast:
    """A hall open 9–12 and 14–18 from Monday to Friday, made on Monday; a studio open on Saturdays 10–12.

    The hall is closed on Wednesday from 15. Tuesday: the choir 9–11; the orchestra 14–16 misses it. Wednesday: the centre 9–10.
    Thursday: the choir 14–17, the last hour for points; a resident 10–11, cancelled. Saturday: the choir in the studio 10–11:30.
    """
    set_clock("11-23 08:00")
    hall, studio = a_room("排练厅", opens=0, closes=0), a_room("画室", opens=0, closes=0)
    open_from(hall, *((day, 9, 12) for day in range(5)), *((day, 14, 18) for day in range(5)))
    open_from(studio, (5, 10, 12))
    wish = ClosureRequest(starts_at=at("11-25 15:00"), ends_at=at("11-25 23:00"), reason="检修")
    closures.close(hall.id, wish, by=SYSTEM)
    points.give(within.choir, "gold", 100)
    early = a_reservation(hall, within.choir, "11-24 09:00", "11-24 11:00")
    a_reservation(hall, within.orchestra, "11-24 14:00", "11-24 16:00")
    a_reservation(hall, within.centre, "11-25 09:00", "11-25 10:00")
    longer = a_reservation(hall, within.choir, "11-26 14:00", "11-26 17:00")
    given_up = a_reservation(hall, a_resident("陈小兰"), "11-26 10:00", "11-26 11:00")
    reserve.cancel(given_up.id, CancellationRequest(), by=SYSTEM)
    a_reservation(studio, within.choir, "11-28 10:00", "11-28 11:30")
    for one, when in ((early, "11-24 09:00"), (longer, "11-26 14:00")):
        set_clock(when)
        attendance.check_in(one.id, by=SYSTEM)
    set_clock("11-27 08:00")
    return within


def test_a_small_season_worked_out_by_hand(season: Cast) -> None:
    found = used()
    # The hall: 5 × 7 h less 3 of Wednesday; in use 2 + 1 + 3. The studio: 1½ of 2.
    assert of_room(found) == {"排练厅": (3, 6, 32, 18.8), "画室": (1, 1, 2, 75.0)}
    assert found.share == pytest.approx(7.5 / 34)
    assert [sum(row) for row in found.open] == [420, 420, 240, 420, 420, 120, 0]
    assert [sum(row) for row in found.used] == [0, 120, 60, 180, 0, 90, 0]
    assert {hour: (found.open[3][hour], found.used[3][hour]) for hour in (8, 9, 13, 14, 16, 17)} == {
        8: (0, 0),
        9: (60, 0),
        13: (0, 0),
        14: (60, 60),
        16: (60, 60),
        17: (60, 0),
    }
    assert (found.open[2][14], found.open[2][15], found.used[5][11]) == (60, 0, 30)


def test_hours_of_each_group_missed_sessions_apart(season: Cast) -> None:
    choir, centre, orchestra = used().holders
    assert (choir.holder, choir.sessions, choir.minutes) == (season.choir, 3, 390)
    assert (choir.extension_minutes, choir.extended) == (150, 2)  # 240 base minutes a week: 120 + 120, then none
    assert (choir.due, choir.missed, choir.no_show_share) == (2, 0, 0)
    assert (centre.holder, centre.minutes, centre.due, centre.no_show_share) == (season.centre, 60, 0, None)
    assert (orchestra.holder, orchestra.sessions, orchestra.minutes) == (season.orchestra, 0, 0)
    assert (orchestra.missed, orchestra.missed_minutes, orchestra.no_show_share) == (1, 120, 1.0)


def test_a_forgiven_no_show_is_still_one_nobody_came_to(season: Cast) -> None:
    missed = session.scalars(select(Reservation).where(Reservation.holder_id == season.orchestra.id)).one()
    attendance.note_missed()
    attendance.forgive(missed.id, ForgivenessRequest(reason="停电"), by=SYSTEM)
    [orchestra] = [one for one in used().holders if one.holder == season.orchestra]
    assert (orchestra.missed, orchestra.forgiven, orchestra.due) == (1, 1, 1)


def test_a_room_was_open_by_the_week_of_that_time_and_not_before_it_was_made(within: Cast) -> None:
    set_clock("11-25 08:00")  # Wednesday
    hall = a_room(opens=8, closes=10)
    assert of_room(used())["排练厅"][2] == 5 * 2
    set_clock("12-02 08:00")
    open_from(hall, (2, 8, 9))
    open_from(hall, *((day, 8, 14) for day in range(7)))  # twice on a day: the first was no day's week
    assert of_room(used())["排练厅"][2] == 5 * 2
    assert of_room(used(NEXT_MONDAY, NEXT_MONDAY + timedelta(days=6)))["排练厅"][2] == 2 * 2 + 5 * 6
    set_clock("12-09 08:00")
    open_from(hall)
    assert of_room(used(date(2026, 12, 7), date(2026, 12, 13)))["排练厅"][2] == 2 * 6
    assert session.scalars(select(FormerHours.until).order_by(FormerHours.until)).all() == [
        date(2026, 11, 25),
        date(2026, 12, 2),
        date(2026, 12, 9),
    ]


def test_a_hall_that_can_be_divided_is_in_use_as_far_as_its_parts_are(within: Cast) -> None:
    set_clock("11-23 00:00")
    whole = rule(a_room("大厅", opens=8, closes=12, spaces=("east", "west")), floor_area=120)
    east = rule(a_room("东厅", opens=8, closes=12, spaces=("east",)), floor_area=70)
    a_room("西厅", opens=8, closes=10, spaces=("west",))
    a_reservation(whole, within.choir, "11-24 08:00", "11-24 10:00")
    a_reservation(east, within.orchestra, "11-25 10:00", "11-25 12:00")
    found = used()
    assert of_room(found) == {
        "大厅": (1, 2, 28, 10.7),  # 2 h of both parts and 2 h of one of two: 3 of 28
        "东厅": (1, 2, 28, 14.3),  # the whole's session and its own: 4 of 28
        "西厅": (0, 0, 14, 14.3),  # the whole's session: 2 of 14
    }
    assert found.share == pytest.approx(6 / 56)  # each part is counted once; the west one is open as long as the whole
    [service, office] = found.purposes
    assert (service.area, service.square_metre_minutes) == (120, 120 * 120 + 70 * 120)  # the west is what is left: 50
    assert (service.unknown, office.area) == (0, 0)


def test_floor_area_by_what_it_serves(within: Cast) -> None:
    set_clock("11-23 00:00")
    hall = rule(a_room(), floor_area=100)
    rule(a_room("办公室"), floor_area=25, purpose="office", who="staff")
    a_room("储藏室")
    a_reservation(hall, within.choir, "11-24 08:00", "11-24 09:30")
    service, office = used().purposes
    assert (service.purpose, service.area, service.square_metre_minutes, service.unknown) == ("service", 100, 9000, 1)
    assert (office.purpose, office.area, office.square_metre_minutes) == ("office", 25, 0)


def test_only_those_who_see_all_reservations_see_what_they_add_up_to(season: Cast) -> None:
    for name in ("zhang", "chen"):
        with pytest.raises(Forbidden):
            usage.of(MONDAY, SUNDAY, by=actor_of(name))
    assert usage.of(MONDAY, SUNDAY, by=actor_of("sun")).share == used().share


def test_any_history_takes_the_same_few_statements(season: Cast, database: Database) -> None:
    found = []
    for number in range(2):
        session.flush()
        session.expire_all()
        with statements(database.writer) as sent:
            used(date(2025, 1, 1), date(2026, 12, 31))
        found.append(len(sent))
        for more in range(6):
            room = a_room(f"房间 {number} {more}")
            a_reservation(room, season.centre, "11-28 08:00", "11-28 09:00")
            wish = ClosureRequest(starts_at=at(f"12-1{more} 12:00"), ends_at=at(f"12-1{more} 13:00"), reason="检修")
            closures.close(room.id, wish, by=SYSTEM)
    assert found[0] == found[1] <= 7


# --- against a count quarter by quarter -----------------------------------------------------------------------------

FIRST = date(
    2026, 10, 30
)  # Friday; clocks change on 1 November in Canada, on 25 October in Europe, on 4 October in Australia
DAYS = 4
ZONES = ["Asia/Shanghai", "America/St_Johns", "America/Havana", "Asia/Kathmandu"]
SPACES = ["a", "b", "c"]

an_interval = st.tuples(st.integers(0, 95), st.integers(1, 60)).map(
    lambda pair: (pair[0] * 15, min(1440, (pair[0] + pair[1]) * 15))
)
intervals = st.lists(an_interval, max_size=2).map(opening.united)
a_week = st.lists(intervals, min_size=7, max_size=7)
a_closure = st.tuples(
    st.integers(-60, DAYS * 1440), st.integers(1, 3000)
)  # minutes after the period begins; its length
a_place = st.fixed_dictionaries(
    {
        "spaces": st.sets(st.sampled_from(SPACES), min_size=1),
        "made": st.integers(-1, 1),
        "week": a_week,
        "before": st.none() | st.tuples(st.integers(1, DAYS - 1), a_week),
        "closures": st.lists(a_closure, max_size=2),
    }
)
a_session = st.tuples(
    st.integers(0, 2), st.integers(0, DAYS - 1), st.integers(0, 95), st.integers(1, 16), st.sampled_from(list(Status))
)


def in_zone(zone: str, slug: str) -> ZoneInfo:
    community = session.scalars(select(Community).where(Community.slug == slug)).one()
    community.zone = zone
    session.flush()
    enter(here().house, community)
    return here().zone


def local(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    return (datetime.combine(day, time.min, tzinfo=zone) + timedelta(minutes=minutes)).astimezone(UTC)


def fill(places: list[dict[str, Any]], sessions: list[Any], holder: Holder, zone: ZoneInfo) -> list[Room]:
    """Rows as they would be found, whether or not they could have been booked so."""
    spaces = {code: Space(code=code) for code in SPACES}
    session.add_all(spaces.values())
    made = []
    for number, place in enumerate(places):
        room = Room(
            name=f"房间 {number}", capacity=9, created_at=local(FIRST + timedelta(days=place["made"]), 60, zone)
        )
        session.add(room)
        session.flush()
        session.add_all(RoomSpace(room_id=room.id, space_id=spaces[code].id) for code in place["spaces"])
        for weekday, week in enumerate(place["week"]):
            session.add_all(Hours(room_id=room.id, weekday=weekday, opens=a, closes=b) for a, b in week)
        if place["before"]:
            after, week = place["before"]
            kept = [[weekday, a, b] for weekday, found in enumerate(week) for a, b in found]
            session.add(FormerHours(room_id=room.id, until=FIRST + timedelta(days=after), week=kept))
        for begin, length in place["closures"]:
            begins = local(FIRST, 0, zone) + timedelta(minutes=15 * begin)
            ends = begins + timedelta(minutes=15 * length)
            session.add(Closure(room_id=room.id, starts_at=begins, ends_at=ends, reason="检修"))
        made.append(room)
    for number, after, quarter, quarters, status in sessions:
        day = FIRST + timedelta(days=after)
        starts_at = opening.midnight(day, zone) + timedelta(minutes=quarter * 15)
        longest = opening.midnight(day + timedelta(days=1), zone) - starts_at
        length = min(quarters * 15, int(longest.total_seconds()) // 60)
        if length > 0:
            session.add(_row(made[number % len(made)], holder, starts_at, length, day, status))
    session.flush()
    return made


def _row(room: Room, holder: Holder, starts_at: datetime, length: int, day: date, status: Status) -> Reservation:
    return Reservation(
        room_id=room.id, holder_id=holder.id, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=length),
        day=day, week=day - timedelta(days=day.weekday()), status=status, base_minutes=length, extension_minutes=0,
        price_points=0, tier="none", explanation=(), cancel_until=starts_at, shorten_until=starts_at,
    )  # fmt: skip


def test_on_the_day_on_which_the_clock_is_set_back_an_hour_counts_twice(within: Cast) -> None:
    zone = in_zone("America/St_Johns", within.slug)
    sunday, every = date(2026, 11, 1), [(0, 1440)]
    place = {"spaces": {"a"}, "made": -1, "week": [every] * 7, "before": None, "closures": []}
    # The first quarter of the day, and its last hour, which is its twenty-fifth.
    fill([place], [(0, 2, 0, 1, Status.CONFIRMED), (0, 2, 96, 4, Status.CONFIRMED)], within.choir, zone)
    found = used(sunday, sunday)
    assert found.rooms[0].open_minutes == 25 * 60
    assert (found.open[6][1], found.open[6][2]) == (120, 60)
    assert {hour: minutes for hour, minutes in enumerate(found.used[6]) if minutes} == {0: 15, 23: 60}


class Quarters:
    """The same, naively: every quarter of an hour of the period is looked at; all edges lie on quarters."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.rooms = {room.id: room for room in session.scalars(select(Room))}
        taken: dict[Id, set[Id]] = defaultdict(set)
        for room_id, space_id in session.execute(select(RoomSpace.room_id, RoomSpace.space_id)):
            taken[space_id].add(room_id)
        self.parts = set(map(frozenset, taken.values()))
        self.hours = session.scalars(select(Hours)).all()
        self.former = session.scalars(select(FormerHours)).all()
        self.closures = session.scalars(select(Closure)).all()
        gone = [Status.CANCELLED, Status.MISSED]
        self.sessions = session.scalars(select(Reservation).where(Reservation.status.not_in(gone))).all()
        self.open: Counter[Any] = Counter()
        self.used: Counter[Any] = Counter()
        self.together: dict[str, Counter[tuple[int, int]]] = {"open": Counter(), "used": Counter()}

    def count(self) -> "Quarters":
        moment, end = opening.midnight(FIRST, self.zone), opening.midnight(FIRST + timedelta(days=DAYS), self.zone)
        while moment < end:
            self._look(moment)
            moment += timedelta(
                minutes=15
            )  # every edge but those of closures lies on quarters; closures are made so below
        return self

    def _look(self, moment: datetime) -> None:
        there = moment.astimezone(self.zone)
        cell = (there.weekday(), there.hour)
        now_open = {room_id for room_id in self.rooms if self._is_open(room_id, moment, there)}
        having = {one.room_id for one in self.sessions if one.starts_at <= moment < one.ends_at}
        for room_id in now_open:
            parts = [part for part in self.parts if room_id in part]
            self.open[room_id] += 15 * len(parts)
            self.used[room_id] += 15 * sum(bool(part & having) for part in parts)
        for part in self.parts:
            if part & now_open:
                self.together["open"][cell] += 15
                if part & having:
                    self.together["used"][cell] += 15

    def _is_open(self, room_id: Id, moment: datetime, there: datetime) -> bool:
        day = there.date()
        if day < self.rooms[room_id].created_at.astimezone(self.zone).date():
            return False
        if any(one.room_id == room_id and one.starts_at <= moment < one.ends_at for one in self.closures):
            return False
        past = [one for one in self.former if one.room_id == room_id and one.until > day]
        week = (
            [tuple(row) for row in past[0].week]
            if past
            else [(row.weekday, row.opens, row.closes) for row in self.hours if row.room_id == room_id]
        )
        return any(
            weekday == day.weekday() and local(day, opens, self.zone) <= moment < local(day, closes, self.zone)
            for weekday, opens, closes in week
        )


def apart(sessions: list[Any], places: list[dict[str, Any]]) -> list[Any]:
    """Sessions that could stand beside each other: no space is taken twice."""
    taken: set[tuple[str, int]] = set()
    kept = []
    for one in sessions:
        number, after, quarter, quarters, status = one
        mine = {
            (space, after * 200 + at)
            for space in places[number % len(places)]["spaces"]
            for at in range(quarter, quarter + quarters)
        }
        if status in {Status.CANCELLED, Status.MISSED} or not mine & taken:
            kept.append(one)
            taken |= mine if status not in {Status.CANCELLED, Status.MISSED} else set()
    return kept


@given(
    zone=st.sampled_from(ZONES),
    places=st.lists(a_place, min_size=1, max_size=3),
    sessions=st.lists(a_session, max_size=8),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_property_as_a_count_quarter_by_quarter_finds_it(
    within: Cast, zone: str, places: list[dict[str, Any]], sessions: list[Any]
) -> None:
    with savepoint() as trial:
        fill(places, apart(sessions, places), within.choir, in_zone(zone, within.slug))
        naive, found = Quarters(here().zone).count(), used(FIRST, FIRST + timedelta(days=DAYS - 1))
        for one in found.rooms:
            assert (sum(map(sum, one.open)), sum(map(sum, one.used))) == (
                naive.open[one.room.id],
                naive.used[one.room.id],
            )
        for name, grid in (("open", found.open), ("used", found.used)):
            cells = {(weekday, hour): grid[weekday][hour] for weekday in range(7) for hour in range(24)}
            assert {cell: minutes for cell, minutes in cells.items() if minutes} == dict(+naive.together[name])
        trial.rollback()
    session.expire_all()
