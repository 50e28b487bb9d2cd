"""Objections to what is posted, and the staff's decision: both sides' words are kept and shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from core import clock
from core.accounts import access
from core.audit.record import record
from core.contract import Actor
from core.db import Id, savepoint, session
from core.errors import DomainError, Invalid, NotFound, WrongState
from core.explanations import Explanation, explain
from core.notices.outbox import About, notify, notify_account
from core.people.models import Holder
from core.plugins import here
from plugins.points import posting, queries, withdrawal
from plugins.points.models import Contribution, Objection, State
from plugins.points.requests import LONGEST_REASON, DecisionRequest, ObjectionRequest, WithdrawalRequest


class TooLateToObject(DomainError):
    """Posting is over: the points count."""

    code = "too_late"

    def explanation(self) -> Explanation:
        """In words of its own: other plugins say of other things that they come too late."""
        return explain("points_too_late_to_object")


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
        person=person(by),
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


def person(by: Actor) -> str:
    """Who objects once: the resident, whoever types it; of an account that is no resident the account."""
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
    withdrawal.answer(contribution.id, upheld=request.upheld, note=request.note, by=by)  # whole, before it is shortened
    if request.upheld:
        withdrawal.take_back(contribution.id, WithdrawalRequest(reason=request.note[:LONGEST_REASON]), by=by)
    else:
        posting.settle(contribution, awards, State.POSTED)
        if contribution.credits_on <= here().today():
            contribution.credits_on = here().today()  # it counts, and its points last, from today on
            session.flush()
            posting.credit([contribution.id], at=clock.now())
    session.flush()
    _tell(contribution, request)
    after = {"upheld": request.upheld, "note": request.note}
    record("points.decide", by=by, subject=contribution.holder.name, subject_id=contribution.id, after=after)
    return contribution


def _tell(contribution: Contribution, request: DecisionRequest) -> None:
    """Whoever objected reads the answer."""
    code = "points_objection_upheld" if request.upheld else "points_objection_dismissed"
    what = explain(
        code, category=contribution.category.name, name=contribution.holder.name, day=contribution.occurred_on,
        note=request.note,
    )  # fmt: skip
    for objection in of(contribution.id):
        kind, _colon, who = objection.person.partition(":")
        tell = notify if kind == "resident" else notify_account
        if objection.note == request.note and who != str(None):
            tell(Id(who), what, f"objection:{objection.id}", About(page="points.posted", id=contribution.id))


def of(contribution_id: Id) -> Sequence[Objection]:
    """What was said against a contribution, the first first."""
    wanted = select(Objection).where(Objection.contribution_id == contribution_id)
    return session.scalars(wanted.order_by(Objection.at, Objection.id)).all()


def public(contribution_id: Id) -> Contribution:
    """A contribution that is or was posted, for everybody.

    Raises:
        NotFound: there is none of that id.
    """
    wanted = select(Contribution).options(selectinload(Contribution.awards)).where(Contribution.id == contribution_id)
    found = session.scalar(wanted)
    if found is None:
        raise NotFound(what="contribution", id=contribution_id)
    return found


def posted(*, limit: int, cursor: str | None = None) -> Sequence[Contribution]:
    """What does not count yet, with its awards, what counts soonest first; one more than `limit` if there are more.

    Raises:
        Invalid: the cursor is none.
    """
    wanted = (
        select(Contribution)
        .options(selectinload(Contribution.awards))
        .where(
            or_(
                Contribution.state == State.OBJECTED,
                and_(Contribution.state == State.POSTED, Contribution.credits_on > here().today()),
            )
        )
    )
    if cursor is not None:
        last = session.scalar(select(Contribution).where(Contribution.id == queries.id_of(cursor)))
        if last is None:
            raise Invalid({"cursor": [explain("not_a_cursor")]})
        wanted = wanted.where(tuple_(Contribution.credits_on, Contribution.id) > (last.credits_on, last.id))
    return session.scalars(wanted.order_by(Contribution.credits_on, Contribution.id).limit(limit + 1)).all()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A contribution that somebody objected to, and how and when the staff decided last."""

    contribution: Contribution
    upheld: bool
    at: datetime


def decided(*, most: int) -> Sequence[Decided]:
    """The latest decisions, one for each contribution: both sides' words stay readable on its page."""
    rows = session.execute(
        select(Contribution, Objection.upheld, Objection.decided_at)
        .join(Objection, Objection.contribution_id == Contribution.id)
        .where(Objection.decided_at.is_not(None))
        .order_by(Objection.decided_at.desc(), Objection.id)
        .limit(2 * most)
    )
    found: dict[Id, Decided] = {}
    for contribution, upheld, at in rows:
        if at is not None:
            found.setdefault(contribution.id, Decided(contribution=contribution, upheld=bool(upheld), at=at))
    return list(found.values())[:most]


def may_object(contribution: Contribution, said: Sequence[Objection], *, by: Actor) -> bool:
    """Whether it is early enough for somebody who has not objected yet."""
    early = contribution.state is State.OBJECTED or (
        contribution.state is State.POSTED and contribution.credits_on > here().today()
    )
    return early and access.allows(by, "points.object") and all(one.person != person(by) for one in said)
