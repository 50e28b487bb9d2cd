"""REST of people."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from core.db import Id
from core.people import dissolving, groups, members, merging, queries, residents
from core.people.models import Group, Resident
from core.people.requests import DissolutionRequest, GroupRequest, MemberRequest, MergingRequest, ResidentRequest
from core.people.schemas import (
    DissolutionIn,
    GroupIn,
    GroupOut,
    MemberIn,
    MemberOut,
    MergingIn,
    PeopleQuery,
    ResidentIn,
    ResidentOut,
)
from core.web.api import ListQuery, operation, page_of
from core.web.request import actor

api = Blueprint("people_api", __name__)
READ, EDIT = queries.READ, "core.people.edit"


@api.get("/residents")
@operation(needs=READ, query=PeopleQuery, gives=ResidentOut, lists=True)
def list_residents(query: dict[str, Any]) -> dict[str, Any]:
    """Residents by their initials, perhaps those that match the words `q`."""
    found = queries.residents(query["q"], by=actor(), limit=query["limit"], cursor=query["cursor"])
    return page_of(found, query["limit"], lambda resident: str(resident.id))


@api.post("/residents")
@operation(needs=EDIT, body=ResidentIn, gives=ResidentOut, status=201)
def create_resident(body: ResidentRequest) -> Resident:
    """Enter a resident."""
    return residents.create(body, by=actor())


@api.get("/residents/<id:resident_id>")
@operation(needs=READ, gives=ResidentOut)
def get_resident(resident_id: Id) -> Resident:
    """One resident."""
    return queries.resident(resident_id, by=actor())


@api.put("/residents/<id:resident_id>")
@operation(needs=EDIT, body=ResidentIn, gives=ResidentOut)
def edit_resident(resident_id: Id, body: ResidentRequest) -> Resident:
    """Change what is known of a resident."""
    return residents.edit(resident_id, body, by=actor())


@api.get("/groups")
@operation(needs=READ, query=PeopleQuery, gives=GroupOut, lists=True)
def list_groups(query: dict[str, Any]) -> dict[str, Any]:
    """Groups by their initials, perhaps those that match the words `q`."""
    found = queries.groups(query["q"], by=actor(), limit=query["limit"], cursor=query["cursor"])
    return page_of(found, query["limit"], lambda group: str(group.id))


@api.post("/groups")
@operation(needs=EDIT, body=GroupIn, gives=GroupOut, status=201)
def create_group(body: GroupRequest) -> Group:
    """Enter a group; it needs no members to exist or to reserve."""
    return groups.create(body, by=actor())


@api.get("/groups/<id:group_id>")
@operation(needs=READ, gives=GroupOut)
def get_group(group_id: Id) -> Group:
    """One group."""
    return queries.group(group_id, by=actor())


@api.put("/groups/<id:group_id>")
@operation(needs=EDIT, body=GroupIn, gives=GroupOut)
def edit_group(group_id: Id, body: GroupRequest) -> Group:
    """Change a group's name and kind."""
    return groups.edit(group_id, body, by=actor())


@api.post("/groups/<id:group_id>/merging")
@operation(needs=merging.CLOSE, body=MergingIn, gives=GroupOut, status=201)
def merge_group(group_id: Id, body: MergingRequest) -> Group:
    """Let another group go on with all that this one, entered twice, is and has; answers the one that is no more."""
    return merging.merge(group_id, body, by=actor())


@api.post("/groups/<id:group_id>/dissolution")
@operation(needs=merging.CLOSE, body=DissolutionIn, gives=GroupOut, status=201)
def dissolve_group(group_id: Id, body: DissolutionRequest) -> Group:
    """Let a group be no more: its reservations to come are cancelled, its points go to the centre."""
    return dissolving.dissolve(group_id, body, by=actor())


@api.get("/groups/<id:group_id>/members")
@operation(needs=READ, query=ListQuery, gives=MemberOut, lists=True)
def list_members(group_id: Id, query: dict[str, Any]) -> dict[str, Any]:
    """Who is in a group today or later, leaders first."""
    limit, seen = query["limit"], query["cursor"]
    found = queries.members(group_id, by=actor(), limit=limit, cursor=seen)
    return page_of(found, limit, lambda _member: str(int(seen or 0) + limit))


@api.post("/groups/<id:group_id>/members")
@operation(needs=EDIT, body=MemberIn, gives=MemberOut, status=201)
def add_member(group_id: Id, body: MemberRequest) -> queries.Member:
    """Take a resident into a group, or change what they are in it from a day on."""
    return members.add(group_id, body, by=actor())


@api.delete("/groups/<id:group_id>/members/<id:resident_id>")
@operation(needs=EDIT)
def remove_member(group_id: Id, resident_id: Id) -> None:
    """Let a resident leave a group: not a member any more from today on."""
    members.remove(group_id, resident_id, by=actor())
