"""Reading a balance after a million lines of the ledger against after a thousand: history must not slow down the present."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select
from uuid_utils.compat import uuid7

from benchmarks import databases, measure, world
from benchmarks.databases import Place
from benchmarks.measure import Figure
from core.communities import creation
from core.communities.requests import CommunityRequest
from core.contract import Holder
from core.db import Id, session, unit
from core.explanations import explain
from core.people import groups
from core.people.models import Holder as HolderRow
from core.people.requests import GroupRequest
from core.web.request import Linli, linli_of
from plugins.points import terms
from plugins.points.models import Account, AccountKind, Kind
from plugins.points.terms import AccountView

FEW, MANY = 1_000, 1_000_000  # lines
BOUND = 1.2
ROUNDS, EACH = 9, 60
POINTS, LEFT = 20, 10  # of each credit; credits not expired
LINES_EACH = 2  # of a transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """A community with a long or a short ledger, and the group whose points it counts."""

    app: Flask
    linli: Linli
    holder: Holder

    def read(self) -> AccountView:
        """The account as REST answers it: balance, what is held, standing, lots."""
        with unit(self.linli.database, write=False):
            world.enter_slug(self.linli.house)
            return terms.accounts([self.holder])[0]


def run(place: Place, *, many: int = MANY, few: int = FEW, rounds: int = ROUNDS, each: int = EACH) -> Figure:
    """Compare them in turns; each ledger in a database of its own."""
    long, short = (keep_books(place.make(f"ledger_{lines}"), lines) for lines in (many, few))
    if long.read().balance != short.read().balance:
        raise AssertionError("the two ledgers do not hold the same balance")
    found = measure.compare(long.read, short.read, rounds=rounds, each=each)
    for books in (long, short):
        databases.engine_of(books.linli.database).dispose()
    return Figure(
        what=f"A balance after {many:,} lines against after {few:,}",
        database=place.engine,
        linli_ms=found.ours,
        yardstick_ms=found.theirs,
        ratio=found.ratio,
        bound=BOUND,
    )


def keep_books(url: str, lines: int) -> Books:
    """A community whose one group earned and lost points until its ledger had so many lines."""
    app = world.found(url)
    linli = linli_of(app)
    with unit(linli.database, write=True):
        creation.create(linli.house, CommunityRequest(slug=world.SLUG, name="新城区社区"))
        holder = groups.create(GroupRequest(name="合唱队", kind="choir"), by=world.BY).holder.value()
        centre = session.scalars(select(HolderRow.id).where(HolderRow.kind == "centre")).one()
        own = Account(holder_id=holder.id, kind=AccountKind.OWN)
        issue, expired = (Account(holder_id=centre, kind=kind) for kind in (AccountKind.ISSUE, AccountKind.EXPIRED))
        session.add_all([own, issue, expired])
        session.flush()
        community = own.community_id
        count = (lines // LINES_EACH + LEFT) // 2
        own.balance, own.lots = POINTS * LEFT, count
        issue.balance, expired.balance = -POINTS * count, POINTS * (count - LEFT)
        accounts = (own.id, issue.id, expired.id)
    for name, (columns, rows) in _tables(community, accounts, count).items():
        databases.pour(url, name, ("community_id", *columns), rows)
    databases.settle(url)
    return Books(app=app, linli=linli, holder=holder)


# --- a long history, without living through it ---------------------------------------------------------------------

Columns = tuple[str, ...]
Rows = Iterator[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Points that came, made a lot, and, but for the last few, expired."""

    number: int
    at: datetime
    lives: bool  # it has not expired
    transfer: Id = field(default_factory=uuid7)
    expiry: Id = field(default_factory=uuid7)
    lot: Id = field(default_factory=uuid7)


def _tables(community: int, accounts: tuple[Id, Id, Id], count: int) -> dict[str, tuple[Columns, Rows]]:
    """The rows of each table, in the order in which they may be written."""
    begin = world.NOW - timedelta(minutes=count)
    history = [
        Credit(number=number, at=begin + timedelta(minutes=number), lives=number >= count - LEFT)
        for number in range(count)
    ]
    return {
        "points_transfer": (("id", "key", "kind", "reason", "at", "posted_at"), _transfers(community, history)),
        "points_line": (("transfer_id", "account_id", "at", "points"), _lines(community, accounts, history)),
        "points_lot": (
            ("id", "account_id", "seq", "transfer_id", "expires_on", "points", "remaining", "held"),
            _lots(community, accounts[0], history),
        ),
        "points_use": (
            ("transfer_id", "lot_id", "points"),
            ((community, credit.expiry, credit.lot, POINTS) for credit in history if not credit.lives),
        ),
    }


def _transfers(community: int, history: Sequence[Credit]) -> Rows:
    earned = explain("points_earned", category="公益演出", day=world.TODAY)
    lost = explain("points_expired", day=world.TODAY)
    for credit in history:
        yield community, credit.transfer, f"credit:{credit.number:07}", Kind.EARNED, earned, credit.at, credit.at
        if not credit.lives:
            yield community, credit.expiry, f"expiry:{credit.number:07}", Kind.EXPIRED, lost, credit.at, credit.at


def _lines(community: int, accounts: tuple[Id, Id, Id], history: Sequence[Credit]) -> Rows:
    own, issue, expired = accounts
    for credit in history:
        yield community, credit.transfer, own, credit.at, POINTS
        yield community, credit.transfer, issue, credit.at, -POINTS
        if not credit.lives:
            yield community, credit.expiry, own, credit.at, -POINTS
            yield community, credit.expiry, expired, credit.at, POINTS


def _lots(community: int, own: Id, history: Sequence[Credit]) -> Rows:
    expires_on = world.TODAY + timedelta(days=100)
    for credit in history:
        left = POINTS if credit.lives else 0
        yield community, credit.lot, own, credit.number + 1, credit.transfer, expires_on, POINTS, left, 0
