"""`linli check`: whatever in a database is not as it must be, of each community and of the file itself."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from core.communities.models import Community
from core.contract import HolderKind
from core.db import Database, integrity, migrate, session, unit
from core.explanations import Explanation, explain
from core.hookspecs import Keeps
from core.people.models import Group, Holder, Membership, Resident
from core.plugins import House, Unavailable, enter, here
from core.web.words import say


def faults(database: Database, house: House) -> Iterator[str]:
    """Every fault found, in words; nothing when all is well."""
    if behind := migrate.pending(database, house.installed):
        yield f"{', '.join(behind)}: linli upgrade"
        return
    yield from integrity.faults(database)
    with unit(database, write=False):
        slugs = session.scalars(select(Community.slug).order_by(Community.id)).all()
    for slug in slugs:
        with unit(database, write=False):
            enter(house, session.scalars(select(Community).where(Community.slug == slug)).one())
            yield from (f"{slug}: {fault}" for fault in _of_community())


def _of_community() -> Iterator[str]:
    for fault in core_invariants():
        yield say(fault)
    for found in here().relay.gather(Keeps.invariants, say):
        yield say(explain("check.plugin_failed", plugin=found.plugin)) if isinstance(found, Unavailable) else found


def core_invariants() -> Iterator[Explanation]:
    """What must hold of holders, groups and members in the community entered."""
    centres = session.scalar(select(func.count()).select_from(Holder).where(Holder.kind == HolderKind.CENTRE))
    if centres != 1:
        yield explain("check.centres", count=centres)
    for kind, key in ((HolderKind.RESIDENT, Resident.id), (HolderKind.GROUP, Group.id)):
        row = exists(select(key).where(key == Holder.id).correlate(Holder))
        wrong = or_(and_(Holder.kind == kind, ~row), and_(Holder.kind != kind, row))
        for name in session.scalars(select(Holder.name).where(wrong)):
            yield explain("check.kind", name=name)
    for group, resident in session.execute(_overlapping()):
        yield explain("check.overlapping", group=group, resident=resident)
    for name in here().enabled:
        missing = [need for need in _requires(name) if need not in here().enabled]
        if missing:
            yield explain("check.requires", plugin=name, requires=", ".join(missing))


def _requires(name: str) -> tuple[str, ...]:
    plugin = here().house.by_name.get(name)
    return tuple(plugin.requires) if plugin else ()


def _overlapping() -> Select[str, str]:
    """Names of a group and a resident who is in it twice on one day."""
    first, second = aliased(Membership), aliased(Membership)
    group, resident = aliased(Holder), aliased(Holder)
    return (
        select(group.name, resident.name)
        .join(first, first.group_id == group.id)
        .join(resident, resident.id == first.resident_id)
        .join(
            second,
            and_(
                second.group_id == first.group_id,
                second.resident_id == first.resident_id,
                second.id != first.id,
                second.from_day >= first.from_day,
                or_(first.to_day.is_(None), second.from_day <= first.to_day),
            ),
        )
        .distinct()
    )
