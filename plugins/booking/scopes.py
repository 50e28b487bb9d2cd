"""One date of a series, it and those that follow, or all: changing and cancelling them. What has begun is never touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, time

from sqlalchemy import select, update

from core import clock
from core.accounts import access
from core.audit.record import record
from core.contract import Actor
from core.db import Conflict, Id, locked, savepoint, session
from core.errors import Invalid, WrongState
from core.explanations import explain
from core.plugins import here
from plugins.booking import attendance, dealing, moving, notices, queries, recurrence, reserve, series
from plugins.booking.dealing import Answer
from plugins.booking.models import Reservation, Room, Series, Side, Skipped, Status
from plugins.booking.occupancy import RoomTaken
from plugins.booking.requests import CancellationRequest, ChangeRequest, ReservationRequest, Scope, Unchanged
from plugins.booking.series import TRIES, Booked, Date

Move = tuple[Reservation, Answer]


def change(reservation_id: Id, wish: ChangeRequest, *, by: Actor) -> Booked:
    """Change a date, and with a scope the others: another room, time of day or length is judged date by date, all or none.

    Dates that were moved by themselves stay where they are; a title or a number of people is theirs too. A series that goes
    on at another time or in another room is another one from there on, what was before keeps its own.

    Raises:
        WrongState: none of them is still to come.
        Invalid: the whole makes no sense; or the dates were to go to other days.
        DomainError: the first rule that stands in the way of the first date, with all such `dates`.
        Forbidden: the actor may not, for this holder.
    """
    if _alone(reservation_id, wish.scope):
        made = moving.change(reservation_id, wish, by=by)
        return Booked(first=made, dates=[made])
    room, found = reserve.find_with_room(reservation_id, by=by, room_id=wish.room_id)
    dates = _to_come(found, wish.scope)
    if not dates:
        raise WrongState(state=found.state(clock.now()).value)
    whole = moving.whole_of(wish, found, by=by)
    before, was = [moving.figures_of(one) for one in dates], [notices.Place.of(one) for one in dates]
    if moving.is_elsewhere(found, whole):
        _move_all(_plan(found, dates, wish, whole, by=by, room=room), whole, by=by)
    _describe(dates, wish, whole.title)
    session.flush()
    touched = [(one, old) for one, old in zip(dates, before, strict=True) if moving.figures_of(one) != old]
    if touched:
        one, old = touched[0]
        told = {"before": old, "after": {**moving.figures_of(one), "dates": len(touched)}}
        record("booking.series_change", by=by, subject=attendance.subject(one), subject_id=one.series_id, **told)
        notices.moved_several(list(zip(dates, was, strict=True)), by=by)
    changed = [one for one, _old in touched] or dates
    return Booked(first=found if found in changed else changed[0], dates=changed)


def cancel(reservation_id: Id, wish: CancellationRequest, *, by: Actor) -> Booked:
    """Give up a date, and with a scope the others that are to come, each at the terms of its own moment (DOMAIN 4).

    When the last date is gone the series has ended.

    Raises:
        WrongState: none of them is still to come.
        TooLate: the one date has begun.
        Forbidden: the actor may not, for this holder; or does not speak for the centre.
    """
    if _alone(reservation_id, wish.scope):
        made = reserve.cancel(reservation_id, wish, by=by)
        return Booked(first=made, dates=[made])
    found = attendance.find(reservation_id, by=by, permission="booking.cancel")
    if wish.by is Side.CENTRE:
        access.check(by, "booking.cancel_by_centre", found.holder_id)
    dates, now = _to_come(found, wish.scope), clock.now()
    if not dates:
        raise WrongState(state=found.state(now).value)
    reserve.give_up(dates, wish, now=now)
    _end_before(dates)
    record(
        "booking.series_cancel",
        by=by,
        subject=attendance.subject(dates[0]),
        subject_id=found.series_id,
        after={
            "by": wish.by.value,
            "dates": len(dates),
            "late": any(one.cancelled_late for one in dates),
            "reason": wish.reason,
        },
    )
    notices.cancelled(dates, by=by)
    return Booked(first=found if found in dates else dates[0], dates=dates)


def _alone(reservation_id: Id, scope: str) -> bool:
    """Whether an act is for one date alone; so it is, whatever it says, for what is no series."""
    in_series = Reservation.series_id.is_not(None)
    wanted = select(Reservation.id).where(Reservation.id == reservation_id, in_series)
    return scope == Scope.THIS or session.scalar(wanted) is None


def _to_come(found: Reservation, scope: str) -> list[Reservation]:
    """The dates of a locked one's series that an act is for, locked, in the order of time: booked and not begun."""
    wanted = select(Reservation).where(
        Reservation.series_id == found.series_id,
        Reservation.holder_id == found.holder_id,  # what was handed over is another's
        Reservation.status == Status.CONFIRMED,
        ~Reservation.unanswered_at(clock.now()),
        Reservation.starts_at >= clock.now(),
    )
    if scope == Scope.FOLLOWING:
        wanted = wanted.where(Reservation.series_day >= found.series_day)
    dates = session.scalars(locked(wanted.order_by(Reservation.id))).all()
    return sorted(dates, key=lambda one: (one.starts_at, one.id))


