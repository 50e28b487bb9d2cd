"""What pages read of communities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from core.communities.models import Community
from core.db import Id, session
from core.people.queries import centre_holder
from core.plugin_faults import PluginFault
from core.plugins import Plugin, here

FAULTS_SHOWN = 20


def communities() -> Sequence[Community]:
    """All of them, by name."""
    return session.scalars(select(Community).order_by(Community.name)).all()


def alive() -> bool:
    """Whether the database answers."""
    try:
        session.scalar(select(Community.id).limit(1))
    except SQLAlchemyError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityView:
    """A community as programs see it. `centre_id`: the holder of the centre's own reservations and of the treasury."""

    slug: str
    name: str
    zone: str
    centre_id: Id


def community() -> CommunityView:
    """The present one."""
    place = here()
    return CommunityView(slug=place.slug, name=place.name, zone=place.zone.key, centre_id=centre_holder().id)


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginView:
    """An installed plugin, and whether this community uses it. Labels are lazy words."""

    name: str
    label: Any
    summary: Any
    version: str
    enabled: bool
    requires: Sequence[str]
    required_by: Sequence[str]  # those that are switched on now
    requires_labels: Sequence[Any]
    required_by_labels: Sequence[Any]


def plugins() -> Sequence[PluginView]:
    """Every installed plugin, in the order of `requires`."""
    return [_plugin_view(plugin) for plugin in here().house.installed]


def plugin(name: str) -> PluginView:
    """One of them, known to be installed."""
    return _plugin_view(here().house.by_name[name])


def _plugin_view(one: Plugin) -> PluginView:
    known = here().house.by_name
    needing = [other for other in here().relay.enabled if one.name in other.requires]
    return PluginView(
        name=one.name,
        label=one.label,
        summary=one.summary,
        version=one.version,
        enabled=here().relay.has(one.name),
        requires=tuple(one.requires),
        required_by=tuple(other.name for other in needing),
        requires_labels=tuple(known[need].label for need in one.requires),
        required_by_labels=tuple(other.label for other in needing),
    )


def faults_since(moment: datetime) -> int:
    """How many things listeners of third parties failed at since then."""
    return session.scalars(select(func.count(PluginFault.id)).where(PluginFault.at >= moment)).one()


def plugin_faults() -> Sequence[PluginFault]:
    """What listeners of third parties failed at lately, the latest first."""
    return session.scalars(
        select(PluginFault).order_by(PluginFault.at.desc(), PluginFault.id.desc()).limit(FAULTS_SHOWN)
    ).all()
