"""What those who lead a group, or a resident, are told of their sessions: reminders, and what others did with them.

Who acts for themselves is not told what they did. Reminders are kept by a key that names the session and its start, so a sweep
may run twice or late, and a session that was moved is reminded at its new time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import product

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import joinedload

from core import clock
from core.contract import Actor, HolderKind
from core.db import Id, session
from core.explanations import Explanation, Fact, explain
from core.notices import outbox, recipients
from core.notices.models import NoticeKind
from core.notices.outbox import About, Notice
from core.notices.recipients import Recipient
from core.people.models import Holder
from core.plugins import here
from plugins.booking.models import Reservation, Side, Status

MORNING = time(7)  # of the day before, local: whoever cannot come may still cancel for nothing
AHEAD = timedelta(hours=2)
# So long after its moment a reminder is still of use; a sweep that comes later says nothing.
STILL_MORNING, STILL_AHEAD = timedelta(hours=12), timedelta(hours=1)
PENDING = (NoticeKind.REQUEST, NoticeKind.REMINDER)  # no use once a session is given up or elsewhere


# --- reminders -----------------------------------------------------------------------------------------------------


def remind() -> int:
    """The sweep: the day before and two hours before, each once; not of what was booked after that moment.

    Answers how many notices are new.
    """
    now, today = clock.now(), here().today()
    morning = datetime.combine(today, MORNING, tzinfo=here().zone)
    soon = and_(Reservation.starts_at > now + AHEAD - STILL_AHEAD, Reservation.starts_at <= now + AHEAD)
    tomorrow = and_(Reservation.day == today + timedelta(days=1), Reservation.booked_at <= morning)
    wanted = or_(soon, tomorrow) if morning <= now <= morning + STILL_MORNING else soon
    found = session.scalars(
        select(Reservation)
        .join(Reservation.holder)
        .where(
            wanted,
            Reservation.day.in_([today, today + timedelta(days=1)]),  # along its index
            Reservation.status == Status.CONFIRMED,
            Holder.kind != HolderKind.CENTRE,
        )
        .options(joinedload(Reservation.room), joinedload(Reservation.holder))
        .order_by(Reservation.starts_at, Reservation.id)
    ).all()
    readers = _readers([one.holder for one in found])
    return outbox.send(
        Notice(to=reader, words=words, key=key, about=_about(one, NoticeKind.REMINDER))
        for one in found
        for key, words in _reminders(one, now)
        for reader in readers[one.holder_id]
    )


def _reminders(one: Reservation, now: datetime) -> Sequence[tuple[str, Explanation]]:
    start = int(one.starts_at.timestamp())
    if one.starts_at > now + AHEAD:
        free = one.price_points > 0 and now <= one.cancel_until
        until: dict[str, Fact] = {"until": one.cancel_until, "points": one.price_points} if free else {}
        return [(f"booking.day_before:{one.id}:{start}", explain("booking.day_before", **_facts(one), **until))]
    if one.booked_at > one.starts_at - AHEAD or one.check_in_from is None or one.check_in_until is None:
        return []
    doors = {"opens": _clock(one.check_in_from), "closes": _clock(one.check_in_until)}
    return [(f"booking.soon:{one.id}:{start}", explain("booking.soon", **_facts(one), **doors))]


# --- what others did -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and when a session was, before it was moved."""

    room: str
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, one: Reservation) -> Place:
        """As it is now."""
        return cls(room=one.room.name, starts_at=one.starts_at, ends_at=one.ends_at)


def booked(made: Sequence[Reservation], *, by: Actor) -> None:
    """The staff booked for somebody; several at once are of one holder and told in one sentence."""
    if by.account_id is None:  # the installation itself: what it does for them they asked for elsewhere
        return
    first = made[0]
    price = sum(one.price_points for one in made)
    _tell(first, explain(_code("booked", made), **_facts(first), **_count(made), price=price), by=by)


def cancelled(gone: Sequence[Reservation], *, by: Actor) -> None:
    """Sessions were given up, by the centre or by the staff for the group; those of one holder are told in one sentence."""
    for one, kind in product(gone, PENDING):
        outbox.withdraw(one.id, kind)
    for holder_id in dict.fromkeys(one.holder_id for one in gone):
        theirs = sorted((one for one in gone if one.holder_id == holder_id), key=lambda one: (one.starts_at, one.id))
        first = theirs[0]
        centre = first.cancelled_by is Side.CENTRE
        points = {late: sum(one.price_points for one in theirs if one.cancelled_late == late) for late in (False, True)}
        more: dict[str, Fact] = {"reason": first.cancel_reason, "back": points[False], "taken": points[True]}
        code = _code("cancelled_by_centre" if centre else "cancelled_for_you", theirs)
        _tell(first, explain(code, **_facts(first), **_count(theirs), **more), by=by, always=centre)


