"""Groups: entering them and changing their name and kind."""

from __future__ import annotations

from sqlalchemy import select

from core.accounts import access
from core.audit.record import record
from core.contract import Actor, HolderKind
from core.db import Id, session
from core.errors import Invalid
from core.explanations import explain
from core.people import closed, holders, queries
from core.people.initials import initials
from core.people.models import Group, Holder
from core.people.requests import GroupRequest


def create(request: GroupRequest, *, by: Actor) -> Group:
    """Enter a group; it needs no members to exist.

    Raises:
        Forbidden: `by` may not enter groups.
        Invalid: another group has this name.
    """
    access.check(by, "core.people.edit")
    holders.lock_names()
    _refuse_taken(request.name)
    holder = Holder(kind=HolderKind.GROUP, name=request.name, initials=initials(request.name))
    session.add(holder)
    session.flush()
    group = Group(id=holder.id, kind=request.kind, holder=holder)
    session.add(group)
    session.flush()
    record("core.group_created", by=by, subject=request.name, subject_id=group.id, after=_facts(group))
    return group


def edit(group_id: Id, request: GroupRequest, *, by: Actor) -> Group:
    """Change a group's name and kind; the same again changes nothing and is not written down.

    Raises:
        Forbidden: `by` may not enter groups.
        NotFound: there is no such group.
        GroupClosed: it was merged or dissolved.
        Invalid: another group has this name.
    """
    access.check(by, "core.people.edit")
    holders.lock_names(group_id)
    queries.group(group_id, by=by)
    group = closed.open_group(group_id)
    if request.name != group.name:
        _refuse_taken(request.name)
    before = _facts(group)
    group.holder.name, group.holder.initials, group.kind = request.name, initials(request.name), request.kind
    if (after := _facts(group)) != before:
        session.flush()
        record("core.group_changed", by=by, subject=request.name, subject_id=group.id, before=before, after=after)
    return group


def _refuse_taken(name: str) -> None:
    """Sheets, and whoever books by telephone, know a group by its name; so two of one name could not be told apart."""
    same = select(Group.id).join(Holder, Holder.id == Group.id).where(Holder.name == name, Group.dissolved_on.is_(None))
    if session.scalar(same.limit(1)) is not None:
        raise Invalid({"name": [explain("group_exists", name=name)]})


def _facts(group: Group) -> dict[str, object]:
    return {"name": group.name, "kind": group.kind}