def _series(one: Reservation) -> Series:
    return session.scalars(select(Series).where(Series.id == one.series_id)).one()


def _describe(dates: Sequence[Reservation], wish: ChangeRequest, title: str) -> None:
    """What for, and how many: only what was said, and nothing else of any date (B12)."""
    if not isinstance(wish.people, Unchanged):
        rooms = {room.id: room for room in queries.rooms()}
        for one in dates:
            moving.check_people(wish.people, rooms[one.room_id], [one])
            one.people = wish.people
    if wish.title is not None:
        for one in dates:
            one.title = title


# --- another time or room ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where dates of a series shall be.

    `like`: those that stand as the series does; `pairs`: those of them that move; `at`: when, by the clock on the wall.
    """

    own: Series
    like: Sequence[Reservation]
    pairs: Sequence[tuple[Reservation, ReservationRequest]]
    room: Room
    at: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a change of several dates would come to: how many move, for how many points together, and which cannot."""

    moves: Sequence[Move]
    refused: Sequence[Date]

    @property
    def number(self) -> int:
        """How many dates it is for."""
        return len(self.moves) + len(self.refused)

    @property
    def price_points(self) -> int:
        """All of them together."""
        return sum(answer.quote.price_points for _one, answer in self.moves)


def outlook(found: Reservation, wish: ChangeRequest, *, by: Actor) -> Outlook:
    """What a change of several dates to another time or room would come to, without making it.

    Raises:
        WrongState, Invalid: as the change itself would.
    """
    whole = moving.whole_of(wish, found, by=by)
    dates = _to_come(found, wish.scope)
    plan = _plan(found, dates, wish, whole, by=by, room=queries.room(whole.room_id))
    return _judged(plan, by=by)


def _plan(
    found: Reservation,
    dates: Sequence[Reservation],
    change: ChangeRequest,
    whole: ReservationRequest,
    *,
    by: Actor,
    room: Room,
) -> Plan:
    """Where the one date shall be, all shall: on their own days, at that time of day, for as long, in that room."""
    zone, own = here().zone, _series(found)
    local = whole.starts_at.astimezone(zone)
    if local.date() != found.starts_at.astimezone(zone).date():
        raise Invalid({"starts_at": [explain("other_day_of_series")]})
    # The one date may be where the clock on the wall leaps over the series' own time of day.
    stays = whole.starts_at == found.starts_at and _stands_like(own, found)
    at = own.starts_at.astimezone(zone).time() if stays else local.time()
    like = [one for one in dates if one is found or _stands_like(own, one)]
    pairs = []
    for one in like:
        starts_at = recurrence.moment(one.starts_at.astimezone(zone).date(), at, zone)
        ends_at = starts_at + (whole.ends_at - whole.starts_at)
        there = moving.whole_of(replace(change, room_id=room.id, starts_at=starts_at, ends_at=ends_at), one, by=by)
        if moving.is_elsewhere(one, there):
            pairs.append((one, there))
    if not pairs:
        raise WrongState(state=found.state(clock.now()).value)
    return Plan(own=own, like=like, pairs=pairs, room=room, at=at)


