"""What became of all points together: by month, by holder, by what was done; and the ranking of groups.

Months and holders go by the ledger: the movements of the own accounts of groups and residents, each in the local month of its
moment. Categories and the ranking go by the day of the contribution. Everything is summed up by the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute

from core.contract import HolderKind
from core.db import Id, session
from core.people.models import Group, Holder
from plugins.points import ledger, standing
from plugins.points.models import Account, AccountKind, Award, Category, Kind, Line, State, Transfer
from plugins.points.standing import Part, Standing

MOST_MONTHS = 120
MONTHS = 12  # without a period: this month and the eleven before
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Points that came (positive) and went (negative), by why. `moved`: given, or of groups that were merged or dissolved."""

    earned: int = 0
    spent: int = 0
    expired: int = 0
    withdrawn: int = 0
    reversed: int = 0
    corrected: int = 0
    moved: int = 0

    @property
    def taken_back(self) -> int:
        """Of withdrawn contributions and reversed transfers."""
        return self.withdrawn + self.reversed

    @property
    def total(self) -> int:
        """By how much the balance changed."""
        return sum(getattr(self, column.name) for column in fields(self))


_KINDS = {
    "earned": [Kind.EARNED],
    "spent": [Kind.SPENT],
    "expired": [Kind.EXPIRED],
    "withdrawn": [Kind.WITHDRAWN],
    "reversed": [Kind.REVERSED],
    "corrected": [Kind.CORRECTED],
    "moved": [Kind.GIVEN, Kind.MOVED],
}


def kinds_of(name: str) -> Sequence[Kind]:
    """Which movements a figure of `Moved` sums up."""
    return [*_KINDS["withdrawn"], *_KINDS["reversed"]] if name == "taken_back" else _KINDS[name]


_SUMS = [func.sum(case((Transfer.kind.in_(kinds), Line.points), else_=0)).label(name) for name, kinds in _KINDS.items()]

_OWN = (Account.kind == AccountKind.OWN, Holder.kind != HolderKind.CENTRE)


def _moved(row: Row[Any]) -> Moved:
    return Moved(**{name: int(getattr(row, name)) for name in _KINDS})


def _movements(*columns: ColumnElement[Any] | InstrumentedAttribute[Any], first: date, last: date) -> Select[Any]:
    """Of the lines of a period, days inclusive. The centre's own account is the treasury and stays out."""
    return (
        select(*columns)
        .select_from(Line)
        .join(Transfer, Transfer.id == Line.transfer_id)
        .join(Account, Account.id == Line.account_id)
        .join(Holder, Holder.id == Account.holder_id)
        .where(
            *_OWN,
            Line.at >= ledger.start_of(first),
            Line.at < ledger.start_of(last + DAY),
        )
    )


# --- by month ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A calendar month, or what of it lies in the period. `closing`: what all accounts had together at its end."""

    first: date
    last: date
    moved: Moved
    closing: int


