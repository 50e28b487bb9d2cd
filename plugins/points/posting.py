"""Posting days and crediting: what was shown in public long enough begins to count, dated as on time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.orm import lazyload

from core.communities import policy
from core.db import Id, locked, session
from core.explanations import Explanation, explain
from core.people import holders as locking
from core.plugins import here
from plugins.points import ledger, lots
from plugins.points.ledger import Entry
from plugins.points.models import AccountKind, Award, Category, Contribution, Kind, Line, Objection, State, Transfer
from plugins.points.policy import PointsPolicy

_BATCH = 2_000  # contributions at once: their holders stay locked meanwhile


def settle(contribution: Contribution, awards: Sequence[Award], state: State) -> None:
    """Change the state of a contribution, and with it that of its awards."""
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
        theirs = select(Award.holder_id).where(Award.contribution_id.in_(ids)).distinct()
        owners = locking.lock(session.scalars(theirs))
        locking.still(session.scalars(theirs), owners)
        done += credit(ids)
    return done


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A posted contribution that is to be credited. `at`: the moment its points belong to."""

    id: Id
    at: datetime
    reason: Explanation
    expires_on: date


def credit(contribution_ids: Sequence[Id], *, at: datetime | None = None) -> int:
    """Credit the awards of posted contributions whose holders are locked; each becomes a transfer and a lot.

    Answers how many contributions were posted still.

    Args:
        contribution_ids: those that are no longer posted are left alone.
        at: the moment the points belong to; None: when posting ended, or, with no posting days, that of recording.
    """
    due = _due(contribution_ids, at)
    order = {one.id: number for number, one in enumerate(due)}
    awards = session.scalars(
        select(Award)
        .where(Award.contribution_id.in_(order), Award.points > 0)
        .options(lazyload(Award.holder))
        .order_by(Award.id)
    ).all()
    awards = sorted(awards, key=lambda award: order[award.contribution_id])  # stable: the group before its members
    _pay([(due[order[award.contribution_id]], award) for award in awards])
    session.flush()
    for table, column in ((Contribution, Contribution.id), (Award, Award.contribution_id)):
        session.execute(update(table).where(column.in_(order)).values(state=State.CREDITED))
    return len(due)


def _due(contribution_ids: Sequence[Id], at: datetime | None) -> list[Due]:
    """Those that are posted, locked, in the order of crediting."""
    posted = (Contribution.id.in_(contribution_ids), Contribution.state == State.POSTED)
    session.execute(locked(select(Contribution.id).where(*posted).order_by(Contribution.id))).all()
    rows = session.execute(
        select(
            Contribution.id,
            Contribution.credits_on,
            Contribution.recorded_at,
            Contribution.occurred_on,
            Contribution.note,
            Category.name,
        )
        .join(Category, Category.id == Contribution.category_id)
        .where(*posted)
        .order_by(Contribution.credits_on, Contribution.recorded_at, Contribution.id)
    )
    return [
        Due(
            id=row.id,
            at=at or max(ledger.start_of(row.credits_on), row.recorded_at),
            reason=_what(row.name, row.occurred_on, row.note),
            expires_on=row.credits_on + timedelta(days=policy.at(PointsPolicy, row.credits_on).expiry_days),
        )
        for row in rows
    ]


def _what(category: str, day: date, note: str) -> Explanation:
    """The act, as a line of a statement says it."""
    if note:
        return explain("points_earned_note", category=category, day=day, note=note)
    return explain("points_earned", category=category, day=day)


def _pay(paying: Sequence[tuple[Due, Award]]) -> None:
    if not paying:
        return
    accounts = ledger.accounts_of({award.holder_id for _due, award in paying})
    balances = {account.id: account.balance for account in accounts.values()}
    issue = ledger.house_account(AccountKind.ISSUE)
    transfers = ledger.post(
        [
            Entry(
                key=f"award:{due.id}:{award.holder_id}",
                kind=Kind.EARNED,
                reason=due.reason,
                at=due.at,
                moves={issue: -award.points, accounts[award.holder_id].id: award.points},
            )
            for due, award in paying
        ]
    )
    credits_ = []
    for (due, award), transfer_id in zip(paying, transfers, strict=True):
        account = accounts[award.holder_id]
        balances[account.id] += award.points
        award.transfer_id = transfer_id
        credits_.append(
            lots.Credit(
                account=account,
                transfer_id=transfer_id,
                points=award.points,
                balance=balances[account.id],
                expires_on=due.expires_on,
                contribution_id=due.id,
            )
        )
    lots.make(credits_)
    for account in accounts.values():
        if account.held:
            lots.cover(account.id)


def faults() -> Iterator[Explanation]:
    """Contributions, their awards and their objections agree on their state, and awards on what was moved for them."""
    torn = (
        select(Contribution.id)
        .outerjoin(Award, Award.contribution_id == Contribution.id)
        .where(or_(Award.id.is_(None), Award.state != Contribution.state))
        .distinct()
    )
    asked = select(Objection.contribution_id).where(Objection.upheld.is_(None))
    unsaid = select(Contribution.id).where(
        or_(
            (Contribution.state == State.OBJECTED) != Contribution.id.in_(asked),
            (Contribution.state == State.WITHDRAWN) == Contribution.withdrawn_at.is_(None),
        )
    )
    for contribution_id in {*session.scalars(torn), *session.scalars(unsaid)}:
        yield explain("points_check_states", contribution=contribution_id)
    yield from _award_faults()


def _award_faults() -> Iterator[Explanation]:
    """L6: a transfer credits each award that counts or counted; what was taken back of it is what the award says."""
    moved = select(Line.transfer_id, Line.points).where(Line.points > 0).subquery()
    back = (
        select(
            Transfer.reverses_id,
            func.sum(case((Transfer.kind == Kind.REVERSED, Line.points), else_=0)).label("reversed"),
            func.sum(case((Transfer.kind == Kind.WITHDRAWN, Line.points), else_=0)).label("withdrawn"),
        )
        .join(Line, Line.transfer_id == Transfer.id)
        .where(Line.points > 0, Transfer.reverses_id.is_not(None))
        .group_by(Transfer.reverses_id)
        .subquery()
    )
    rest = case((Award.state == State.WITHDRAWN, Award.points - Award.reversed), else_=0)
    never = Award.transfer_id.is_(None)
    wrong = (
        select(Award.contribution_id)
        .outerjoin(moved, moved.c.transfer_id == Award.transfer_id)
        .outerjoin(back, back.c.reverses_id == Award.transfer_id)
        .where(
            or_(
                never & (((Award.state == State.CREDITED) & (Award.points > 0)) | (Award.reversed > 0)),
                ~never & Award.state.in_([State.POSTED, State.OBJECTED]),
                ~never & (func.coalesce(moved.c.points, 0) != Award.points),
                ~never & (func.coalesce(back.c.reversed, 0) != Award.reversed),
                ~never & (func.coalesce(back.c.withdrawn, 0) != rest),
            )
        )
    )
    for contribution_id in session.scalars(wrong):
        yield explain("points_check_award", contribution=contribution_id)
