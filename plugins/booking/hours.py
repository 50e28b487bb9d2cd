"""Opening hours: a room's week."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from core.accounts import access
from core.audit.record import record
from core.contract import Actor
from core.db import Id, locked, session
from core.errors import NotFound
from plugins.booking import queries
from plugins.booking.models import Hours, Room
from plugins.booking.requests import HoursRequest


def lock_room(room_id: Id) -> Room:
    """The room, alone: nobody reserves it while what is decided about it changes.

    Raises:
        NotFound: there is none of that id.
    """
    room = session.scalar(locked(select(Room).where(Room.id == room_id)))
    if room is None:
        raise NotFound(what="room_id")
    return room


def put(room_id: Id, wish: HoursRequest, *, by: Actor) -> Sequence[Hours]:
    """Replace a room's week. Reservations made already stand.

    Raises:
        NotFound: there is no such room.
        Forbidden: only for those who keep the rooms.
    """
    access.check(by, "booking.rooms")
    room = lock_room(room_id)
    before = [[row.weekday, row.opens, row.closes] for row in queries.hours(room_id)]
    session.execute(delete(Hours).where(Hours.room_id == room_id))
    for interval in wish.hours:
        session.add(Hours(room_id=room_id, weekday=interval.weekday, opens=interval.opens, closes=interval.closes))
    session.flush()
    after = [[row.weekday, row.opens, row.closes] for row in wish.hours]
    record("booking.hours", by=by, subject=room.name, subject_id=room.id, before=before, after=after)
    return queries.hours(room_id)
