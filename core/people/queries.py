"""What pages and other features read of people; each a fixed number of statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import contains_eager

from core.accounts import access
from core.contract import Actor, HolderKind
from core.contract import Holder as HolderValue
from core.db import Id, session
from core.errors import Invalid, NotFound
from core.explanations import explain
from core.faults import seen
from core.faults import words as searched
from core.people.models import Group, Holder, Membership, Resident, Role
from core.plugins import here

T = TypeVar("T", Resident, Group)

READ = "core.people.read"


# --- holders -------------------------------------------------------------------------------------------------------


def holder(holder_id: Id) -> HolderValue:
    """Whoever has this id: a resident, a group or the centre.

    Raises:
        NotFound: nobody here has it.
    """
    return holders([holder_id])[holder_id]


def holders(holder_ids: Sequence[Id]) -> Mapping[Id, HolderValue]:
    """Several at once, by id.

    Raises:
        NotFound: one of them is nobody's here.
    """
    rows = session.scalars(select(Holder).where(Holder.id.in_(set(holder_ids))))
    found = {row.id: row.value() for row in rows}
    for holder_id in holder_ids:
        if holder_id not in found:
            raise NotFound(what="holder", id=holder_id)
    return found


def centre_holder() -> HolderValue:
    """The community's centre."""
    return session.scalars(select(Holder).where(Holder.kind == HolderKind.CENTRE)).one().value()


# --- lists and search ----------------------------------------------------------------------------------------------


def residents(words: str = "", *, by: Actor, limit: int, cursor: str | None = None) -> Sequence[Resident]:
    """Residents in the order of their initials, one more than `limit` if there are more.

    `words`: each must be in the name, begin the initials, or end the telephone number. `cursor`: the id of the last one seen.
    Whoever may only see themselves gets themselves.

    Raises:
        Invalid: the cursor is none.
    """
    statement = (
        select(Resident)
        .join(Resident.holder)
        .options(contains_eager(Resident.holder))
        .where(Resident.left_on.is_(None))
    )
    if access.reach(by, READ) != "all":
        statement = statement.where(Resident.id == by.resident_id)
    for word in searched(words):
        found = [_named(word)]
        if word.isdecimal():
            found.append(Resident.telephone.endswith(word, autoescape=True))
        statement = statement.where(or_(*found))
    return session.scalars(_page(statement, limit, cursor)).all()


def groups(words: str = "", *, by: Actor, limit: int, cursor: str | None = None) -> Sequence[Group]:
    """Groups that are not dissolved, as `residents` lists; whoever may only see their own gets the groups they are in."""
    statement = (
        select(Group).join(Group.holder).options(contains_eager(Group.holder)).where(Group.dissolved_on.is_(None))
    )
    if access.reach(by, READ) != "all":
        statement = statement.where(Group.id.in_(groups_of(by.resident_id)))
    for word in searched(words):
        statement = statement.where(_named(word))
    return session.scalars(_page(statement, limit, cursor)).all()


def _named(word: str) -> ColumnElement[bool]:
    return or_(Holder.name.icontains(word, autoescape=True), Holder.initials.istartswith(word, autoescape=True))


def _page(statement: Select[T], limit: int, cursor: str | None) -> Select[T]:
    """Keyset paging: what is entered meanwhile neither repeats nor hides anybody."""
    order = (Holder.initials, Holder.name, Holder.id)
    if cursor is not None:
        last = _last_seen(cursor)
        statement = statement.where(tuple_(*order) > (last.initials, last.name, last.id))
    return statement.order_by(*order).limit(limit + 1)


def _last_seen(cursor: str) -> Holder:
    try:
        last = session.scalar(select(Holder).where(Holder.id == Id(cursor)))
    except ValueError:
        last = None
    if last is None:
        raise Invalid({"cursor": [explain("not_a_cursor")]})
    return last


# --- one of them ---------------------------------------------------------------------------------------------------


def resident(resident_id: Id, *, by: Actor) -> Resident:
    """A resident whom `by` may see: themselves, or anyone with the permission for all.

    Raises:
        NotFound, Forbidden.
    """
    found = session.scalars(select(Resident).where(Resident.id == resident_id)).one_or_none()
    if found is None:
        raise NotFound(what="resident", id=resident_id)
    access.check(by, READ, resident_id)
    return found


