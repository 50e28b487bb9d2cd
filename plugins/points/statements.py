"""Statements: the movements of an account with the balance after each, what caused them, and which contributions paid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Row, Select, case, func, or_, select, tuple_

from core.accounts import access
from core.contract import Actor
from core.db import Id, session
from core.errors import DomainError, Invalid
from core.explanations import Explanation, explain
from plugins.points import queries
from plugins.points.models import Account, AccountKind, Award, Category, Contribution, Kind, Line, Lot, Transfer, Use

MOST_LINES = 10_000  # of a sheet or a copy; some years of a busy group


class TooManyLines(DomainError):
    """More lines than are taken away at once. Facts: most."""

    code = "points_too_many_lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which movements: a half-open period (None: no bound), some kinds (none: all)."""

    begins: datetime | None = None
    ends: datetime | None = None
    kinds: Sequence[Kind] = ()

    def __post_init__(self) -> None:
        if self.begins is not None and self.ends is not None and self.ends < self.begins:
            raise Invalid({"to": [explain("points_period_order")]})

    def conditions(self, account: Account) -> list[ColumnElement[bool]]:
        """Of the lines of an account; a statement that has them joins `Transfer`."""
        found: list[ColumnElement[bool]] = [Line.account_id == account.id]
        if self.begins is not None:
            found.append(Line.at >= self.begins)
        if self.ends is not None:
            found.append(Line.at < self.ends)
        if self.kinds:
            found.append(Transfer.kind.in_(self.kinds))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A contribution, and whose it is."""

    contribution_id: Id
    holder_id: Id


def source_of(contribution_id: Id | None, holder_id: Id | None) -> Source | None:
    """The contribution that a row names, if it names one."""
    if contribution_id is None or holder_id is None:
        return None
    return Source(contribution_id=contribution_id, holder_id=holder_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Points of one contribution that a movement took; `source` None: of what `reason` says, a gift or a correction."""

    points: int
    source: Source | None
    category: str | None
    day: date | None
    reason: Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One movement and the balance after it, whatever else is filtered out.

    `source`: the contribution it credits or takes back. `payments`: whose points it took; of a credit: what of it repaid a debt.
    """

    at: datetime
    kind: Kind
    points: int
    reason: Explanation
    balance: int
    transfer_id: Id
    source: Source | None = None
    payments: Sequence[Payment] = ()

    @property
    def paid_by(self) -> Sequence[Id]:
        """The contributions whose points were taken."""
        return [one.source.contribution_id for one in self.payments if one.source and self.points < 0]

    @property
    def contribution_id(self) -> Id | None:
        """The contribution it credits or takes back."""
        return None if self.source is None else self.source.contribution_id


Moved = Row[*tuple[int, datetime, Id, Explanation, Kind, Id | None]]
"""What is read of a line: see `_lines`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The movements of a period, and the balance before and after it: `closing` is the `opening` of the next.

    `more`: of a page: lines of the period are left, earlier ones, or later ones where the earliest come first.
    """

    opening: int = 0
    lines: Sequence[StatementLine] = ()
    closing: int = 0
    more: bool = False


def whole(holder_id: Id, wanted: Wanted) -> Statement:
    """All movements of a period, the earliest first; a kind leaves lines out and changes no balance.

    Raises:
        TooManyLines: a shorter period must be asked for.
    """
    account = _account(holder_id)
    if account is None:
        return Statement()
    period = Wanted(begins=wanted.begins, ends=wanted.ends)
    opening, closing = _bounds(account, period)
    in_order = _lines(account, period).order_by(Line.at, Line.transfer_id)
    rows = session.execute(in_order.limit(MOST_LINES + 1)).all()
    if len(rows) > MOST_LINES:
        raise TooManyLines(most=MOST_LINES)
    balance, balances = opening, {}
    for row in rows:
        balance += row.points
        balances[row.transfer_id] = balance
    kept = [row for row in rows if not wanted.kinds or row.kind in wanted.kinds]
    moved = _lines(account, wanted).with_only_columns(Line.transfer_id).correlate(None)
    took_back = moved.with_only_columns(Transfer.reverses_id).where(Transfer.reverses_id.is_not(None))
    payments = _payments(account, Use.transfer_id.in_(moved))
    sources = _sources(or_(Award.transfer_id.in_(moved), Award.transfer_id.in_(took_back)))
    return Statement(opening=opening, lines=_told(kept, balances, payments, sources), closing=closing)


def page(holder_id: Id, wanted: Wanted, *, most: int, before: Id | None = None) -> Statement:
    """The latest movements of a period, or those before one of its transfers, the latest first.

    `opening` and `closing` are the period's. A transfer that is none of the holder's leaves out nothing. However long the
    history, the latest lines are as quickly found.
    """
    account = _account(holder_id)
    if account is None:
        return Statement()
    opening, closing = _bounds(account, wanted)
    lines = _lines(account, wanted).order_by(Line.at.desc(), Line.transfer_id.desc()).limit(most + 1)
    if (place := _place(account, before)) is not None:
        lines = lines.where(tuple_(Line.at, Line.transfer_id) < place)
    found = session.execute(lines).all()
    return Statement(opening=opening, lines=_shown(account, found[:most]), closing=closing, more=len(found) > most)


def portion(holder_id: Id, wanted: Wanted, *, most: int, after: Id | None = None) -> Statement:
    """The earliest movements of a period, or those after one of its transfers, the earliest first; else like `page`.

    Raises:
        Invalid: the transfer is none of the holder's (`cursor`).
    """
    account = _account(holder_id)
    if account is None:
        return Statement()
    opening, closing = _bounds(account, wanted)
    lines = _lines(account, wanted).order_by(Line.at, Line.transfer_id).limit(most + 1)
    if after is not None:
        if (place := _place(account, after)) is None:
            raise Invalid({"cursor": [explain("not_a_cursor")]})
        lines = lines.where(tuple_(Line.at, Line.transfer_id) > place)
    found = session.execute(lines).all()
    return Statement(
        opening=opening, lines=_shown(account, found[:most][::-1])[::-1], closing=closing, more=len(found) > most
    )


def _place(account: Account, transfer_id: Id | None) -> tuple[datetime, Id] | None:
    """Where a transfer stands in an account, if it does."""
    if transfer_id is None:
        return None
    at = session.scalar(select(Line.at).where(Line.account_id == account.id, Line.transfer_id == transfer_id))
    return None if at is None else (at, transfer_id)


def _shown(account: Account, rows: Sequence[Moved]) -> list[StatementLine]:
    """Some lines, the latest first, with all that is told of them."""
    ids = [row.transfer_id for row in rows]
    took_back = [row.reverses_id for row in rows if row.reverses_id is not None]
    return _told(
        rows,
        _balances(account, rows),
        _payments(account, Use.transfer_id.in_(ids)),
        _sources(Award.transfer_id.in_([*ids, *took_back])),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What the movements of a period come to: how many lines, points that came and points that went (zero or less)."""

    lines: int = 0
    came: int = 0
    went: int = 0


