"""What rooms were used for in a period: time reserved against time open, by room, weekday and hour; by holder; by floor area.

Counted is the time of sessions, buffers left out; cancelled ones are no sessions, missed ones are counted apart. What share one
part of a building with each other are rooms: a session uses every part of its room. So a hall that can be divided is in use as
far as its parts are, and what is said of all rooms together counts each part once. The database adds up equal sessions; the same
six statements serve any history.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, cast, extract, func, literal, select

from core import clock
from core.accounts import access
from core.contract import Actor
from core.contract import Holder as HolderValue
from core.db import Id, session
from core.errors import Forbidden, Invalid
from core.explanations import explain
from core.people.models import Holder
from core.plugins import here
from plugins.booking import queries
from plugins.booking.models import FormerHours, Purpose, Reservation, Room, Status
from plugins.booking.opening import A_DAY, A_WEEK, Interval, Intervals, Opening, Stretch, midnight, united

READ = "booking.statistics"
LONGEST = 5 * 366  # days
DAY = timedelta(days=1)

Grid = list[list[int]]
"""Minutes by weekday (0 Monday) and by the hour a clock shows."""


def _grid() -> Grid:
    return [[0] * 24 for _weekday in range(7)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the building: spaces that only ever go together. `rooms`: those that take it."""

    rooms: frozenset[Id]
    purpose: Purpose
    area: float | None  # square metres


@dataclass(slots=True, kw_only=True)
class OfRoom:
    """A room. `sessions`, `minutes`: of its own; open and used time: of its `parts` all together, whoever used them."""

    room: Room
    parts: int
    sessions: int = 0
    minutes: int = 0
    open: Grid = field(default_factory=_grid)
    used: Grid = field(default_factory=_grid)

    @property
    def open_minutes(self) -> int:
        """How long it was open."""
        return _sum(self.open) // self.parts

    def hours(self, grid: Grid) -> Grid:
        """A grid of its parts as one of the room itself, rounded to minutes."""
        return [[round(minutes / self.parts) for minutes in row] for row in grid]

    @property
    def used_minutes(self) -> int:
        """How long of that it was in use, rounded."""
        return round(_sum(self.used) / self.parts)

    @property
    def share(self) -> float | None:
        """How much of its open time it was in use; None: it was never open."""
        return share(_sum(self.used), _sum(self.open))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfHolder:
    """Who had rooms. `extension_minutes`: of `minutes`, beyond base time. `due`: sessions whose check-in is over by now."""

    holder: HolderValue
    sessions: int
    minutes: int
    extension_minutes: int
    extended: int
    due: int
    missed: int
    missed_minutes: int
    forgiven: int

    @property
    def no_show_share(self) -> float | None:
        """How many of the sessions due nobody came to."""
        return share(self.missed, self.due)


@dataclass(slots=True, kw_only=True)
class OfPurpose:
    """Floor area by what it serves. `square_metre_minutes`: each part's area times the minutes it was reserved."""

    purpose: Purpose
    area: float = 0
    square_metre_minutes: float = 0
    unknown: int = 0  # parts whose area nobody has entered

    @property
    def square_metre_hours(self) -> float:
        """The same by the hour."""
        return self.square_metre_minutes / 60


@dataclass(frozen=True, slots=True, kw_only=True)
class OfHour:
    """An hour of a weekday, each part once."""

    weekday: int
    hour: int
    open_minutes: int
    used_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """All of it, for a period of local days, both inclusive."""

    first: date
    last: date
    rooms: Sequence[OfRoom]
    open: Grid  # each part once
    used: Grid
    holders: Sequence[OfHolder]
    purposes: Sequence[OfPurpose]

    @property
    def share(self) -> float | None:
        """How much of the open time of all parts was in use."""
        return share(_sum(self.used), _sum(self.open))

    @property
    def hours(self) -> Sequence[OfHour]:
        """The cells of both grids in which anything was open."""
        return [
            OfHour(weekday=weekday, hour=hour, open_minutes=minutes, used_minutes=self.used[weekday][hour])
            for weekday, row in enumerate(self.open)
            for hour, minutes in enumerate(row)
            if minutes
        ]


def share(some: float, whole: float) -> float | None:
    """A part of a whole; None where there is no whole.

    >>> share(1, 4), share(0, 0)
    (0.25, None)
    """
    return some / whole if whole else None


def _sum(grid: Grid) -> int:
    return sum(map(sum, grid))


# --- reading -------------------------------------------------------------------------------------------------------


