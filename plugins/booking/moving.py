"""Changing a reservation that has not begun: another time or room is judged as a new wish, a title is only a title."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm.attributes import set_committed_value

from core import clock
from core.accounts import access
from core.audit.record import record
from core.contract import Actor
from core.db import Id, session
from core.errors import WrongState
from core.explanations import explain
from core.plugins import here
from plugins.booking import attendance, calendar, charges, occupancy, prices, queries, quote, reserve
from plugins.booking.lengths import costs_all_the_same
from plugins.booking.models import ChargeState, Reservation, Room, Status
from plugins.booking.quote import Quote
from plugins.booking.requests import ChangeRequest, ReservationRequest


def change(reservation_id: Id, wish: ChangeRequest, *, by: Actor) -> Reservation:
    """Put a change onto what is stored and judge the whole as a wish of now; a title or a number changes nothing else.

    Of the week, and of the points, only the change counts (B7). What it keeps of its time is free at no moment.

    Raises:
        WrongState: it has begun, is checked in or cancelled.
        Invalid: the whole makes no sense.
        DomainError: the first rule that stands in the way, with all `reasons`.
        Forbidden: the actor may not, for this holder.
    """
    room, found = reserve.find_with_room(reservation_id, by=by, room_id=wish.room_id)
    if not is_movable(found, clock.now()):
        raise WrongState(state=found.state(clock.now()).value)
    whole, before = wish.onto(found), _figures(found)
    if is_elsewhere(found, whole):
        _move(found, whole, room, by=by)
    elif whole.people is not None and whole.people != found.people and whole.people > room.capacity:
        raise reserve.TooManyPeople(people=whole.people, capacity=room.capacity)
    found.title, found.people = whole.title, whole.people
    session.flush()
    after = _figures(found)
    if after != before:
        told = {"before": before, "after": after}
        record("booking.change", by=by, subject=attendance.subject(found), subject_id=found.id, **told)
    return found


def quote_of(reservation_id: Id, wish: ChangeRequest, *, by: Actor) -> Quote:
    """What a change of time or room would come to, without making it; of none: what it is.

    Raises:
        WrongState, Invalid, Forbidden, NotFound: as the change itself would.
    """
    found = calendar.reservation(reservation_id, by=by)
    access.check(by, "booking.reserve", found.holder_id)
    if not is_movable(found, clock.now()):
        raise WrongState(state=found.state(clock.now()).value)
    whole = wish.onto(found)
    if not is_elsewhere(found, whole):
        return _as_it_is(found)
    room = queries.room(whole.room_id)
    return _judged(found, whole, room, _others(found, whole, room), by=by)


def is_movable(found: Reservation, now: datetime) -> bool:
    """Whether it may still be changed: booked, and not begun."""
    return found.status is Status.CONFIRMED and now <= found.starts_at


def is_elsewhere(found: Reservation, whole: ReservationRequest) -> bool:
    """Whether the wish is for another time or room."""
    there = (found.room_id, found.starts_at, found.ends_at)
    return there != (whole.room_id, whole.starts_at, whole.ends_at)


def _as_it_is(found: Reservation) -> Quote:
    return Quote(
        base_minutes=found.base_minutes,
        extension_minutes=found.extension_minutes,
        price_points=found.price_points,
        tier=found.tier,
        explanation=found.explanation,
    )


def _others(found: Reservation, whole: ReservationRequest, room: Room) -> Sequence[Reservation]:
    return reserve.others_in_the_way(room.id, room.held(whole.starts_at, whole.ends_at), found)


def _judged(
    found: Reservation, whole: ReservationRequest, room: Room, others: Sequence[Reservation], *, by: Actor
) -> Quote:
    """The answer to the wish as of now; too late for points to come back, it costs what it did, or more."""
    now = clock.now()
    taken = any(not other.is_missed(now) for other in others)
    situation = quote.situation(whole, room, found.holder.value(), taken=taken, by=by, instead=found)
    answer = quote.judge(whole, situation)
    if costs_all_the_same(found, now) and found.price_points > answer.price_points:
        why = (*answer.explanation, explain("booking.why.moved_late", price=found.price_points))
        answer = replace(answer, price_points=found.price_points, explanation=why)
    return answer


def _move(found: Reservation, whole: ReservationRequest, room: Room, *, by: Actor) -> None:
    others, now = _others(found, whole, room), clock.now()
    answer = _judged(found, whole, room, others, by=by)
    if not answer.allowed:
        raise reserve.refusal(answer, whole, by=by)
    holder, stays = found.holder.value(), costs_all_the_same(found, now) and answer.price_points == found.price_points
    _put(found, whole, room, answer, now)
    session.flush()
    set_committed_value(found, "room", room)
    occupancy.clear_missed(others)
    if not stays:
        # In one transaction, under the holder's lock: nobody spends the points in between.
        charges.fall_due(found.id, ChargeState.RELEASE_DUE, now)
        price, minutes = found.price_points, found.extension_minutes
        charges.hold(found, holder, points=price, minutes=minutes, room_name=room.name, again=True)
    reserve.follow(found, whole, by=by)


def _put(found: Reservation, whole: ReservationRequest, room: Room, answer: Quote, now: datetime) -> None:
    """The row as if it had been booked now, but for cut-offs that have passed: moving is no way around them."""
    day = whole.starts_at.astimezone(here().zone).date()
    cut_offs = reserve.cut_offs(whole.starts_at, found.holder.value())
    if now > found.cancel_until:
        cut_offs["cancel_until"] = found.cancel_until
    if now > found.shorten_until:
        cut_offs["shorten_until"] = found.shorten_until
    fields: dict[str, object] = {
        "room_id": whole.room_id,
        "starts_at": whole.starts_at,
        "ends_at": whole.ends_at,
        "setup_minutes": room.setup_minutes,
        "clearup_minutes": room.clearup_minutes,
        "day": day,
        "week": quote.monday(day),
        "base_minutes": answer.base_minutes,
        "extension_minutes": answer.extension_minutes,
        "price_points": answer.price_points,
        "tariff": None if answer.tariff is None else prices.kept(answer.tariff),
        "tier": answer.tier,
        "explanation": answer.explanation,
        "override_reason": "",  # the rules themselves allow it
        "overridden": [],
        **cut_offs,
    }
    for name, value in fields.items():
        setattr(found, name, value)


def _figures(found: Reservation) -> dict[str, object]:
    return {
        "room_id": found.room_id,
        "room": found.room.name,
        "starts_at": found.starts_at,
        "ends_at": found.ends_at,
        "price_points": found.price_points,
        "title": found.title,
        "people": found.people,
    }
