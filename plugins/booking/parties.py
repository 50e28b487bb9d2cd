"""For whom somebody may book: groups and the centre; and the groups somebody is in, and leads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import ColumnElement, and_, bindparam, or_, select

from core.contract import HolderKind
from core.db import Id, session
from core.people.models import Group, Holder, Membership, Role

_CHOICES = (
    select(Holder)
    .where(Holder.id.not_in(select(Group.id).where(Group.dissolved_on.is_not(None))))
    .order_by(Holder.kind, Holder.name, Holder.id)
)
_CHOICES_OF_ALL = _CHOICES.where(Holder.kind.in_([HolderKind.CENTRE, HolderKind.GROUP]))
_CHOICES_AMONG = _CHOICES.where(Holder.id.in_(bindparam("holders", expanding=True)))


def choices_of(holders: Collection[Id] | None) -> Sequence[Holder]:
    """For whom somebody may reserve, by kind and name; None: for the centre and every group that is not dissolved."""
    if holders is None:
        return session.scalars(_CHOICES_OF_ALL).all()
    return session.scalars(_CHOICES_AMONG, {"holders": list(holders)}).all()


def groups_of(resident_id: Id, today: date) -> Sequence[Id]:
    """The groups somebody is in on a day."""
    mine = select(Membership.group_id).where(Membership.resident_id == resident_id, _current(today))
    return session.scalars(mine).all()


def led_by(resident_id: Id, today: date) -> Sequence[Id]:
    """The groups somebody leads on a day."""
    led = (Membership.resident_id == resident_id, Membership.role == Role.LEADER, _current(today))
    return session.scalars(select(Membership.group_id).where(*led)).all()


def _current(today: date) -> ColumnElement[bool]:
    """Memberships of a day."""
    return and_(Membership.from_day <= today, or_(Membership.to_day.is_(None), Membership.to_day >= today))
