"""At a room's door: which session somebody who stands there comes for, and checking it in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from core import clock
from core.accounts import access
from core.contract import Actor
from core.db import Id
from core.errors import DomainError
from core.plugins import here
from plugins.booking import attendance, parties, queries
from plugins.booking.models import Reservation, Room, State


class WrongRoom(DomainError):
    """The session is in another room. Facts: room, that one."""

    code, status = "wrong_room", 409


class Standing(StrEnum):
    """What somebody who stands at the door can do about a session, the most useful first."""

    OPEN = "open"  # check in now
    INSIDE = "inside"  # checked in, not over
    ELSEWHERE = "elsewhere"  # now, in another room
    LATE = "late"  # missed
    CANCELLED = "cancelled"
    PENDING = "pending"
    OWN = "own"  # the centre's: nobody checks in
    EARLY = "early"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A session, seen from a door."""

    session: Reservation
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What somebody finds at a room's door: sessions of today that matter now, and what they have next anywhere."""

    room: Room
    meetings: Sequence[Meeting]
    next: Reservation | None


def _who(by: Actor) -> Actor:
    """At the door whoever belongs to a group may check it in: they have come. Elsewhere only its leaders may."""
    if by.resident_id is None:
        return by
    return replace(by, holders=by.holders | frozenset(parties.groups_of(by.resident_id, here().today())))


def at(room_id: Id, *, by: Actor) -> Door:
    """What matters at a door now; six statements at most.

    Raises:
        NotFound: there is no such room.
        Forbidden: the actor checks nobody in.
    """
    access.check(by, "booking.check_in")
    room, who, now = queries.room(room_id), _who(by), clock.now()
    everyone = access.reach(by, "booking.check_in") == "all"
    rooms = _sharing(room_id)
    found = [
        Meeting(session=one, standing=standing)
        for one in queries.day_of(here().today(), None if everyone else who.holders)
        if (standing := _standing(one, rooms, now)) is not None and not (everyone and one.room_id not in rooms)
    ]
    order = list(Standing)
    found.sort(key=lambda one: (order.index(one.standing), one.session.starts_at))
    ahead = queries.upcoming(who.holders, now=now, most=1) if not found and who.holders else ()
    return Door(room=room, meetings=found, next=next(iter(ahead), None))


def _sharing(room_id: Id) -> frozenset[Id]:
    """The room, and those that share a space with it: behind one door of a divisible hall is also the whole hall."""
    spaces = queries.spaces()
    return frozenset(other for other, parts in spaces.items() if parts & spaces[room_id])


def _standing(one: Reservation, rooms: frozenset[Id], now: datetime) -> Standing | None:
    """What can be done about a session now; None: it does not matter here and now."""
    if one.ends_at <= now:
        return None
    state = one.state(now)
    soon = one.check_in_from is None or one.check_in_from <= now
    if one.room_id not in rooms:
        return Standing.ELSEWHERE if soon and state in {State.CONFIRMED, State.CHECKED_IN} else None
    if state is not State.CONFIRMED:
        return _SAID.get(state) if soon or state is State.PENDING else None
    if one.check_in_from is None:
        return Standing.OWN if one.starts_at <= now else None
    return Standing.OPEN if soon else Standing.EARLY


_SAID = {
    State.CHECKED_IN: Standing.INSIDE,
    State.MISSED: Standing.LATE,
    State.CANCELLED: Standing.CANCELLED,
    State.PENDING: Standing.PENDING,
}


def check_in(room_id: Id, reservation_id: Id, *, by: Actor) -> Reservation:
    """They have come, and stand at the right door. The rest is what checking in is anywhere.

    Raises:
        WrongRoom: the session is in another room.
        NotFound, Forbidden, WrongState, CheckInTooEarly, TooLate: as `attendance.check_in`.
    """
    queries.room(room_id)
    found, who = queries.reservation(reservation_id), _who(by)
    access.check(who, "booking.check_in", found.holder_id)
    if found.room_id not in _sharing(room_id):
        raise WrongRoom(room=found.room.name)
    return attendance.check_in(reservation_id, by=who)
