"""Who may do what: permissions with a reach. Rules ask here, so no door can forget it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from uuid import UUID

from sqlalchemy import select

from core.accounts.models import Grant
from core.contract import Actor
from core.db import Id, session
from core.errors import Forbidden
from core.plugins import Permission, Reach, here

_CACHE: dict[tuple[int, UUID], Mapping[tuple[str, str], str]] = {}
_CACHE_SIZE = 500


NOBODY = Actor(account_id=None, name="")
"""Somebody who has not signed in: may do nothing that needs a permission."""


def system(name: str = "linli") -> Actor:
    """The installation itself: a sweep, a command. It may do everything."""
    return Actor(account_id=None, name=name)


def _changed() -> Mapping[tuple[str, str], str]:
    """The community's changed grants: (role, permission) → reach."""
    key = (here().id, here().revision)
    if key not in _CACHE:
        if len(_CACHE) >= _CACHE_SIZE:
            _CACHE.clear()
        _CACHE[key] = {(grant.role.value, grant.permission): grant.reach for grant in session.scalars(select(Grant))}
    return _CACHE[key]


def role_reach(role: str, permission: Permission) -> Reach | None:
    """How far a role may go with a permission in this community."""
    reach = _changed().get((role, permission.name)) or permission.grants.get(role)
    return cast("Reach", reach) if reach in {"own", "all"} else None


def reach(actor: Actor, permission: str) -> Reach | None:
    """How far the actor may go: everyone ("all"), self and groups led ("own"), or not at all."""
    if actor.account_id is None:
        return "all" if actor is not NOBODY else None
    known = here().house.permissions.get(permission)
    if known is None or (actor.scopes is not None and permission not in actor.scopes):
        return None
    found = {role_reach(role, known) for role in actor.roles}
    return "all" if "all" in found else "own" if "own" in found else None


def allows(actor: Actor, permission: str, holder_id: Id | None = None) -> bool:
    """Whether the actor may do it; with a holder, for that holder."""
    found = reach(actor, permission)
    return found == "all" or (found == "own" and (holder_id is None or holder_id in actor.holders))


def check(actor: Actor, permission: str, holder_id: Id | None = None) -> None:
    """Refuse what the actor may not do.

    Raises:
        Forbidden: the permission is missing, or reaches only the actor's own holders.
    """
    if not allows(actor, permission, holder_id):
        raise Forbidden(permission=permission)
