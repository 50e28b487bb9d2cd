"""When rooms were really open: their weeks as they were, closures taken out, each local day as long as it was.

Times of day are minutes elapsed since local midnight: on nearly every day what a clock shows. A period falls into stretches of
neighbouring days on which everything is the same for each weekday, so that a year costs a handful of steps and not 366.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.db import Id
from plugins.booking.models import Closure, FormerHours, Hours, Room

Interval = tuple[int, int]
Intervals = tuple[Interval, ...]
"""Half-open, in order, none touching another."""

A_DAY, A_WEEK = 24 * 60, 7 * 24 * 60  # minutes
NOTHING: Mapping[int, Intervals] = {}
DAY = timedelta(days=1)


def united(intervals: Iterable[Interval]) -> Intervals:
    """What lies in any of them.

    >>> united([(60, 120), (0, 30), (100, 180), (180, 200)])
    ((0, 30), (60, 200))
    """
    found: list[Interval] = []
    for begin, end in sorted(intervals):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return tuple(found)


def without(intervals: Intervals, gone: Intervals) -> Intervals:
    """What is left of them.

    >>> without(((0, 60), (90, 120)), ((10, 20), (50, 100)))
    ((0, 10), (20, 50), (100, 120))
    """
    found = []
    for begin, end in intervals:
        at = begin
        for first, last in gone:
            if first < end and last > at:
                if at < first:
                    found.append((at, first))
                at = max(at, last)
        if at < end:
            found.append((at, end))
    return tuple(found)


# --- days ----------------------------------------------------------------------------------------------------------


def _elapsed(day: date, moment: datetime, zone: ZoneInfo) -> int:
    """Minutes from a day's local midnight to a moment."""
    return int((moment - midnight(day, zone)).total_seconds()) // 60


@lru_cache(maxsize=4096)
def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def _offset(day: date, zone: ZoneInfo) -> int:
    """Minutes from UTC at a day's midnight."""
    found = datetime.combine(day, time.min, tzinfo=zone).utcoffset()
    assert found is not None
    return int(found.total_seconds()) // 60


