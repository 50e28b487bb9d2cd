"""Giving points: one group's leader offers, the other's accepts; capped a month, named as such, never counted in standing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import func, or_, select

from core import clock
from core.accounts import access
from core.audit.record import record
from core.communities import policy
from core.contract import Actor
from core.db import Id, locked, session
from core.errors import DomainError, Invalid, NotFound, WrongState
from core.explanations import Explanation, explain
from core.notices.models import NoticeKind
from core.notices.outbox import About, to_leaders
from core.people import holders as locking
from core.people.models import Group, Holder
from core.plugins import here
from plugins.points import expiry, ledger, lots, queries
from plugins.points.ledger import Entry
from plugins.points.models import Account, Gift, GiftState, Kind, Line, Transfer
from plugins.points.policy import PointsPolicy
from plugins.points.requests import GiftRequest

GIVE = "points.give"


class GiftsNotAllowed(DomainError):
    """The community's policy has no gifts between groups."""

    code = "points_gifts_not_allowed"


class GiftNeedsTwo(DomainError):
    """The same member of the staff would speak for both groups."""

    code = "points_gift_needs_two"


class GiftCap(DomainError):
    """More than a group may give in a calendar month. Facts: cap, given, points."""

    code = "points_gift_cap"


def offer(request: GiftRequest, *, by: Actor) -> Gift:
    """A group offers another some of its points. Nothing moves before the other side accepts.

    Raises:
        NotFound, Forbidden: `by` does not speak for the giver.
        Invalid: one of the two is no group, or is dissolved.
        GiftsNotAllowed, GiftCap: the policy forbids it, wholly or this month.
        NotEnoughPoints: the giver has less to spend.
    """
    access.check(by, GIVE, request.giver_id)
    holders = locking.lock([request.giver_id, request.receiver_id])
    _check_groups(request, holders)
    _check(request.giver_id, request.points)
    made = Gift(
        giver_id=request.giver_id,
        receiver_id=request.receiver_id,
        points=request.points,
        reason=request.reason,
        state=GiftState.OFFERED,
        offered_at=clock.now(),
        offered_by=by.name,
        account_id=by.account_id,
    )
    session.add(made)
    session.flush()
    _record("points.gift_offered", made, by)
    what = explain("points_gift_offered", points=made.points, giver=made.giver.name, receiver=made.receiver.name)
    asked = About(kind=NoticeKind.REQUEST, page="points.gifts_of", id=made.receiver_id)
    to_leaders(made.receiver_id, what, f"gift:{made.id}", asked)
    return made


def accept(gift_id: Id, *, by: Actor) -> Gift:
    """The other group's leader agrees: the points move, and keep their last day.

    Raises:
        NotFound, Forbidden: `by` does not speak for the receiver.
        WrongState: it was answered before, or one of the groups is no more.
        GiftNeedsTwo: the same account offered it, and neither leads the receiver nor acts for somebody.
        GiftsNotAllowed, GiftCap, NotEnoughPoints: as of now.
    """
    gift = _answering(gift_id, by=by, side="receiver_id")
    leads = gift.receiver_id in by.holders
    if gift.account_id is not None and gift.account_id == by.account_id and not leads and by.on_behalf_of is None:
        raise GiftNeedsTwo
    closed = select(Group.id).where(Group.id.in_([gift.giver_id, gift.receiver_id]), Group.dissolved_on.is_not(None))
    if session.scalar(closed.limit(1)) is not None:
        raise WrongState(state="dissolved")
    accounts = _check(gift.giver_id, gift.points, gift.receiver_id)
    giver, receiver = accounts[gift.giver_id], accounts[gift.receiver_id]
    [transfer_id] = ledger.post(
        [
            Entry(
                key=f"gift:{gift.id}",
                kind=Kind.GIVEN,
                reason=_named(gift),
                at=clock.now(),
                moves={giver.id: -gift.points, receiver.id: gift.points},
            )
        ]
    )
    gift.transfer_id, gift.month = transfer_id, here().today().replace(day=1)
    _answer(gift, GiftState.ACCEPTED, by)
    lots.move(giver, receiver, gift.points, transfer_id)
    _record("points.gift_accepted", gift, by)
    what = explain("points_gift_accepted", points=gift.points, receiver=gift.receiver.name)
    answered = About(page="points.gifts_of", id=gift.giver_id)
    to_leaders(gift.giver_id, what, f"gift:{gift.id}:accepted", answered)
    return gift


def decline(gift_id: Id, *, by: Actor) -> Gift:
    """The other group does not want them; see `accept` for errors."""
    gift = _answering(gift_id, by=by, side="receiver_id")
    _answer(gift, GiftState.DECLINED, by)
    _record("points.gift_declined", gift, by)
    return gift


def take_back(gift_id: Id, *, by: Actor) -> Gift:
    """The giver takes the offer back before it is answered; see `accept` for errors."""
    gift = _answering(gift_id, by=by, side="giver_id")
    _answer(gift, GiftState.TAKEN_BACK, by)
    _record("points.gift_taken_back", gift, by)
    return gift