def totals(holder_id: Id, wanted: Wanted) -> Totals:
    """The sums below a statement."""
    account = _account(holder_id)
    if account is None:
        return Totals()
    sums = (
        func.coalesce(func.sum(case((sign, Line.points), else_=0)), 0) for sign in (Line.points > 0, Line.points < 0)
    )
    lines, came, went = session.execute(
        select(func.count(), *sums)
        .select_from(Line)
        .join(Transfer, Transfer.id == Line.transfer_id)
        .where(*wanted.conditions(account))
    ).one()
    return Totals(lines=int(lines), came=int(came), went=int(went))


def payments_of(transfer_id: Id, holder_id: Id) -> Sequence[Payment]:
    """Whose points one movement of a holder's account took; of a credit: what of it repaid a debt."""
    account = _account(holder_id)
    if account is None:
        return ()
    return _payments(account, Use.transfer_id == transfer_id).get(transfer_id, ())


def readers(by: Actor) -> Callable[[Source | None], bool]:
    """Whether `by` may open the page of a contribution, asked of many in one statement or none."""
    if access.reach(by, queries.READ) == "all":
        return lambda source: source is not None
    own = queries.own(by)
    return lambda source: source is not None and source.holder_id in own


def _account(holder_id: Id) -> Account | None:
    return session.scalar(select(Account).where(Account.holder_id == holder_id, Account.kind == AccountKind.OWN))


