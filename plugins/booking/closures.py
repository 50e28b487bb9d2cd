"""Closures: a time in which a room is closed, whatever its hours."""

from __future__ import annotations

from sqlalchemy import delete, select

from core import clock
from core.accounts import access
from core.audit.record import record
from core.contract import Actor
from core.db import Id, session
from core.errors import DomainError, NotFound
from plugins.booking import plan, queries
from plugins.booking.hours import lock_room
from plugins.booking.models import Closure
from plugins.booking.requests import ClosureRequest


class ReservationsInTheWay(DomainError):
    """A confirmed reservation is never taken away. Facts: count, reservations."""

    code, status = "reservations_in_the_way", 409


def close(room_id: Id, wish: ClosureRequest, *, by: Actor) -> Closure:
    """Close a room for a time.

    Raises:
        ReservationsInTheWay: somebody has it then; they are moved or cancelled first.
        NotFound: there is no such room.
        Forbidden: only for those who keep the rooms.
    """
    access.check(by, "booking.rooms")
    room = lock_room(room_id)
    hit = queries.within(room_id, wish.starts_at, wish.ends_at, now=clock.now())
    if hit:
        listed = [
            {
                "id": one.id,
                "holder": {"id": one.holder.id, "kind": one.holder.kind.value, "name": one.holder.name},
                "starts_at": one.starts_at,
                "ends_at": one.ends_at,
            }
            for one in hit
        ]
        raise ReservationsInTheWay(count=len(hit), reservations=listed)
    closure = Closure(room_id=room_id, starts_at=wish.starts_at, ends_at=wish.ends_at, reason=wish.reason)
    session.add(closure)
    session.flush()
    plan.changed()
    after = {"starts_at": wish.starts_at, "ends_at": wish.ends_at, "reason": wish.reason}
    record("booking.close", by=by, subject=room.name, subject_id=closure.id, after=after)
    return closure


def reopen(closure_id: Id, *, by: Actor) -> None:
    """Take a closure back.

    Raises:
        NotFound: there is none of that id; so it is when done twice.
        Forbidden: only for those who keep the rooms.
    """
    access.check(by, "booking.rooms")
    closure = session.scalar(select(Closure).where(Closure.id == closure_id))
    if closure is None:
        raise NotFound(what="closure_id")
    room = lock_room(closure.room_id)
    before = {"starts_at": closure.starts_at, "ends_at": closure.ends_at, "reason": closure.reason}
    if session.scalar(delete(Closure).where(Closure.id == closure_id).returning(Closure.id)) is None:
        raise NotFound(what="closure_id")
    plan.changed()
    record("booking.reopen", by=by, subject=room.name, subject_id=closure_id, before=before)
