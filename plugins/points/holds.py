"""Holds: two-phase spending. Points are set aside, then captured or released, wholly or in part, each part once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from core import clock
from core.accounts import access
from core.audit.record import record
from core.contract import Actor, HoldState, NotEnoughPoints
from core.db import Id, locked, savepoint, session
from core.errors import Invalid, KeyReused, NotFound, WrongState
from core.explanations import Explanation, explain
from core.people import holders as locking
from core.people.models import Group
from plugins.points import expiry, ledger, lots
from plugins.points.ledger import Entry
from plugins.points.models import Account, AccountKind, Hold, HoldPart, Kind, Line, Lot, SetAside, Transfer
from plugins.points.requests import HoldRequest, PartRequest


def hold(holder_id: Id, points: int, *, reason: Explanation, key: str, until: datetime | None) -> Hold:
    """Set points aside, once for each `key`; sent again with the same content it returns the first hold.

    Raises:
        NotEnoughPoints: the holder has less to spend.
        KeyReused: the key belongs to another content.
        Invalid: less than one point.
    """
    if points < 1:
        raise Invalid({"points": [explain("too_small", least=1)]})
    locking.lock([holder_id])
    if (first := _by_key(key)) is not None:
        return _same(first, holder_id, points, reason, until)
    account = ledger.account_of(holder_id)
    expiry.expire_of(account)
    if (available := account.balance - account.held) < points:
        raise NotEnoughPoints(price=points, available=available)
    made = Hold(
        account_id=account.id,
        holder_id=holder_id,
        key=key,
        points=points,
        open=points,
        captured=0,
        released=0,
        reason=reason,
        until=until,
        made_at=clock.now(),
    )
    try:
        with savepoint():
            session.add(made)
    except IntegrityError:  # another holder's, at the same moment
        return _same(session.scalars(select(Hold).where(Hold.key == key)).one(), holder_id, points, reason, until)
    account.held += points
    lots.set_aside(made, points)
    return made


def _by_key(key: str) -> Hold | None:
    return session.scalar(select(Hold).where(Hold.key == key))


def _same(first: Hold, holder_id: Id, points: int, reason: Explanation, until: datetime | None) -> Hold:
    if (first.holder_id, first.points, first.reason, first.until) != (holder_id, points, reason, until):
        raise KeyReused(key=first.key)
    return first


def capture(hold_id: Id, points: int | None, *, at: datetime) -> Hold:
    """Take points of what a hold still holds, dated `at`; the rest stays held.

    Args:
        hold_id: the hold.
        points: how many; None: all that is open.
        at: the moment it belongs to.

    Raises:
        NotFound: there is no such hold here.
        WrongState: nothing of it is open, or its time was over at `at`.
        Invalid: more than is open.
    """
    found, account = _locked(hold_id)
    if found.until is not None and at >= found.until:  # by time, not by sweep
        raise WrongState(state=HoldState.RELEASED.value)
    points = _part(found, points)
    spent = ledger.house_account(AccountKind.SPENT)
    [transfer_id] = ledger.post(
        [
            Entry(
                key=f"capture:{found.id}:{found.captured}",
                kind=Kind.SPENT,
                reason=found.reason,
                at=at,
                moves={account.id: -points, spent: points},
                frees={account.id: points},
            )
        ],
        into_debt=True,  # of a hold that a withdrawal uncovered
    )
    lots.take(account.id, points, transfer_id, hold=found)
    _add_part(found, points, at=at, transfer_id=transfer_id)
    found.captured += points
    found.open -= points
    session.flush()
    return found


def _add_part(found: Hold, points: int, *, at: datetime, transfer_id: Id | None) -> None:
    """Write down a capture or a release, so that the past can be read."""
    last = session.scalar(select(func.max(HoldPart.number)).where(HoldPart.hold_id == found.id))
    session.add(HoldPart(hold_id=found.id, number=(last or 0) + 1, at=at, points=points, transfer_id=transfer_id))


def release(hold_id: Id, points: int | None, *, at: datetime) -> Hold:
    """Give back points of what a hold still holds, dated `at`, its `until` at the latest; see `capture` for the rest."""
    found, account = _locked(hold_id)
    points = _part(found, points)
    at = at if found.until is None else min(at, found.until)
    lots.free(found, points, day=ledger.day_of(at), account=account)
    _add_part(found, points, at=at, transfer_id=None)
    found.released += points
    found.open -= points
    account.held -= points
    session.flush()
    if account.held:
        lots.cover(account.id)
    return found


def _locked(hold_id: Id) -> tuple[Hold, Account]:
    """The hold and its account, both locked, after their holder."""
    holder_id = session.scalar(select(Hold.holder_id).where(Hold.id == hold_id))
    if holder_id is None:
        raise NotFound(what="hold", id=hold_id)
    locking.lock([holder_id])
    found = session.scalars(locked(select(Hold).where(Hold.id == hold_id))).one()
    locking.still([found.holder_id], [holder_id])
    return found, ledger.account_of(holder_id)


def _part(found: Hold, points: int | None) -> int:
    if found.open == 0:
        raise WrongState(state=found.state.value)
    if points is None:
        return found.open
    if points < 1:
        raise Invalid({"points": [explain("too_small", least=1)]})
    if points > found.open:
        raise Invalid({"points": [explain("too_large", most=found.open)]})
    return points


def release_vanished() -> int:
    """The sweep: release holds whose seller never came back, as of their `until`, and so in this order."""
    due = session.execute(
        select(Hold.id, Hold.until).where(Hold.open > 0, Hold.until <= clock.now()).order_by(Hold.until, Hold.id)
    ).all()
    locking.lock(session.scalars(select(Hold.holder_id).where(Hold.id.in_([hold_id for hold_id, _ in due]))))
    for hold_id, until in due:
        release(hold_id, None, at=until or clock.now())
    return len(due)


# --- over REST -----------------------------------------------------------------------------------------------------


def hold_for(request: HoldRequest, *, by: Actor) -> Hold:
    """Staff or a program set points of a holder aside.

    Raises:
        NotEnoughPoints: the holder has less to spend.
        Invalid: the hold would end before it begins.
    """
    access.check(by, "points.hold", request.holder_id)
    if request.expires_at <= clock.now():
        raise Invalid({"expires_at": [explain("points_hold_past")]})
    reason = explain("points_typed", words=request.reason)
    made = hold(request.holder_id, request.points, reason=reason, key=f"typed:{uuid7()}", until=request.expires_at)
    after = {"points": request.points, "reason": request.reason, "expires_at": request.expires_at}
    record("points.hold", by=by, subject=made.holder.name, subject_id=made.id, after=after)
    return made


def capture_for(hold_id: Id, request: PartRequest, *, by: Actor) -> Hold:
    """Staff or a program capture a hold; see `capture`."""
    _check_typed(hold_id, by)
    found = capture(hold_id, request.points, at=clock.now())
    return _recorded("points.capture", found, by)


def release_for(hold_id: Id, request: PartRequest, *, by: Actor) -> Hold:
    """Staff or a program release a hold; see `release`."""
    _check_typed(hold_id, by)
    found = release(hold_id, request.points, at=clock.now())
    return _recorded("points.release", found, by)


def _check_typed(hold_id: Id, by: Actor) -> None:
    """Only holds made over REST may end over REST: a reservation's belongs to whoever sold it."""
    found = session.scalar(select(Hold).where(Hold.id == hold_id))
    if found is None:
        raise NotFound(what="hold", id=hold_id)
    access.check(by, "points.hold", found.holder_id)
    if not found.key.startswith("typed:"):
        raise WrongState(state="reserved")


