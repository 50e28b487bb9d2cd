"""Merging two groups that were entered twice: one goes on with everything, the other is dissolved into it."""

from __future__ import annotations

from core.accounts import access
from core.audit.record import record
from core.contract import Actor
from core.db import Id, session
from core.errors import Invalid, NotFound
from core.explanations import explain
from core.hookspecs import Keeps
from core.people import closed, holders, members
from core.people.models import Group
from core.people.requests import MergingRequest
from core.plugins import here

CLOSE = "core.people.close"


def merge(merged_id: Id, request: MergingRequest, *, by: Actor) -> Group:
    """Let the group `request.into_id` go on with all that the other one is and has; answers the one that is no more.

    Plugins hear of it also while they are switched off (DOMAIN 9): merging moves reservations and points.

    Raises:
        Forbidden: `by` may not close groups.
        NotFound: there is no such group.
        GroupClosed: it was merged or dissolved before.
        Invalid: it is to go on as itself, as no group, or as one that is no more.
    """
    access.check(by, CLOSE)
    if request.into_id == merged_id:
        raise Invalid({"into_id": [explain("group_into_itself")]})
    locked = holders.lock_names(merged_id, request.into_id)
    merged, kept = closed.open_group(merged_id), _going_on(request.into_id)
    merged.dissolved_on, merged.merged_into = here().today(), kept.id
    session.flush()
    moved = members.move(merged_id, kept.id)
    record(
        "core.group_merged",
        by=by,
        subject=f"{merged.name} → {kept.name}",
        subject_id=merged_id,
        after={"into": kept.name, "into_id": kept.id, "members": moved, "reason": request.reason},
    )
    here().relay.tell(Keeps.holders_merged, kept=locked[kept.id].value(), merged=locked[merged_id].value(), by=by)
    return merged


def _going_on(group_id: Id) -> Group:
    """The group that goes on; what is wrong with it is a fault of the field that names it."""
    try:
        return closed.open_group(group_id)
    except NotFound:
        raise Invalid({"into_id": [explain("not_a_group")]}) from None
    except closed.GroupClosed as error:
        raise Invalid({"into_id": [error.words]}) from None
