"""The ledger: double entry, append-only, once for each key. Whoever moves points locks their holders first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from uuid_utils.compat import uuid7

from core import clock
from core.contract import HolderKind, NotEnoughPoints
from core.db import Id, locked, savepoint, session
from core.errors import KeyReused
from core.explanations import Explanation, explain
from core.people.models import Holder
from core.plugins import here
from plugins.points.models import Account, AccountKind, Kind, Line, Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A transfer to post. `moves`: account id → points, positive to receive, negative to give; they sum to zero.

    `frees`: account id → points that were set aside and are taken at once. `at`: the moment it belongs to.
    """

    key: str
    kind: Kind
    reason: Explanation
    at: datetime
    moves: Mapping[Id, int]
    frees: Mapping[Id, int] = field(default_factory=dict)
    reverses_id: Id | None = None

    def __post_init__(self) -> None:
        if sum(self.moves.values()) != 0 or 0 in self.moves.values() or not self.moves:
            raise ValueError(f"not a transfer: {dict(self.moves)}")  # our own mistake, not the user's: no DomainError


def post(entries: Sequence[Entry], *, into_debt: bool = False) -> list[Id]:
    """Move points between accounts: all of the entries or none. Answers the ids of their transfers.

    Sent again with the same key (unique in the community) and content an entry returns its first transfer and changes nothing.

    Args:
        entries: each becomes a transfer, in order.
        into_debt: takes more than an account has to spend; only a withdrawn award and a hold it uncovered may.

    Raises:
        KeyReused: a key belongs to another content.
        NotEnoughPoints: a giver has less to spend; the caller's transaction undoes the rest.
    """
    if not entries:
        return []
    rows = [_transfer(entry) for entry in entries]
    try:
        with savepoint():
            session.execute(insert(Transfer), rows)  # the unique key decides, not a look beforehand
    except IntegrityError:
        return _post_new(entries, into_debt=into_debt)
    ids = [row["id"] for row in rows]
    session.execute(
        insert(Line),
        [
            {"transfer_id": transfer_id, "account_id": account, "at": entry.at, "points": points}
            for transfer_id, entry in zip(ids, entries, strict=True)
            for account, points in entry.moves.items()
        ],
    )
    _apply(entries, into_debt=into_debt)
    session.flush()
    return ids


def _transfer(entry: Entry) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "key": entry.key,
        "kind": entry.kind,
        "reason": entry.reason,
        "at": entry.at,
        "posted_at": clock.now(),
        "reverses_id": entry.reverses_id,
    }


def _post_new(entries: Sequence[Entry], *, into_debt: bool) -> list[Id]:
    """Some keys are known: their transfers as they are, the rest posted."""
    keys = [entry.key for entry in entries]
    known = dict(session.execute(select(Transfer.key, Transfer.id).where(Transfer.key.in_(keys))).all())
    if not known or len(set(keys)) < len(keys):
        raise KeyReused(key=keys[0])
    for entry in entries:
        if (first := known.get(entry.key)) and _moves(first) != dict(entry.moves):
            raise KeyReused(key=entry.key)
    fresh = [entry for entry in entries if entry.key not in known]
    known |= zip((entry.key for entry in fresh), post(fresh, into_debt=into_debt) if fresh else [], strict=True)
    return [known[key] for key in keys]


def _moves(transfer_id: Id) -> dict[Id, int]:
    return dict(session.execute(select(Line.account_id, Line.points).where(Line.transfer_id == transfer_id)).all())


def _apply(entries: Iterable[Entry], *, into_debt: bool) -> None:
    """Change the balances kept beside the lines, under the rows' locks. Receiving is never refused: it may repay a debt."""
    moved: defaultdict[Id, int] = defaultdict(int)
    freed: defaultdict[Id, int] = defaultdict(int)
    for entry in entries:
        for account_id, points in entry.moves.items():
            moved[account_id] += points
        for account_id, points in entry.frees.items():
            freed[account_id] += points
    for account in session.scalars(locked(select(Account).where(Account.id.in_(moved)).order_by(Account.id))):
        change = moved[account.id] + freed[account.id]
        available = account.balance - account.held
        if account.kind is AccountKind.OWN and change < 0 and not into_debt and available + change < 0:
            raise NotEnoughPoints(price=-change, available=available)
        account.balance += moved[account.id]
        account.held -= freed[account.id]


