"""Posting days and crediting: what was shown in public long enough begins to count, dated as on time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select

from core.communities import policy
from core.db import locked, session
from core.explanations import Explanation, explain
from core.people import holders as locking
from core.plugins import here
from plugins.points import ledger, lots
from plugins.points.ledger import Entry
from plugins.points.models import AccountKind, Award, Contribution, Kind, State
from plugins.points.policy import PointsPolicy

_BATCH = 500


def what(contribution: Contribution) -> Explanation:
    """The act, as a line of a statement says it."""
    category, day = contribution.category.name, contribution.occurred_on
    if contribution.note:
        return explain("points_earned_note", category=category, day=day, note=contribution.note)
    return explain("points_earned", category=category, day=day)


def settle(contribution: Contribution, awards: Sequence[Award], state: State) -> None:
    """Change the state of a contribution, and with it that of its awards: the one place that does."""
    contribution.state = state
    for award in awards:
        award.state = state


def credit_due() -> int:
    """The sweep: credit what has been posted for its days; answers how many contributions."""
    done = 0
    while ids := session.scalars(
        select(Contribution.id)
        .where(Contribution.state == State.POSTED, Contribution.credits_on <= here().today())
        .order_by(Contribution.credits_on, Contribution.recorded_at, Contribution.id)
        .limit(_BATCH)
    ).all():
        locking.lock(session.scalars(select(Award.holder_id).where(Award.contribution_id.in_(ids))))
        due = session.scalars(
            locked(select(Contribution).where(Contribution.id.in_(ids), Contribution.state == State.POSTED)).order_by(
                Contribution.credits_on, Contribution.recorded_at, Contribution.id
            )
        ).all()
        credit(due)
        done += len(due)
    return done


def credit(contributions: Sequence[Contribution]) -> None:
    """Credit the awards of contributions whose holders are locked; each becomes a transfer and a lot."""
    ids = [contribution.id for contribution in contributions]
    awards = session.scalars(select(Award).where(Award.contribution_id.in_(ids)).order_by(Award.id)).all()
    of: dict[object, list[Award]] = {}
    for award in awards:
        of.setdefault(award.contribution_id, []).append(award)
    paying = [
        (contribution, award)
        for contribution in contributions
        for award in of.get(contribution.id, ())
        if award.points > 0
    ]
    _pay(paying)
    for contribution in contributions:
        settle(contribution, of.get(contribution.id, ()), State.CREDITED)
    session.flush()


def _pay(paying: Sequence[tuple[Contribution, Award]]) -> None:
    accounts = ledger.accounts_of({award.holder_id for _contribution, award in paying})
    balances = {account.id: account.balance for account in accounts.values()}
    issue = ledger.house_account(AccountKind.ISSUE)
    transfers = ledger.post(
        [
            Entry(
                key=f"award:{contribution.id}:{award.holder_id}",
                kind=Kind.EARNED,
                reason=what(contribution),
                at=credited_at(contribution),
                moves={issue: -award.points, accounts[award.holder_id].id: award.points},
            )
            for contribution, award in paying
        ]
    )
    credits_ = []
    for (contribution, award), transfer in zip(paying, transfers, strict=True):
        account = accounts[award.holder_id]
        balances[account.id] += award.points
        award.transfer_id = transfer.id
        credits_.append(
            lots.Credit(
                account=account,
                transfer=transfer,
                points=award.points,
                balance=balances[account.id],
                expires_on=expires_on(contribution),
                contribution_id=contribution.id,
            )
        )
    lots.make(credits_)
    for account in accounts.values():
        if account.held:
            lots.cover(account.id)


def credited_at(contribution: Contribution) -> datetime:
    """00:00 of the day after posting; with no posting days the moment of recording."""
    midnight = ledger.start_of(contribution.credits_on)
    return max(midnight, contribution.recorded_at)


def expires_on(contribution: Contribution) -> date:
    """The last day on which the points of a contribution can be spent, by the policy of the day of crediting."""
    day = contribution.credits_on
    return day + timedelta(days=policy.at(PointsPolicy, day).expiry_days)


def faults() -> Iterator[Explanation]:
    """Contributions and awards agree on their state."""
    torn = (
        select(Contribution.id)
        .join(Award, Award.contribution_id == Contribution.id)
        .where(Award.state != Contribution.state)
        .distinct()
    )
    for contribution_id in session.scalars(torn):
        yield explain("points_check_states", contribution=contribution_id)
