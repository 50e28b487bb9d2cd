"""A session made shorter or, while it runs, longer: the time, the points and the room change together or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock
from core.accounts import access
from core.audit.record import record
from core.contract import Actor
from core.db import Id, session
from core.errors import Invalid, WrongState
from core.explanations import explain
from core.plugins import here
from plugins.booking import attendance, charges, ground, notices, occupancy, quote, reserve
from plugins.booking.models import ChargeState, Reservation, Room, State, Status
from plugins.booking.prices import price_of, tariff_of
from plugins.booking.quote import Quote
from plugins.booking.requests import EndRequest, ReservationRequest

ONE_TAP = 30  # minutes that the page offers


# --- shorter -------------------------------------------------------------------------------------------------------


def shorten(reservation_id: Id, wish: EndRequest, *, by: Actor) -> Reservation:
    """Let a session end earlier; the time given up is free for others at once (DOMAIN 4).

    Exactly 2 hours before the start or earlier the steps of extension that fall away are given back, at the prices it
    was booked under; later, or once they are taken, they cost what they did. Its base time is dealt once, at booking;
    only what is left of it counts for the week, also when it is given up late: whoever shortens still comes.

    Raises:
        WrongState: it is over, missed or cancelled.
        OffGrid: the end is on no quarter of an hour.
        Invalid: the end is not after the start, or not earlier than it was.
        TooLate: that moment has passed.
        Forbidden: the actor may not, for this holder.
    """
    found = attendance.find(reservation_id, by=by, permission="booking.reserve")
    now = clock.now()
    if found.state(now) not in {State.CONFIRMED, State.CHECKED_IN}:
        raise WrongState(state=found.state(now).value)
    _check_earlier(found, wish.ends_at, now)
    before = _figures(found)
    late = costs_all_the_same(found, now)
    price = found.price_points if late else price_until(found, wish.ends_at)
    back = found.price_points - price
    found.ends_at, found.price_points = wish.ends_at, price
    length = _minutes(found.starts_at, wish.ends_at)
    found.base_minutes = min(found.base_minutes, length)
    found.extension_minutes = length - found.base_minutes
    why = explain("booking.why.shortened", ends_at=wish.ends_at, back=back, stays=price if late else 0)
    found.explanation = (*found.explanation, why)
    session.flush()
    charges.give_back(found.id, back, now)
    occupancy.follow([found])
    _record("booking.shorten", found, before, by=by)
    notices.shortened(found, by=by)
    return found


def _check_earlier(found: Reservation, ends_at: datetime, now: datetime) -> None:
    if ends_at.timestamp() % quote.GRID:
        raise reserve.OffGrid
    if ends_at <= found.starts_at:
        raise Invalid({"ends_at": [explain("ends_before_start")]})
    if ends_at >= found.ends_at:
        raise Invalid({"ends_at": [explain("not_shorter", ends_at=found.ends_at)]})
    if ends_at < now:
        raise attendance.TooLate(what="end")


def costs_all_the_same(found: Reservation, now: datetime) -> bool:
    """Whether it is too late to get anything back for time that is given up."""
    return now > found.shorten_until or found.status is not Status.CONFIRMED


def price_until(found: Reservation, ends_at: datetime) -> int:
    """What a session would cost if it ended then, at the prices it was booked under."""
    extension = _minutes(found.starts_at, ends_at) - found.base_minutes
    if extension <= 0:
        return 0
    tariff = tariff_of(found, found.holder.value())
    if tariff is None:  # nobody can say: the prices were not kept, and points is off
        return found.price_points
    begins = found.starts_at + timedelta(minutes=found.base_minutes)
    return min(found.price_points, price_of(begins, extension, tariff, here().zone))


def ends_for(found: Reservation, now: datetime) -> list[datetime]:
    """The earlier ends that may be chosen, the latest first."""
    if found.state(now) not in {State.CONFIRMED, State.CHECKED_IN}:
        return []
    every = occupancy.quarters(found.starts_at, found.ends_at)
    ends = (occupancy.moment_of(quarter) for quarter in reversed(every[1:]))
    return [end for end in ends if end >= now]


# --- longer --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Longer:
    """A later end, and what it would cost."""

    ends_at: datetime
    quote: Quote


def extend(reservation_id: Id, wish: EndRequest, *, by: Actor) -> Reservation:
    """Let a running session go on; what it costs more is taken at once, or nothing happens (DOMAIN 4, B4).

    Raises:
        WrongState: it is not running.
        Invalid: the end is not later than it was.
        DomainError: the first rule that stands in the way, with all `reasons`.
        Forbidden: the actor may not, for this holder.
    """
    room, found = reserve.find_with_room(reservation_id, by=by)
    now = clock.now()
    if not is_running(found, now):
        raise WrongState(state=found.state(now).value)
    whole = _whole(found, wish.ends_at)
    answer = _judged(found, whole, room, by=by)
    if not answer.allowed:
        raise reserve.refusal(answer, whole, by=by)
    before, added = _figures(found), answer.extension_minutes - found.extension_minutes
    found.ends_at, found.price_points = wish.ends_at, found.price_points + answer.price_points
    found.base_minutes, found.extension_minutes = answer.base_minutes, answer.extension_minutes
    why = explain("booking.why.longer", ends_at=wish.ends_at, price=answer.price_points)
    found.explanation = (*found.explanation, why)
    session.flush()
    price, holder = answer.price_points, found.holder.value()
    charges.hold(found, holder, points=price, minutes=added, room_name=room.name, again=True)
    charges.fall_due(found.id, ChargeState.CAPTURE_DUE, now)
    with reserve.said_with_alternatives(whole, by=by):
        occupancy.follow([found])
    _record("booking.extend", found, before, by=by)
    return found


def is_running(found: Reservation, now: datetime) -> bool:
    """Whether a session may go on: they have checked in (the centre need not), and it has not ended."""
    if found.status is Status.CHECKED_IN:
        return now < found.ends_at
    return found.status is Status.CONFIRMED and found.check_in_until is None and found.starts_at <= now < found.ends_at


def longer(found: Reservation, *, by: Actor, minutes: int = ONE_TAP) -> Longer | None:
    """What a running session would cost with so many minutes more; None when it is not running, or not theirs."""
    if not is_running(found, clock.now()) or not access.allows(by, "booking.reserve", found.holder_id):
        return None
    ends_at = found.ends_at + timedelta(minutes=minutes)
    return Longer(ends_at=ends_at, quote=_judged(found, _whole(found, ends_at), found.room, by=by))


def _whole(found: Reservation, ends_at: datetime) -> ReservationRequest:
    """The session up to its new end."""
    if ends_at <= found.ends_at:
        raise Invalid({"ends_at": [explain("not_longer", ends_at=found.ends_at)]})
    return ReservationRequest(
        room_id=found.room_id, holder_id=found.holder_id, starts_at=found.starts_at, ends_at=ends_at
    )


def _judged(found: Reservation, whole: ReservationRequest, room: Room, *, by: Actor) -> Quote:
    held = (found.held[0], whole.ends_at + timedelta(minutes=found.clearup_minutes))  # buffers are those it has
    # Whatever comes after a session that runs has not begun, so none of it is missed.
    holder, taken = found.holder.value(), bool(reserve.others_in_the_way(room.id, held, found))
    situation = ground.situation(whole, room, holder, taken=taken, by=by)
    return quote.judge_longer(
        whole, situation, base=found.base_minutes, paid=found.price_points, tariff=tariff_of(found, holder)
    )


# --- what both say -------------------------------------------------------------------------------------------------


def _minutes(starts_at: datetime, ends_at: datetime) -> int:
    return int((ends_at - starts_at).total_seconds()) // 60


def _figures(found: Reservation) -> dict[str, object]:
    return {"ends_at": found.ends_at, "minutes": found.minutes, "price_points": found.price_points}


def _record(act: str, found: Reservation, before: dict[str, object], *, by: Actor) -> None:
    record(act, by=by, subject=attendance.subject(found), subject_id=found.id, before=before, after=_figures(found))
