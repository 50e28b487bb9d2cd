"""Why a time cannot be booked: what stands there, which rules are in the way, and what is free instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.contract import Actor
from core.db import Id
from core.errors import NotFound
from core.people.models import Holder
from core.plugins import here
from plugins.booking import calendar, occupancy, quote, rooms
from plugins.booking.calendar import Block, Column
from plugins.booking.models import Room
from plugins.booking.quote import Quote
from plugins.booking.requests import ReservationRequest

A_PLACE = timedelta(minutes=15)  # what was tapped, at least
AN_HOUR = timedelta(minutes=60)  # what is looked for instead
MOST = 4  # of each


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """A time of a room, seen by somebody for a holder.

    `block`: what stands there. `times`: when an hour of the same room is free that day, the nearest first. `elsewhere`:
    rooms in which that hour is free.
    """

    room: Room
    starts_at: datetime
    quote: Quote
    block: Block | None
    times: Sequence[datetime]
    elsewhere: Sequence[Room]


def at(room_id: Id, starts_at: datetime, holder: Holder, *, by: Actor) -> Obstacle:
    """What is in the way; as many statements as a quote and a day.

    Raises:
        NotFound: there is no such room.
        Forbidden: the actor may not reserve for this holder.
        Invalid: the time is none that people could mean.
    """
    wish = ReservationRequest(room_id=room_id, holder_id=holder.id, starts_at=starts_at, ends_at=starts_at + A_PLACE)
    day = calendar.day_of_rooms(starts_at.astimezone(here().zone).date(), by=by)
    column = next((one for one in day.columns if one.room.id == room_id), None)
    if column is None:
        raise NotFound(what="room_id")
    quarter = occupancy.quarters(starts_at, starts_at + A_PLACE).start
    there = (one for one in column.blocks if quarter in occupancy.quarters(one.starts_at, one.ends_at))
    return Obstacle(
        room=column.room,
        starts_at=starts_at,
        quote=quote.quote(wish, by=by),
        block=next(there, None),
        times=_times(column, starts_at),
        elsewhere=[
            one.room
            for one in day.columns
            if one is not column and rooms.barred(one.room, holder.kind, by=by) is None and _is_free(one, starts_at)
        ][:MOST],
    )


def _times(column: Column, starts_at: datetime) -> list[datetime]:
    """When an hour begins that is free, by half hours, the nearest first; one in each free stretch, so that they differ."""
    found = []
    for one in column.stretches():
        last = one.ends_at - AN_HOUR
        if one.starts_at <= last:
            found.append(min(max(one.starts_at, starts_at), last))
    return sorted(found, key=lambda start: abs(start - starts_at))[:MOST]


def _is_free(column: Column, starts_at: datetime) -> bool:
    return any(one.starts_at <= starts_at and starts_at + AN_HOUR <= one.ends_at for one in column.stretches())
