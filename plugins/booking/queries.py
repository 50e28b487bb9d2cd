"""What rules and pages read: each a fixed number of statements, however long the history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import joinedload, load_only

from core.db import Id, session
from core.errors import NotFound
from core.people.models import Holder
from plugins.booking.models import (
    LONGEST_BUFFER,
    Charge,
    ChargeState,
    Claim,
    Closure,
    Hours,
    Occupancy,
    Reservation,
    Room,
    RoomSpace,
    Space,
    Status,
)
from plugins.booking.policy import NoShowRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What counts for or against a holder: base minutes used of a week, and the days of its no-shows."""

    week_minutes: int = 0
    missed_days: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The same of several weeks: Monday → base minutes used."""

    weeks: Mapping[date, int] = field(default_factory=dict)
    missed_days: tuple[date, ...] = ()

    def of(self, week: date) -> Record:
        """The record of one week, by its Monday."""
        return Record(week_minutes=self.weeks.get(week, 0), missed_days=self.missed_days)


def room(room_id: Id) -> Room:
    """A room.

    Raises:
        NotFound: there is none of that id.
    """
    found = session.scalar(select(Room).where(Room.id == room_id))
    if found is None:
        raise NotFound(what="room_id")
    return found


def holder(holder_id: Id) -> Holder:
    """Whoever reserves.

    Raises:
        NotFound: there is none of that id.
    """
    found = session.scalar(select(Holder).where(Holder.id == holder_id))
    if found is None:
        raise NotFound(what="holder_id")
    return found


def rooms() -> Sequence[Room]:
    """All rooms, in the order in which they were made."""
    return session.scalars(select(Room).order_by(Room.created_at, Room.id)).all()


def space_codes() -> Mapping[Id, Sequence[str]]:
    """Room → the codes of its spaces."""
    found: dict[Id, list[str]] = defaultdict(list)
    pairs = select(RoomSpace.room_id, Space.code).join(Space, Space.id == RoomSpace.space_id).order_by(Space.code)
    for room_id, code in session.execute(pairs):
        found[room_id].append(code)
    return found


def spaces() -> Mapping[Id, frozenset[Id]]:
    """Room → its spaces."""
    found: dict[Id, set[Id]] = defaultdict(set)
    for room_id, space_id in session.execute(select(RoomSpace.room_id, RoomSpace.space_id)):
        found[room_id].add(space_id)
    return {room_id: frozenset(parts) for room_id, parts in found.items()}


# Statements of every timetable are built once: building takes as long as asking.
_ROOMS_WITH_SPACES = (
    select(Room, RoomSpace.space_id).join(RoomSpace, RoomSpace.room_id == Room.id).order_by(Room.created_at, Room.id)
)


def rooms_with_spaces() -> Sequence[tuple[Room, frozenset[Id]]]:
    """All rooms, in the order in which they were made, each with its spaces; one statement."""
    found: dict[Room, set[Id]] = defaultdict(set)
    for room, space_id in session.execute(_ROOMS_WITH_SPACES):
        found[room].add(space_id)
    return [(room, frozenset(parts)) for room, parts in found.items()]


def hours(room_id: Id | None = None, *, weekday: int | None = None) -> Sequence[Hours]:
    """Opening hours, of a room or of all, on a weekday or on all; in order."""
    wanted = select(Hours).order_by(Hours.room_id, Hours.weekday, Hours.opens)
    if room_id is not None:
        wanted = wanted.where(Hours.room_id == room_id)
    if weekday is not None:
        wanted = wanted.where(Hours.weekday == weekday)
    return session.scalars(wanted).all()


def closures(starts_at: datetime, ends_at: datetime | None = None, *, room_id: Id | None = None) -> Sequence[Closure]:
    """Closures that touch a time (without end: from then on), half-open, of a room or of all."""
    wanted = select(Closure).where(Closure.ends_at > starts_at).order_by(Closure.starts_at, Closure.id)
    if ends_at is not None:
        wanted = wanted.where(Closure.starts_at < ends_at)
    if room_id is not None:
        wanted = wanted.where(Closure.room_id == room_id)
    return session.scalars(wanted).all()


_UNFORGIVEN = and_(Reservation.missed_at(bindparam("now")), Reservation.forgiven_at.is_(None))
_RECORDS = (
    select(
        Reservation.week, Reservation.day, Reservation.base_minutes, Reservation.counts(bindparam("now")), _UNFORGIVEN
    )
    .where(
        Reservation.holder_id == bindparam("holder_id"),
        Reservation.day >= bindparam("since"),  # SQLite takes the index of a holder's days for a range alone
        or_(Reservation.week.between(bindparam("first"), bindparam("last")), _UNFORGIVEN),
    )
    .order_by(Reservation.day)
)


def records(holder_id: Id, *, weeks: tuple[date, date], today: date, now: datetime, rule: NoShowRule) -> Records:
    """What counts for or against a holder from one Monday's week to another's: one statement over a season and those weeks."""
    first, last = weeks
    since = min(first, today - timedelta(days=rule.closed_days + rule.days))
    asked = {"holder_id": holder_id, "first": first, "last": last, "since": since, "now": now}
    used: dict[date, int] = defaultdict(int)
    missed = []
    for week, day, base, counts, is_missed in session.execute(_RECORDS, asked):
        if counts and first <= week <= last:
            used[week] += base
        if is_missed:
            missed.append(day)
    return Records(weeks=used, missed_days=tuple(missed))


def _named() -> Select[Reservation]:
    """Reservations with their room and holder."""
    return select(Reservation).options(
        joinedload(Reservation.room, innerjoin=True), joinedload(Reservation.holder, innerjoin=True)
    )


def _with_names(where: ColumnElement[bool], *more: ColumnElement[bool]) -> Sequence[Reservation]:
    return session.scalars(_named().where(where, *more).order_by(Reservation.starts_at, Reservation.id)).all()


# What a timetable draws; anything else of such a reservation would be read by itself when somebody asks for it.
DRAWN = (
    Reservation.room_id,
    Reservation.holder_id,
    Reservation.day,
    Reservation.starts_at,
    Reservation.ends_at,
    Reservation.setup_minutes,
    Reservation.clearup_minutes,
    Reservation.title,
    Reservation.extension_minutes,
)


_STANDING = (
    select(Reservation)
    .options(joinedload(Reservation.holder, innerjoin=True).load_only(Holder.kind, Holder.name), load_only(*DRAWN))
    .where(
        # SQLite takes the index of days for a range alone; of the days beside this one only what may be near enough.
        Reservation.day.between(bindparam("before"), bindparam("after")),
        or_(
            and_(Reservation.ends_at > bindparam("since"), Reservation.starts_at < bindparam("until")),
            and_(Reservation.clearup_minutes > 0, Reservation.ends_at > bindparam("long_since")),
            and_(Reservation.setup_minutes > 0, Reservation.starts_at < bindparam("long_until")),
        ),
        Reservation.status != Status.CANCELLED,
        ~Reservation.gone_at(bindparam("now")),
    )
    .order_by(Reservation.starts_at, Reservation.id)
)


def standing_between(
    first: date, last: date, since: datetime, until: datetime, *, now: datetime
) -> Sequence[Reservation]:
    """Reservations of local days, both inclusive, with their holders, and those beside them that may hold a time near them.

    `since`, `until`: the days with the rooms' own buffers around them. Cancelled and missed ones are left out.
    """
    beside, longest = timedelta(days=1), timedelta(minutes=LONGEST_BUFFER)
    asked = {
        "before": first - beside,
        "after": last + beside,
        "since": since,
        "until": until,
        "long_since": since - longest,
        "long_until": until + longest,
    }
    return session.scalars(_STANDING, {**asked, "now": now}).all()


def touching(starts_at: datetime, ends_at: datetime, *, now: datetime, room_id: Id | None) -> Sequence[Reservation]:
    """Reservations that touch a time, half-open; cancelled and missed ones left out."""
    room = [] if room_id is None else [Reservation.room_id == room_id]
    return _with_names(
        Reservation.day.between(starts_at.date() - timedelta(days=1), ends_at.date() + timedelta(days=1)),
        Reservation.starts_at < ends_at,
        Reservation.ends_at > starts_at,
        Reservation.status != Status.CANCELLED,
        ~Reservation.gone_at(now),
        *room,
    )


def taken_quarters(room_id: Id, first: int, stop: int, *, now: datetime) -> frozenset[int]:
    """The quarter hours, from `first` to before `stop`, in which somebody has the room or a part of it."""
    found = session.scalars(
        select(Occupancy.quarter)
        .join(RoomSpace, RoomSpace.space_id == Occupancy.space_id)
        .join(Claim, Claim.id == Occupancy.claim_id)
        .outerjoin(Reservation, Reservation.id == Claim.reservation_id)
        .where(RoomSpace.room_id == room_id, Occupancy.quarter >= first, Occupancy.quarter < stop)
        .where(or_(Reservation.id.is_(None), ~Reservation.gone_at(now)))
    )
    return frozenset(found)


def standing_after(now: datetime) -> Sequence[Reservation]:
    """Reservations that have not ended; cancelled and missed ones left out."""
    standing = Reservation.status.in_([Status.CONFIRMED, Status.CHECKED_IN]) & ~Reservation.gone_at(now)
    return session.scalars(select(Reservation).where(Reservation.ends_at > now, standing)).all()


def all_between(first: date, last: date) -> Sequence[Reservation]:
    """Every reservation of some local days, both inclusive, but cancelled ones."""
    return _with_names(Reservation.day.between(first, last), Reservation.status != Status.CANCELLED)


def day_of(day: date, holders: Collection[Id] | None) -> Sequence[Reservation]:
    """Every reservation of a local day, of some holders or of all, cancelled ones too."""
    return _with_names(Reservation.day == day, *([] if holders is None else [Reservation.holder_id.in_(holders)]))


def reservation(reservation_id: Id) -> Reservation:
    """A reservation with its room and holder.

    Raises:
        NotFound: there is none of that id.
    """
    found = _with_names(Reservation.id == reservation_id)
    if not found:
        raise NotFound(what="reservation_id")
    return found[0]


def upcoming(holders: Collection[Id], *, now: datetime, most: int) -> Sequence[Reservation]:
    """What holders have before them or are in, soonest first; missed ones left out."""
    return session.scalars(
        _named()
        .where(
            Reservation.holder_id.in_(holders),
            Reservation.ends_at > now,
            Reservation.status.in_([Status.CONFIRMED, Status.CHECKED_IN]),
            ~Reservation.gone_at(now),
        )
        .order_by(Reservation.starts_at, Reservation.id)
        .limit(most)
    ).all()


def earlier(holders: Collection[Id], *, now: datetime, most: int) -> Sequence[Reservation]:
    """What holders had, latest first: ended, missed and cancelled."""
    return session.scalars(
        _named()
        .where(
            Reservation.holder_id.in_(holders),
            or_(Reservation.ends_at <= now, Reservation.gone_at(now), Reservation.status == Status.CANCELLED),
        )
        .order_by(Reservation.starts_at.desc(), Reservation.id)
        .limit(most)
    ).all()


def page_of_reservations(
    *,
    holders: Collection[Id] | None,
    room_id: Id | None,
    since: date | None,
    until: date | None,
    after: Id | None,
    limit: int,
) -> Sequence[Reservation]:
    """Reservations by id, which is the order of booking; one more than `limit`, so that one knows whether more follow."""
    where = [Reservation.id > after] if after is not None else []
    if holders is not None:
        where.append(Reservation.holder_id.in_(holders))
    if room_id is not None:
        where.append(Reservation.room_id == room_id)
    if since is not None:
        where.append(Reservation.day >= since)
    if until is not None:
        where.append(Reservation.day <= until)
    return session.scalars(_named().where(*where).order_by(Reservation.id).limit(limit + 1)).all()


def no_shows_since(day: date, *, now: datetime, most: int) -> Sequence[Reservation]:
    """No-shows that count, of a day and later, latest first."""
    return session.scalars(
        _named()
        .where(Reservation.day >= day, Reservation.missed_at(now), Reservation.forgiven_at.is_(None))
        .order_by(Reservation.starts_at.desc(), Reservation.id)
        .limit(most)
    ).all()


def within(room_id: Id, starts_at: datetime, ends_at: datetime, *, now: datetime) -> Sequence[Reservation]:
    """Reservations of a room that touch a time, half-open, and have not ended; cancelled and missed ones left out."""
    return _with_names(
        Reservation.room_id == room_id,
        Reservation.starts_at < ends_at,
        Reservation.ends_at > starts_at,
        Reservation.ends_at > now,
        Reservation.status != Status.CANCELLED,
        ~Reservation.gone_at(now),
    )


def charges_of(reservation_id: Id) -> Sequence[Charge]:
    """What became of the points of a reservation, in the order in which they were set aside."""
    return session.scalars(select(Charge).where(Charge.reservation_id == reservation_id).order_by(Charge.id)).all()


def number_of_charges(reservation_id: Id) -> int:
    """How many charges a reservation has, those given back too."""
    number = select(func.count()).select_from(Charge).where(Charge.reservation_id == reservation_id)
    return session.scalar(number) or 0


def paid_by(hold_ids: Collection[Id]) -> Sequence[tuple[Id, Id, Id]]:
    """Of holds: each with the reservation it pays for and its holder."""
    rows = session.execute(
        select(Charge.hold_id, Reservation.id, Reservation.holder_id)
        .join(Reservation, Reservation.id == Charge.reservation_id)
        .where(Charge.hold_id.in_(hold_ids))
        .distinct()
    )
    return [(hold_id, reservation_id, holder_id) for hold_id, reservation_id, holder_id in rows]


def held_of(reservation_ids: Collection[Id]) -> Mapping[Id, int]:
    """The points set aside for each of these reservations that nothing has become of yet; 0 where there are none."""
    held = (Charge.reservation_id.in_(reservation_ids), Charge.state == ChargeState.HELD)
    summed = select(Charge.reservation_id, func.sum(Charge.points)).where(*held).group_by(Charge.reservation_id)
    return dict.fromkeys(reservation_ids, 0) | dict(session.execute(summed).all())


def charges_due() -> Sequence[tuple[Id, Id]]:
    """Charges to settle, and whose they are."""
    due = [ChargeState.CAPTURE_DUE, ChargeState.RELEASE_DUE]
    whose = select(Charge.id, Reservation.holder_id).join(Reservation, Reservation.id == Charge.reservation_id)
    return session.execute(whose.where(Charge.state.in_(due))).all()
