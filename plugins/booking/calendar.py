"""What is free and what stands where: the day of all rooms, the free stretches of one, and alternatives to a wish."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from core import clock
from core.contract import Actor
from core.db import Id
from core.errors import NotFound
from core.plugins import here
from plugins.booking import occupancy, queries, rooms
from plugins.booking.models import Closure, Reservation, Room
from plugins.booking.plan import plan
from plugins.booking.requests import ReservationRequest

FIRST, LAST = 8 * 60, 21 * 60  # shown when no room has hours that day; minutes from midnight
MOST_ALTERNATIVES = 3
A_QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A time in which a room is free."""

    starts_at: datetime
    ends_at: datetime

    @property
    def minutes(self) -> int:
        """Length."""
        return int((self.ends_at - self.starts_at).total_seconds()) // 60


class BlockKind(StrEnum):
    """Why a time cannot be booked. `BUFFER`: to set up and clear up; `NOTICE`: too soon for who asks."""

    RESERVATION = "reservation"
    CLOSED = "closed"
    BUFFER = "buffer"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What stands in a room: a reservation, or a time that is not to be had (`why`: of a closure; "" outside its hours)."""

    kind: BlockKind
    starts_at: datetime
    ends_at: datetime
    reservation: Reservation | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One room on one day, in runs of quarter hours.

    `free`: may be booked now, each run within one opening interval. `past`: over, and nobody had them.
    """

    room: Room
    blocks: Sequence[Block]
    free: Sequence[range]
    past: Sequence[range] = ()

    def stretches(self) -> list[Stretch]:
        """What is free, as times."""
        return [_stretch(run) for run in self.free]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """All rooms on one day, between `first` and `stop` (quarter hours)."""

    day: date
    first: int
    stop: int
    columns: Sequence[Column]


@lru_cache(maxsize=2_000)
def first_quarter(day: date, zone: ZoneInfo, minutes: int = 0) -> int:
    """The quarter hour that begins so many minutes after a day's local midnight."""
    local = datetime.combine(day, time.min, tzinfo=zone) + timedelta(minutes=minutes)
    return int(local.timestamp()) // occupancy.QUARTER_SECONDS


def day_of_rooms(day: date, *, by: Actor, without: Id | None = None) -> Day:
    """All rooms on one day as somebody may book them: one statement beside the plan's, however much is booked."""
    return days_of_rooms(day, 1, by=by, without=without)[0]


def days_of_rooms(
    first: date, count: int, *, by: Actor, only: Id | None = None, without: Id | None = None
) -> list[Day]:
    """So many days of all rooms, or of one (`only`), as somebody may book them: the statement of one day.

    `without`: a reservation that is to move, and so is in nobody's way.

    Raises:
        NotFound: there is no such room.
    """
    zone, now = here().zone, clock.now()
    house = plan()
    found = house.rooms
    shown = [(room, parts) for room, parts in found if only in {None, room.id}]
    if only is not None and not shown:
        raise NotFound(what="room_id")
    edges = [_moment(first_quarter(first + timedelta(days=number), zone)) for number in range(count + 1)]
    closures = house.closures(edges[0], edges[-1])
    setup = timedelta(minutes=max((room.setup_minutes for room, _parts in found), default=0))
    clearup = timedelta(minutes=max((room.clearup_minutes for room, _parts in found), default=0))
    last = first + timedelta(days=count - 1)
    near: dict[date, list[Reservation]] = defaultdict(list)  # a night's buffers reach into the day beside it
    standing = queries.standing_between(first, last, edges[0] - setup, edges[-1] + clearup, now=now)
    for one in [one for one in standing if one.id != without]:
        for beside in (-1, 0, 1):
            near[one.day + timedelta(days=beside)].append(one)
    parts_of = {room.id: parts for room, parts in found}
    days = []
    for number, (begins, ends) in enumerate(pairwise(edges)):
        day = first + timedelta(days=number)
        there = [(one, parts_of[one.room_id]) for one in near[day]]
        if only is not None:
            there = [(one, parts) for one, parts in there if parts & parts_of[only]]
        closed = [one for one in closures if one.starts_at < ends and begins < one.ends_at]
        opened = {room.id: house.hours.get((day.weekday(), room.id), ()) for room, _parts in shown}
        days.append(_day(day, shown, opened, closed, there, now=now, by=by))
    return days


