"""Switching a community's plugins on and off, at run time and across all processes."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import select

from core.accounts import access
from core.audit.record import record
from core.communities.models import Community
from core.contract import Actor
from core.db import locked, session
from core.errors import DomainError, NotFound
from core.hookspecs import Happened, Offers
from core.plugins import Plugin, enter, here


class StillRequired(DomainError):
    """Another enabled plugin stands on this one. Facts: plugin, needed_by."""

    code, status = "still_required", 409


class RequiresOthers(DomainError):
    """This plugin stands on others that are off. Facts: plugin, requires."""

    code, status = "requires_others", 409


class OffersClash(DomainError):
    """Another enabled plugin offers the same thing already. Facts: plugin, other."""

    code, status = "offers_clash", 409


def _community() -> Community:
    """The community's row, locked; `key_share`: rows that point at it are written meanwhile."""
    wanted = locked(select(Community).where(Community.id == here().id))
    return session.scalars(wanted.with_for_update(key_share=True)).one()


def lock() -> Community:
    """Lock the community's row until the unit ends; what is read from here on is as whoever held it before left it."""
    community = _community()
    enter(here().house, community)
    return community


def renew() -> Community:
    """Give the community a new revision, which every cache is keyed by; its row stays locked until the unit ends."""
    community = _community()
    community.revision = uuid4()
    session.flush()
    enter(here().house, community)
    return community


def enable(name: str, *, by: Actor) -> None:
    """Switch a plugin on; twice is once.

    Raises:
        NotFound: no such plugin is installed.
        RequiresOthers: what it requires is off.
        OffersClash: another enabled plugin offers the same.
    """
    access.check(by, "core.plugins")
    plugin = _installed(name)
    community = _community()
    if name in community.plugins:
        return
    if missing := [need for need in plugin.requires if need not in community.plugins]:
        raise RequiresOthers(plugin=str(plugin.label), requires=_labels(missing))
    for other in community.plugins:
        if other in here().house.by_name and _offers(plugin) & _offers(here().house.by_name[other]):
            raise OffersClash(plugin=str(plugin.label), other=_labels([other]))
    # Only the first time lays down defaults; whoever changed them keeps them when the plugin comes back.
    first = name not in community.seeded
    community.plugins = sorted([*community.plugins, name])
    community.seeded = sorted({*community.seeded, name})
    renew()
    record("core.plugin_enabled", by=by, subject=name)
    here().relay.tell(Happened.plugin_enabled, name=name, why="first" if first else "again")


def disable(name: str, *, by: Actor) -> None:
    """Switch a plugin off; its data stays. Twice is once.

    Raises:
        NotFound: no such plugin is installed.
        StillRequired: an enabled plugin requires it.
    """
    access.check(by, "core.plugins")
    plugin = _installed(name)
    community = _community()
    if name not in community.plugins:
        return
    needing = [other.name for other in here().relay.enabled if name in other.requires]
    if needing:
        raise StillRequired(plugin=str(plugin.label), needed_by=_labels(needing))
    community.plugins = [other for other in community.plugins if other != name]
    renew()
    record("core.plugin_disabled", by=by, subject=name)


def _installed(name: str) -> Plugin:
    try:
        return here().house.by_name[name]
    except KeyError:
        raise NotFound(what="plugin", id=name) from None


def _labels(names: list[str]) -> str:
    return ", ".join(str(here().house.by_name[name].label) if name in here().house.by_name else name for name in names)


def _offers(plugin: Plugin) -> set[str]:
    """The names of the offers a plugin implements, by the marks `implements` left on its methods."""
    marked = (getattr(getattr(plugin, name, None), "linli_impl", None) for name in dir(type(plugin)))
    return {mark["specname"] for mark in marked if mark} & {name for name in vars(Offers) if not name.startswith("_")}