def check_available(account: Account, points: int) -> None:
    """Refuse what a locked account cannot pay.

    Raises:
        NotEnoughPoints: less is there to spend.
    """
    if (available := account.balance - account.held) < points:
        raise NotEnoughPoints(price=points, available=available)


# --- holders and accounts ------------------------------------------------------------------------------------------


def accounts_of(holder_ids: Collection[Id]) -> dict[Id, Account]:
    """The own accounts of holders that are locked; made when they have none yet."""
    found = session.scalars(
        locked(
            select(Account)
            .where(Account.holder_id.in_(holder_ids), Account.kind == AccountKind.OWN)
            .order_by(Account.id)
        )
    )
    accounts = {account.holder_id: account for account in found}
    fresh = [Account(holder_id=holder, kind=AccountKind.OWN) for holder in sorted(set(holder_ids) - accounts.keys())]
    session.add_all(fresh)
    session.flush()
    return accounts | {account.holder_id: account for account in fresh}


def account_of(holder_id: Id) -> Account:
    """The own account of a holder that is locked."""
    return accounts_of([holder_id])[holder_id]


def house_account(kind: AccountKind) -> Id:
    """The id of the account points come from (ISSUE) or go to (SPENT, EXPIRED)."""
    centre = select(Holder.id).where(Holder.kind == HolderKind.CENTRE)
    wanted = select(Account.id).where(Account.kind == kind, Account.holder_id.in_(centre))
    found = session.scalar(wanted)
    if found is not None:
        return found
    try:
        with savepoint():
            session.add(account := Account(holder_id=session.scalars(centre).one(), kind=kind))
    except IntegrityError:  # somebody else made it meanwhile
        return session.scalars(wanted).one()
    return account.id


def start_of(day: date) -> datetime:
    """00:00 of a day in the community's zone."""
    return datetime.combine(day, time(), tzinfo=here().zone)


def day_of(moment: datetime) -> date:
    """The community's day of a moment."""
    return moment.astimezone(here().zone).date()


# --- what must always hold -----------------------------------------------------------------------------------------


def faults() -> Iterator[Explanation]:
    """L1, L2, L6 as the database shows them."""
    total = func.sum(Line.points)
    uneven = select(Line.transfer_id, total).group_by(Line.transfer_id).having(total != 0)
    for transfer_id, points in session.execute(uneven):
        yield explain("points_check_l1", transfer=transfer_id, points=int(points))
    by_account = session.execute(select(Line.account_id, total).group_by(Line.account_id))
    sums = {account_id: int(points) for account_id, points in by_account}
    for account in session.scalars(select(Account)):
        if account.balance != sums.get(account.id, 0):
            yield explain("points_check_l2", account=account.id, balance=account.balance, lines=sums.get(account.id, 0))
    dated = select(Line.transfer_id).join(Transfer, Transfer.id == Line.transfer_id).where(Line.at != Transfer.at)
    for transfer_id in session.scalars(dated.distinct()):
        yield explain("points_check_dates", transfer=transfer_id)
    yield from _reversal_faults()


def _reversal_faults() -> Iterator[Explanation]:
    """L6: what takes a transfer back sums to the original at most, and is not taken back itself."""
    part, original = aliased(Line), aliased(Line)
    taken = (
        select(Transfer.reverses_id.label("id"), func.sum(part.points).label("points"))
        .join(part, part.transfer_id == Transfer.id)
        .where(Transfer.reverses_id.is_not(None), part.points > 0)
        .group_by(Transfer.reverses_id)
        .subquery()
    )
    moved = (
        select(original.transfer_id.label("id"), func.sum(original.points).label("points"))
        .where(original.points > 0)
        .group_by(original.transfer_id)
        .subquery()
    )
    too_much = select(taken.c.id, taken.c.points, moved.c.points.label("whole")).join(moved, moved.c.id == taken.c.id)
    for row in session.execute(too_much.where(taken.c.points > moved.c.points)):
        yield explain("points_check_l6", transfer=row.id, points=int(row.points), whole=int(row.whole))
    again = aliased(Transfer)
    twice = select(again.id).join(Transfer, Transfer.id == again.reverses_id).where(Transfer.reverses_id.is_not(None))
    for transfer_id in session.scalars(twice):
        yield explain("points_check_l6_again", transfer=transfer_id)
