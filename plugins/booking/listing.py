"""Reservations as somebody may see them: one, a page of them, and what stands in the rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core import clock
from core.accounts import access
from core.contract import Actor, HolderKind
from core.contract import Holder as HolderValue
from core.db import Id
from core.people.models import Holder
from plugins.booking import queries
from plugins.booking.models import Reservation, Room, State
from plugins.booking.requests import Between, Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A reservation as everyone may see it. `holder`: None where it is a resident whom the asker may not see."""

    id: Id
    state: State
    room: Room
    holder: HolderValue | None
    starts_at: datetime
    ends_at: datetime


def timetable(between: Between, *, by: Actor) -> list[Entry]:
    """What stands in the rooms in a time; cancelled and missed sessions left out.

    Raises:
        NotFound: there is no such room.
    """
    access.check(by, "booking.read")
    if between.room_id is not None:
        queries.room(between.room_id)
    now = clock.now()
    found = queries.touching(between.starts_at, between.ends_at, now=now, room_id=between.room_id)
    return [
        Entry(
            id=one.id,
            state=one.state(now),
            room=one.room,
            holder=one.holder.value() if may_name(one.holder, by) else None,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
        )
        for one in found
    ]


def may_name(holder: Holder, by: Actor) -> bool:
    """Whether the asker may read a holder's name on a timetable: groups and the centre stand there for everyone."""
    return holder.kind is not HolderKind.RESIDENT or access.allows(by, "booking.read", holder.id)


def reservation(reservation_id: Id, *, by: Actor) -> Reservation:
    """One reservation, for whoever may see all of it.

    Raises:
        NotFound: there is none of that id.
        Forbidden: it is somebody else's.
    """
    found = queries.reservation(reservation_id)
    access.check(by, "booking.read", found.holder_id)
    return found


def listed(wish: Listing, *, by: Actor) -> Sequence[Reservation]:
    """Reservations in the order of booking, those the asker may see; one more than asked for, if there are more.

    Raises:
        Forbidden: of a holder the asker does not speak for.
    """
    access.check(by, "booking.read", wish.holder_id)
    holders: frozenset[Id] | None = frozenset({wish.holder_id}) if wish.holder_id is not None else None
    if holders is None and access.reach(by, "booking.read") == "own":
        holders = by.holders
    return queries.page_of_reservations(
        holders=holders, room_id=wish.room_id, since=wish.since, until=wish.until, after=wish.after, limit=wish.limit
    )
