"""Reserving a room, and giving a reservation up.

Locks are taken in the one order of the house: room (shared) → holder → missed reservations → hold → account → occupancy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm.attributes import set_committed_value

from core import clock
from core.accounts import access
from core.audit.record import record
from core.contract import Actor, HolderKind, NotEnoughPoints
from core.contract import Holder as HolderValue
from core.db import Conflict, locked, session
from core.db.types import Id
from core.errors import DomainError, Forbidden, Invalid, NotFound, WrongState
from core.explanations import Explanation, explain
from core.people import closed, holders
from core.people.models import Holder
from core.plugins import here
from plugins.booking import attendance, calendar, charges, dealing, ground, notices, occupancy, prices
from plugins.booking.dealing import Answer
from plugins.booking.models import ChargeState, Reservation, Room, Series, Side, Status
from plugins.booking.occupancy import RoomTaken
from plugins.booking.quote import Quote
from plugins.booking.requests import CancellationRequest, ReservationRequest


class OffGrid(DomainError):
    """Start and length are multiples of a quarter of an hour."""

    code = "off_grid"


class Closed(DomainError):
    """The room has no hours that day, or is closed for a reason. Facts: why."""

    code = "closed"


class OutsideHours(DomainError):
    """The session does not lie in one of the day's intervals. Facts: hours."""

    code = "outside_hours"


class TooEarly(DomainError):
    """The window for that day is not open yet. Facts: opens_at."""

    code, status = "too_early", 403


class TooLong(DomainError):
    """Longer than a session in this room may be. Facts: minutes, most."""

    code = "too_long"


class TooManyPeople(DomainError):
    """More people than the room holds. Facts: people, capacity."""

    code = "too_many_people"


class ExtensionNotAvailable(DomainError):
    """Longer than the base time and what points may buy. Facts: minutes, most."""

    code = "extension_not_available"


REFUSALS: dict[str, type[DomainError]] = {
    refusal.code: refusal
    for refusal in (
        Forbidden,
        OffGrid,
        Closed,
        OutsideHours,
        attendance.TooLate,
        TooEarly,
        TooLong,
        TooManyPeople,
        ExtensionNotAvailable,
    )
}


def refusal(found: Quote, wish: ReservationRequest, *, by: Actor) -> DomainError:
    """The first reason as an error that carries them all."""
    first = found.reasons[0]
    if first.code == NotEnoughPoints.code:
        error: DomainError = NotEnoughPoints(price=_whole(first, "price"), available=_whole(first, "available"))
    elif first.code == RoomTaken.code:
        error = RoomTaken(alternatives=calendar.alternatives(wish, by=by))
    else:
        error = REFUSALS[first.code](**first.facts)
    error.facts["reasons"] = list(found.reasons)
    return error


def _whole(reason: Explanation, name: str) -> int:
    value = reason.facts[name]
    assert isinstance(value, int)
    return value


# --- reserving -----------------------------------------------------------------------------------------------------


def reserve(wish: ReservationRequest, *, by: Actor) -> Reservation:
    """Book a room, all or nothing: the time, the points, the record of why.

    Terms are those of the holder, not of the caller. A manager's `override_reason` sets aside what it may.

    Raises:
        NotFound: no such room or holder.
        Forbidden: not for this holder, not this room, or no right to set rules aside.
        Invalid: the holder is a group that is no more.
        DomainError: the first rule that stands in the way, with all `reasons`.
    """
    room, row = lock(wish, by=by)
    [answer] = dealing.answers([wish], room, row.value(), by=by)
    if not answer.quote.allowed:
        raise refusal(answer.quote, wish, by=by)
    with said_with_alternatives(wish, by=by):
        [made] = put([answer], room, row)
    record(
        "booking.reserve",
        by=by,
        subject=attendance.subject(made),
        subject_id=made.id,
        after={"minutes": made.minutes, "price_points": made.price_points, **_set_aside(made)},
    )
    notices.booked([made], by=by)
    return made


def _set_aside(made: Reservation) -> dict[str, object]:
    """What an override set aside, and why, as the audit lists it."""
    return {"overridden": made.overridden, "reason": made.override_reason} if made.overridden else {}