def _day(
    day: date,
    shown: Sequence[tuple[Room, Set[Id]]],
    opened: Mapping[Id, Sequence[tuple[int, int]]],
    closed: Sequence[Closure],
    there: Sequence[tuple[Reservation, Set[Id]]],
    *,
    now: datetime,
    by: Actor,
) -> Day:
    zone = here().zone
    today = [one for one, _parts in there if one.day == day]
    first, stop = _edges(day, zone, [pair for pairs in opened.values() for pair in pairs], today)

    def until(moment: datetime) -> frozenset[int]:
        return frozenset(range(first, _next_quarter(moment)))

    over = until(now)
    columns = [
        _column(
            room,
            range(first, stop),
            [_open(day, zone, *interval) for interval in opened[room.id]],
            [one for one in closed if one.room_id == room.id],
            [one for one, parts in there if mine & parts],
            over=over,
            soon=until(now + timedelta(minutes=rooms.notice_for(room, by=by))) if room.notice_minutes else over,
        )
        for room, mine in shown
    ]
    return Day(day=day, first=first, stop=stop, columns=columns)


def _edges(
    day: date, zone: ZoneInfo, intervals: Sequence[tuple[int, int]], standing: Sequence[Reservation]
) -> tuple[int, int]:
    """The quarter hours to show: whole hours around all that is open or booked."""
    midnight = first_quarter(day, zone)
    edges = [first_quarter(day, zone, edge) for pair in intervals or [(FIRST, LAST)] for edge in pair]
    for one in standing:
        taken = occupancy.quarters(one.starts_at, one.ends_at)
        edges += [taken.start, taken.stop]
    return midnight + (min(edges) - midnight) // 4 * 4, midnight + -(-(max(edges) - midnight) // 4) * 4


def _column(
    room: Room,
    shown: range,
    opened: Sequence[frozenset[int]],
    closed: Sequence[Closure],
    there: Sequence[Reservation],
    *,
    over: Set[int],
    soon: Set[int],
) -> Column:
    """`over`: quarters that have begun; `soon`: those too, and what is too soon for who asks."""
    sessions = {quarter for one in there for quarter in occupancy.quarters(one.starts_at, one.ends_at)}
    held = {quarter for one in there for quarter in occupancy.quarters(*one.held)}
    taken = _within_reach(held, room)
    shut = {quarter for one in closed for quarter in occupancy.quarters(one.starts_at, one.ends_at)}
    hours = frozenset().union(*opened)
    free = [run for interval in opened for run in _runs(interval - taken - shut - soon)]
    past = list(_runs(hours & over - taken - shut))
    blocks = [
        Block(kind=BlockKind.RESERVATION, starts_at=one.starts_at, ends_at=one.ends_at, reservation=one)
        for one in there
        if one.starts_at < _moment(shown.stop) and _moment(shown.start) < one.ends_at
    ]
    for one in closed:
        begin, end = max(one.starts_at, _moment(shown.start)), min(one.ends_at, _moment(shown.stop))
        if begin < end:
            blocks.append(Block(kind=BlockKind.CLOSED, starts_at=begin, ends_at=end, why=one.reason))
    blocks += _blocks(BlockKind.BUFFER, (hours & taken | held & set(shown)) - sessions - shut)
    blocks += _blocks(BlockKind.NOTICE, hours & soon - over - taken - shut)
    blocks += _blocks(BlockKind.CLOSED, frozenset(shown) - hours - shut - held)
    return Column(room=room, blocks=sorted(blocks, key=lambda block: block.starts_at), free=free, past=past)


def _within_reach(held: Set[int], room: Room) -> Set[int]:
    """What others hold, and what is so near to it that a session of this room would meet it with its own buffers."""
    setup, clearup = room.setup_minutes // 15, room.clearup_minutes // 15
    if not setup and not clearup:
        return held
    return {near for quarter in held for near in range(quarter - clearup, quarter + setup + 1)}


