"""Points of groups that are no more: a merged group's go on with the other, a dissolved one's go to the treasury.

The treasury is the own account of the centre. Points move as lots, with their last day and the contribution they came from, so
that what they pay for later still says who earned them. Nothing of the ledger is edited: the lots left behind are used up by the
transfer that moves them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Select, func, select, update
from uuid_utils.compat import uuid7

from core import clock
from core.contract import Actor, Holder
from core.db import Id, locked, session
from core.explanations import Explanation, explain
from core.people import closed, holders
from core.people.models import Group
from core.people.queries import centre_holder
from plugins.points import expiry, ledger, lots
from plugins.points.ledger import Entry
from plugins.points.models import (
    Account,
    AccountKind,
    Award,
    Contribution,
    Gift,
    GiftState,
    Hold,
    Kind,
    Line,
    Lot,
    SetAside,
    Use,
)

_BATCH = 200  # accounts of closed groups at once

Part = tuple[Lot, int]  # so many points of a lot


# --- merging -------------------------------------------------------------------------------------------------------


def merge(kept: Holder, merged: Holder, *, by: Actor) -> None:
    """All that a holder earned and has is another's; both are locked. No total changes (L13)."""
    opened = select(Hold).where(Hold.holder_id == merged.id, Hold.open > 0).order_by(Hold.id)
    holds = session.scalars(locked(opened)).all()  # before the accounts, as everywhere
    accounts = ledger.accounts_of([kept.id, merged.id])
    source, target = accounts[merged.id], accounts[kept.id]
    move_all(source, target, reason=_goes_on(merged.name, kept.name), key=f"merged:{merged.id}")
    for hold in holds:
        hold.account_id, hold.holder_id = target.id, kept.id
    source.held, target.held = 0, target.held + sum(hold.open for hold in holds)
    session.flush()
    if target.held:
        lots.cover(target.id)
    _end_offers(merged.id, among=(merged.id, kept.id), by=by)
    _rename(merged.id, kept.id)


def _goes_on(merged: str, kept: str) -> Explanation:
    return explain("points_moved_on", merged=merged, kept=kept)


def _rename(merged_id: Id, kept_id: Id) -> None:
    """Standing, caps, later withdrawals and gifts follow. No two awards can meet: a contribution has one group."""
    session.execute(update(Contribution).where(Contribution.holder_id == merged_id).values(holder_id=kept_id))
    session.execute(update(Award).where(Award.holder_id == merged_id).values(holder_id=kept_id))
    # what the two gave each other stays as it was
    given = update(Gift).where(Gift.giver_id == merged_id, Gift.receiver_id != kept_id)
    received = update(Gift).where(Gift.receiver_id == merged_id, Gift.giver_id != kept_id)
    session.execute(given.values(giver_id=kept_id))
    session.execute(received.values(receiver_id=kept_id))


def _end_offers(closed_id: Id, *, among: Collection[Id] | None = None, by: Actor) -> None:
    """Gifts that wait between a holder and anybody else, or between some alone (`among`), can be accepted no more."""
    waiting = select(Gift).where(Gift.state == GiftState.OFFERED)
    if among is None:
        waiting = waiting.where((Gift.giver_id == closed_id) | (Gift.receiver_id == closed_id))
    else:
        waiting = waiting.where(Gift.giver_id.in_(among), Gift.receiver_id.in_(among))
    for gift in session.scalars(waiting):
        gift.state = GiftState.TAKEN_BACK if gift.giver_id == closed_id else GiftState.DECLINED
        gift.answered_at, gift.answered_by = clock.now(), by.name
    session.flush()


# --- dissolving ----------------------------------------------------------------------------------------------------


def close(holder: Holder, *, by: Actor) -> None:
    """What a holder that is no more has goes to the treasury (L14); it and the centre are locked.

    What is set aside stays until it is captured or given back: the sweep collects it then.
    """
    _end_offers(holder.id, by=by)
    _collect(holder.id, centre_holder().id, _goes_to_centre(holder.name))


def _goes_to_centre(name: str) -> Explanation:
    return explain("points_moved_treasury", name=name)


