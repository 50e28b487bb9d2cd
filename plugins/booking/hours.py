"""Opening hours: a room's week."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from core.accounts import access
from core.audit.record import record
from core.communities.switching import lock
from core.contract import Actor
from core.db import Id, locked, session
from core.errors import NotFound
from core.plugins import here
from plugins.booking import plan, queries
from plugins.booking.models import FormerHours, Hours, Room
from plugins.booking.requests import HoursRequest, OpenInterval


def lock_room(room_id: Id) -> Room:
    """The room, alone: nobody reserves it while what is decided about it changes.

    Raises:
        NotFound: there is none of that id.
    """
    lock()  # before the room, as whoever makes one does: the plan is renewed at the end
    room = session.scalar(locked(select(Room).where(Room.id == room_id)))
    if room is None:
        raise NotFound(what="room_id")
    return room


def put(room_id: Id, wish: HoursRequest, *, by: Actor) -> Sequence[Hours]:
    """Replace a room's week, from today on. Reservations made already stand.

    Raises:
        NotFound: there is no such room.
        Forbidden: only for those who keep the rooms.
    """
    access.check(by, "booking.rooms")
    room = lock_room(room_id)
    week = queries.hours(room_id)
    before = _told(week)
    _keep(room_id, [[row.weekday, row.opens, row.closes] for row in week])
    session.execute(delete(Hours).where(Hours.room_id == room_id))
    for interval in wish.hours:
        session.add(Hours(room_id=room_id, weekday=interval.weekday, opens=interval.opens, closes=interval.closes))
    session.flush()
    plan.changed()
    record("booking.hours", by=by, subject=room.name, subject_id=room.id, before=before, after=_told(wish.hours))
    return queries.hours(room_id)


def _keep(room_id: Id, week: list[list[int]]) -> None:
    """What held until today stays known; a week that held for less than a day was never any day's."""
    today = here().today()
    kept = select(FormerHours.until).where(FormerHours.room_id == room_id, FormerHours.until == today)
    if session.scalar(kept) is None:  # the room is locked: nobody else writes it meanwhile
        session.add(FormerHours(room_id=room_id, until=today, week=week))


def _told(hours: Sequence[Hours | OpenInterval]) -> dict[str, str]:
    """Weekday by weekday, as the audit keeps it: "8:00–12:00, 14:00–21:00"."""
    found: dict[str, str] = {}
    for one in sorted(hours, key=lambda one: (one.weekday, one.opens)):
        span = f"{_clock(one.opens)}–{_clock(one.closes)}"
        found[f"weekday_{one.weekday}"] = ", ".join(filter(None, (found.get(f"weekday_{one.weekday}"), span)))
    return found


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"
