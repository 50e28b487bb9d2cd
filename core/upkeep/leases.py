"""Leases: of several workers one does a thing; what a dead one held is free again after a while."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, insert, or_, update
from sqlalchemy.exc import IntegrityError

from core import clock
from core.db import Conflict, Database, savepoint, session, unit
from core.upkeep.models import Lease

LENGTH = timedelta(minutes=5)  # real time


def take(database: Database, name: str, *, owner: str) -> bool:
    """Take a lease, or hold on to one's own for longer; False while another has it. In a unit of its own."""
    try:
        with unit(database, write=True):
            return _take(name, owner)
    except Conflict:
        return False  # another is taking it at this moment


def _take(name: str, owner: str) -> bool:
    now = clock.real_now()
    free = update(Lease).where(Lease.name == name, or_(Lease.until < now, Lease.owner == owner))
    renewed = session.execute(free.values(owner=owner, until=now + LENGTH).returning(Lease.name))
    if renewed.one_or_none() is not None:
        return True
    try:
        with savepoint():
            session.execute(insert(Lease).values(name=name, owner=owner, until=now + LENGTH))
    except IntegrityError:
        return False
    return True


def give_back(database: Database, name: str, *, owner: str) -> None:
    """End a lease of one's own. In a unit of its own."""
    with unit(database, write=True):
        session.execute(delete(Lease).where(Lease.name == name, Lease.owner == owner))
