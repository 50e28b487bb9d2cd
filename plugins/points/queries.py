"""What pages and programs read of points; each a fixed number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, case, func, or_, select, tuple_
from sqlalchemy.orm import selectinload

from core.accounts import access
from core.contract import Actor, HolderKind
from core.db import Id, session
from core.errors import Forbidden, Invalid, NotFound
from core.explanations import explain
from core.faults import words as searched
from core.people import closed
from core.people.models import Group, Holder, Membership
from core.plugins import here
from plugins.points.models import (
    Account,
    AccountKind,
    Award,
    Category,
    Contribution,
    Gift,
    GiftState,
    Lot,
    Rule,
    State,
)

READ = "points.read"


# --- holders and their accounts ------------------------------------------------------------------------------------


def holder(holder_id: Id, *, by: Actor) -> Holder:
    """A holder whose points `by` may see.

    Raises:
        NotFound, Forbidden.
    """
    found = session.scalar(select(Holder).where(Holder.id == holder_id))
    if found is None:
        raise NotFound(what="holder", id=holder_id)
    check(by, holder_id)
    return found


def may_read(by: Actor, holder_id: Id) -> bool:
    """Whether `by` may see the points of a holder: by permission, or as a member, today, of the group."""
    return access.allows(by, READ, holder_id) or (access.reach(by, READ) == "own" and holder_id in own(by))


def check(by: Actor, holder_id: Id) -> None:
    """Refuse who may not see the points of a holder.

    Raises:
        Forbidden.
    """
    if not may_read(by, holder_id):
        raise Forbidden(permission=READ)


def own(by: Actor) -> frozenset[Id]:
    """The holders whose points one sees as one's own: oneself, the groups one leads, and those one is in today.

    Of groups that are no more: those that went on as one of these, and those one led to the end.
    """
    if by.resident_id is None:
        return by.holders
    mine = by.holders | {group.id for group in groups_in(by.resident_id)}
    return mine | closed.readable(mine, by.resident_id)


def holders(
    *, by: Actor, kind: HolderKind | None = None, words: str = "", limit: int, cursor: str | None = None
) -> Sequence[Holder]:
    """Holders whose points `by` may see, groups that are no more left out, by name; one more than `limit` if there are more.

    Raises:
        Invalid: the cursor is none.
    """
    statement = select(Holder).where(Holder.id.not_in(_no_more()))
    if kind is not None:
        statement = statement.where(Holder.kind == kind)
    return _listed(statement, by=by, words=words, limit=limit, cursor=cursor)


def closed_groups(*, by: Actor, words: str = "", limit: int, cursor: str | None = None) -> Sequence[Holder]:
    """Groups that are no more whose points `by` may still see, as `holders` lists.

    Raises:
        Invalid: the cursor is none.
    """
    return _listed(select(Holder).where(Holder.id.in_(_no_more())), by=by, words=words, limit=limit, cursor=cursor)


def _no_more() -> Select[Id]:
    return select(Group.id).where(Group.dissolved_on.is_not(None))


def _listed(statement: Select[Holder], *, by: Actor, words: str, limit: int, cursor: str | None) -> Sequence[Holder]:
    if access.reach(by, READ) != "all":
        statement = statement.where(Holder.id.in_(own(by)))
    if cursor is not None:
        last = session.scalar(select(Holder).where(Holder.id == id_of(cursor)))
        if last is None:
            raise Invalid({"cursor": [explain("not_a_cursor")]})
        statement = statement.where(tuple_(Holder.name, Holder.id) > (last.name, last.id))
    for word in searched(words):
        statement = statement.where(_named(word))
    return session.scalars(statement.order_by(Holder.name, Holder.id).limit(limit + 1)).all()


def _named(word: str) -> ColumnElement[bool]:
    return Holder.name.icontains(word, autoescape=True) | Holder.initials.istartswith(word, autoescape=True)


def id_of(cursor: str) -> Id:
    """The id that a cursor is.

    Raises:
        Invalid: it is none.
    """
    try:
        return Id(cursor)
    except ValueError:
        raise Invalid({"cursor": [explain("not_a_cursor")]}) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What an account has: `balance` − `held` = what may be spent."""

    balance: int = 0
    held: int = 0

    @property
    def available(self) -> int:
        return self.balance - self.held


def figures(holder_ids: Collection[Id]) -> Mapping[Id, Figures]:
    """Of several holders; zeros for those who never had a point. One row each, however long the history."""
    rows = session.execute(
        select(Account.holder_id, Account.balance, Account.held).where(
            Account.holder_id.in_(holder_ids), Account.kind == AccountKind.OWN
        )
    )
    found = {holder_id: Figures(balance=balance, held=held) for holder_id, balance, held in rows}
    return {holder_id: found.get(holder_id, Figures()) for holder_id in holder_ids}


