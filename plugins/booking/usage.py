"""What rooms were used for in a period: time reserved against time open, by room, weekday and hour; by holder; by floor area.

Counted is the time of sessions, buffers left out; cancelled ones are no sessions, missed ones are counted apart. What share one
part of a building with each other are rooms: a session uses every part of its room. So a hall that can be divided is in use as
far as its parts are, and what is said of all rooms together counts each part once. The database adds up equal sessions; the same
eight statements serve any history.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, cast, extract, func, literal, select

from core import clock
from core.accounts import access
from core.contract import Actor
from core.contract import Holder as HolderValue
from core.db import Id, session
from core.errors import Forbidden
from core.people.models import Holder
from core.plugins import here
from plugins.booking import queries
from plugins.booking.models import FormerHours, Purpose, Reservation, Room, Status
from plugins.booking.opening import Interval, Intervals, Opening, Stretch, midnight, united

READ = "booking.read"
MOST_YEARS = 5
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
        Forbidden: only for those who may see everybody's reservations.
    """
    if access.reach(by, READ) != "all":
        raise Forbidden(permission=READ)
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
    for row in session.execute(_sessions(opening.stretches, first, last)):
        count.add(row.stretch, row.room_id, row.weekday, row.start, row.length, row.times)
    return Usage(
        first=first,
        last=last,
        rooms=list(count.rooms.values()),
        open=count.open,
        used=count.used,
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
# Of a day of UTC, by the seconds since 1970: so the zone of the connection is nothing to it.
_MINUTE = cast(extract("epoch", Reservation.starts_at), BigInteger) // 60 % (24 * 60)
_WEEKDAY = (cast(extract("dow", Reservation.day), BigInteger) + 6) % 7  # 0 Monday; databases begin with Sunday


def _sessions(stretches: Sequence[Stretch], first: date, last: date) -> Any:
    """Equal sessions together: in which stretch, of which room, on which weekday, from which minute of UTC, how long."""
    now = clock.now()
    columns = (
        _stretch_of(stretches, 0, len(stretches)).label("stretch"),
        Reservation.room_id,
        _WEEKDAY.label("weekday"),
        _MINUTE.label("start"),
        _LENGTH.label("length"),
    )
    return (
        select(*columns, func.count().label("times"))
        .where(
            Reservation.day.between(first, last),
            Reservation.status != Status.CANCELLED,
            ~Reservation.missed_at(now),
        )
        .group_by("stretch", Reservation.room_id, "weekday", "start", "length")
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
    """Adds up, room by room and for each part once."""

    def __init__(self, opening: Opening, rooms: Sequence[Room], parts: Sequence[Part]) -> None:
        self.opening, self.parts = opening, parts
        self.mine = {room.id: [part for part in parts if room.id in part.rooms] for room in rooms}
        self.rooms = {room.id: OfRoom(room=room, parts=len(self.mine[room.id])) for room in rooms}
        self.open, self.used = _grid(), _grid()
        self.reserved: dict[frozenset[Id], int] = defaultdict(int)  # minutes, also outside of opening hours
        # A room and each that shares parts with it: how many. Each part: when it is open.
        self.near = {
            room.id: [(other.id, n) for other in rooms if (n := self._shared(room.id, other.id))] for room in rooms
        }
        for number, stretch in enumerate(opening.stretches):
            for weekday, days in stretch.days.items():
                self._open(number, weekday, days)

    def _shared(self, room_id: Id, other_id: Id) -> int:
        return sum(other_id in part.rooms for part in self.mine[room_id])

    def _open(self, stretch: int, weekday: int, days: int) -> None:
        hours = self.opening.clock_hours(stretch)
        for one in self.rooms.values():
            hours.spread(one.open[weekday], self.opening.open(stretch, weekday, one.room.id), days * one.parts)
        for part in self.parts:
            hours.spread(self.open[weekday], self._part_open(stretch, weekday, part), days)

    def _part_open(self, stretch: int, weekday: int, part: Part) -> Intervals:
        """Whenever one of its rooms is."""
        rooms = [self.opening.open(stretch, weekday, room_id) for room_id in part.rooms]
        return rooms[0] if len(rooms) == 1 else united(interval for intervals in rooms for interval in intervals)

    def add(self, stretch: int, room_id: Id, weekday: int, start: int, length: int, times: int) -> None:
        """So many equal sessions."""
        own = self.rooms[room_id]
        own.sessions += times
        own.minutes += length * times
        begin = self.opening.stretches[stretch].elapsed(start)
        session_, hours = (begin, begin + length), self.opening.clock_hours(stretch)
        for other_id, shared in self.near[room_id]:
            within = _clipped(self.opening.open(stretch, weekday, other_id), session_)
            hours.spread(self.rooms[other_id].used[weekday], within, times * shared)
        for part in self.mine[room_id]:
            self.reserved[part.rooms] += length * times
            within = _clipped(self._part_open(stretch, weekday, part), session_)
            hours.spread(self.used[weekday], within, times)

    def purposes(self) -> Sequence[OfPurpose]:
        """Floor area and its use, service first."""
        found = {purpose: OfPurpose(purpose=purpose) for purpose in Purpose}
        for part in self.parts:
            of_it = found[part.purpose]
            if part.area is None:
                of_it.unknown += 1
                continue
            of_it.area += part.area
            of_it.square_metre_minutes += part.area * self.reserved[part.rooms]
        return list(found.values())


def _clipped(intervals: Intervals, session_: Interval) -> Intervals:
    begin, end = session_
    return tuple((max(begin, first), min(end, stop)) for first, stop in intervals if first < end and stop > begin)


# --- holders -------------------------------------------------------------------------------------------------------


_SUMS = [one.name for one in fields(OfHolder) if one.name != "holder"]


def _holders(first: date, last: date) -> Sequence[OfHolder]:
    """Whoever had a session or missed one, those with most time first."""
    now = clock.now()
    missed = Reservation.missed_at(now)
    beyond = Reservation.extension_minutes
    had = ~missed

    def total(value: Any, *when: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((and_(*when), value), else_=0))

    due = and_(Reservation.check_in_until.is_not(None), Reservation.check_in_until < now)
    sums = (
        select(
            Reservation.holder_id,
            total(1, had).label("sessions"),
            total(_LENGTH, had).label("minutes"),
            total(beyond, had).label("extension_minutes"),
            total(1, had, beyond > 0).label("extended"),
            total(1, due).label("due"),
            total(1, missed).label("missed"),
            total(_LENGTH, missed).label("missed_minutes"),
            total(1, missed, Reservation.forgiven_at.is_not(None)).label("forgiven"),
        )
        .where(Reservation.day.between(first, last), Reservation.status != Status.CANCELLED)
        .group_by(Reservation.holder_id)
        .subquery()
    )
    found = [
        OfHolder(holder=row.Holder.value(), **{name: int(getattr(row, name)) for name in _SUMS})
        for row in session.execute(select(Holder, sums).join(sums, sums.c.holder_id == Holder.id))
    ]
    return sorted(found, key=lambda one: (-one.minutes, one.holder.name, one.holder.id))
