"""Who is in a group: from a day to a day, as member or as leader. Leading gives rights, so it ends at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import or_, select

from core.accounts import access
from core.audit.record import record
from core.contract import Actor
from core.db import Id, session
from core.errors import DomainError, NotFound
from core.people import closed, holders, queries
from core.people.models import Group, Membership, Resident, Role
from core.people.queries import Member
from core.people.requests import MemberRequest
from core.plugins import here

DAY = timedelta(days=1)


class AlreadyMember(DomainError):
    """The resident is in the group on some of these days already. Facts: name, group, from_day."""

    code, status = "already_member", 409

    def __init__(self, *, name: str, group: str, from_day: date) -> None:
        super().__init__(name=name, group=group, from_day=from_day)


def on(group_id: Id, day: date) -> frozenset[Id]:
    """The residents who count as members (leaders too) on a day."""
    statement = select(Membership.resident_id).where(Membership.group_id == group_id, *queries.on_day(day))
    return frozenset(session.scalars(statement))


def add(group_id: Id, request: MemberRequest, *, by: Actor) -> Member:
    """Take a resident into a group, or change what they are in it from a day on: the former membership ends the day before.

    Raises:
        Forbidden: `by` may not enter members.
        NotFound: there is no such group or resident.
        GroupClosed: the group was merged or dissolved.
        AlreadyMember: in the same role on some of these days, or more than once meanwhile.
    """
    access.check(by, "core.people.edit")
    group = _locked_group(group_id)
    name = _resident_name(request.resident_id)
    for former in _overlapping(group_id, request):
        if former.role == request.role or former.from_day > request.first_day or former.to_day != request.to_day:
            raise AlreadyMember(name=name, group=group.name, from_day=former.from_day)
        _end(former, request.first_day - DAY)
    membership = Membership(
        group_id=group_id,
        resident_id=request.resident_id,
        role=request.role,
        from_day=request.first_day,
        to_day=request.to_day,
    )
    session.add(membership)
    session.flush()
    record("core.member_added", by=by, subject=f"{group.name}: {name}", subject_id=group_id, after=_facts(membership))
    return Member(
        resident_id=membership.resident_id,
        name=name,
        telephone="",
        role=membership.role,
        from_day=membership.from_day,
        to_day=membership.to_day,
    )


def remove(group_id: Id, resident_id: Id, *, by: Actor) -> None:
    """Let a resident leave a group: not a member any more from today on.

    Raises:
        Forbidden: `by` may not change members.
        NotFound: there is no such group, or the resident is not in it.
    """
    access.check(by, "core.people.edit")
    group, today = _locked_group(group_id), here().today()
    found = session.scalars(
        select(Membership).where(
            Membership.group_id == group_id, Membership.resident_id == resident_id, queries.on_day(today)[1]
        )
    ).all()
    if not found:
        raise NotFound(what="member", id=resident_id)
    name, before = _resident_name(resident_id), [_facts(membership) for membership in found]
    for membership in found:
        _end(membership, today - DAY)
    record("core.member_removed", by=by, subject=f"{group.name}: {name}", subject_id=group_id, before=before)


def end_all(group_id: Id) -> int:
    """Nobody is in a locked group from today on; answers how many were. Who was in it before stays on record."""
    last = here().today() - DAY
    present = select(Membership).where(Membership.group_id == group_id, queries.on_day(here().today())[1])
    found = session.scalars(present).all()
    for membership in found:
        _end(membership, last)
    session.flush()
    return len({membership.resident_id for membership in found})


def move(merged_id: Id, kept_id: Id) -> int:
    """Whoever is or was in one locked group is in another instead, for the same days; answers how many residents.

    Nobody is in it twice: days in both count once, as leader if they led one of the two.
    """
    theirs: dict[Id, list[Membership]] = {}
    both = select(Membership).where(Membership.group_id.in_([merged_id, kept_id])).order_by(Membership.from_day)
    for membership in session.scalars(both.execution_options(populate_existing=True)):
        theirs.setdefault(membership.resident_id, []).append(membership)
    moving = {who: rows for who, rows in theirs.items() if any(row.group_id == merged_id for row in rows)}
    for who, rows in moving.items():
        if all(row.group_id == merged_id for row in rows):
            for row in rows:
                row.group_id = kept_id
            continue
        stays = _joined(rows)
        for row in rows:
            session.delete(row)
        session.flush()  # their first days may be taken at once
        session.add_all(
            Membership(group_id=kept_id, resident_id=who, role=stay.role, from_day=stay.from_day, to_day=stay.to_day)
            for stay in stays
        )
    session.flush()
    return len(moving)


@dataclass(frozen=True, slots=True)
class _Stay:
    """A role from a day to a day, both inclusive; None: until further notice."""

    role: Role
    from_day: date
    to_day: date | None


def _joined(rows: Iterable[Membership]) -> list[_Stay]:
    """The days of all of them, each day once; who leads in one of them leads.

    Walks over the days on which something begins or has just ended: between two of them nothing changes.
    """
    stays = [_Stay(row.role, row.from_day, row.to_day) for row in rows]
    edges = sorted({stay.from_day for stay in stays} | {stay.to_day + DAY for stay in stays if stay.to_day})
    joined: list[_Stay] = []
    for day, following in zip(edges, [*edges[1:], None], strict=True):
        roles = {stay.role for stay in stays if stay.from_day <= day and (stay.to_day is None or day <= stay.to_day)}
        if not roles:
            continue
        role = Role.LEADER if Role.LEADER in roles else Role.MEMBER
        last = following - DAY if following else None
        if joined and joined[-1].role is role and joined[-1].to_day == day - DAY:
            joined[-1] = _Stay(role, joined[-1].from_day, last)
        else:
            joined.append(_Stay(role, day, last))
    return joined


def _locked_group(group_id: Id) -> Group:
    """Members of one group are changed one after the other."""
    holders.lock([group_id])
    return closed.open_group(group_id)


def _resident_name(resident_id: Id) -> str:
    resident = session.scalars(select(Resident).where(Resident.id == resident_id)).one_or_none()
    if resident is None:
        raise NotFound(what="resident", id=resident_id)
    return resident.name


def _overlapping(group_id: Id, request: MemberRequest) -> Sequence[Membership]:
    statement = select(Membership).where(
        Membership.group_id == group_id,
        Membership.resident_id == request.resident_id,
        or_(Membership.to_day.is_(None), Membership.to_day >= request.first_day),
    )
    if request.to_day is not None:
        statement = statement.where(Membership.from_day <= request.to_day)
    return session.scalars(statement.order_by(Membership.from_day)).all()


def _end(membership: Membership, last: date) -> None:
    """Let it end with a day; one that had not begun by then is gone."""
    if membership.from_day > last:
        session.delete(membership)
        session.flush()  # its first day may be taken at once
    else:
        membership.to_day = last


def _facts(membership: Membership) -> dict[str, object]:
    return {
        "resident_id": membership.resident_id,
        "role": membership.role.value,
        "from": membership.from_day,
        "to": membership.to_day,
    }
