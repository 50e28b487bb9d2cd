"""The plan of the house: rooms with their spaces and hours, and closures, kept by each process until one of them changes.

For looking alone: whoever reserves reads the rows themselves, under their locks. Whoever changes a room, its hours or a closure
renews the community's revision, which the plan is kept by (`changed`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy import inspect

from core import clock
from core.communities.switching import renew
from core.db import Id, Scoped
from core.plugins import here
from plugins.booking import queries
from plugins.booking.models import Closure, Room

R = TypeVar("R", bound=Scoped)
Intervals = Sequence[tuple[int, int]]  # minutes from local midnight

_CACHE: dict[tuple[int, UUID], Plan] = {}
_CACHE_SIZE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Rooms in the order in which they were made, each with its spaces; hours by weekday and room; closures since a moment."""

    rooms: Sequence[tuple[Room, frozenset[Id]]]
    hours: Mapping[tuple[int, Id], Intervals]
    since: datetime
    closed: Sequence[Closure]

    def room(self, room_id: Id) -> Room:
        """One of them."""
        return next(room for room, _parts in self.rooms if room.id == room_id)

    def closures(self, starts_at: datetime, ends_at: datetime) -> Sequence[Closure]:
        """Those that touch a time, half-open; of days long past they are read."""
        if starts_at < self.since:
            return queries.closures(starts_at, ends_at)
        return [one for one in self.closed if one.starts_at < ends_at and starts_at < one.ends_at]


def plan() -> Plan:
    """The plan as it is now."""
    key = (here().id, here().revision)
    if key not in _CACHE:
        if len(_CACHE) >= _CACHE_SIZE:
            _CACHE.clear()
        _CACHE[key] = _read()
    return _CACHE[key]


def _read() -> Plan:
    hours: dict[tuple[int, Id], list[tuple[int, int]]] = defaultdict(list)
    for row in queries.hours():
        hours[row.weekday, row.room_id].append((row.opens, row.closes))
    since = clock.now() - timedelta(days=1)
    return Plan(
        rooms=[(_apart(room), parts) for room, parts in queries.rooms_with_spaces()],
        hours=dict(hours),
        since=since,
        closed=[_apart(closure) for closure in queries.closures(since)],
    )


def _apart(row: R) -> R:
    """A copy that no session knows: what a unit does to the row, or its end, does not reach it."""
    columns = inspect(type(row)).column_attrs
    return type(row)(**{column.key: getattr(row, column.key) for column in columns})


def changed() -> None:
    """Let every process read it anew, from the end of this unit on; whoever locks a room too locks the community before."""
    renew()