def group(group_id: Id, *, by: Actor) -> Group:
    """A group that `by` may see: one they are in, or any with the permission for all.

    Raises:
        NotFound, Forbidden.
    """
    found = session.scalars(select(Group).where(Group.id == group_id)).one_or_none()
    if found is None:
        raise NotFound(what="group", id=group_id)
    if group_id not in groups_of(by.resident_id):
        access.check(by, READ, group_id)
    return found


def groups_of(resident_id: Id | None) -> frozenset[Id]:
    """The groups a resident is in today."""
    if resident_id is None:
        return frozenset()
    statement = select(Membership.group_id).where(Membership.resident_id == resident_id, *on_day(here().today()))
    return frozenset(session.scalars(statement))


# --- who is in what ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A resident in a group, for a list. `telephone` only where the reader may see it."""

    resident_id: Id
    name: str
    telephone: str
    role: Role
    from_day: date
    to_day: date | None


def on_day(day: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """What makes a membership count on a day."""
    return Membership.from_day <= day, or_(Membership.to_day.is_(None), Membership.to_day >= day)


def members(group_id: Id, *, by: Actor, limit: int, cursor: str | None = None) -> Sequence[Member]:
    """Who is in a group today or later: leaders first; one more than `limit` if there are more.

    Telephone numbers are shown to those who may see all residents, and to the group's own leaders.
    `cursor`: how many have been seen.

    Raises:
        NotFound, Forbidden: of the group.
        Invalid: the cursor is none.
    """
    group(group_id, by=by)
    rows = session.execute(
        select(Membership, Holder.name, Resident.telephone)
        .join(Resident, Resident.id == Membership.resident_id)
        .join(Holder, Holder.id == Resident.id)
        .where(Membership.group_id == group_id, on_day(here().today())[1])
        .order_by(Membership.role, Holder.initials, Holder.name, Membership.id)
        .offset(seen(cursor))
        .limit(limit + 1)
    )
    open_ = access.allows(by, READ, group_id)
    return [
        Member(
            resident_id=row.resident_id,
            name=name,
            telephone=telephone if open_ or row.resident_id == by.resident_id else "",
            role=row.role,
            from_day=row.from_day,
            to_day=row.to_day,
        )
        for row, name, telephone in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """A group somebody is in, for their page."""

    group: HolderValue
    role: Role
    from_day: date
    to_day: date | None


def belongings(resident_id: Id) -> Sequence[Belonging]:
    """The groups a resident is or was in, the present ones first."""
    rows = session.execute(
        select(Membership, Holder)
        .join(Holder, Holder.id == Membership.group_id)
        .where(Membership.resident_id == resident_id)
        .order_by(
            Membership.to_day.is_(None).desc(), Membership.to_day.desc(), Holder.initials, Membership.from_day.desc()
        )
    )
    return [
        Belonging(group=holder.value(), role=row.role, from_day=row.from_day, to_day=row.to_day) for row, holder in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """How many are in a group today, and who leads it."""

    count: int
    leaders: tuple[str, ...]


def people_of(group_ids: Sequence[Id]) -> Mapping[Id, People]:
    """Of several groups at once; a group without members is there too."""
    leaders: dict[Id, list[str]] = {group_id: [] for group_id in group_ids}
    today = on_day(here().today())
    rows = session.execute(
        select(Membership.group_id, Holder.name)
        .join(Holder, Holder.id == Membership.resident_id)
        .where(Membership.group_id.in_(leaders), Membership.role == Role.LEADER, *today)
        .order_by(Holder.initials, Holder.name)
    )
    for group_id, name in rows:
        leaders[group_id].append(name)
    counts = member_counts(here().today(), group_ids)
    return {group_id: People(count=counts[group_id], leaders=tuple(names)) for group_id, names in leaders.items()}


def member_counts(day: date, group_ids: Sequence[Id]) -> Mapping[Id, int]:
    """How many residents are in each of the groups on a day, in one statement."""
    rows = session.execute(
        select(Membership.group_id, func.count().label("people"))
        .where(Membership.group_id.in_(group_ids), *on_day(day))
        .group_by(Membership.group_id)
    )
    return dict.fromkeys(group_ids, 0) | {row.group_id: row.people for row in rows}