def _move_all(plan: Plan, whole: ReservationRequest, *, by: Actor) -> None:
    for _try in range(TRIES):
        found = _judged(plan, by=by)
        if found.refused:
            raise series.refusal(found.refused, by=by)
        try:
            with savepoint():
                moving.move(found.moves, plan.room)
        except RoomTaken:  # somebody was quicker: who it was is seen by looking again
            continue
        return _go_on(plan, whole)
    raise Conflict("others were quicker, time and again")


def _stands_like(own: Series, one: Reservation) -> bool:
    """Whether a date is where its series has it, or was moved by itself."""
    assert one.series_day is not None
    at = recurrence.moment(one.series_day, own.starts_at.astimezone(here().zone).time(), here().zone)
    return (own.room_id, at, own.ends_at - own.starts_at) == (one.room_id, one.starts_at, one.ends_at - one.starts_at)


def _judged(plan: Plan, *, by: Actor) -> Outlook:
    """What each date comes to where it shall be, one after the other."""
    pairs = plan.pairs
    holder, wishes = pairs[0][0].holder.value(), [wish for _one, wish in pairs]
    dealer = dealing.dealer(wishes, plan.room, holder, by=by, moving=[one.id for one, _wish in pairs])
    moves, refused = [], []
    for one, wish in pairs:
        answer = moving.judge(dealer, wish, one)
        if answer.quote.allowed:
            dealer.deal(answer, instead=one)
            moves.append((one, answer))
        else:
            refused.append(series.date_of(dealer, one.series_day or one.day, answer))
    return Outlook(moves=moves, refused=refused)


# --- what the series says of itself --------------------------------------------------------------------------------


def _end_before(dates: Sequence[Reservation]) -> None:
    """The series of dates that are given up ends with the day before them, if there was one."""
    own = _series(dates[0])
    earlier, _rule = _split(own, _first_day(dates))
    if earlier:
        _cut(own, earlier[-1])


def _go_on(plan: Plan, whole: ReservationRequest) -> None:
    """From the first of these dates on the series is as the wish says; what was before stays a series of its own."""
    own, at, day, zone = plan.own, plan.at, _first_day(plan.like), here().zone
    earlier, rule = _split(own, day)
    starts_at = recurrence.moment(day, at, zone)
    now = {
        "room_id": whole.room_id,
        "starts_at": starts_at,
        "ends_at": starts_at + (whole.ends_at - whole.starts_at),
        "rule": rule.text(at, zone),
    }
    if not earlier:
        for name, value in now.items():
            setattr(own, name, value)
        return
    later = sorted(one.isoformat() for one in own.left_out if one >= day)
    other = Series(holder_id=own.holder_id, exceptions=later, **now)
    session.add(other)
    _cut(own, earlier[-1])
    session.flush()
    theirs = (Reservation.series_id == own.id, Reservation.series_day >= day)
    session.execute(update(Reservation).where(*theirs).values(series_id=other.id))
    skipped = (Skipped.series_id == own.id, Skipped.day >= day)
    session.execute(update(Skipped).where(*skipped).values(series_id=other.id))


def _first_day(dates: Sequence[Reservation]) -> date:
    return min(one.series_day for one in dates if one.series_day is not None)


def _split(own: Series, day: date) -> tuple[list[date], recurrence.Rule]:
    """The days of a series before one of its days, and the rule that goes on from there."""
    zone = here().zone
    rule = own.recurrence(zone)
    earlier = [one for one in rule.days(own.starts_at.astimezone(zone).date()) if one < day]
    return earlier, replace(rule, count=None if rule.count is None else rule.count - len(earlier))


def _cut(own: Series, last: date) -> None:
    """It ends with that day."""
    zone = here().zone
    rule = replace(own.recurrence(zone), count=None, until=last)
    own.rule = rule.text(own.starts_at.astimezone(zone).time(), zone)
    own.exceptions = sorted(one.isoformat() for one in own.left_out if one <= last)