def _recorded(act: str, found: Hold, by: Actor) -> Hold:
    after = {"points": found.points, "captured": found.captured, "released": found.released}
    record(act, by=by, subject=found.holder.name, subject_id=found.id, after=after)
    return found


# --- what must always hold -----------------------------------------------------------------------------------------


def faults() -> Iterator[Explanation]:
    """L3 and L5 as the database shows them."""
    held = select(Hold.account_id, func.sum(Hold.open)).group_by(Hold.account_id)
    opened = {account_id: int(points) for account_id, points in session.execute(held)}
    may_owe = set(
        session.scalars(
            select(Line.account_id)
            .join(Transfer, Transfer.id == Line.transfer_id)
            .where(Transfer.kind.in_([Kind.WITHDRAWN, Kind.REVERSED, Kind.MOVED]))
            .distinct()
        )
    )
    # a merged group's holds may have come along without the points that a withdrawal took from them
    may_owe |= set(session.scalars(select(Account.id).join(Group, Group.merged_into == Account.holder_id)))
    for account in session.scalars(select(Account)):
        if account.held != opened.get(account.id, 0):
            yield explain("points_check_l5", account=account.id, held=account.held, holds=opened.get(account.id, 0))
        if account.kind is AccountKind.OWN and account.balance < account.held and account.id not in may_owe:
            yield explain("points_check_l3", account=account.id, available=account.balance - account.held)
    aside = select(SetAside.hold_id, func.sum(SetAside.points).label("points")).group_by(SetAside.hold_id).subquery()
    too_much = select(Hold.id).join(aside, aside.c.hold_id == Hold.id).where(aside.c.points > Hold.open)
    foreign = (
        select(Hold.id)
        .join(SetAside, SetAside.hold_id == Hold.id)
        .join(Lot, Lot.id == SetAside.lot_id)
        .where(Lot.account_id != Hold.account_id)
    )
    for hold_id in {*session.scalars(too_much), *session.scalars(foreign)}:
        yield explain("points_check_hold", hold=hold_id)
    yield from _part_faults()
    yield from _spent_faults()


