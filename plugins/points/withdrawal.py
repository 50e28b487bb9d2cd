"""Withdrawing a contribution: the whole award is reversed, from points not held, then from those set aside, then into debt."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from core import clock
from core.accounts import access
from core.audit.record import record
from core.communities import policy
from core.contract import Actor
from core.db import Id, locked, session
from core.errors import NotFound, WrongState
from core.explanations import explain
from core.people import holders as locking
from core.plugins import here
from plugins.points import expiry, ledger, lots, posting
from plugins.points.ledger import Entry
from plugins.points.models import AccountKind, Award, Contribution, Kind, Objection, State
from plugins.points.policy import PointsPolicy
from plugins.points.requests import WithdrawalRequest


def withdraw(contribution_id: Id, request: WithdrawalRequest, *, by: Actor) -> Contribution:
    """Take a contribution back, with everything it gave; caps are free again for later awards.

    Raises:
        NotFound: there is no such contribution here.
        WrongState: it was withdrawn before.
        NotEnoughPoints: points of it are spent and the policy allows no debt; nothing has changed.
    """
    access.check(by, "points.withdraw")
    return take_back(contribution_id, request, by=by)


def told(key: str, request: WithdrawalRequest, *, by: Actor) -> None:
    """The plugin that told of a contribution takes it back; told twice, or of none, nothing changes."""
    wanted = select(Contribution.id).where(Contribution.key == key, Contribution.state != State.WITHDRAWN)
    found = session.scalar(wanted)
    if found is not None:
        take_back(found, request, by=by)


def take_back(contribution_id: Id, request: WithdrawalRequest, *, by: Actor) -> Contribution:
    """`withdraw`, whoever may."""
    contribution, awards = locked_with_awards(contribution_id)
    if contribution.state is State.WITHDRAWN:
        raise WrongState(state=State.WITHDRAWN.value)
    before = contribution.state
    if before is State.CREDITED:
        _reverse(contribution, [award for award in awards if award.points > award.reversed], reason=request.reason)
    if before is State.OBJECTED:
        answer(contribution.id, upheld=True, note=request.reason, by=by)
    posting.settle(contribution, awards, State.WITHDRAWN)
    contribution.withdrawn_at = clock.now()
    contribution.withdrawn_by = by.name
    contribution.withdrawn_reason = request.reason
    session.flush()
    record(
        "points.withdraw",
        by=by,
        subject=contribution.holder.name,
        subject_id=contribution.id,
        before={"state": before},
        after={"state": State.WITHDRAWN, "reason": request.reason, "points": sum(award.points for award in awards)},
    )
    return contribution


def locked_with_awards(contribution_id: Id) -> tuple[Contribution, Sequence[Award]]:
    """A contribution and its awards, locked after the holders of the awards.

    Raises:
        NotFound: there is no such contribution here.
    """
    wanted = select(Award).where(Award.contribution_id == contribution_id).order_by(Award.id)
    owners = locking.lock(award.holder_id for award in session.scalars(wanted))
    contribution = session.scalar(locked(select(Contribution).where(Contribution.id == contribution_id)))
    if contribution is None:
        raise NotFound(what="contribution", id=contribution_id)
    awards = session.scalars(wanted.execution_options(populate_existing=True)).all()
    locking.still((award.holder_id for award in awards), owners)
    return contribution, awards


def answer(contribution_id: Id, *, upheld: bool, note: str, by: Actor) -> None:
    """Write the staff's words to the objections that wait for them."""
    waiting = select(Objection).where(Objection.contribution_id == contribution_id, Objection.upheld.is_(None))
    for objection in session.scalars(waiting):
        objection.upheld, objection.note = upheld, note
        objection.decided_at, objection.decided_by = clock.now(), by.name


def _reverse(contribution: Contribution, awards: Sequence[Award], *, reason: str) -> None:
    accounts = ledger.accounts_of({award.holder_id for award in awards})
    for account in accounts.values():
        expiry.expire_of(account)  # else what is over would pay, and a late sweep would find nothing left to take
    issue = ledger.house_account(AccountKind.ISSUE)
    if not policy.at(PointsPolicy, here().today()).allow_debt:
        for award in awards:
            ledger.check_available(accounts[award.holder_id], award.points - award.reversed)
    transfers = ledger.post(
        [
            Entry(
                key=f"withdrawal:{contribution.id}:{award.holder_id}",
                kind=Kind.WITHDRAWN,
                reason=explain(
                    "points_withdrawn", category=contribution.category.name, day=contribution.occurred_on, why=reason
                ),
                at=clock.now(),
                moves={
                    accounts[award.holder_id].id: award.reversed - award.points,
                    issue: award.points - award.reversed,
                },
                reverses_id=award.transfer_id,
            )
            for award in awards
        ],
        into_debt=True,
    )
    for award, transfer_id in zip(awards, transfers, strict=True):
        lots.take(
            accounts[award.holder_id].id, award.points - award.reversed, transfer_id, contribution_id=contribution.id
        )