def lock(wish: ReservationRequest, *, by: Actor) -> tuple[Room, Holder]:
    """The room, shared, and the holder, alone: quotas of a holder are decided one after the other.

    Raises:
        NotFound: no such room or holder.
        Forbidden: not for this holder, or no right to set rules aside.
        Invalid: the holder is a group that is no more.
    """
    room = _share(wish.room_id)
    holder = holders.lock([wish.holder_id])[wish.holder_id]
    access.check(by, "booking.reserve", holder.id)
    if (gone := closed.words([holder.id]).get(holder.id)) is not None:
        raise Invalid({"holder_id": [gone]})
    if wish.override_reason:
        access.check(by, "booking.override")
    return room, holder


def put(
    answers: Sequence[Answer], room: Room, holder: Holder, *, places: Sequence[tuple[Id, date]] = ()
) -> list[Reservation]:
    """Write down what answers allow, all or nothing: the sessions, their points, their time. Room and holder are locked.

    `places`: the series that each is of, and which day of it.

    Raises:
        RoomTaken: somebody was quicker.
        NotEnoughPoints: the holder cannot pay.
    """
    made = [_made(answer, room, holder.value()) for answer in answers]
    for one, (series_id, day) in zip(made, places, strict=bool(places)):
        one.series_id, one.series_day = series_id, day
    session.add_all(made)
    session.flush()
    for one in made:  # both are at hand: whoever answers need not read them again
        set_committed_value(one, "room", room)
        set_committed_value(one, "holder", holder)
    # A session that is gone holds its quarters until the sweep or somebody else wants them.
    occupancy.clear_gone(one for answer in answers for one in answer.gone)
    # Points before the room: locks are taken in one order everywhere (holder, account, occupancy).
    for one in made:
        price, minutes = one.price_points, one.extension_minutes
        charges.hold(one, holder.value(), points=price, minutes=minutes, room_name=room.name)
    occupancy.occupy(made)
    return made


@contextmanager
def said_with_alternatives(wish: ReservationRequest, *, by: Actor) -> Iterator[None]:
    """Somebody may be quicker, and the key itself say so: then it is refused like a room that is taken."""
    try:
        yield
    except RoomTaken as error:
        reasons = [explain("room_taken")]
        raise RoomTaken(alternatives=calendar.alternatives(wish, by=by), reasons=reasons) from error


def _share(room_id: Id) -> Room:
    """The room, shared: its hours and closures stay as they are meanwhile."""
    room = session.scalar(locked(select(Room).where(Room.id == room_id), share=True))
    if room is None:
        raise NotFound(what="room_id")
    return room


# --- what changing one needs, too ----------------------------------------------------------------------------------


def find_with_room(reservation_id: Id, *, by: Actor, room_id: Id | None = None) -> tuple[Room, Reservation]:
    """A room, its own or another one, shared, and a reservation, locked, for whoever may reserve for its holder.

    Raises:
        NotFound: there is none of that id.
        Forbidden: the actor may not, for this holder.
    """
    own = session.scalar(select(Reservation.room_id).where(Reservation.id == reservation_id))
    if own is None:
        raise NotFound(what="reservation_id")
    room = _share(room_id or own)  # before the holder, as everywhere
    found = attendance.find(reservation_id, by=by, permission="booking.reserve")
    if room_id is None and found.room_id != own:
        raise Conflict("a reservation was moved into another room")
    return room, found


def others_in_the_way(room_id: Id, held: tuple[datetime, datetime], own: Reservation) -> list[Reservation]:
    """Reservations that hold what a reservation would hold, missed ones too, but itself."""
    return [other for other in occupancy.in_the_way(room_id, *held) if other.id != own.id]


def _made(answer: Answer, room: Room, holder: HolderValue) -> Reservation:
    """The row, with the cut-offs of today's policy and the room's buffers kept for ever."""
    wish, found = answer.wish, answer.quote
    local = wish.starts_at.astimezone(here().zone).date()
    return Reservation(
        room_id=room.id,
        holder_id=holder.id,
        starts_at=wish.starts_at,
        ends_at=wish.ends_at,
        setup_minutes=room.setup_minutes,
        clearup_minutes=room.clearup_minutes,
        day=local,
        week=ground.monday(local),
        status=Status.CONFIRMED,
        base_minutes=found.base_minutes,
        extension_minutes=found.extension_minutes,
        price_points=found.price_points,
        tariff=None if found.tariff is None else prices.kept(found.tariff),
        tier=found.tier,
        title=wish.title,
        people=wish.people,
        explanation=answer.explanation,
        override_reason=wish.override_reason,
        overridden=list(answer.overridden),
        **cut_offs(wish.starts_at, holder),
    )


