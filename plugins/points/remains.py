"""What remains of points and what became of them: lots with their last day, holds, and the fate of what a contribution gave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from core.accounts import access
from core.contract import Actor
from core.db import Id, session
from core.explanations import Explanation
from core.people.models import Holder
from plugins.points import queries
from plugins.points.models import Account, AccountKind, Contribution, Hold, HoldPart, Kind, Lot, Transfer, Use
from plugins.points.statements import Source, source_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is left of a lot: usable until the end of `expires_on`; `held` of it is set aside and does not expire."""

    points: int
    remaining: int
    held: int
    expires_on: date
    source: Source | None
    reason: Explanation


def left(holder_id: Id, *, most: int, seen: int = 0) -> Sequence[Left]:
    """What is left of a holder's lots, the first to expire first, after the first `seen`; one more than `most` if more are."""
    rows = session.execute(
        select(Lot, Contribution.holder_id, Transfer.reason)
        .join(Account, Account.id == Lot.account_id)
        .join(Transfer, Transfer.id == Lot.transfer_id)
        .outerjoin(Contribution, Contribution.id == Lot.contribution_id)
        .where(Account.holder_id == holder_id, Account.kind == AccountKind.OWN, Lot.remaining > 0)
        .order_by(Lot.expires_on, Lot.seq)
        .offset(seen)
        .limit(most + 1)
    )
    return [
        Left(
            points=lot.points,
            remaining=lot.remaining,
            held=lot.held,
            expires_on=lot.expires_on,
            source=source_of(lot.contribution_id, of),
            reason=reason,
        )
        for lot, of, reason in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """What a hold has set aside. `until`: given back then at the latest; None: when whoever sold it says so."""

    hold_id: Id
    points: int
    reason: Explanation
    made_at: datetime
    until: datetime | None


def aside(holder_id: Id, *, most: int, seen: int = 0) -> Sequence[Aside]:
    """What is set aside of a holder's points, the oldest first, after the first `seen`; one more than `most` if more is."""
    mine = _holds(holder_id).add_columns(Hold.open).where(Hold.open > 0).offset(seen).limit(most + 1)
    return _asides(session.execute(mine))


def aside_at(holder_id: Id, at: datetime) -> Sequence[Aside]:
    """What was set aside at a moment."""
    gone = (
        select(func.coalesce(func.sum(HoldPart.points), 0))
        .where(HoldPart.hold_id == Hold.id, HoldPart.at <= at)
        .correlate(Hold)
        .scalar_subquery()
    )
    return _asides(
        session.execute(_holds(holder_id).add_columns(Hold.points - gone).where(Hold.made_at <= at, Hold.points > gone))
    )


def _holds(holder_id: Id) -> Select[Hold]:
    return (
        select(Hold)
        .join(Account, Account.id == Hold.account_id)
        .where(Account.holder_id == holder_id, Account.kind == AccountKind.OWN)
        .order_by(Hold.made_at, Hold.id)
    )


def _asides(rows: Iterable[Any]) -> list[Aside]:
    return [
        Aside(hold_id=hold.id, points=int(points), reason=hold.reason, made_at=hold.made_at, until=hold.until)
        for hold, points in rows
    ]


def hold_of(transfer_id: Id) -> Id | None:
    """The hold that a transfer captured, if it did."""
    return session.scalar(select(HoldPart.hold_id).where(HoldPart.transfer_id == transfer_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Went:
    """Where points of a contribution went; `kind` EARNED: they repaid a debt when they came."""

    at: datetime
    kind: Kind
    points: int
    reason: Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of the points that a contribution gave one holder, the latest first, and what is still there."""

    holder: str
    went: Sequence[Went]
    remaining: int
    held: int
    expires_on: date | None  # the first last day of what remains

    def sums(self) -> Mapping[Kind, int]:
        """How many went which way."""
        found: defaultdict[Kind, int] = defaultdict(int)
        for one in self.went:
            found[one.kind] += one.points
        return found


def fates(contribution_id: Id, *, by: Actor) -> Sequence[Fate]:
    """What became of a contribution's points, holder by holder, as far as `by` may see whose points they are; two statements."""
    of = [Lot.contribution_id == contribution_id]
    if access.reach(by, queries.READ) != "all":
        of.append(Account.holder_id.in_(queries.own(by)))
    lots: defaultdict[Id, list[Lot]] = defaultdict(list)
    names: dict[Id, str] = {}
    made = (
        select(Account.id, Holder.name, Lot)
        .join(Lot, Lot.account_id == Account.id)
        .join(Holder, Holder.id == Account.holder_id)
        .where(*of)
        .order_by(Lot.expires_on, Lot.seq)
    )
    for account_id, name, lot in session.execute(made):
        lots[account_id].append(lot)
        names[account_id] = name
    went = _went(of)
    return [
        Fate(
            holder=names[account_id],
            went=list(went[account_id].values()),
            remaining=sum(lot.remaining for lot in found),
            held=sum(lot.held for lot in found),
            expires_on=next((lot.expires_on for lot in found if lot.remaining), None),
        )
        for account_id, found in sorted(lots.items(), key=lambda item: min(lot.id for lot in item[1]))
    ]


def _went(of: Sequence[ColumnElement[bool]]) -> Mapping[Id, Mapping[Id, Went]]:
    """By account and transfer, the latest first; one movement may take from two lots of the same contribution."""
    used = (
        select(Lot.account_id, Transfer.id, Transfer.at, Transfer.kind, Transfer.reason, Use.points)
        .join(Account, Account.id == Lot.account_id)
        .join(Use, Use.lot_id == Lot.id)
        .join(Transfer, Transfer.id == Use.transfer_id)
        .where(*of)
        .order_by(Transfer.at.desc(), Transfer.id.desc())
    )
    found: defaultdict[Id, dict[Id, Went]] = defaultdict(dict)
    for account_id, transfer_id, at, kind, reason, points in session.execute(used):
        before = one.points if (one := found[account_id].get(transfer_id)) else 0
        found[account_id][transfer_id] = Went(at=at, kind=kind, points=before + points, reason=reason)
    return found
