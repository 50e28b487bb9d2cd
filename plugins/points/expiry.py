"""Expiry: what was not spent or set aside by the end of its day is gone, dated as on time however late the sweep."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select, select

from core.db import session
from core.explanations import explain
from core.people import holders as locking
from core.plugins import here
from plugins.points import ledger
from plugins.points.ledger import Entry
from plugins.points.models import Account, AccountKind, Kind, Lot, Use

_BATCH = 500


def _due() -> Select[Lot]:
    return (
        select(Lot)
        .where(Lot.expires_on < here().today(), Lot.remaining > 0, Lot.remaining > Lot.held)
        .order_by(Lot.expires_on, Lot.account_id, Lot.seq)
    )


def expire_of(account: Account) -> None:
    """What of a locked account is over by now; done before points are set aside, so that a late sweep changes nothing."""
    if lots := session.scalars(_due().where(Lot.account_id == account.id)).all():
        _expire(list(lots))


def expire_due() -> int:
    """The sweep: take the free points of lots whose day is over; answers how many lots."""
    done = 0
    due = _due().limit(_BATCH)
    while found := session.scalars(due).all():
        accounts = {lot.account_id for lot in found}
        locking.lock(session.scalars(select(Account.holder_id).where(Account.id.in_(accounts))))
        # what is free may have changed before the locks were there
        fresh = session.scalars(due.where(Lot.account_id.in_(accounts)).execution_options(populate_existing=True)).all()
        _expire([lot for lot in fresh if lot.remaining > lot.held])
        done += len(fresh)
    return done


def _expire(lots: list[Lot]) -> None:
    gone = ledger.house_account(AccountKind.EXPIRED)
    points = [lot.remaining - lot.held for lot in lots]
    transfers = ledger.post(
        [
            Entry(
                key=f"expiry:{lot.id}:{lot.remaining}",  # what is released later of the same lot has a key of its own
                kind=Kind.EXPIRED,
                reason=explain("points_expired", day=lot.expires_on),
                at=ledger.start_of(lot.expires_on + timedelta(days=1)),
                moves={lot.account_id: -part, gone: part},
            )
            for lot, part in zip(lots, points, strict=True)
        ]
    )
    for lot, part, transfer_id in zip(lots, points, transfers, strict=True):
        lot.remaining -= part
        session.add(Use(transfer_id=transfer_id, lot_id=lot.id, points=part))
    session.flush()