def lots(holder_ids: Collection[Id]) -> Mapping[Id, Sequence[Lot]]:
    """What is left of their lots, in the order in which it is spent."""
    found: defaultdict[Id, list[Lot]] = defaultdict(list)
    rows = session.execute(
        select(Account.holder_id, Lot)
        .join(Account, Account.id == Lot.account_id)
        .where(Account.holder_id.in_(holder_ids), Account.kind == AccountKind.OWN, Lot.remaining > 0)
        .order_by(Lot.expires_on, Lot.seq)
    )
    for holder_id, lot in rows:
        found[holder_id].append(lot)
    return found


# --- contributions -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionFilter:
    """Which contributions; None or nothing: whichever. Days inclusive. `holder_id`, `kind`: of whom points were for."""

    holder_id: Id | None = None
    kind: HolderKind | None = None
    category: str | None = None
    states: Collection[State] = ()
    first: date | None = None
    last: date | None = None
    words: str = ""

    def awards(self) -> list[ColumnElement[bool]]:
        """Of the awards that are asked for; none: all of a contribution."""
        found: list[ColumnElement[bool]] = []
        if self.holder_id is not None:
            found.append(Award.holder_id == self.holder_id)
        if self.kind is not None:
            found.append(Award.holder_id.in_(select(Holder.id).where(Holder.kind == self.kind)))
        return found

    def of(self, contribution: Contribution) -> Sequence[Award]:
        """Those awards of one."""
        return [
            award
            for award in contribution.awards
            if self.holder_id in {None, award.holder_id} and self.kind in {None, award.holder.kind}
        ]

    def conditions(self, by: Actor) -> list[ColumnElement[bool]]:
        """Of the contributions that are asked for and `by` may see."""
        found: list[ColumnElement[bool]] = []
        if access.reach(by, READ) != "all":
            found.append(Contribution.holder_id.in_(own(by)))
        if awards := self.awards():
            found.append(Contribution.id.in_(select(Award.contribution_id).where(*awards)))
        if self.category:
            found.append(Contribution.category_id.in_(select(Category.id).where(Category.code == self.category)))
        if self.states:
            found.append(Contribution.state.in_(self.states))
        if self.first is not None:
            found.append(Contribution.occurred_on >= self.first)
        if self.last is not None:
            found.append(Contribution.occurred_on <= self.last)
        for word in searched(self.words):
            named = Contribution.holder_id.in_(select(Holder.id).where(_named(word)))
            found.append(named | Contribution.note.icontains(word, autoescape=True))
        return found


def contributions(
    wanted: ContributionFilter, *, by: Actor, limit: int, cursor: str | None = None
) -> Sequence[Contribution]:
    """Contributions with their awards, the latest day first; one more than `limit` if there are more.

    Raises:
        Invalid: the cursor is none.
    """
    statement = select(Contribution).options(selectinload(Contribution.awards)).where(*wanted.conditions(by))
    if cursor is not None:
        last = session.scalar(select(Contribution).where(Contribution.id == id_of(cursor)))
        if last is None:
            raise Invalid({"cursor": [explain("not_a_cursor")]})
        statement = statement.where(tuple_(Contribution.occurred_on, Contribution.id) < (last.occurred_on, last.id))
    ordered = statement.order_by(Contribution.occurred_on.desc(), Contribution.id.desc()).limit(limit + 1)
    return session.scalars(ordered).all()


def together(wanted: ContributionFilter, *, by: Actor) -> tuple[int, int]:
    """How many contributions these are, and what they are worth."""
    left = case((Award.state == State.WITHDRAWN, 0), else_=Award.points - Award.reversed)
    found = session.execute(
        select(func.count(Contribution.id.distinct()), func.coalesce(func.sum(left), 0))
        .join(Award, Award.contribution_id == Contribution.id)
        .where(*wanted.conditions(by), *wanted.awards())
    ).one()
    return int(found[0]), int(found[1])


def contribution(contribution_id: Id, *, by: Actor) -> Contribution:
    """One contribution whose holder's points `by` may see.

    Raises:
        NotFound, Forbidden.
    """
    found = session.scalar(
        select(Contribution).options(selectinload(Contribution.awards)).where(Contribution.id == contribution_id)
    )
    if found is None:
        raise NotFound(what="contribution", id=contribution_id)
    check(by, found.holder_id)
    return found


