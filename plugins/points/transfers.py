"""One transfer as people look at it: what it moved, what it takes back, and what took it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core.accounts import access
from core.contract import Actor
from core.db import Id, session
from core.errors import Forbidden, NotFound
from core.explanations import Explanation
from core.people.models import Holder
from plugins.points import queries, remains, statements
from plugins.points.models import Account, AccountKind, Award, Kind, Line, Transfer
from plugins.points.statements import Payment

FINAL = (Kind.REVERSED, Kind.WITHDRAWN, Kind.MOVED)
"""What is no longer taken back: reversals themselves, and the moves of groups that ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a transfer does to one account."""

    holder: Holder
    account: AccountKind
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A transfer that took back some of another."""

    id: Id
    at: datetime
    points: int
    reason: Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A transfer with everything that belongs to it.

    `payments`: whose points it took; of a credit: what of it repaid a debt. `hold_id`: the hold that it captured.
    """

    transfer: Transfer
    moves: Sequence[Move]
    taken: Sequence[Taken]
    contribution_id: Id | None
    payments: Sequence[Payment]
    hold_id: Id | None

    @property
    def owed(self) -> int:
        """What of a loss no points were there for: it made a debt."""
        return max(0, -_payer(self.moves).points - sum(one.points for one in self.payments))

    @property
    def points(self) -> int:
        """How many points it moved."""
        return sum(move.points for move in self.moves if move.points > 0)

    @property
    def reversed(self) -> int:
        """How many of them were taken back."""
        return sum(one.points for one in self.taken)

    @property
    def left(self) -> int:
        """How many may still be taken back."""
        return 0 if self.transfer.kind in FINAL else self.points - self.reversed

    @property
    def own(self) -> Holder:
        """Whose statement it stands in; of two, who got the points."""
        return max(_own(self.moves), key=lambda move: move.points).holder

    # as REST answers it
    @property
    def id(self) -> Id:
        return self.transfer.id

    @property
    def kind(self) -> Kind:
        return self.transfer.kind

    @property
    def reason(self) -> Explanation:
        return self.transfer.reason

    @property
    def at(self) -> datetime:
        return self.transfer.at

    @property
    def reverses_id(self) -> Id | None:
        return self.transfer.reverses_id


def _own(moves: Sequence[Move]) -> Sequence[Move]:
    """Of the accounts of holders, not of where points come from or go to."""
    return [move for move in moves if move.account is AccountKind.OWN] or moves


def _payer(moves: Sequence[Move]) -> Move:
    """Whose points it took, if anybody's."""
    return min(_own(moves), key=lambda move: move.points)


def view(transfer_id: Id, *, by: Actor) -> View:
    """A transfer, for whoever may see the points of one of its holders; seven statements.

    Raises:
        NotFound: there is no such transfer here.
        Forbidden: it is of others alone.
    """
    transfer = session.scalar(select(Transfer).where(Transfer.id == transfer_id))
    if transfer is None:
        raise NotFound(what="transfer", id=transfer_id)
    rows = session.execute(
        select(Holder, Account.kind, Line.points)
        .join(Account, Account.id == Line.account_id)
        .join(Holder, Holder.id == Account.holder_id)
        .where(Line.transfer_id == transfer_id)
        .order_by(Line.points)
    )
    moves = [Move(holder=holder, account=kind, points=points) for holder, kind, points in rows]
    mine = [move.holder.id for move in moves if move.account is AccountKind.OWN]
    if access.reach(by, queries.READ) != "all" and not set(mine) & queries.own(by):
        raise Forbidden(permission=queries.READ)
    taken = session.execute(
        select(Transfer.id, Transfer.at, Line.points, Transfer.reason)
        .join(Line, Line.transfer_id == Transfer.id)
        .where(Transfer.reverses_id == transfer_id, Line.points > 0)
        .order_by(Transfer.at, Transfer.id)
    )
    contribution_id = session.scalar(
        select(Award.contribution_id).where(Award.transfer_id.in_([transfer_id, transfer.reverses_id]))
    )
    return View(
        transfer=transfer,
        moves=moves,
        taken=[Taken(id=row.id, at=row.at, points=row.points, reason=row.reason) for row in taken],
        contribution_id=contribution_id,
        payments=statements.payments_of(transfer_id, _payer(moves).holder.id),
        hold_id=remains.hold_of(transfer_id),
    )