def cut_offs(starts_at: datetime, holder: HolderValue) -> dict[str, datetime | None]:
    """Until when, and from when on, by today's policy; a reservation keeps them."""
    figures, checks_in = ground.figures(), holder.kind is not HolderKind.CENTRE
    return {
        "cancel_until": starts_at - timedelta(hours=figures.cancel_hours),
        "shorten_until": starts_at - timedelta(hours=figures.shorten_hours),
        "check_in_from": starts_at - timedelta(minutes=figures.check_in_before) if checks_in else None,
        "check_in_until": starts_at + timedelta(minutes=figures.check_in_after) if checks_in else None,
    }


# --- cancelling ----------------------------------------------------------------------------------------------------


def cancel(reservation_id: Id, wish: CancellationRequest, *, by: Actor) -> Reservation:
    """Give a reservation up (DOMAIN 4).

    By the group, 24 hours before or earlier: its points come back; later, up to the start: they are taken and its time
    still counts for the week. By the centre: they always come back, and nothing counts.

    Raises:
        WrongState: checked in, or cancelled before.
        TooLate: it has begun.
        Forbidden: the actor may not, for this holder; or does not speak for the centre.
    """
    reservation = attendance.find(reservation_id, by=by, permission="booking.cancel")
    if wish.by is Side.CENTRE:
        access.check(by, "booking.cancel_by_centre", reservation.holder_id)
    now = clock.now()
    if reservation.status is Status.CHECKED_IN:
        raise WrongState(state=reservation.state(now).value)
    if now > reservation.starts_at:
        raise attendance.TooLate(what="cancel")
    if reservation.status is Status.CANCELLED:
        raise WrongState(state=reservation.state(now).value)
    give_up([reservation], wish, now=now)
    _record_cancelled(reservation, by=by)
    notices.cancelled([reservation], by=by)
    return reservation


def give_up(found: Sequence[Reservation], wish: CancellationRequest, *, now: datetime) -> None:
    """What cancelling does to booked sessions that are locked, whoever may: the points, the room; as of that moment."""
    for one in found:
        one.status, one.cancelled_at, one.cancelled_by = Status.CANCELLED, now, wish.by
        one.cancelled_late = wish.by is Side.GROUP and now > one.cancel_until
        one.cancel_reason = wish.reason
    session.flush()
    for one in found:
        if one.price_points:
            charges.fall_due(one.id, ChargeState.CAPTURE_DUE if one.cancelled_late else ChargeState.RELEASE_DUE, now)
    occupancy.free([one.id for one in found])


def _record_cancelled(found: Reservation, *, by: Actor) -> None:
    assert found.cancelled_by is not None
    record(
        "booking.cancel",
        by=by,
        subject=attendance.subject(found),
        subject_id=found.id,
        before={"status": Status.CONFIRMED.value},
        after={"by": found.cancelled_by.value, "late": found.cancelled_late, "reason": found.cancel_reason},
    )


# --- groups that are no more ---------------------------------------------------------------------------------------


def move_all(merged_id: Id, kept_id: Id) -> None:
    """All reservations of a holder, past ones too, are another's; both are locked. No-shows and weeks used follow."""
    theirs = select(Reservation.id).where(Reservation.holder_id == merged_id).order_by(Reservation.id)
    session.execute(locked(theirs))  # one after the other, as whoever clears missed sessions
    session.execute(update(Reservation).where(Reservation.holder_id == merged_id).values(holder_id=kept_id))
    session.execute(update(Series).where(Series.holder_id == merged_id).values(holder_id=kept_id))


def cancel_to_come(holder_id: Id, *, by: Actor) -> None:
    """The centre cancels what a locked holder that is no more has before it (DOMAIN 9); all points come back."""
    now = clock.now()
    to_come = select(Reservation).where(
        Reservation.holder_id == holder_id, Reservation.status == Status.CONFIRMED, Reservation.starts_at > now
    )
    gone = session.scalars(locked(to_come.order_by(Reservation.id))).all()
    give_up(gone, CancellationRequest(by=Side.CENTRE), now=now)
    for reservation in gone:
        _record_cancelled(reservation, by=by)
    notices.cancelled(gone, by=by)
