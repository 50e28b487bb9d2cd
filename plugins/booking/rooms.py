"""Rooms: making one, of one space or of several; changing one; and who may book it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.accounts import access
from core.audit.record import record
from core.contract import Actor, HolderKind
from core.db import Id, savepoint, session
from core.errors import Invalid
from core.explanations import explain
from plugins.booking import plan, queries
from plugins.booking.hours import lock_room
from plugins.booking.models import Purpose, Room, RoomSpace, Space, Who
from plugins.booking.requests import RoomRequest

RULES = ("capacity", "floor_area", "setup_minutes", "clearup_minutes", "longest_minutes", "notice_minutes")


def create(wish: RoomRequest, *, by: Actor) -> Room:
    """Make a room; it is closed until it has hours. Rooms that name the same space exclude each other.

    Raises:
        Invalid: there is a room of that name.
        Forbidden: only for those who keep the rooms.
    """
    access.check(by, "booking.rooms")
    room = Room()
    _write(room, wish)
    for code in sorted(set(wish.spaces)) if wish.spaces is not None else [str(room.id)]:
        session.add(RoomSpace(room_id=room.id, space_id=_space(code).id))
        session.flush()
    plan.changed()
    record("booking.room", by=by, subject=room.name, subject_id=room.id, after=_plain(room))
    return room


def change(room_id: Id, wish: RoomRequest, *, by: Actor) -> Room:
    """Change a room's name and rules. Reservations made already stand, and hold the buffers they were booked under.

    Raises:
        Invalid: there is another room of that name; or other spaces are named, which sessions made already hold.
        NotFound: there is no such room.
        Forbidden: only for those who keep the rooms.
    """
    access.check(by, "booking.rooms")
    room = lock_room(room_id)
    if wish.spaces is not None and sorted(set(wish.spaces)) != queries.space_codes()[room.id]:
        raise Invalid({"spaces": [explain("spaces_stay")]})
    before = _plain(room)
    _write(room, wish)
    if before != (after := _plain(room)):
        plan.changed()
        record("booking.room_change", by=by, subject=room.name, subject_id=room.id, before=before, after=after)
    return room


def _write(room: Room, wish: RoomRequest) -> None:
    try:
        with savepoint():
            for name in ("name", "equipment", *RULES):
                setattr(room, name, getattr(wish, name))
            room.who, room.purpose = Who(wish.who), Purpose(wish.purpose)
            session.add(room)
            session.flush()
    except IntegrityError:
        raise Invalid({"name": [explain("room_exists", name=wish.name)]}) from None


def _plain(room: Room) -> dict[str, object]:
    rules: dict[str, object] = {name: getattr(room, name) for name in RULES}
    rules |= {"who": room.who.value, "purpose": room.purpose.value}
    return {"name": room.name, **rules, "equipment": [str(item) for item in room.equipment]}


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


# --- who may book --------------------------------------------------------------------------------------------------


def books_for_all(by: Actor) -> bool:
    """Whether somebody works here: books for anybody, in any room, at any notice."""
    return access.reach(by, "booking.reserve") == "all"


def barred(room: Room, kind: HolderKind, *, by: Actor) -> str | None:
    """Why somebody may not book this room for a holder of that kind; None when they may.

    The rule is about who asks: staff book every room for anybody, so that a desk can help whoever stands before it.
    """
    if room.who is Who.ANYONE or books_for_all(by):
        return None
    if room.who is Who.STAFF:
        return "staff_only"
    return "groups_only" if kind is HolderKind.RESIDENT else None


def notice_for(room: Room, *, by: Actor) -> int:
    """Minutes before its start by which a session must be booked.

    None are asked of staff: the notice is there so that they can prepare, and they know when they can.
    """
    return 0 if books_for_all(by) else room.notice_minutes
