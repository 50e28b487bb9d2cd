"""Dissolving a group: nobody is in it any more, and what it had goes back to the centre."""

from __future__ import annotations

from core.accounts import access
from core.audit.record import record
from core.contract import Actor
from core.db import Id, session
from core.hookspecs import Keeps
from core.people import closed, holders, members
from core.people.merging import CLOSE
from core.people.models import Group
from core.people.requests import DissolutionRequest
from core.plugins import here


def dissolve(group_id: Id, request: DissolutionRequest, *, by: Actor) -> Group:
    """Let a group be no more from today on; its name is free for another.

    Plugins hear of it also while they are switched off (DOMAIN 9): its future reservations are cancelled by the centre,
    then its balance goes to the treasury.

    Raises:
        Forbidden: `by` may not close groups.
        NotFound: there is no such group.
        GroupClosed: it was merged or dissolved before.
    """
    access.check(by, CLOSE)
    locked = holders.lock_names(group_id)  # the centre's too: it gets what is left
    group = closed.open_group(group_id)
    group.dissolved_on = here().today()
    session.flush()
    left = members.end_all(group_id)
    record(
        "core.group_dissolved",
        by=by,
        subject=group.name,
        subject_id=group_id,
        after={"members": left, "reason": request.reason},
    )
    here().relay.tell(Keeps.holder_closed, holder=locked[group_id].value(), by=by)
    return group
