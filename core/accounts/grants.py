"""Who may do what in this community: the permissions' defaults, as its manager changed them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.accounts import access
from core.accounts.models import AccountRole, Grant
from core.audit.record import record
from core.communities.switching import renew
from core.contract import Actor
from core.db import session
from core.errors import DomainError, Invalid
from core.explanations import explain
from core.plugins import Permission, here

GRANTS = "core.grants"
NONE, OWN, ALL = "none", "own", "all"
REACHES = (NONE, OWN, ALL)
ROLES = tuple(AccountRole)


class LockedOut(DomainError):
    """After this nobody could decide who may do what any more."""

    code = "locked_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """A permission, and how far each role may go with it."""

    permission: str
    label: Any  # lazy translated
    reaches: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The permissions of the core (no label) or of a plugin."""

    label: Any
    rights: Sequence[Right]


def sections() -> Sequence[Section]:
    """Every permission of the core and of the enabled plugins, in their order."""
    plugins = here().relay.enabled
    of_plugins = [Section(label=plugin.label, rights=[_right(one) for one in plugin.permissions]) for plugin in plugins]
    others = {one.name for plugin in here().house.installed for one in plugin.permissions}
    own = [_right(one) for one in here().house.permissions.values() if one.name not in others]
    return [Section(label=None, rights=own), *(section for section in of_plugins if section.rights)]


def _right(permission: Permission) -> Right:
    reaches = {role.value: _reach(role, permission) for role in ROLES}
    return Right(permission=permission.name, label=permission.label, reaches=reaches)


def _reach(role: AccountRole, permission: Permission) -> str:
    return access.role_reach(role.value, permission) or NONE


def change(wanted: Mapping[tuple[str, str], str], *, by: Actor) -> int:
    """Let roles go as far as wanted: (permission, role) → "none", "own" or "all"; answers how many rights changed.

    Raises:
        Forbidden: `by` may not.
        Invalid: no such permission, role or reach.
        LockedOut: managers would lose this very right.
    """
    access.check(by, GRANTS)
    renew()  # locks the community's row: two who change at once come one after the other
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for (name, role_name), reach in wanted.items():
        permission, role = _known(name, role_name, reach)
        if (old := _reach(role, permission)) == reach:
            continue
        before[f"{name} {role_name}"], after[f"{name} {role_name}"] = old, reach
        _keep(role, name, reach)
    if not after:
        return 0
    if after.get(f"{GRANTS} {AccountRole.MANAGER}", ALL) != ALL:
        raise LockedOut
    renew()  # what was read above was kept under the revision before
    record(
        "core.grants_changed",
        by=by,
        subject=", ".join(sorted({key.split()[0] for key in after})),
        before=before,
        after=after,
    )
    return len(after)


def _known(name: str, role_name: str, reach: str) -> tuple[Permission, AccountRole]:
    permission = here().house.permissions.get(name)
    if permission is None or role_name not in ROLES or reach not in REACHES:
        raise Invalid({f"{name} {role_name}": [explain("not_a_choice", choices=", ".join(REACHES))]})
    return permission, AccountRole(role_name)


def _keep(role: AccountRole, permission: str, reach: str) -> None:
    grant = session.get(Grant, (here().id, role, permission))
    if grant is None:
        session.add(Grant(role=role, permission=permission, reach=reach))
    else:
        grant.reach = reach
