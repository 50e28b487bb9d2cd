"""A series whose last date went unused is asked whether it goes on: one tap keeps the next date, else it is freed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select

from core import clock
from core.accounts import access
from core.audit.record import record
from core.contract import Actor
from core.db import Id, locked, session
from core.errors import WrongState
from core.explanations import explain
from core.notices import outbox
from core.notices.models import NoticeKind
from core.people import holders
from plugins.booking import attendance, ground, notices, reserve
from plugins.booking.models import Reservation, Side, Status
from plugins.booking.requests import CancellationRequest

FAIR = timedelta(days=1)  # so much time there is for an answer, or nobody is asked
BY = access.system()


def sweep() -> int:
    """Free what nobody answered for; ask who must be asked, where the policy is on; answers how many dates."""
    ahead = ground.figures().series_confirm_days
    return _free() + (_ask(timedelta(days=ahead)) if ahead else 0)


def confirm(reservation_id: Id, *, by: Actor) -> Reservation:
    """They will come: the date is theirs as before, and is asked for no more.

    Raises:
        WrongState: nobody waits for an answer.
        TooLate: the time for it has passed; the date is free for others.
        Forbidden: the actor may not, for this holder.
    """
    found = attendance.find(reservation_id, by=by, permission="booking.reserve")
    if found.status is not Status.CONFIRMED or found.confirm_until is None:
        raise WrongState(state=found.state(clock.now()).value)
    found.confirm_until = None
    session.flush()
    outbox.withdraw(found.id, NoticeKind.REQUEST)
    record("booking.confirm", by=by, subject=attendance.subject(found), subject_id=found.id)
    return found


# --- asking --------------------------------------------------------------------------------------------------------


def _ask(ahead: timedelta) -> int:
    """The next date of each series whose last one nobody used; each date is asked for once, however often this runs."""
    now = clock.now()
    found = _lock([one for one in _next(now, ahead) if one.asked_at is None and _can_answer(one, now)])
    for one in found:
        one.asked_at, one.confirm_until = now, one.cancel_until
        notices.asked(one, one.cancel_until)
    session.flush()
    return len(found)


def _next(now: datetime, ahead: timedelta) -> Sequence[Reservation]:
    """The next date of each series whose last one went unused; the centre's own are used without checking in."""
    to_come = (Reservation.status == Status.CONFIRMED, Reservation.starts_at > now)
    wanted = select(Reservation).where(
        *to_come,
        Reservation.series_id.is_not(None),
        Reservation.starts_at <= now + ahead,
        Reservation.check_in_until.is_not(None),
    )
    first = {one.series_id: one for one in session.scalars(wanted.order_by(Reservation.starts_at.desc()))}
    unused = _unused(now, [series_id for series_id in first if series_id is not None])
    return [one for series_id, one in first.items() if series_id in unused]


def _unused(now: datetime, series_ids: Collection[Id]) -> set[Id | None]:
    """Of these series, those whose last date nobody used: missed and not forgiven, or cancelled too late by the group."""
    begun = and_(Reservation.series_id.in_(series_ids), Reservation.starts_at <= now, Reservation.counts(now))
    last = select(Reservation.series_id.label("series_id"), func.max(Reservation.starts_at).label("starts_at"))
    last = last.where(begun).group_by(Reservation.series_id)
    latest = last.subquery()
    missed = and_(Reservation.missed_at(now), Reservation.forgiven_at.is_(None))
    found = (
        select(Reservation.series_id)
        .join(
            latest,
            and_(latest.c.series_id == Reservation.series_id, latest.c.starts_at == Reservation.starts_at),
        )
        .where(Reservation.counts(now), or_(missed, Reservation.cancelled_late.is_(True)))
    )
    return set(session.scalars(found))


def _can_answer(one: Reservation, now: datetime) -> bool:
    return one.cancel_until > now + FAIR


def _lock(found: Sequence[Reservation]) -> Sequence[Reservation]:
    """The same, their holders and they themselves locked, those that are still booked."""
    owners = holders.lock(one.holder_id for one in found)
    ids = [one.id for one in found]
    again = session.scalars(locked(select(Reservation).where(Reservation.id.in_(ids)).order_by(Reservation.id))).all()
    holders.still((one.holder_id for one in again), owners)
    return [one for one in again if one.status is Status.CONFIRMED]


# --- freeing -------------------------------------------------------------------------------------------------------


def _free() -> int:
    """Dates that nobody answered for, as of the moment the answer was due: all points come back, nothing counts."""
    now = clock.now()
    silent = select(Reservation).where(Reservation.unanswered_at(now))
    found = [one for one in _lock(session.scalars(silent).all()) if one.is_unanswered(now)]
    for one in sorted(found, key=lambda one: (one.confirm_until, one.id)):
        assert one.confirm_until is not None
        reserve.give_up([one], CancellationRequest(by=Side.CENTRE), now=one.confirm_until)
        one.explanation = (*one.explanation, explain("booking.why.freed", until=one.confirm_until))
        notices.freed(one)
        record("booking.freed", by=BY, subject=attendance.subject(one), subject_id=one.id)
    return len(found)
