"""A manager's correction of an account: points added or taken away for a reason; never counted in standing."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from uuid_utils.compat import uuid7

from core import clock
from core.accounts import access
from core.audit.record import record
from core.communities import policy
from core.contract import Actor
from core.db import session
from core.errors import Invalid
from core.explanations import explain
from core.people import closed
from core.people import holders as locking
from core.plugins import here
from plugins.points import expiry, ledger, lots
from plugins.points.ledger import Entry
from plugins.points.models import AccountKind, Kind, Transfer
from plugins.points.policy import PointsPolicy
from plugins.points.requests import CorrectionRequest


def correct(request: CorrectionRequest, *, by: Actor) -> Transfer:
    """Add points to an account or take some away. What is added lasts as long as what is earned today.

    Raises:
        NotFound: there is no such holder here.
        Invalid: the holder is a group that is no more.
        NotEnoughPoints: less is there to take away.
    """
    access.check(by, "points.correct")
    holder = locking.lock([request.holder_id])[request.holder_id]
    if (gone := closed.words([holder.id]).get(holder.id)) is not None:
        raise Invalid({"holder_id": [gone]})
    account, points = ledger.account_of(holder.id), request.points
    expiry.expire_of(account)
    issue = ledger.house_account(AccountKind.ISSUE)
    [made] = ledger.post(
        [
            Entry(
                key=f"correction:{uuid7()}",
                kind=Kind.CORRECTED,
                reason=explain("points_corrected", name=by.name, why=request.reason),
                at=clock.now(),
                moves={account.id: points, issue: -points},
            )
        ]
    )
    if points < 0:
        lots.take(account.id, -points, made)
    else:
        today = here().today()
        expires_on = today + timedelta(days=policy.at(PointsPolicy, today).expiry_days)
        lots.add(account, points, made, expires_on=expires_on)
    after = {"points": points, "reason": request.reason, "balance": account.balance}
    record("points.correct", by=by, subject=holder.name, subject_id=holder.id, after=after)
    return session.scalars(select(Transfer).where(Transfer.id == made)).one()
