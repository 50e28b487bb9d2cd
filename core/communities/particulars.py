"""What a community says of itself on every page: its name, and the telephone number of its centre."""

from __future__ import annotations

from core.accounts import access
from core.audit.record import record
from core.communities.requests import ParticularsRequest
from core.communities.switching import lock
from core.contract import Actor
from core.db import session
from core.plugins import enter, here

EDIT = "core.community"


def change(request: ParticularsRequest, *, by: Actor) -> None:
    """Give the community these particulars from now on. What is as it was changes nothing.

    Raises:
        Forbidden: `by` may not.
    """
    access.check(by, EDIT)
    community = lock()
    before = {"name": community.name, "phone": community.phone}
    after = {"name": request.name, "phone": request.phone}
    if before == after:
        return
    community.name, community.phone = request.name, request.phone
    session.flush()
    enter(here().house, community)
    record("core.community_changed", by=by, subject=request.name, before=before, after=after)