def _next_quarter(moment: datetime) -> int:
    return -(-int(moment.timestamp()) // occupancy.QUARTER_SECONDS)


def _last_quarter(moment: datetime) -> int:
    return int(moment.timestamp()) // occupancy.QUARTER_SECONDS


def _blocks(kind: BlockKind, quarters: Set[int]) -> Iterator[Block]:
    for run in _runs(quarters):
        yield Block(kind=kind, starts_at=_moment(run.start), ends_at=_moment(run.stop))


@lru_cache(maxsize=2_000)
def _open(day: date, zone: ZoneInfo, opens: int, closes: int) -> frozenset[int]:
    """The quarter hours of a day in an interval of a room's hours."""
    return frozenset(range(first_quarter(day, zone, opens), first_quarter(day, zone, closes)))


def _moment(quarter: int) -> datetime:
    return occupancy.moment_of(quarter)


def _runs(quarters: Set[int]) -> Iterator[range]:
    """Maximal runs of neighbouring quarter hours, in order."""
    ordered = sorted(quarters)
    if not ordered:
        return
    begin = ordered[0]
    for one, other in pairwise(ordered):
        if other != one + 1:
            yield range(begin, one + 1)
            begin = other
    yield range(begin, ordered[-1] + 1)


def _stretch(run: range) -> Stretch:
    return Stretch(starts_at=_moment(run.start), ends_at=_moment(run.stop))


# --- one room ------------------------------------------------------------------------------------------------------


def free(room_id: Id, starts_at: datetime, ends_at: datetime, *, minutes: int, by: Actor) -> list[Stretch]:
    """Where a session of at least so many minutes may be, buffers and notice seen to; four statements for any time.

    Raises:
        NotFound: there is no such room.
    """
    room = queries.room(room_id)
    now = clock.now()
    begins = max(starts_at, now + timedelta(minutes=rooms.notice_for(room, by=by)))
    if begins >= ends_at:
        return []
    weekly: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in queries.hours(room_id):
        weekly[row.weekday].append((row.opens, row.closes))
    early, late = _next_quarter(begins) - room.setup_minutes // 15, _last_quarter(ends_at) + room.clearup_minutes // 15
    taken = queries.taken_quarters(room_id, early, late, now=now)
    closed = queries.closures(begins, ends_at, room_id=room_id)
    return free_then(room, begins, ends_at, weekly=weekly, taken=taken, closed=closed, minutes=minutes)


def free_then(
    room: Room,
    begins: datetime,
    ends: datetime,
    *,
    weekly: Mapping[int, Sequence[tuple[int, int]]],
    taken: Set[int],
    closed: Iterable[Closure],
    minutes: int,
) -> list[Stretch]:
    """The same of what has been read: the hours of the week, the quarters that are taken, the closures that touch that time."""
    zone, gone = here().zone, set(_within_reach(taken, room))
    for closure in closed:
        gone.update(occupancy.quarters(max(closure.starts_at, begins), min(closure.ends_at, ends)))
    first, stop = _next_quarter(begins), _last_quarter(ends)
    found = []
    day, last = begins.astimezone(zone).date(), ends.astimezone(zone).date()
    while day <= last:
        # Interval by interval: a session lies in one of them, even where two of them touch.
        for interval in weekly.get(day.weekday(), ()):
            open_then = {quarter for quarter in _open(day, zone, *interval) if first <= quarter < stop}
            found += [_stretch(run) for run in _runs(frozenset(open_then - gone))]
        day += timedelta(days=1)
    return [stretch for stretch in found if stretch.minutes >= minutes]


def alternatives(wish: ReservationRequest, *, by: Actor) -> list[dict[str, datetime]]:
    """Up to three other times of the same length, the same day in the same room, the nearest first."""
    begins, ends = day_of(wish)
    return nearest(wish, free(wish.room_id, begins, ends, minutes=wish.minutes, by=by))


def day_of(wish: ReservationRequest) -> tuple[datetime, datetime]:
    """The local day on which a wish starts."""
    zone = here().zone
    day = wish.starts_at.astimezone(zone).date()
    return _moment(first_quarter(day, zone)), _moment(first_quarter(day + timedelta(days=1), zone))


def nearest(wish: ReservationRequest, stretches: Iterable[Stretch]) -> list[dict[str, datetime]]:
    """Up to three times of the same length in these stretches, the nearest first."""
    length = timedelta(minutes=wish.minutes)
    starts = [
        stretch.starts_at + A_QUARTER * number
        for stretch in stretches
        for number in range((stretch.minutes - wish.minutes) // 15 + 1)
    ]
    near = sorted(starts, key=lambda start: (abs(start - wish.starts_at), start))[:MOST_ALTERNATIVES]
    return [{"starts_at": start, "ends_at": start + length} for start in near]