def _named(gift: Gift) -> Explanation:
    names = {"giver": gift.giver.name, "receiver": gift.receiver.name}
    return explain("points_gift_why", **names, why=gift.reason) if gift.reason else explain("points_gift", **names)


def _check_groups(request: GiftRequest, holders: dict[Id, Holder]) -> None:
    faults: dict[str, list[Explanation]] = {}
    found = select(Group.id).where(Group.id.in_(holders), Group.dissolved_on.is_(None))
    alive = set(session.scalars(found))
    for field in ("giver_id", "receiver_id"):
        if getattr(request, field) not in alive:
            faults[field] = [explain("points_gift_not_a_group")]
    if faults:
        raise Invalid(faults)


def _check(giver_id: Id, points: int, *others: Id) -> dict[Id, Account]:
    """The accounts, if the policy and the giver's points allow it now."""
    cap = policy.at(PointsPolicy, here().today()).gift_monthly_cap
    if cap == 0:
        raise GiftsNotAllowed
    given = given_in(giver_id, here().today())
    if given + points > cap:
        raise GiftCap(cap=cap, given=given, points=points)
    accounts = ledger.accounts_of([giver_id, *others])
    expiry.expire_of(accounts[giver_id])
    ledger.check_available(accounts[giver_id], points)
    return accounts


def given_in(giver_id: Id, day: date) -> int:
    """What a group has given in the calendar month of a day."""
    total = session.scalar(
        select(func.sum(Gift.points)).where(
            Gift.giver_id == giver_id, Gift.state == GiftState.ACCEPTED, Gift.month == day.replace(day=1)
        )
    )
    return int(total or 0)


def _answering(gift_id: Id, *, by: Actor, side: str) -> Gift:
    """An offer that waits, locked after both groups, for who speaks for one side of it."""
    found = session.scalar(select(Gift).where(Gift.id == gift_id))
    if found is None:
        raise NotFound(what="gift", id=gift_id)
    access.check(by, GIVE, getattr(found, side))
    groups = locking.lock([found.giver_id, found.receiver_id])
    gift = session.scalars(locked(select(Gift).where(Gift.id == gift_id))).one()
    locking.still([gift.giver_id, gift.receiver_id], groups)
    if gift.state is not GiftState.OFFERED:
        raise WrongState(state=gift.state.value)
    return gift


def _answer(gift: Gift, state: GiftState, by: Actor) -> None:
    gift.state, gift.answered_at, gift.answered_by = state, clock.now(), by.name
    session.flush()


def _record(act: str, gift: Gift, by: Actor) -> None:
    after = {"points": gift.points, "to": gift.receiver.name, "reason": gift.reason}
    record(act, by=by, subject=gift.giver.name, subject_id=gift.id, after=after)


def listed(holder_id: Id | None, *, by: Actor, limit: int, seen: int = 0) -> Sequence[Gift]:
    """Offers made or got, the latest first, after the first `seen`; one more than `limit` if there are more.

    Raises:
        Forbidden: of a holder whose points `by` may not see.
    """
    wanted = select(Gift).order_by(Gift.id.desc()).offset(seen).limit(limit + 1)
    if holder_id is not None:
        queries.check(by, holder_id)
        wanted = wanted.where(or_(Gift.giver_id == holder_id, Gift.receiver_id == holder_id))
    elif access.reach(by, queries.READ) != "all":
        own = queries.own(by)
        wanted = wanted.where(or_(Gift.giver_id.in_(own), Gift.receiver_id.in_(own)))
    return session.scalars(wanted).all()


def groups(but: Id) -> Sequence[Holder]:
    """Whom a group may give points: all other groups, by name."""
    wanted = select(Holder).join(Group, Group.id == Holder.id).where(Group.dissolved_on.is_(None), Holder.id != but)
    return session.scalars(wanted.order_by(Holder.name)).all()


def faults() -> Iterator[Explanation]:
    """An accepted gift is one transfer of so many points, and every such transfer is a gift's."""
    moved = select(Line.transfer_id, Line.points).where(Line.points > 0).subquery()
    wrong = (
        select(Gift.id)
        .outerjoin(Transfer, Transfer.id == Gift.transfer_id)
        .outerjoin(moved, moved.c.transfer_id == Gift.transfer_id)
        .where(Gift.state == GiftState.ACCEPTED)
        .where(
            or_(
                Transfer.kind != Kind.GIVEN,
                moved.c.points.is_(None),
                moved.c.points != Gift.points,
                Gift.month.is_(None),
            )
        )
    )
    for gift_id in session.scalars(wrong):
        yield explain("points_check_gift", gift=gift_id)
    owned = select(Gift.transfer_id, func.count().label("gifts")).group_by(Gift.transfer_id).subquery()
    stray = (
        select(Transfer.id)
        .outerjoin(owned, owned.c.transfer_id == Transfer.id)
        .where(Transfer.kind == Kind.GIVEN, func.coalesce(owned.c.gifts, 0) != 1)
    )
    for transfer_id in session.scalars(stray):
        yield explain("points_check_given", transfer=transfer_id)
