"""Locking holders: quotas and balances of a holder are decided under its row, one after the other."""

from __future__ import annotations

from collections.abc import Container, Iterable

from sqlalchemy import select

from core.contract import HolderKind
from core.db import Conflict, Id, locked, session
from core.errors import NotFound
from core.people.models import Holder


def lock(ids: Iterable[Id]) -> dict[Id, Holder]:
    """Lock holders by id until the unit ends; the first locks a unit takes, but for a room it shares.

    Raises:
        NotFound: one of them is not of this community.
    """
    wanted = set(ids)
    found = session.scalars(locked(select(Holder).where(Holder.id.in_(wanted)).order_by(Holder.id)))
    holders = {holder.id: holder for holder in found}
    for missing in wanted - holders.keys():
        raise NotFound(what="holder", id=missing)
    return holders


def still(owners: Iterable[Id], locked_ids: Container[Id]) -> None:
    """What was read to know whom to lock is still theirs; asked of the owners read again, under the locks.

    Raises:
        Conflict: a group was merged meanwhile; the same work may be tried again.
    """
    for owner in owners:
        if owner not in locked_ids:
            raise Conflict("a holder was merged into another")


def lock_names(*ids: Id) -> dict[Id, Holder]:
    """Lock holders, and with them the names of the community's groups: the centre's row stands for all of them.

    Raises:
        NotFound: one of them is not of this community.
    """
    centres = session.scalars(select(Holder.id).where(Holder.kind == HolderKind.CENTRE))
    return lock([*ids, *centres])
