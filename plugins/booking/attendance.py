"""Coming or not: check-in, no-shows by time, forgiving one, and what the time of being switched off excuses."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from core import clock
from core.accounts import access
from core.audit.models import Entry
from core.audit.record import record
from core.contract import Actor
from core.db import Id, locked, session
from core.errors import DomainError, NotFound, WrongState
from core.people import holders
from core.plugins import here
from plugins.booking import charges, ground, notices, occupancy
from plugins.booking.models import ChargeState, Reservation, Status
from plugins.booking.requests import ForgivenessRequest


class CheckInTooEarly(DomainError):
    """The doors are not open yet. Facts: what, opens_at."""

    code, status = "too_early", 403


class TooLate(DomainError):
    """The moment for this has passed. Facts: what."""

    code = "too_late"


def find(reservation_id: Id, *, by: Actor, permission: str) -> Reservation:
    """A reservation, locked until the unit ends, for whoever may do this to it.

    Raises:
        NotFound: there is none of that id.
        Forbidden: the actor may not, for this holder.
        TooLate: nobody said in time that they will come; it is freed.
    """
    holder_id = session.scalar(select(Reservation.holder_id).where(Reservation.id == reservation_id))
    if holder_id is None:
        raise NotFound(what="reservation_id")
    access.check(by, permission, holder_id)
    holders.lock([holder_id])  # before the reservation, as everywhere: its points are decided too
    found = session.scalars(locked(select(Reservation).where(Reservation.id == reservation_id))).one()
    holders.still([found.holder_id], [holder_id])
    if found.is_unanswered(clock.now()):
        raise TooLate(what="confirm")
    return found


def check_in(reservation_id: Id, *, by: Actor) -> Reservation:
    """They came: from 30 minutes before to 15 minutes after the start, both inclusive (DOMAIN 5). Takes the points.

    Raises:
        WrongState: it is cancelled, checked in already, or the centre's own.
        CheckInTooEarly: not yet.
        TooLate: the session is missed.
    """
    reservation = find(reservation_id, by=by, permission="booking.check_in")
    now = clock.now()  # read under the lock: whoever clears a missed session has seen a later time
    opens, closes = reservation.check_in_from, reservation.check_in_until
    if reservation.status in {Status.CANCELLED, Status.CHECKED_IN} or opens is None or closes is None:
        raise WrongState(state=reservation.state(now).value)
    if now > closes:
        raise TooLate(what="check_in")
    if now < opens:
        raise CheckInTooEarly(what="check_in", opens_at=opens)
    reservation.status, reservation.checked_in_at = Status.CHECKED_IN, now
    session.flush()
    charges.fall_due(reservation.id, ChargeState.CAPTURE_DUE, now)
    record("booking.check_in", by=by, subject=subject(reservation), subject_id=reservation.id)
    return reservation


def note_missed() -> int:
    """Write down which sessions were missed, charge them as of the moment they were, tell those concerned; answers how many.

    Nothing depends on when this runs, or how often: a session is missed by time.
    """
    now = clock.now()
    late = select(Reservation).where(
        Reservation.status == Status.CONFIRMED,
        Reservation.check_in_until < now,
        Reservation.excused.is_(False),
        ~Reservation.unanswered_at(now),
    )
    owners = holders.lock(session.scalars(late.with_only_columns(Reservation.holder_id)))
    missed = session.scalars(locked(late.order_by(Reservation.id))).all()
    holders.still((reservation.holder_id for reservation in missed), owners)
    for reservation in missed:
        reservation.status = Status.MISSED
    occupancy.free([reservation.id for reservation in missed])
    # In the order of their moments, so that a statement reads as things happened, however late the sweep.
    for reservation in sorted(missed, key=lambda one: (_until(one), one.id)):
        charges.fall_due(reservation.id, ChargeState.CAPTURE_DUE, _until(reservation))
        _tell(reservation)
    return len(missed)


def sweep() -> int:
    """What time has brought: missed sessions are charged as of their own moment, then all that is due is settled."""
    return note_missed() + charges.settle_due()


def _until(reservation: Reservation) -> datetime:
    assert reservation.check_in_until is not None
    return reservation.check_in_until


def _tell(reservation: Reservation) -> None:
    """Those who should have come read how many no-shows they have by now."""
    rule = ground.figures().no_shows
    since = reservation.day - timedelta(days=rule.days)
    number = session.scalar(
        select(func.count())
        .select_from(Reservation)
        .where(
            Reservation.holder_id == reservation.holder_id,
            Reservation.day > since,
            Reservation.starts_at <= reservation.starts_at,
            Reservation.missed_at(clock.now()),
            Reservation.forgiven_at.is_(None),
        )
    )
    notices.missed(reservation, number=number or 0, most=rule.count, closed_days=rule.closed_days)


def forgive(reservation_id: Id, wish: ForgivenessRequest, *, by: Actor) -> Reservation:
    """The centre lets a no-show not count, with a reason (DOMAIN 5). Points already taken stay taken.

    Raises:
        WrongState: it is no no-show, or was forgiven before.
    """
    reservation = find(reservation_id, by=by, permission="booking.forgive")
    now = clock.now()
    if not reservation.is_missed(now) or reservation.forgiven_at is not None:
        raise WrongState(state=reservation.state(now).value)
    reservation.forgiven_at, reservation.forgiven_reason = now, wish.reason
    after = {"reason": wish.reason}
    record("booking.forgive", by=by, subject=subject(reservation), subject_id=reservation.id, after=after)
    return reservation


def excuse_time_off() -> int:
    """Booking is back: sessions that began while it was off are no no-shows, their holds are released (DOMAIN 9)."""
    since = session.scalar(
        select(func.max(Entry.at)).where(Entry.act == "core.plugin_disabled", Entry.subject == "booking")
    )
    if since is None:
        return 0
    now = clock.now()
    began = select(Reservation).where(
        Reservation.status == Status.CONFIRMED,
        Reservation.excused.is_(False),
        Reservation.starts_at <= now,
        # Also those that had begun before, if they could still have been checked in.
        or_(Reservation.starts_at >= since, Reservation.check_in_until >= since),
        Reservation.check_in_until.is_not(None),
    )
    owners = holders.lock(session.scalars(began.with_only_columns(Reservation.holder_id)))
    found = session.scalars(locked(began.order_by(Reservation.id))).all()
    holders.still((reservation.holder_id for reservation in found), owners)
    for reservation in found:
        reservation.excused = True
        charges.fall_due(reservation.id, ChargeState.RELEASE_DUE, now)
    return len(found)


def subject(reservation: Reservation) -> str:
    """A reservation in words that stay readable when it is gone."""
    local = reservation.starts_at.astimezone(here().zone)
    return f"{reservation.holder.name} · {reservation.room.name} · {local:%Y-%m-%d %H:%M}"
