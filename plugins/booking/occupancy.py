"""Who has which space in which quarter of an hour: taking, seeing and giving back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, delete, insert, or_, select, tuple_
from sqlalchemy.exc import IntegrityError

from core import clock
from core.db import Id, locked, savepoint, session
from core.errors import DomainError
from core.explanations import Explanation, explain
from plugins.booking import queries
from plugins.booking.models import LONGEST_BUFFER, Claim, ClaimKind, Occupancy, Reservation, RoomSpace, Status

QUARTER_SECONDS = 15 * 60
BATCH = 500  # rows of one statement


class RoomTaken(DomainError):
    """Somebody else has the room, or a part of it, in that time. Facts: alternatives."""

    code, status = "room_taken", 409


def quarters(starts_at: datetime, ends_at: datetime) -> range:
    """The quarter hours that an interval touches, numbered from 1970-01-01T00:00Z.

    Half-open: 09:00 to 10:00 holds 09:00 to 09:45, so the next group may start at 10:00.

    >>> quarters(datetime(1970, 1, 1, 9, tzinfo=UTC), datetime(1970, 1, 1, 10, tzinfo=UTC))
    range(36, 40)
    """
    if starts_at.tzinfo is None or ends_at <= starts_at:
        raise ValueError(f"no interval: {starts_at!r} to {ends_at!r}")
    return range(int(starts_at.timestamp()) // QUARTER_SECONDS, -(-int(ends_at.timestamp()) // QUARTER_SECONDS))


def moment_of(quarter: int) -> datetime:
    """When a quarter hour begins."""
    return datetime.fromtimestamp(quarter * QUARTER_SECONDS, UTC)


def occupy(reservations: Sequence[Reservation]) -> None:
    """Take every quarter hour of reservations, buffers too, in every space of their rooms, or none; the primary key decides.

    Raises:
        RoomTaken: somebody has one of them.
    """
    claims = []
    for one in reservations:
        starts_at, ends_at = one.held
        claims.append(
            Claim(
                kind=ClaimKind.RESERVATION,
                room_id=one.room_id,
                reservation_id=one.id,
                starts_at=starts_at,
                ends_at=ends_at,
            )
        )
    session.add_all(claims)
    session.flush()
    _take(_wanted(claims))


def follow(reservations: Sequence[Reservation]) -> None:
    """Hold what reservations are now, with their buffers: take what they did not have, then give back what is too much.

    What they had and keep is free at no moment.

    Raises:
        RoomTaken: somebody has a quarter hour of what they did not have.
    """
    by_id = {one.id: one for one in reservations}
    # They are there: claims are swept hours after the end, and missed sessions, which may be cleared, change no more.
    own = select(Claim).where(Claim.reservation_id.in_(by_id)).order_by(Claim.id)
    claims = session.scalars(locked(own)).all()
    held = select(Occupancy.space_id, Occupancy.quarter, Occupancy.claim_id).where(
        Occupancy.claim_id.in_([claim.id for claim in claims])
    )
    had = {(space_id, quarter, claim_id) for space_id, quarter, claim_id in session.execute(held)}
    for claim in claims:
        assert claim.reservation_id is not None  # they were asked for by it
        one = by_id[claim.reservation_id]
        claim.room_id, (claim.starts_at, claim.ends_at) = one.room_id, one.held
    session.flush()
    wanted = _wanted(claims)
    _take(wanted - had)
    lost = sorted(had - wanted)
    for at in range(0, len(lost), BATCH):
        keys = [(space_id, quarter) for space_id, quarter, _claim_id in lost[at : at + BATCH]]
        session.execute(delete(Occupancy).where(tuple_(Occupancy.space_id, Occupancy.quarter).in_(keys)))


Quarter = tuple[Id, int, Id]
"""A space, a quarter of an hour, and the claim that has it."""


def _wanted(claims: Iterable[Claim]) -> set[Quarter]:
    rooms = {claim.room_id for claim in claims}
    spaces: dict[Id, list[Id]] = defaultdict(list)
    pairs = select(RoomSpace.room_id, RoomSpace.space_id).where(RoomSpace.room_id.in_(rooms))
    for room_id, space_id in session.execute(pairs):
        spaces[room_id].append(space_id)
    return {
        (space_id, quarter, claim.id)
        for claim in claims
        for space_id in spaces[claim.room_id]
        for quarter in quarters(claim.starts_at, claim.ends_at)
    }


def _take(wanted: set[Quarter]) -> None:
    if not wanted:
        return
    rows = [
        {"space_id": space_id, "quarter": quarter, "claim_id": claim_id}
        for space_id, quarter, claim_id in sorted(wanted)  # one lock order everywhere: no deadlock
    ]
    try:
        with savepoint():
            session.execute(insert(Occupancy), rows)  # in that order, all or none
    except IntegrityError as error:
        raise RoomTaken(alternatives=[]) from error


# --- seeing --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A time, with its buffers, in which somebody has a room or a part of it. `gone`: it stands in no way, missed or freed."""

    reservation_id: Id | None
    starts_at: datetime
    ends_at: datetime
    gone: bool