def of(first: date, last: date, *, by: Actor) -> Usage:
    """What rooms were used for from a day to another, both inclusive.

    Raises:
        Forbidden: only for those who may see what everybody's reservations add up to.
        Invalid: the last day lies before the first, or years after it.
    """
    if access.reach(by, READ) != "all":
        raise Forbidden(permission=READ)
    if last < first:
        raise Invalid({"to": [explain("ends_before_start")]})
    if (last - first).days > LONGEST:
        raise Invalid({"to": [explain("too_many_days", most=LONGEST)]})
    zone = here().zone
    spaces = queries.rooms_with_spaces()
    rooms = [room for room, _spaces in spaces]
    opening = Opening(
        rooms,
        queries.hours(),
        session.scalars(select(FormerHours).where(FormerHours.until > first)).all(),
        queries.closures(midnight(first, zone), midnight(last + DAY, zone)),
        first=first,
        last=last,
        zone=zone,
    )
    parts = _parts(spaces)
    count = _Count(opening, rooms, parts)
    for stretch, room_id, minute, length, times in session.execute(_sessions(opening.stretches, first, last)):
        count.add(stretch, room_id, minute, length, times)
    return Usage(
        first=first,
        last=last,
        rooms=count.rooms,
        open=count.together(lambda one: one.open, count.between_open),
        used=count.together(lambda one: one.used, count.between_used),
        holders=_holders(first, last),
        purposes=count.purposes(),
    )


def _parts(spaces: Sequence[tuple[Room, frozenset[Id]]]) -> Sequence[Part]:
    """The parts of the building. The room that takes fewest says what a part serves and, shared out, how large it is."""
    takers: dict[Id, set[Id]] = defaultdict(set)
    for room, mine in spaces:
        for space in mine:
            takers[space].add(room.id)
    found = list(dict.fromkeys(frozenset(rooms) for rooms in takers.values()))
    areas: dict[frozenset[Id], float] = {}
    purposes: dict[frozenset[Id], Purpose] = {}
    mine_of = {room.id: [part for part in found if room.id in part] for room, _spaces in spaces}
    for room, _spaces in sorted(spaces, key=lambda pair: len(mine_of[pair[0].id])):
        mine_parts = mine_of[room.id]
        new = [part for part in mine_parts if part not in areas]
        if room.floor_area is not None and new:
            left = max(0, room.floor_area - sum(areas.get(part, 0) for part in mine_parts))
            areas |= {part: left / len(new) for part in new}
        for part in mine_parts:
            purposes.setdefault(part, room.purpose)
    return [Part(rooms=part, purpose=purposes[part], area=areas.get(part)) for part in found]