def _spent_faults() -> Iterator[Explanation]:
    """L5: what holds say was captured is what was spent."""
    captured = session.scalars(select(func.coalesce(func.sum(Hold.captured), 0))).one()
    spent = session.scalars(
        select(func.coalesce(func.sum(Line.points), 0))
        .join(Transfer, Transfer.id == Line.transfer_id)
        .where(Transfer.kind == Kind.SPENT, Line.points > 0)
    ).one()
    if int(captured) != int(spent):
        yield explain("points_check_spent", captured=int(captured), spent=int(spent))


def _part_faults() -> Iterator[Explanation]:
    """L5: what became of a hold is the sum of its parts, and each capture is a transfer of so many points."""
    spent = (
        select(Line.transfer_id, func.sum(Line.points).label("points"))
        .join(Transfer, Transfer.id == Line.transfer_id)
        .where(Transfer.kind == Kind.SPENT, Line.points > 0)
        .group_by(Line.transfer_id)
        .subquery()
    )
    captured, released = HoldPart.transfer_id.is_not(None), HoldPart.transfer_id.is_(None)
    parts = (
        select(
            HoldPart.hold_id,
            func.sum(case((captured, HoldPart.points), else_=0)).label("captured"),
            func.sum(case((released, HoldPart.points), else_=0)).label("released"),
            func.sum(case((captured & (HoldPart.points != func.coalesce(spent.c.points, 0)), 1), else_=0)).label(
                "torn"
            ),
        )
        .outerjoin(spent, spent.c.transfer_id == HoldPart.transfer_id)
        .group_by(HoldPart.hold_id)
        .subquery()
    )
    wrong = (
        select(Hold.id)
        .outerjoin(parts, parts.c.hold_id == Hold.id)
        .where(
            (Hold.captured != func.coalesce(parts.c.captured, 0))
            | (Hold.released != func.coalesce(parts.c.released, 0))
            | (parts.c.torn > 0)
        )
    )
    for hold_id in session.scalars(wrong):
        yield explain("points_check_parts", hold=hold_id)