def with_awards(contribution_ids: Sequence[Id]) -> Sequence[Contribution]:
    """These contributions in this order, their awards loaded at once."""
    rows = session.scalars(
        select(Contribution).options(selectinload(Contribution.awards)).where(Contribution.id.in_(contribution_ids))
    )
    found = {row.id: row for row in rows}
    return [found[contribution_id] for contribution_id in contribution_ids]


def of_keys(keys: Collection[str]) -> Mapping[str, tuple[Id, int]]:
    """Key → the contribution that has it, and the points of its holder's award."""
    rows = session.execute(
        select(Contribution.key, Contribution.id, Award.points)
        .join(Award, (Award.contribution_id == Contribution.id) & (Award.holder_id == Contribution.holder_id))
        .where(Contribution.key.in_(keys))
    )
    return {row.key: (row.id, row.points) for row in rows}


def posted(holder_id: Id) -> Sequence[tuple[Contribution, Award]]:
    """What of a holder is posted and not credited yet, with its award, the latest first."""
    rows = session.execute(
        select(Contribution, Award)
        .join(Award, Award.contribution_id == Contribution.id)
        .where(Award.holder_id == holder_id, Contribution.state.in_([State.POSTED, State.OBJECTED]))
        .order_by(Contribution.occurred_on.desc(), Contribution.id.desc())
    )
    return [(row.Contribution, row.Award) for row in rows]


def groups_in(resident_id: Id) -> Sequence[Holder]:
    """The groups a resident is in today."""
    mine = Holder.id.in_(_groups_of(resident_id))
    return session.scalars(select(Holder).where(mine).order_by(Holder.name)).all()


def _groups_of(resident_id: Id) -> Select[Id]:
    today = here().today()
    return select(Membership.group_id).where(
        Membership.resident_id == resident_id,
        Membership.from_day <= today,
        or_(Membership.to_day.is_(None), Membership.to_day >= today),
    )


def groups_with_offers(resident_id: Id) -> Sequence[tuple[Holder, int]]:
    """The groups a resident is in today, each with how many offers of points wait for its answer."""
    offers = (
        select(func.count(Gift.id))
        .where(Gift.receiver_id == Holder.id, Gift.state == GiftState.OFFERED)
        .correlate(Holder)
        .scalar_subquery()
    )
    rows = session.execute(select(Holder, offers).where(Holder.id.in_(_groups_of(resident_id))).order_by(Holder.name))
    return [(holder, int(count)) for holder, count in rows]


# --- categories and rules ------------------------------------------------------------------------------------------


def categories(*, limit: int, seen: int = 0) -> Sequence[Category]:
    """Categories by code, after the first `seen`; one more than `limit` if there are more."""
    return session.scalars(select(Category).order_by(Category.code).offset(seen).limit(limit + 1)).all()


def rules(*, category: str | None = None, limit: int, seen: int = 0, taken_back: bool = False) -> Sequence[Rule]:
    """Versions of rules, by category and then the latest first; one more than `limit` if there are more.

    `taken_back`: those too that were taken back.
    """
    statement = select(Rule).join(Category, Category.id == Rule.category_id)
    if not taken_back:
        statement = statement.where(Rule.taken_back_on.is_(None))
    if category is not None:
        statement = statement.where(Category.code == category)
    ordered = statement.order_by(Category.code, Rule.valid_from.desc(), Rule.seq.desc())
    return session.scalars(ordered.offset(seen).limit(limit + 1)).all()


# --- figures of the home page --------------------------------------------------------------------------------------


def earned_between(first: date, last: date) -> Sequence[tuple[Id, str, int]]:
    """Groups, their names and the points their contributions of these days (inclusive) gave, posted ones too, the most first."""
    total = func.sum(Award.points - Award.reversed)
    rows = session.execute(
        select(Holder.id, Holder.name, total)
        .join(Holder, Holder.id == Award.holder_id)
        .where(Award.day >= first, Award.day <= last, Award.state != State.WITHDRAWN, Holder.kind == HolderKind.GROUP)
        .group_by(Holder.id, Holder.name)
        .having(total > 0)
        .order_by(total.desc(), Holder.name)
    )
    return [(holder_id, name, int(points)) for holder_id, name, points in rows]


def waiting() -> tuple[int, date | None, int]:
    """How many contributions are posted, when the next are credited, and how many wait for a decision on objections."""
    count = func.count(Contribution.id)
    waits = select(Contribution.state, count, func.min(Contribution.credits_on)).group_by(Contribution.state)
    rows = session.execute(waits.where(Contribution.state.in_([State.POSTED, State.OBJECTED])))
    found = {state: (int(many), first) for state, many, first in rows}
    posted, first = found.get(State.POSTED, (0, None))
    return posted, first, found.get(State.OBJECTED, (0, None))[0]
