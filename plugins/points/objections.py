"""Objections to what is posted, and the staff's decision: both sides' words are kept and shown."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.accounts import access
from core.audit.record import record
from core.contract import Actor
from core.db import Id, savepoint, session
from core.errors import DomainError, WrongState
from core.people.models import Holder
from core.plugins import here
from plugins.points import posting, withdrawal
from plugins.points.models import Contribution, Objection, State
from plugins.points.requests import DecisionRequest, ObjectionRequest, WithdrawalRequest


class TooLateToObject(DomainError):
    """Posting is over: the points count."""

    code, status = "points_too_late_to_object", 422


class ObjectedBefore(DomainError):
    """This person has objected to this already."""

    code, status = "points_objected_before", 409


def object_to(contribution_id: Id, request: ObjectionRequest, *, by: Actor) -> Objection:
    """Somebody objects, once, until the points are credited; until the staff decide nothing is credited.

    Raises:
        NotFound: there is no such contribution here.
        TooLateToObject: its points count, by time and not by sweep.
        WrongState: it was withdrawn.
        ObjectedBefore: the same person has objected.
    """
    access.check(by, "points.object")
    contribution, awards = withdrawal.locked_with_awards(contribution_id)
    if contribution.state is State.WITHDRAWN:
        raise WrongState(state=contribution.state.value)
    over = contribution.state is State.POSTED and contribution.credits_on <= here().today()
    if over or contribution.state is State.CREDITED:
        raise TooLateToObject
    made = Objection(
        contribution_id=contribution.id,
        person=_person(by),
        name=_name(by),
        reason=request.reason,
        account_id=by.account_id,
        at=clock.now(),
    )
    try:
        with savepoint():
            session.add(made)
    except IntegrityError:
        raise ObjectedBefore from None
    posting.settle(contribution, awards, State.OBJECTED)
    session.flush()
    after = {"reason": request.reason}
    record("points.object", by=by, subject=contribution.holder.name, subject_id=contribution.id, after=after)
    return made


def _person(by: Actor) -> str:
    resident_id = by.on_behalf_of or by.resident_id
    return f"resident:{resident_id}" if resident_id else f"account:{by.account_id}"


def _name(by: Actor) -> str:
    """Of whoever objects: the resident whom the staff act for."""
    if by.on_behalf_of is None:
        return by.name
    return session.scalars(select(Holder.name).where(Holder.id == by.on_behalf_of)).one()


def decide(contribution_id: Id, request: DecisionRequest, *, by: Actor) -> Contribution:
    """The staff decide on all objections that wait.

    Upheld, the contribution is withdrawn; dismissed, it is credited when posting ends, at once if that is past.

    Raises:
        NotFound: there is no such contribution here.
        WrongState: nobody's objection waits.
    """
    access.check(by, "points.decide")
    contribution, awards = withdrawal.locked_with_awards(contribution_id)
    if contribution.state is not State.OBJECTED:
        raise WrongState(state=contribution.state.value)
    if request.upheld:
        withdrawal.take_back(contribution.id, WithdrawalRequest(reason=request.note[:200]), by=by)
    withdrawal.answer(contribution.id, upheld=request.upheld, note=request.note, by=by)
    if not request.upheld:
        posting.settle(contribution, awards, State.POSTED)
        if contribution.credits_on <= here().today():
            contribution.credits_on = here().today()  # it counts, and its points last, from today on
            session.flush()
            posting.credit([contribution.id], at=clock.now())
    session.flush()
    after = {"upheld": request.upheld, "note": request.note}
    record("points.decide", by=by, subject=contribution.holder.name, subject_id=contribution.id, after=after)
    return contribution


def of(contribution_id: Id) -> Sequence[Objection]:
    """What was said against a contribution, the first first."""
    wanted = select(Objection).where(Objection.contribution_id == contribution_id)
    return session.scalars(wanted.order_by(Objection.at, Objection.id)).all()


def waiting() -> int:
    """How many contributions wait for a decision."""
    return session.scalar(select(func.count(Contribution.id)).where(Contribution.state == State.OBJECTED)) or 0


def may_object(contribution: Contribution, said: Sequence[Objection], *, by: Actor) -> bool:
    """Whether it is early enough for somebody who has not objected yet."""
    early = contribution.state is State.OBJECTED or (
        contribution.state is State.POSTED and contribution.credits_on > here().today()
    )
    return early and access.allows(by, "points.object") and all(one.person != _person(by) for one in said)