def year_before(today: date) -> date:
    """The first day of what is shown without a period."""
    number = today.year * 12 + today.month - MONTHS
    return date(number // 12, number % 12 + 1, 1)


def spans(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The calendar months of a period, each cut where the period is.

    >>> [f"{begins:%d.%m.}-{ends:%d.%m.}" for begins, ends in spans(date(2026, 11, 20), date(2027, 1, 5))]
    ['20.11.-30.11.', '01.12.-31.12.', '01.01.-05.01.']
    """
    while first <= last:
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        yield first, min(last, following - DAY)
        first = following


def months(first: date, last: date) -> Sequence[Month]:
    """Every month of a period, also those in which nothing moved, in two statements."""
    cut = list(spans(first, last))
    ends = [(Line.at < ledger.start_of(end + DAY), number) for number, (_begin, end) in enumerate(cut)]
    number = case(*ends).label("bucket")  # compared with real moments: a zone's clock may have been changed
    rows = session.execute(
        _movements(number, *_SUMS, first=first, last=last).group_by("bucket")  # by its name: said anew it would differ
    )
    found = {row.bucket: _moved(row) for row in rows}
    balance, told = _balance_before(first), []
    for place, (begins, ends_on) in enumerate(cut):
        moved = found.get(place, Moved())
        balance += moved.total
        told.append(Month(first=begins, last=ends_on, moved=moved, closing=balance))
    return told


def _balance_before(day: date) -> int:
    """What all own accounts but the treasury had together when a day began."""
    before = (
        select(func.coalesce(func.sum(Line.points), 0))
        .join(Account, Account.id == Line.account_id)
        .join(Holder, Holder.id == Account.holder_id)
        .where(*_OWN, Line.at < ledger.start_of(day))
    )
    return int(session.scalars(before).one())


# --- by holder -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OfHolder:
    """What came to a group or a resident in a period, and what went."""

    holder_id: Id
    name: str
    moved: Moved


def holders(first: date, last: date, kind: HolderKind, *, limit: int | None = None) -> Sequence[OfHolder]:
    """Groups or residents whose points moved in a period, who earned most first."""
    found = (
        _movements(Holder.id, Holder.name, *_SUMS, first=first, last=last)
        .where(Holder.kind == kind)
        .group_by(Holder.id, Holder.name)
        .order_by(_SUMS[0].desc(), Holder.name, Holder.id)
        .limit(limit)
    )
    return [OfHolder(holder_id=row.id, name=row.name, moved=_moved(row)) for row in session.execute(found)]


def together(first: date, last: date, kind: HolderKind) -> tuple[int, Moved]:
    """How many groups or residents had points move in a period, and the sums of all of them."""
    count = func.count(Account.id.distinct()).label("holders")
    found = session.execute(_movements(count, *_SUMS, first=first, last=last).where(Holder.kind == kind)).one()
    return found.holders, _moved(found) if found.holders else Moved()


# --- by category ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OfCategory:
    """What contributions of a category gave, members' shares too, by where they stand."""

    code: str
    name: str
    contributions: int  # that count
    credited: int
    posted: int  # objected ones too


def categories(first: date, last: date) -> Sequence[OfCategory]:
    """What was done in a period (days inclusive), by category, what gave most first; withdrawn contributions are none."""
    credited, waiting = Award.state == State.CREDITED, Award.state.in_([State.POSTED, State.OBJECTED])
    left = Award.points - Award.reversed
    gave = func.sum(case((credited, left), else_=0)).label("credited")
    rows = session.execute(
        select(
            Category.code,
            Category.name,
            func.count(case((credited, Award.contribution_id)).distinct()).label("contributions"),
            gave,
            func.sum(case((waiting, left), else_=0)).label("posted"),
        )
        .select_from(Award)
        .join(Category, Category.id == Award.category_id)
        .where(Award.day >= first, Award.day <= last, Award.state != State.WITHDRAWN)
        .group_by(Category.code, Category.name)
        .order_by(gave.desc(), Category.code)
    )
    return [
        OfCategory(
            code=row.code,
            name=row.name,
            contributions=row.contributions,
            credited=int(row.credited),
            posted=int(row.posted),
        )
        for row in rows
    ]


# --- ranking -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A group in the ranking. `place`: equal figures share one. `parts`: what it is made up of, the most first."""

    place: int
    group_id: Id
    name: str
    standing: Standing
    parts: Sequence[Part]


def ranking(day: date) -> Sequence[Place]:
    """All groups by their standing on a day, in a fixed number of statements."""
    rows = session.execute(
        select(Group.id, Holder.name)
        .join(Holder, Holder.id == Group.id)
        .where(Group.dissolved_on.is_(None))
        .order_by(Holder.initials, Holder.name, Group.id)
    ).all()
    ids = [group_id for group_id, _name in rows]
    stood, parts = standing.of(ids, day=day), standing.parts_of(ids, day=day)
    in_order = sorted(rows, key=lambda row: -stood[row.id].earned)  # stable: by name among equals
    places: dict[int, int] = {}
    for number, row in enumerate(in_order, 1):
        places.setdefault(stood[row.id].earned, number)
    return [
        Place(
            place=places[stood[row.id].earned],
            group_id=row.id,
            name=row.name,
            standing=stood[row.id],
            parts=parts.get(row.id, ()),
        )
        for row in in_order
    ]
