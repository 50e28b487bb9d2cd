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
from plugins.booking import attendance, charges, ground, listing, notices, occupancy, prices, queries, reserve
from plugins.booking.dealing import Answer, Dealer, dealer
from plugins.booking.lengths import costs_all_the_same
from plugins.booking.models import ChargeState, Reservation, Room, State
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
    whole, before, was = whole_of(wish, found, by=by), figures_of(found), notices.Place.of(found)
    if is_elsewhere(found, whole):
        dealing = dealer([whole], room, found.holder.value(), by=by, moving=[found.id])
        answer = judge(dealing, whole, found)
        if not answer.quote.allowed:
            raise reserve.refusal(answer.quote, whole, by=by)
        with reserve.said_with_alternatives(whole, by=by):
            move([(found, answer)], room)
    else:
        check_people(whole.people, room, [found])
    found.title, found.people = whole.title, whole.people
    session.flush()
    after = figures_of(found)
    if after != before:
        told = {"before": before, "after": after}
        record("booking.change", by=by, subject=attendance.subject(found), subject_id=found.id, **told)
        notices.moved(found, was, by=by)
    return found


def check_people(people: int | None, room: Room, found: Sequence[Reservation]) -> None:
    """Whether a room holds a number of people that is new.

    Raises:
        TooManyPeople: it does not.
    """
    if people is not None and people > room.capacity and any(people != one.people for one in found):
        raise reserve.TooManyPeople(people=people, capacity=room.capacity)


def quote_of(reservation_id: Id, wish: ChangeRequest, *, by: Actor) -> Quote:
    """What a change of time or room would come to, without making it; of none: what it is.

    Raises:
        WrongState, Invalid, Forbidden, NotFound: as the change itself would.
    """
    found = listing.reservation(reservation_id, by=by)
    access.check(by, "booking.reserve", found.holder_id)
    if not is_movable(found, clock.now()):
        raise WrongState(state=found.state(clock.now()).value)
    whole = whole_of(wish, found, by=by)
    if not is_elsewhere(found, whole):
        return _as_it_is(found)
    room = queries.room(whole.room_id)
    dealing = dealer([whole], room, found.holder.value(), by=by, moving=[found.id])
    return judge(dealing, whole, found).quote


def whole_of(wish: ChangeRequest, found: Reservation, *, by: Actor) -> ReservationRequest:
    """What is stored, with the change; whoever may set rules aside still does so for a session that needed it.

    Raises:
        Invalid: the whole is none that people could mean.
    """
    whole = wish.onto(found)
    if found.overridden and access.allows(by, "booking.override"):
        whole = replace(whole, override_reason=found.override_reason)
    return whole


def is_movable(found: Reservation, now: datetime) -> bool:
    """Whether it may still be changed: booked, and not begun."""
    return found.state(now) is State.CONFIRMED and now <= found.starts_at


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


def judge(dealing: Dealer, whole: ReservationRequest, found: Reservation) -> Answer:
    """The answer to the wish as of now; too late for points to come back, it costs what it did, or more."""
    answer = dealing.answer(whole, instead=found)
    if costs_all_the_same(found, dealing.ground.now) and found.price_points > answer.quote.price_points:
        why = (*answer.quote.explanation, explain("booking.why.moved_late", price=found.price_points))
        answer = replace(answer, quote=replace(answer.quote, price_points=found.price_points, explanation=why))
    return answer


def move(moved: Sequence[tuple[Reservation, Answer]], room: Room) -> None:
    """Put sessions where answers allow them to be, all or nothing. Room, holder and sessions are locked.

    Raises:
        RoomTaken: somebody was quicker.
    """
    now, again = clock.now(), []
    for found, answer in moved:
        before, after = found.price_points, answer.quote.price_points
        if (before or after) and not (costs_all_the_same(found, now) and before == after):
            again.append(found)
        _put(found, answer, room, now)
    session.flush()
    for found, _answer in moved:
        set_committed_value(found, "room", room)
    occupancy.clear_gone(one for _found, answer in moved for one in answer.gone)
    # In one transaction, under the holder's lock: nobody spends the points in between.
    for found in again:
        charges.fall_due(found.id, ChargeState.RELEASE_DUE, now)
    for found in again:
        price, minutes = found.price_points, found.extension_minutes
        charges.hold(found, found.holder.value(), points=price, minutes=minutes, room_name=room.name, again=True)
    occupancy.follow([found for found, _answer in moved])


def _put(found: Reservation, answer: Answer, room: Room, now: datetime) -> None:
    """The row as if it had been booked now, but for cut-offs that have passed: moving is no way around them."""
    whole, terms = answer.wish, answer.quote
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
        "week": ground.monday(day),
        "base_minutes": terms.base_minutes,
        "extension_minutes": terms.extension_minutes,
        "price_points": terms.price_points,
        "tariff": None if terms.tariff is None else prices.kept(terms.tariff),
        "tier": terms.tier,
        "explanation": answer.explanation,
        "override_reason": whole.override_reason if answer.overridden else "",  # the rules themselves may allow it
        "overridden": list(answer.overridden),
        "confirm_until": None,  # whoever moves it will use it
        **cut_offs,
    }
    for name, value in fields.items():
        setattr(found, name, value)


def figures_of(found: Reservation) -> dict[str, object]:
    """What of a session may change, for the audit."""
    return {
        "room_id": found.room_id,
        "room": found.room.name,
        "starts_at": found.starts_at,
        "ends_at": found.ends_at,
        "price_points": found.price_points,
        "title": found.title,
        "people": found.people,
    }