def holdings(room_id: Id, starts_at: datetime, ends_at: datetime, *, now: datetime) -> list[Holding]:
    """What holds a space of a room between two moments, in order; one statement, however long that is."""
    sharing = select(RoomSpace.space_id).where(RoomSpace.room_id == room_id)
    rooms = select(RoomSpace.room_id).where(RoomSpace.space_id.in_(sharing))
    gone = and_(Reservation.id.is_not(None), Reservation.gone_at(now))
    found = (
        select(Claim.reservation_id, Claim.starts_at, Claim.ends_at, gone)
        .outerjoin(Reservation, Reservation.id == Claim.reservation_id)
        .where(Claim.room_id.in_(rooms), Claim.ends_at > starts_at, Claim.starts_at < ends_at)
        .order_by(Claim.starts_at, Claim.id)
    )
    return [
        Holding(reservation_id=one, starts_at=begins, ends_at=ends, gone=bool(over))
        for one, begins, ends, over in session.execute(found)
    ]


def in_the_way(room_id: Id, starts_at: datetime, ends_at: datetime) -> Sequence[Reservation]:
    """Reservations whose claims hold a space of the room in that time, missed ones too, by id."""
    taken = quarters(starts_at, ends_at)
    claims = (
        select(Claim.reservation_id)
        .join(Occupancy, Occupancy.claim_id == Claim.id)
        .join(RoomSpace, RoomSpace.space_id == Occupancy.space_id)
        .where(RoomSpace.room_id == room_id, Occupancy.quarter >= taken.start, Occupancy.quarter < taken.stop)
    )
    return session.scalars(select(Reservation).where(Reservation.id.in_(claims)).order_by(Reservation.id)).all()


def clear_gone(gone: Iterable[Id]) -> None:
    """Give back what missed and freed sessions hold. Their rows are locked first, so that nobody checks in meanwhile."""
    ids = set(gone)
    if not ids:
        return
    found = session.scalars(locked(select(Reservation).where(Reservation.id.in_(ids)).order_by(Reservation.id)))
    now = clock.now()
    free([reservation.id for reservation in found if reservation.is_gone(now)])


def free(reservation_ids: Iterable[Id]) -> None:
    """Give back everything that reservations hold; no claim is left without its owner."""
    ids = list(reservation_ids)
    if not ids:
        return
    session.flush()
    claims = session.scalars(select(Claim.id).where(Claim.reservation_id.in_(ids))).all()
    _drop(claims)


def sweep_past() -> int:
    """Drop the claims of what is over, so that the hot table stays small for ever; reservations remain.

    The longest set-up later, so that the set-up of a session to come meets them whether or not this has run.
    """
    over = clock.now() - timedelta(minutes=LONGEST_BUFFER)
    past = session.scalars(select(Claim.id).where(Claim.ends_at <= over).limit(2_000)).all()
    _drop(past)
    return len(past)


def _drop(claims: Sequence[Id]) -> None:
    if claims:
        # Occupancy first: it refers to the claim.
        session.execute(delete(Occupancy).where(Occupancy.claim_id.in_(claims)))
        session.execute(delete(Claim).where(Claim.id.in_(claims)))


def broken() -> Iterator[Explanation]:
    """Reservations to come that do not hold exactly their quarters in every space, and claims that hold for nobody."""
    now, spaces = clock.now(), queries.spaces()
    held: dict[Id, set[tuple[Id, int]]] = defaultdict(set)
    owned = select(Claim.reservation_id, Occupancy.space_id, Occupancy.quarter).join(
        Occupancy, Occupancy.claim_id == Claim.id
    )
    for reservation_id, space_id, quarter in session.execute(owned):
        if reservation_id is not None:
            held[reservation_id].add((space_id, quarter))
    for one in queries.standing_after(now):
        should = {(space_id, at) for space_id in spaces[one.room_id] for at in quarters(*one.held)}
        if held[one.id] != should:
            yield explain("booking.bad_claim", reservation=one.id)
    loose = (
        select(Claim.id)
        .outerjoin(Reservation, Reservation.id == Claim.reservation_id)
        .where(or_(Reservation.id.is_(None), Reservation.status.in_([Status.CANCELLED, Status.MISSED])))
    )
    for claim_id in session.scalars(loose):
        yield explain("booking.loose_claim", claim=claim_id)