@dataclass(frozen=True, slots=True)
class ClockHours:
    """Which hour a clock shows in each piece of a day, all pieces `minutes` long."""

    minutes: int
    shown: Sequence[int]

    def spread(self, row: list[int], intervals: Intervals, times: int) -> None:
        """Add the minutes of some intervals, so many times, to the hours they lie in."""
        size = self.minutes
        for begin, end in intervals:
            for piece in range(begin // size, -(-end // size)):
                row[self.shown[piece]] += (min(end, piece * size + size) - max(begin, piece * size)) * times


USUAL = ClockHours(60, range(24))


@dataclass(frozen=True, slots=True)
class Shape:
    """What makes one day unlike another of the same weekday. Rooms stand for themselves by their place."""

    offset: int  # of midnight from UTC, minutes
    length: int  # minutes; 1380 or 1500 where the clock is changed
    weeks: tuple[int, ...]  # which week of each room holds; NOT_MADE: none does
    closed: Mapping[int, Intervals]


NOT_MADE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Neighbouring days of one shape; a day on which the clock is changed stands alone.

    `begins`: sessions that start then or later, up to the next stretch, are of these days. `days`: how many of each weekday.
    """

    begins: datetime
    first: date
    shape: Shape
    days: Mapping[int, int]

    def place(self, minute: int) -> tuple[int, int]:
        """Weekday and elapsed minute of a session that starts at this minute of a week of UTC, from Monday."""
        if self.shape.length == A_DAY:
            return divmod((minute + self.shape.offset) % A_WEEK, A_DAY)
        weekday = self.first.weekday()
        return weekday, (minute - (weekday * A_DAY - self.shape.offset)) % A_WEEK


class Opening:
    """The open time of rooms in a period of local days, both inclusive. Rooms go by their place in what is handed over."""

    def __init__(
        self,
        rooms: Sequence[Room],
        hours: Iterable[Hours],
        former: Iterable[FormerHours],
        closures: Iterable[Closure],
        *,
        first: date,
        last: date,
        zone: ZoneInfo,
    ) -> None:
        self.zone = zone
        self._weeks, self._until = _weeks(rooms, hours, former)
        self._made = [room.created_at.astimezone(zone).date() for room in rooms]
        places = {room.id: place for place, room in enumerate(rooms)}
        self._closed = _closed_days(closures, places, first, last, zone)
        self.stretches = self._cut(first, last)
        self._open: dict[tuple[int, int, int], Intervals] = {}
        self._hours: dict[int, ClockHours] = {}

    def _cut(self, first: date, last: date) -> Sequence[Stretch]:
        found: list[Stretch] = []
        before: Shape | None = None
        days: Counter[int] = Counter()
        changes = {first, *self._made, *(day for until in self._until for day in until)}
        weeks: tuple[int, ...] = ()
        offset = _offset(first, self.zone)
        for number in range((last - first).days + 1):
            day = first + number * DAY
            if day in changes:
                weeks = tuple(self._week(place, day) for place in range(len(self._made)))
            following = _offset(day + DAY, self.zone)
            shape = Shape(offset, A_DAY + offset - following, weeks, self._closed.get(day, NOTHING))
            if shape != before:
                days = Counter()  # shared with the stretch, and filled as its days go by
                found.append(Stretch(begins=midnight(day, self.zone), first=day, shape=shape, days=days))
            days[day.weekday()] += 1
            before, offset = shape if shape.length == A_DAY else None, following
        return found

    def _week(self, place: int, day: date) -> int:
        return bisect_right(self._until[place], day) if self._made[place] <= day else NOT_MADE

    def open(self, stretch: int, weekday: int, place: int) -> Intervals:
        """When a room is open on such a day, closures taken out."""
        key = (stretch, weekday, place)
        found = self._open.get(key)
        if found is None:
            found = self._open[key] = self._opened(self.stretches[stretch], weekday, place)
        return found

    def _opened(self, stretch: Stretch, weekday: int, place: int) -> Intervals:
        week = stretch.shape.weeks[place]
        found = () if week == NOT_MADE else self._weeks[place][week].get(weekday, ())
        if stretch.shape.length != A_DAY:
            on_it = (_on_that_day(stretch.first, interval, self.zone) for interval in found)
            found = tuple((begin, end) for begin, end in on_it if begin < end)
        return without(united(found), stretch.shape.closed.get(place, ()))

    def clock_hours(self, stretch: int) -> ClockHours:
        """What a clock shows in the course of such a day."""
        shape = self.stretches[stretch].shape
        if shape.length == A_DAY:
            return USUAL
        if stretch not in self._hours:
            self._hours[stretch] = _hours_shown(self.stretches[stretch].first, shape.length, self.zone)
        return self._hours[stretch]


def _weeks(
    rooms: Sequence[Room], hours: Iterable[Hours], former: Iterable[FormerHours]
) -> tuple[list[list[Mapping[int, Intervals]]], list[list[date]]]:
    """Of each room its weeks, the earliest first and the present one last; and until when each but the last held."""
    now: dict[Id, dict[int, list[Interval]]] = defaultdict(lambda: defaultdict(list))
    for row in hours:
        now[row.room_id][row.weekday].append((row.opens, row.closes))
    before: dict[Id, list[FormerHours]] = defaultdict(list)
    for kept in sorted(former, key=lambda one: one.until):
        before[kept.room_id].append(kept)
    weeks, until = [], []
    for room in rooms:
        past: list[Mapping[int, Intervals]] = []
        for one in before[room.id]:
            week: dict[int, list[Interval]] = defaultdict(list)
            for weekday, opens, closes in one.week:
                week[weekday].append((opens, closes))
            past.append(_frozen(week))
        weeks.append([*past, _frozen(now[room.id])])
        until.append([one.until for one in before[room.id]])
    return weeks, until


def _frozen(week: Mapping[int, Iterable[Interval]]) -> Mapping[int, Intervals]:
    return {weekday: tuple(sorted(intervals)) for weekday, intervals in week.items()}


def _closed_days(
    closures: Iterable[Closure], places: Mapping[Id, int], first: date, last: date, zone: ZoneInfo
) -> Mapping[date, Mapping[int, Intervals]]:
    """Which part of which day each closure takes, in elapsed minutes."""
    found: dict[date, dict[int, list[Interval]]] = defaultdict(lambda: defaultdict(list))
    for one in closures:
        day = max(first, one.starts_at.astimezone(zone).date())
        end = min(last, one.ends_at.astimezone(zone).date())
        while day <= end:
            begin = max(0, _elapsed(day, one.starts_at, zone))
            stop = min(_elapsed(day, midnight(day + DAY, zone), zone), _elapsed(day, one.ends_at, zone))
            if begin < stop:
                found[day][places[one.room_id]].append((begin, stop))
            day += DAY
    return {day: {place: united(parts) for place, parts in rooms.items()} for day, rooms in found.items()}


def _on_that_day(day: date, interval: Interval, zone: ZoneInfo) -> Interval:
    """What a clock shows, as minutes elapsed since midnight of a day on which it was changed."""
    begin, end = (
        _elapsed(day, (datetime.combine(day, time.min, tzinfo=zone) + timedelta(minutes=edge)).astimezone(UTC), zone)
        for edge in interval
    )
    return begin, end


def _hours_shown(day: date, length: int, zone: ZoneInfo) -> ClockHours:
    """Quarter hour by quarter hour, for a day on which the clock was changed."""
    begins = midnight(day, zone)
    shown = [(begins + timedelta(minutes=at)).astimezone(zone).hour for at in range(0, length, 15)]
    return ClockHours(15, shown)