_LENGTH = Reservation.base_minutes + Reservation.extension_minutes
# Of a week of UTC, from Monday, by the seconds since 1970, a Thursday: so the zone of the connection is nothing to it.
_MINUTE = (cast(extract("epoch", Reservation.starts_at), BigInteger) // 60 + 3 * A_DAY) % A_WEEK


def _sessions(stretches: Sequence[Stretch], first: date, last: date) -> Any:
    """Equal sessions together: in which stretch, of which room, from which minute of a week of UTC, how long, how many."""
    columns = (
        _stretch_of(stretches, 0, len(stretches)).label("stretch"),
        Reservation.room_id,
        _MINUTE.label("minute"),
        _LENGTH.label("length"),
    )
    return (
        select(*columns, func.count())
        .where(
            Reservation.day.between(first, last),
            Reservation.status != Status.CANCELLED,
            ~Reservation.gone_at(clock.now()),
        )
        .group_by("stretch", Reservation.room_id, "minute", "length")
    )


def _stretch_of(stretches: Sequence[Stretch], begin: int, stop: int) -> ColumnElement[int]:
    """The number of a session's stretch, found by halving: a year of many closures asks few questions of each row."""
    if stop - begin == 1:
        return literal(begin)
    middle = (begin + stop) // 2
    early, late = _stretch_of(stretches, begin, middle), _stretch_of(stretches, middle, stop)
    return case((Reservation.starts_at < stretches[middle].begins, early), else_=late)


# --- rooms and hours -----------------------------------------------------------------------------------------------


class _Count:
    """Adds up, room by room, and part by part where rooms share any: `between`."""

    def __init__(self, opening: Opening, rooms: Sequence[Room], parts: Sequence[Part]) -> None:
        self.opening, self.parts = opening, parts
        self.place = {room.id: place for place, room in enumerate(rooms)}
        # Of each room its parts; of each part the places of its rooms.
        self.mine = [[n for n, part in enumerate(parts) if room.id in part.rooms] for room in rooms]
        self.takers = [[self.place[room_id] for room_id in part.rooms] for part in parts]
        self.near = [self._near(place) for place in range(len(rooms))]
        self.between = [any(len(self.near[place]) > 1 for place in takers) for takers in self.takers]
        self.rooms = [OfRoom(room=room, parts=len(self.mine[place])) for place, room in enumerate(rooms)]
        self.between_open, self.between_used = _grid(), _grid()
        self.reserved = [0] * len(parts)  # minutes, also outside of opening hours
        for number, stretch in enumerate(opening.stretches):
            for weekday, days in stretch.days.items():
                self._open(number, weekday, days)

    def _near(self, place: int) -> Sequence[tuple[int, int]]:
        """A room and all that share parts with it: how many."""
        return list(Counter(taker for part in self.mine[place] for taker in self.takers[part]).items())

    def _open(self, stretch: int, weekday: int, days: int) -> None:
        hours = self.opening.clock_hours(stretch)
        for place, one in enumerate(self.rooms):
            hours.spread(one.open[weekday], self.opening.open(stretch, weekday, place), days * one.parts)
        for part in range(len(self.parts)):
            if self.between[part]:
                hours.spread(self.between_open[weekday], self._part_open(stretch, weekday, part), days)

    def _part_open(self, stretch: int, weekday: int, part: int) -> Intervals:
        """Whenever one of its rooms is."""
        rooms = [self.opening.open(stretch, weekday, place) for place in self.takers[part]]
        return united(interval for intervals in rooms for interval in intervals)

    def add(self, stretch: int, room_id: Id, minute: int, length: int, times: int) -> None:
        """So many equal sessions."""
        place, hours = self.place[room_id], self.opening.clock_hours(stretch)
        own = self.rooms[place]
        own.sessions += times
        own.minutes += length * times
        weekday, begin = self.opening.stretches[stretch].place(minute)
        session_ = (begin, begin + length)
        for other, shared in self.near[place]:
            within = _clipped(self.opening.open(stretch, weekday, other), session_)
            hours.spread(self.rooms[other].used[weekday], within, times * shared)
        for part in self.mine[place]:
            self.reserved[part] += length * times
            if self.between[part]:
                within = _clipped(self._part_open(stretch, weekday, part), session_)
                hours.spread(self.between_used[weekday], within, times)

    def together(self, grid_of: Callable[[OfRoom], Grid], between: Grid) -> Grid:
        """Each part once: the parts between rooms, and the rooms that share none."""
        alone = [grid_of(one) for one, near in zip(self.rooms, self.near, strict=True) if len(near) == 1]
        return [[sum(cells) for cells in zip(*rows, strict=True)] for rows in zip(between, *alone, strict=True)]

    def purposes(self) -> Sequence[OfPurpose]:
        """Floor area and its use, service first."""
        found = {purpose: OfPurpose(purpose=purpose) for purpose in Purpose}
        for part, reserved in zip(self.parts, self.reserved, strict=True):
            of_it = found[part.purpose]
            if part.area is None:
                of_it.unknown += 1
                continue
            of_it.area += part.area
            of_it.square_metre_minutes += part.area * reserved
        return list(found.values())


def _clipped(intervals: Intervals, session_: Interval) -> Intervals:
    begin, end = session_
    return tuple((max(begin, first), min(end, stop)) for first, stop in intervals if first < end and stop > begin)


# --- holders -------------------------------------------------------------------------------------------------------


def _holders(first: date, last: date) -> Sequence[OfHolder]:
    """Whoever had a session or missed one, those with most time first."""
    now = clock.now()
    due = and_(Reservation.check_in_until.is_not(None), Reservation.check_in_until < now)
    sums = (
        select(
            Reservation.holder_id,
            Reservation.missed_at(now).label("missed"),
            due.label("due"),
            Reservation.forgiven_at.is_not(None).label("forgiven"),
            func.count().label("times"),
            func.sum(_LENGTH).label("minutes"),
            func.sum(Reservation.extension_minutes).label("beyond"),
            func.sum(case((Reservation.extension_minutes > 0, 1), else_=0)).label("extended"),
        )
        .where(
            Reservation.day.between(first, last),
            Reservation.status != Status.CANCELLED,
            ~Reservation.unanswered_at(now),
        )
        .group_by(Reservation.holder_id, "missed", "due", "forgiven")
        .subquery()
    )
    found: dict[Id, Counter[str]] = defaultdict(Counter)
    values: dict[Id, HolderValue] = {}
    for row in session.execute(select(Holder, sums).join(sums, sums.c.holder_id == Holder.id)):
        values[row.Holder.id] = row.Holder.value()
        counted = found[row.Holder.id]
        counted["due"] += row.times if row.due else 0
        if row.missed:
            counted.update(missed=row.times, missed_minutes=int(row.minutes), forgiven=row.times * bool(row.forgiven))
        else:
            minutes, beyond = int(row.minutes), int(row.beyond)
            counted.update(sessions=row.times, minutes=minutes, extension_minutes=beyond, extended=int(row.extended))
    holders = [OfHolder(holder=values[one], **{name: found[one][name] for name in _SUMS}) for one in found]
    return sorted(holders, key=lambda one: (-one.minutes, one.holder.name, one.holder.id))


_SUMS = [one.name for one in fields(OfHolder) if one.name != "holder"]
