"""Groups that are no more, merged or dissolved: what that means for whoever still names them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import aliased

from core.db import Id, session
from core.errors import NotFound, WrongState
from core.explanations import Explanation, explain
from core.people.models import Group, Holder, Membership, Role


class GroupClosed(WrongState):
    """The group was dissolved, or goes on as another. Facts: those of its sentence."""

    def __init__(self, words: Explanation) -> None:
        super().__init__(**words.facts)
        self.words = words

    def explanation(self) -> Explanation:
        """Since when, and who goes on."""
        return self.words


def words(holder_ids: Collection[Id]) -> Mapping[Id, Explanation]:
    """Those of the holders that are groups no more, each with the sentence that says so; one statement."""
    kept = aliased(Holder)
    rows = session.execute(
        select(Group.id, Holder.name, Group.dissolved_on, kept.name)
        .join(Holder, Holder.id == Group.id)
        .outerjoin(kept, kept.id == Group.merged_into)
        .where(Group.id.in_(holder_ids), Group.dissolved_on.is_not(None))
    )
    return {group_id: _said(name, day, into) for group_id, name, day, into in rows}


def _said(name: str, day: date | None, into: str | None) -> Explanation:
    if into is None:
        return explain("group_dissolved", group=name, day=day)
    return explain("group_merged", group=name, day=day, into=into)


def readable(own: Collection[Id], resident_id: Id) -> frozenset[Id]:
    """Groups that are no more and whose papers stay a resident's to read: one statement.

    Those that go on as one of `own`, and those that the resident led on their last day.
    """
    led = (Membership.group_id == Group.id) & (Membership.resident_id == resident_id) & (Membership.role == Role.LEADER)
    rows = session.execute(
        select(Group.id, Group.merged_into, Group.dissolved_on, Membership.to_day)
        .outerjoin(Membership, led)
        .where(Group.dissolved_on.is_not(None))
    ).all()
    found = {
        row.id
        for row in rows
        if row.dissolved_on is not None
        and row.to_day is not None
        and row.to_day >= row.dissolved_on - timedelta(days=1)
    }
    goes_on = {row.id: row.merged_into for row in rows}
    for group_id in goes_on:
        last: Id | None = group_id
        while last in goes_on:  # one that was merged may have been merged again
            last = goes_on[last]
        if last in own:
            found.add(group_id)
    return frozenset(found)


def open_group(group_id: Id) -> Group:
    """A group whose holder is locked, as it is now.

    Raises:
        NotFound: there is no such group.
        GroupClosed: it was merged or dissolved.
    """
    # read anew: a page may have read it before the lock was there
    anew = select(Group).where(Group.id == group_id).execution_options(populate_existing=True)
    group = session.scalars(anew).one_or_none()
    if group is None:
        raise NotFound(what="group", id=group_id)
    if group.dissolved_on is not None:
        raise GroupClosed(words([group_id])[group_id])
    return group


def successor(holder_id: Id) -> Id:
    """Who goes on for a holder: the group it was merged into in the end; itself, of any other."""
    while (into := session.scalar(select(Group.merged_into).where(Group.id == holder_id))) is not None:
        holder_id = into
    return holder_id
