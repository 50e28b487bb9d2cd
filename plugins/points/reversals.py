"""Taking a transfer back, wholly or in part: what was given is taken from its own lots first, what was taken is given back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from core import clock
from core.accounts import access
from core.audit.record import record
from core.communities import policy
from core.contract import Actor
from core.db import Id, locked, session
from core.errors import Invalid, NotFound, WrongState
from core.explanations import Explanation, explain
from core.people import holders as locking
from core.people.models import Group, Holder
from core.plugins import here
from plugins.points import expiry, ledger, lots
from plugins.points.ledger import Entry
from plugins.points.models import Account, AccountKind, Award, Kind, Line, Transfer
from plugins.points.policy import PointsPolicy
from plugins.points.requests import ReversalRequest
from plugins.points.transfers import FINAL


class Final(WrongState):
    """A withdrawal, a reversal, or the move of a group that ended: it is not itself taken back."""

    def explanation(self) -> Explanation:
        """In words of its own: it never was possible."""
        return explain("points_final")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The two accounts of a transfer: who gave and who got, how much, and how much of it was taken back before."""

    giver: Account
    receiver: Account
    points: int
    reversed: int


def reverse(transfer_id: Id, request: ReversalRequest, *, by: Actor) -> Transfer:
    """Take back a transfer, or so many points of it. Parts sum to the original at most; a reversal is not reversed.

    Raises:
        NotFound: there is no such transfer here.
        WrongState: nothing of it is left, it is itself a reversal, or one of its holders is no more.
        Invalid: more than is left.
        NotEnoughPoints: the points are spent and the policy allows no debt; nothing has changed.
    """
    access.check(by, "points.correct")
    original = session.scalar(select(Transfer).where(Transfer.id == transfer_id))
    if original is None:
        raise NotFound(what="transfer", id=transfer_id)
    if original.kind in FINAL or original.reverses_id is not None:
        raise Final(state=original.kind.value)
    sides, award = _locked_sides(original)
    left = sides.points - sides.reversed
    if left == 0:
        raise WrongState(state="reversed")
    points = left if request.points is None else request.points
    if points > left:
        raise Invalid({"points": [explain("too_large", most=left)]})
    made = _post(original, sides, points, award, request.reason)
    if award is not None:
        award.reversed += points
        session.flush()
    after = {"points": points, "left": left - points, "reason": request.reason}
    own = sides.receiver if sides.receiver.kind is AccountKind.OWN else sides.giver
    subject = session.scalars(select(Holder.name).where(Holder.id == own.holder_id)).one()
    record("points.reverse", by=by, subject=subject, subject_id=original.id, after=after)
    return session.scalars(select(Transfer).where(Transfer.id == made)).one()


def _locked_sides(original: Transfer) -> tuple[Sides, Award | None]:
    """The sides of a transfer, and the award it credits, all as they are under the locks."""
    credited = select(Award).where(Award.transfer_id == original.id)
    award = session.scalar(credited)
    lines = session.execute(
        select(Line.points, Account.id, Account.holder_id, Account.kind)
        .join(Account, Account.id == Line.account_id)
        .where(Line.transfer_id == original.id)
        .order_by(Line.points)
    ).all()
    giving, getting = lines  # each of our transfers has two
    holders = {row.holder_id for row in lines if row.kind is AccountKind.OWN}
    if award is not None:
        holders = {award.holder_id}  # who has them now, if groups were merged meanwhile
    elif session.scalar(select(Group.id).where(Group.id.in_(holders), Group.dissolved_on.is_not(None)).limit(1)):
        raise WrongState(state="dissolved")
    owners = locking.lock(holders)
    if award is not None:
        award = session.scalars(credited.execution_options(populate_existing=True)).one()
        locking.still([award.holder_id], owners)
    accounts = {
        account.id: account
        for account in session.scalars(locked(select(Account).where(Account.id.in_([giving.id, getting.id]))))
    }
    receiver = accounts[getting.id] if award is None else ledger.account_of(award.holder_id)
    done = session.scalars(
        select(func.coalesce(func.sum(Line.points), 0))
        .join(Transfer, Transfer.id == Line.transfer_id)
        .where(Transfer.reverses_id == original.id, Line.points > 0)
    ).one()
    sides = Sides(giver=accounts[giving.id], receiver=receiver, points=getting.points, reversed=int(done))
    return sides, award


def _post(original: Transfer, sides: Sides, points: int, award: Award | None, reason: str) -> Id:
    giver, receiver = sides.giver, sides.receiver  # of the original: now the points go the other way
    if receiver.kind is AccountKind.OWN:
        expiry.expire_of(receiver)  # what is over pays for nothing
        if not policy.at(PointsPolicy, here().today()).allow_debt:
            ledger.check_available(receiver, points)
    [made] = ledger.post(
        [
            Entry(
                key=f"reversal:{original.id}:{sides.reversed}",
                kind=Kind.REVERSED,
                reason=explain(
                    "points_reversed", points_kind=original.kind.value, day=ledger.day_of(original.at), why=reason
                ),
                at=clock.now(),
                moves={receiver.id: -points, giver.id: points},
                reverses_id=original.id,
            )
        ],
        into_debt=True,
    )
    if receiver.kind is AccountKind.OWN:
        own = award.contribution_id if award else None
        lots.take(receiver.id, points, made, contribution_id=own, credited_by=original.id)
    if giver.kind is AccountKind.OWN:
        today = here().today()
        lots.give_back(
            giver,
            lots.Returned(
                original_id=original.id,
                transfer_id=made,
                whole=sides.points,
                before=sides.reversed,
                points=points,
                today=today,
                expires_on=today + timedelta(days=policy.at(PointsPolicy, today).expiry_days),
            ),
        )
    return made