def moved_several(moved: Sequence[tuple[Reservation, Place]], *, by: Actor) -> None:
    """Dates of a series are elsewhere, or at another time: one sentence, of the first of them that is."""
    there = [(one, was) for one, was in moved if Place.of(one) != was]
    for (one, _was), kind in product(there, PENDING):
        outbox.withdraw(one.id, kind)
    if there:
        first, dates = there[0][0], [one for one, _was in there]
        price, begins_at = sum(one.price_points for one in dates), min(first.starts_at, there[0][1].starts_at)
        words = explain("booking.moved_several", **_facts(first), count=len(dates), price=price)
        _tell(first, words, by=by, begins_at=begins_at)


def moved(one: Reservation, was: Place, *, by: Actor) -> None:
    """A session is elsewhere, or at another time; nothing where it is not."""
    if Place.of(one) == was:
        return
    for kind in PENDING:
        outbox.withdraw(one.id, kind)
    before = {f"was_{name}": fact for name, fact in _facts(one, was).items() if name != "holder"}
    words = explain("booking.moved", **_facts(one), **before, price=one.price_points)
    _tell(one, words, by=by, begins_at=min(one.starts_at, was.starts_at))


def shortened(one: Reservation, *, by: Actor) -> None:
    """A session ends earlier."""
    _tell(one, explain("booking.shortened", **_facts(one)), by=by)


def missed(one: Reservation, *, number: int, most: int, closed_days: int) -> None:
    """Nobody came, for the `number`th time that counts; the one before the last allowed is a warning (DOMAIN 5)."""
    facts = _facts(one) | {"taken": one.price_points, "days": closed_days, "until": one.day + timedelta(closed_days)}
    code = "no_show_closed" if number >= most else "no_show_warning" if number == most - 1 else "no_show"
    words = explain(f"booking.{code}", **facts)
    _tell_once(one, words, f"booking.no_show:{one.id}", _about(one, NoticeKind.NEWS))


def asked(one: Reservation, until: datetime) -> None:
    """Nobody came to the date before this one: whether they will come now must be said by then."""
    about = About(kind=NoticeKind.REQUEST, page="booking.reservation", id=one.id, begins_at=until)
    _tell_once(one, explain("booking.series_asked", **_facts(one), until=until), f"booking.asked:{one.id}", about)


def freed(one: Reservation) -> None:
    """Nobody said that they will come."""
    for kind in PENDING:
        outbox.withdraw(one.id, kind)
    words = explain("booking.series_freed", **_facts(one), back=one.price_points)
    _tell_once(one, words, f"booking.freed:{one.id}", _about(one, NoticeKind.CHANGE))


def _tell_once(one: Reservation, words: Explanation, key: str, about: About) -> None:
    """Tell those whose session it is what time has brought, however often a sweep runs."""
    readers = _readers([one.holder])[one.holder_id]
    outbox.send(Notice(to=reader, words=words, key=key, about=about) for reader in readers)


def _tell(
    one: Reservation, words: Explanation, *, by: Actor, begins_at: datetime | None = None, always: bool = False
) -> None:
    """Tell those whose session it is, but not whoever does it. `always`: also where it was one of them who did."""
    if one.holder_id in by.holders and not always:
        return
    about = _about(one, NoticeKind.CHANGE, begins_at)
    readers = _readers([one.holder])[one.holder_id]
    outbox.send(Notice(to=to, words=words, about=about) for to in readers if to.resident_id != by.resident_id)


# --- the pieces ----------------------------------------------------------------------------------------------------


def _readers(holders: Collection[Holder]) -> Mapping[Id, Sequence[Recipient]]:
    """Of a group its leaders of today, of a resident itself, of the centre nobody."""
    groups = {one.id for one in holders if one.kind is HolderKind.GROUP}
    residents = {one.id: [Recipient(resident_id=one.id)] for one in holders if one.kind is HolderKind.RESIDENT}
    centres = {one.id: () for one in holders if one.kind is HolderKind.CENTRE}
    return {**(recipients.leaders(groups) if groups else {}), **residents, **centres}


def _about(one: Reservation, kind: NoticeKind, begins_at: datetime | None = None) -> About:
    return About(kind=kind, page="booking.reservation", id=one.id, begins_at=begins_at or one.starts_at)


def _code(what: str, of: Sequence[Reservation]) -> str:
    return f"booking.{what}" if len(of) == 1 else f"booking.{what}_several"


def _count(of: Sequence[Reservation]) -> Mapping[str, int]:
    return {} if len(of) == 1 else {"count": len(of)}


def _facts(one: Reservation, place: Place | None = None) -> dict[str, Fact]:
    """Whose, where and when, as sentences say it in any language."""
    there = place or Place.of(one)
    return {
        "holder": one.holder.name,
        "room": there.room,
        "day": there.starts_at.astimezone(here().zone).date(),
        "times": f"{_clock(there.starts_at)}–{end if (end := _clock(there.ends_at)) != '0:00' else '24:00'}",
    }


def _clock(moment: datetime) -> str:
    local = moment.astimezone(here().zone)
    return f"{local.hour}:{local.minute:02}"
