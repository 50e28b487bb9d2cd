"""Rooms: making one, of one space or of several."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.accounts import access
from core.audit.record import record
from core.contract import Actor
from core.db import savepoint, session
from core.errors import Invalid
from core.explanations import explain
from plugins.booking.models import Room, RoomSpace, Space
from plugins.booking.requests import RoomRequest


def create(wish: RoomRequest, *, by: Actor) -> Room:
    """Make a room; it is closed until it has hours. Rooms that name the same space exclude each other.

    Raises:
        Invalid: there is a room of that name.
        Forbidden: only for those who keep the rooms.
    """
    access.check(by, "booking.rooms")
    room = Room(name=wish.name, capacity=wish.capacity, equipment=wish.equipment, floor_area=wish.floor_area)
    try:
        with savepoint():
            session.add(room)
            session.flush()
    except IntegrityError:
        raise Invalid({"name": [explain("room_exists", name=wish.name)]}) from None
    for code in sorted(set(wish.spaces)) if wish.spaces is not None else [str(room.id)]:
        session.add(RoomSpace(room_id=room.id, space_id=_space(code).id))
        session.flush()
    record("booking.room", by=by, subject=room.name, subject_id=room.id, after={"capacity": room.capacity})
    return room


def _space(code: str) -> Space:
    """The space of a code, made where there is none; the unique key decides, not a look beforehand."""
    found = session.scalar(select(Space).where(Space.code == code))
    if found is not None:
        return found
    try:
        with savepoint():
            session.add(space := Space(code=code))
            session.flush()
    except IntegrityError:
        return session.scalars(select(Space).where(Space.code == code)).one()
    return space
