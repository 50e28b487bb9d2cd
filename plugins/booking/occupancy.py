"""Who has which space in which quarter of an hour: taking, seeing and giving back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.db import Id, locked, savepoint, session
from core.errors import DomainError
from core.explanations import Explanation, explain
from plugins.booking import queries
from plugins.booking.models import LONGEST_BUFFER, Claim, ClaimKind, Occupancy, Reservation, RoomSpace, Status

QUARTER_SECONDS = 15 * 60


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


def occupy(reservation: Reservation) -> Claim:
    """Take every quarter hour of the reservation, buffers too, in every space of its room, or none; the primary key decides.

    Raises:
        RoomTaken: somebody has one of them.
    """
    held_from, held_until = reservation.held
    claim = Claim(
        kind=ClaimKind.RESERVATION,
        room_id=reservation.room_id,
        reservation_id=reservation.id,
        starts_at=held_from,
        ends_at=held_until,
    )
    session.add(claim)
    session.flush()
    _take(claim, _wanted(claim))
    return claim


def follow(reservation: Reservation) -> None:
    """Hold what the reservation is now, with its buffers: take what it did not have, then give back what it had too much.

    What it had and keeps is free at no moment.

    Raises:
        RoomTaken: somebody has a quarter hour of what it did not have.
    """
    # It is there: claims are swept hours after the end, and missed sessions, which may be cleared, change no more.
    claim = session.scalars(locked(select(Claim).where(Claim.reservation_id == reservation.id))).one()
    mine = select(Occupancy.space_id, Occupancy.quarter).where(Occupancy.claim_id == claim.id)
    had = {(space_id, quarter) for space_id, quarter in session.execute(mine)}
    claim.room_id, (claim.starts_at, claim.ends_at) = reservation.room_id, reservation.held
    session.flush()
    wanted = _wanted(claim)
    _take(claim, wanted - had)
    lost: dict[Id, list[int]] = defaultdict(list)
    for space_id, quarter in had - wanted:
        lost[space_id].append(quarter)
    for space_id, gone in sorted(lost.items()):
        rows = (Occupancy.claim_id == claim.id, Occupancy.space_id == space_id, Occupancy.quarter.in_(gone))
        session.execute(delete(Occupancy).where(*rows))


def _wanted(claim: Claim) -> set[tuple[Id, int]]:
    spaces = session.scalars(select(RoomSpace.space_id).where(RoomSpace.room_id == claim.room_id)).all()
    return {(space_id, quarter) for space_id in spaces for quarter in quarters(claim.starts_at, claim.ends_at)}


def _take(claim: Claim, wanted: set[tuple[Id, int]]) -> None:
    if not wanted:
        return
    rows = [
        {"space_id": space_id, "quarter": quarter, "claim_id": claim.id}
        for space_id, quarter in sorted(wanted)  # one lock order everywhere: no deadlock
    ]
    try:
        with savepoint():
            session.execute(insert(Occupancy).values(rows))  # one statement: all or none
    except IntegrityError as error:
        raise RoomTaken(alternatives=[]) from error


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


def clear_missed(missed: Iterable[Reservation]) -> None:
    """Give back what missed sessions hold. Their rows are locked first, so that nobody checks in meanwhile."""
    ids = [reservation.id for reservation in missed]
    if not ids:
        return
    found = session.scalars(locked(select(Reservation).where(Reservation.id.in_(ids)).order_by(Reservation.id)))
    now = clock.now()
    free([reservation.id for reservation in found if reservation.is_missed(now)])


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
