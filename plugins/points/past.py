"""An account as it was at a past moment: three statements, by the moments that movements belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, ScalarSelect, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from core import clock
from core.communities import policy
from core.contract import Holder
from core.db import Id, session
from core.errors import Invalid
from core.explanations import explain
from core.people.models import Membership
from plugins.points import ledger, standing
from plugins.points.models import (
    Account,
    AccountKind,
    Award,
    Category,
    Contribution,
    Hold,
    HoldPart,
    Kind,
    Line,
    Lot,
    Transfer,
    Use,
)
from plugins.points.policy import PointsPolicy
from plugins.points.policy import Standing as Rule
from plugins.points.standing import Standing
from plugins.points.statements import Source, source_of


@dataclass(slots=True, kw_only=True)
class PastLot:
    """What was left of a lot. `held`: as holds set the earliest aside; which lots they had then is not kept."""

    expires_on: date
    remaining: int
    held: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """What a contribution counted for standing at a moment."""

    source: Source | None
    category: str
    day: date
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAccount:
    """What a holder had and where it stood at a moment. `earned`: what its standing summed up, the latest day first."""

    holder: Holder
    at: datetime
    balance: int
    held: int
    standing: Standing
    lots: list[PastLot]
    earned: Sequence[Earned]

    @property
    def available(self) -> int:
        """What could be spent then."""
        return self.balance - self.held


def account(holder: Holder, *, at: datetime) -> PastAccount:
    """A holder's points as of a moment: what belongs to it and to what was before, however late it was written down.

    Raises:
        Invalid: the moment is still to come.
    """
    if at > clock.now():
        raise Invalid({"at": [explain("points_future_moment")]})
    balance, held, members = _figures(holder.id, at)
    rule = policy.at(PointsPolicy, ledger.day_of(at)).standing
    earned = _earned(holder.id, at, rule)
    return PastAccount(
        holder=holder,
        at=at,
        balance=balance,
        held=held,
        standing=_standing(earned, rule, ledger.day_of(at), members),
        lots=_set_aside(_lots(holder.id, at), held),
        earned=earned,
    )


def _figures(holder_id: Id, at: datetime) -> tuple[int, int, int]:
    """Balance, what was set aside, and how many were in the group."""
    day = ledger.day_of(at)
    own = select(Account.id).where(Account.holder_id == holder_id, Account.kind == AccountKind.OWN).scalar_subquery()
    lines = _sum(Line.points, Line.account_id == own, Line.at <= at)
    made = _sum(Hold.points, Hold.account_id == own, Hold.made_at <= at)
    parts = _sum(HoldPart.points, HoldPart.hold_id == Hold.id, Hold.account_id == own, HoldPart.at <= at)
    members = (
        select(func.count(Membership.id))
        .where(
            Membership.group_id == holder_id,
            Membership.from_day <= day,
            or_(Membership.to_day.is_(None), Membership.to_day >= day),
        )
        .scalar_subquery()
    )
    balance, whole, gone, count = session.execute(select(lines, made, parts, members)).one()
    return int(balance), int(whole) - int(gone), int(count)


def _sum(column: InstrumentedAttribute[int], *where: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.coalesce(func.sum(column), 0)).where(*where).scalar_subquery()


def _lots(holder_id: Id, at: datetime) -> list[PastLot]:
    used = (
        select(func.coalesce(func.sum(Use.points), 0))
        .join(Transfer, Transfer.id == Use.transfer_id)
        .where(Use.lot_id == Lot.id, Transfer.at <= at)
        .correlate(Lot)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Lot.expires_on, (Lot.points - used).label("remaining"))
        .join(Transfer, Transfer.id == Lot.transfer_id)
        .join(Account, Account.id == Lot.account_id)
        .where(Account.holder_id == holder_id, Account.kind == AccountKind.OWN, Transfer.at <= at)
        .order_by(Lot.expires_on, Lot.seq)
    )
    return [PastLot(expires_on=row.expires_on, remaining=int(row.remaining)) for row in rows if row.remaining > 0]


def _set_aside(lots: list[PastLot], held: int) -> list[PastLot]:
    for lot in lots:
        lot.held = min(held, lot.remaining)
        held -= lot.held
    return lots


def _earned(holder_id: Id, at: datetime, rule: Rule) -> list[Earned]:
    """What counted, the latest day first."""
    day = ledger.day_of(at)
    taken = (
        select(func.coalesce(func.sum(Line.points), 0))
        .join(Transfer, Transfer.id == Line.transfer_id)
        .where(
            Transfer.reverses_id == Award.transfer_id,
            Transfer.kind == Kind.REVERSED,
            Transfer.at <= at,
            Line.points > 0,
        )
        .correlate(Award)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Award.contribution_id,
            Contribution.holder_id,
            Category.name,
            Award.day,
            (Award.points - taken).label("points"),
        )
        .join(Transfer, Transfer.id == Award.transfer_id)
        .join(Contribution, Contribution.id == Award.contribution_id)
        .join(Category, Category.id == Award.category_id)
        .where(
            Award.holder_id == holder_id,
            Award.day > day - timedelta(days=rule.window_days),
            Award.day <= day,
            Transfer.at <= at,
            or_(Contribution.withdrawn_at.is_(None), Contribution.withdrawn_at > at),
        )
        .order_by(Award.day.desc(), Award.contribution_id.desc())
    )
    return [
        Earned(
            source=source_of(row.contribution_id, row.holder_id), category=row.name, day=row.day, points=int(row.points)
        )
        for row in rows
        if row.points
    ]


def _standing(earned: Sequence[Earned], rule: Rule, day: date, members: int) -> Standing:
    by_day: defaultdict[date, int] = defaultdict(int)
    for one in reversed(earned):
        by_day[one.day] += one.points
    stays = [(day, None)] * members if rule.mode == "per_member" else None
    return standing.Course(rule=rule, day=day, earned=list(by_day.items()), stays=stays).standing()
