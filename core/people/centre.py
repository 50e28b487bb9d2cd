"""The centre: one in each community, a holder of its own, made with the community."""

from __future__ import annotations

from sqlalchemy import select

from core.contract import Holder as HolderValue
from core.contract import HolderKind
from core.db import session
from core.errors import WrongState
from core.people.initials import initials
from core.people.models import Holder

NAME = "文化活动中心"


def create(name: str = NAME) -> HolderValue:
    """Make the community's centre, in the unit that makes the community.

    Raises:
        WrongState: it has one already.
    """
    if session.scalar(select(Holder.id).where(Holder.kind == HolderKind.CENTRE)) is not None:
        raise WrongState(state="made")
    holder = Holder(kind=HolderKind.CENTRE, name=name, initials=initials(name))
    session.add(holder)
    session.flush()
    return holder.value()


def name() -> str:
    """What the community's centre is called."""
    return session.scalars(select(Holder.name).where(Holder.kind == HolderKind.CENTRE)).one()
