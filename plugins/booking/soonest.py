"""The next time that is long enough, in a room and in those like it: for whoever asks "when?" before "where?"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core.contract import Actor, HolderKind
from core.db import Id
from core.errors import NotFound
from core.plugins import here
from plugins.booking import calendar, rooms
from plugins.booking.models import Room
from plugins.booking.plan import plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A free time of the length that was asked for."""

    room: Room
    starts_at: datetime
    ends_at: datetime


def of(room_id: Id, minutes: int, last: date, *, kind: HolderKind, by: Actor) -> Sequence[Opening]:
    """The first in the room and in each that is like it, from now to the end of a day; the earliest first.

    Like it is what holds as many, has equipment of the same names, and may be booked for such a holder. One statement beside
    the plan's, however many days.

    Raises:
        NotFound: there is no such room.
    """
    room = next((room for room, _parts in plan().rooms if room.id == room_id), None)
    if room is None:
        raise NotFound(what="room_id")
    like = {one.id for one, _parts in plan().rooms if _is_like(one, room) and rooms.barred(one, kind, by=by) is None}
    length, today = timedelta(minutes=minutes), here().today()
    found: dict[Id, Opening] = {}
    for day in calendar.days_of_rooms(today, max(0, (last - today).days) + 1, by=by):
        for column in day.columns:
            one = column.room
            too_long = one.longest_minutes is not None and one.longest_minutes < minutes
            if one.id not in like or one.id in found or too_long:
                continue
            start = next(
                (each.starts_at for each in column.stretches() if each.ends_at - each.starts_at >= length), None
            )
            if start is not None:
                found[one.id] = Opening(room=one, starts_at=start, ends_at=start + length)
    return sorted(found.values(), key=lambda one: (one.starts_at, one.room.id != room_id, one.room.name))


def _is_like(other: Room, room: Room) -> bool:
    names = [{item.name for item in one.equipment} for one in (other, room)]
    return other.capacity >= room.capacity and names[0] >= names[1]
