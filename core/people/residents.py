"""Residents: entering them and changing what is known of them."""

from __future__ import annotations

from core.accounts import access
from core.audit.record import record
from core.contract import Actor, HolderKind
from core.db import Id, session
from core.people import holders, queries
from core.people.initials import initials
from core.people.models import Holder, Resident
from core.people.requests import ResidentRequest


def create(request: ResidentRequest, *, by: Actor) -> Resident:
    """Enter somebody who lives here.

    Raises:
        Forbidden: `by` may not enter residents.
    """
    access.check(by, "core.people.edit")
    holder = Holder(kind=HolderKind.RESIDENT, name=request.name, initials=initials(request.name, person=True))
    session.add(holder)
    session.flush()
    resident = Resident(id=holder.id, telephone=request.telephone, born_on=request.born_on, holder=holder)
    session.add(resident)
    session.flush()
    record("core.resident_created", by=by, subject=request.name, subject_id=resident.id, after=_facts(resident))
    return resident


def edit(resident_id: Id, request: ResidentRequest, *, by: Actor) -> Resident:
    """Change what is known of a resident; the same again changes nothing and is not written down.

    Raises:
        Forbidden: `by` may not enter residents.
        NotFound: nobody by this id lives here.
    """
    access.check(by, "core.people.edit")
    holders.lock([resident_id])
    resident = queries.resident(resident_id, by=by)
    before = _facts(resident)
    resident.holder.name, resident.holder.initials = request.name, initials(request.name, person=True)
    resident.telephone, resident.born_on = request.telephone, request.born_on
    if (after := _facts(resident)) != before:
        session.flush()
        record("core.resident_changed", by=by, subject=request.name, subject_id=resident.id, before=before, after=after)
    return resident


def _facts(resident: Resident) -> dict[str, object]:
    return {"name": resident.name, "telephone": resident.telephone, "born_on": resident.born_on}