def _lines(account: Account, wanted: Wanted) -> Select[int, datetime, Id, Explanation, Kind, Id | None]:
    return (
        select(Line.points, Line.at, Line.transfer_id, Transfer.reason, Transfer.kind, Transfer.reverses_id)
        .join(Transfer, Transfer.id == Line.transfer_id)
        .where(*wanted.conditions(account))
    )


def _bounds(account: Account, wanted: Wanted) -> tuple[int, int]:
    """The balances before and after a period, backwards from the one that is kept: what came before it is never read."""
    begins, ends = wanted.begins, wanted.ends
    if begins is None and ends is None:
        return 0, account.balance
    sums = [
        func.coalesce(func.sum(case((Line.at >= bound, Line.points), else_=0)), 0) for bound in (begins, ends) if bound
    ]
    first = min(bound for bound in (begins, ends) if bound)
    found = session.execute(select(*sums).where(Line.account_id == account.id, Line.at >= first)).one()
    before = 0 if begins is None else account.balance - int(found[0])
    return before, account.balance if ends is None else account.balance - int(found[-1])


def _balances(account: Account, rows: Sequence[Moved]) -> Mapping[Id, int]:
    """After each of some lines, the latest first: what came later is taken off the balance that is kept."""
    if not rows:
        return {}
    latest_first = (Line.at.desc(), Line.transfer_id.desc())
    since = (
        select(Line.transfer_id, (func.sum(Line.points).over(order_by=latest_first) - Line.points).label("later"))
        .where(Line.account_id == account.id)
        .where(tuple_(Line.at, Line.transfer_id) >= (rows[-1].at, rows[-1].transfer_id))
        .subquery()
    )
    wanted = select(since.c.transfer_id, since.c.later).where(
        since.c.transfer_id.in_([row.transfer_id for row in rows])
    )
    return {transfer_id: account.balance - int(later) for transfer_id, later in session.execute(wanted)}


def _told(
    rows: Sequence[Moved],
    balances: Mapping[Id, int],
    payments: Mapping[Id, Sequence[Payment]],
    sources: Mapping[Id, Source],
) -> list[StatementLine]:
    return [
        StatementLine(
            at=row.at,
            kind=row.kind,
            points=row.points,
            reason=row.reason,
            balance=balances[row.transfer_id],
            transfer_id=row.transfer_id,
            source=sources.get(row.reverses_id or row.transfer_id),
            payments=payments.get(row.transfer_id, ()),
        )
        for row in rows
    ]


def _payments(account: Account, of: ColumnElement[bool]) -> Mapping[Id, Sequence[Payment]]:
    """Whose points movements took, in the order in which they were taken; a contribution's lots as one."""
    rows = session.execute(
        select(
            Use.transfer_id,
            Use.points,
            Lot.contribution_id,
            Contribution.holder_id,
            Category.name,
            Contribution.occurred_on,
            Lot.transfer_id.label("credit_id"),
            Transfer.reason,
        )
        .join(Lot, Lot.id == Use.lot_id)
        .join(Transfer, Transfer.id == Lot.transfer_id)
        .outerjoin(Contribution, Contribution.id == Lot.contribution_id)
        .outerjoin(Category, Category.id == Contribution.category_id)
        .where(of, Lot.account_id == account.id)
        .order_by(Lot.expires_on, Lot.seq)
    )
    found: defaultdict[Id, dict[Id, Payment]] = defaultdict(dict)
    for row in rows:
        of_one, key = found[row.transfer_id], row.contribution_id or row.credit_id
        before = of_one[key].points if key in of_one else 0
        of_one[key] = Payment(
            points=before + row.points,
            source=source_of(row.contribution_id, row.holder_id),
            category=row.name,
            day=row.occurred_on,
            reason=row.reason,
        )
    return {transfer_id: list(payments.values()) for transfer_id, payments in found.items()}


def _sources(of: ColumnElement[bool]) -> Mapping[Id, Source]:
    """The contribution behind each crediting transfer."""
    rows = session.execute(
        select(Award.transfer_id, Award.contribution_id, Contribution.holder_id)
        .join(Contribution, Contribution.id == Award.contribution_id)
        .where(of)
    )
    return {
        transfer_id: Source(contribution_id=contribution_id, holder_id=holder_id)
        for transfer_id, contribution_id, holder_id in rows
        if transfer_id is not None
    }