def collect_closed() -> int:
    """The sweep: whatever came later to groups that are no more goes where they went; answers how many accounts.

    Credits of contributions that were posted still, points given back, what a plugin told of a group it knew before.
    """
    centre, done = centre_holder().id, 0
    while found := session.scalars(_left_over().limit(_BATCH)).all():
        heirs = {holder_id: _heir(holder_id, centre) for holder_id in found}
        names = {holder.id: holder.name for holder in holders.lock({centre, *heirs, *heirs.values()}).values()}
        for holder_id, heir in heirs.items():
            name = names[holder_id]
            _collect(holder_id, heir, _goes_to_centre(name) if heir == centre else _goes_on(name, names[heir]))
        done += len(found)
    return done


def _left_over() -> Select[Id]:
    """Groups that are no more and have, or owe, something; what open holds have set aside waits for them."""
    return (
        select(Account.holder_id)
        .join(Group, Group.id == Account.holder_id)
        .where(Account.kind == AccountKind.OWN, Group.dissolved_on.is_not(None), Account.balance != 0)
        .where((Account.held == 0) | (Account.balance > Account.held))
        .order_by(Account.holder_id)
    )


def _heir(holder_id: Id, centre: Id) -> Id:
    heir = closed.successor(holder_id)
    return centre if heir in closed.words([heir]) else heir


def _collect(holder_id: Id, heir: Id, reason: Explanation) -> None:
    accounts = ledger.accounts_of([holder_id, heir])
    source, target = accounts[holder_id], accounts[heir]
    before = session.scalar(select(func.count()).select_from(Line).where(Line.account_id == source.id))
    key = f"closed:{source.id}:{before}"  # under the lock: another number each time
    if source.held:
        move_free(source, target, reason=reason, key=key)
    else:
        move_all(source, target, reason=reason, key=key)


# --- from account to account ---------------------------------------------------------------------------------------


def move_all(source: Account, target: Account, *, reason: Explanation, key: str) -> None:
    """Move all that a locked account has or owes to another, once for each `key`, in one transfer.

    What is set aside moves with its lots; the caller lets the holds follow. A debt of either is repaid by what the other has,
    what is free first.
    """
    _expire(source, target)
    parts = [(lot, lot.remaining) for lot in lots.opened(source.id)]
    _move(source, target, source.balance, parts, reason=reason, key=key)


def move_free(source: Account, target: Account, *, reason: Explanation, key: str) -> None:
    """Move what a locked account has free, once for each `key`: what is set aside stays."""
    _expire(source, target)
    points = left = max(source.balance - source.held, 0)
    parts: list[Part] = []
    for lot in lots.opened(source.id):
        parts.append((lot, part := min(left, lot.remaining - lot.held)))
        left -= part
    _move(source, target, points, parts, reason=reason, key=key)


def _expire(*accounts: Account) -> None:
    """What is over by now has expired where it was, however late the sweep."""
    for account in accounts:
        expiry.expire_of(account)


def _move(
    source: Account, target: Account, points: int, parts: Sequence[Part], *, reason: Explanation, key: str
) -> None:
    if not points:
        return
    owed = max(-target.balance, 0)
    moves = {source.id: -points, target.id: points}
    entry = Entry(key=key, kind=Kind.MOVED, reason=reason, at=clock.now(), moves=moves)
    [transfer_id] = ledger.post([entry], into_debt=True)  # what is set aside may go, and a debt
    for lot, part in parts:
        if part:
            _carry(lot, part, target, transfer_id)
    if repaid := min(points, owed) if points > 0 else -points:
        lots.take(target.id, repaid, transfer_id)


def _carry(lot: Lot, points: int, target: Account, transfer_id: Id) -> None:
    """Points of a lot become a lot of another account, with what is set aside of them where it is all that remains."""
    held = lot.held if points == lot.remaining else 0
    target.lots += 1
    carried = Lot(
        id=uuid7(),
        account_id=target.id,
        seq=target.lots,
        transfer_id=transfer_id,
        contribution_id=lot.contribution_id,
        expires_on=lot.expires_on,
        points=points,
        remaining=points,
        held=held,
    )
    lot.remaining -= points
    lot.held -= held
    session.add_all([carried, Use(transfer_id=transfer_id, lot_id=lot.id, points=points)])
    session.flush()
    if held:
        session.execute(update(SetAside).where(SetAside.lot_id == lot.id).values(lot_id=carried.id))
