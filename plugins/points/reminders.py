"""What points tell ahead: which expire within thirty days, and whose tier falls by itself within fourteen.

Both sweeps look at the whole time ahead and tell each thing once, so that running late or twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta

from sqlalchemy import func, select

from core.communities import policy
from core.contract import HolderKind
from core.db import Id, session
from core.explanations import explain
from core.notices import outbox, recipients
from core.notices.models import NoticeKind
from core.notices.outbox import About, Notice
from core.notices.recipients import Recipient
from core.people.models import Group, Holder, Resident
from core.plugins import here
from plugins.points import standing, terms
from plugins.points.models import Account, AccountKind, Lot
from plugins.points.policy import PointsPolicy

EXPIRY_AHEAD = timedelta(days=30)
STANDING_AHEAD = timedelta(days=14)


def tell_of_expiry() -> int:
    """The sweep: points that expire in the next thirty days and are not set aside, once for each holder and last day.

    A group's leaders and the managers are told, of a resident's own points the resident. Answers how many notices are new.
    """
    today = here().today()
    holder = (Holder.id, Holder.kind, Holder.name)
    soon = session.execute(
        select(*holder, Lot.expires_on, func.sum(Lot.remaining - Lot.held).label("points"))
        .join(Account, Account.id == Lot.account_id)
        .join(Holder, Holder.id == Account.holder_id)
        .outerjoin(Group, Group.id == Holder.id)
        .outerjoin(Resident, Resident.id == Holder.id)
        .where(
            Lot.expires_on >= today,
            Lot.expires_on <= today + EXPIRY_AHEAD,
            Lot.remaining > Lot.held,
            Account.kind == AccountKind.OWN,
            Holder.kind != HolderKind.CENTRE,  # the treasury has no reader
            Group.dissolved_on.is_(None),
            Resident.left_on.is_(None),
        )
        .group_by(*holder, Lot.expires_on)
    ).all()
    of_groups = _readers({row.id for row in soon if row.kind is HolderKind.GROUP})
    return outbox.send(
        Notice(
            to=reader,
            words=explain("points_expire_soon", points=int(row.points), holder=row.name, day=row.expires_on),
            key=f"points.expiry:{row.id}:{row.expires_on}",
            about=About(kind=NoticeKind.REMINDER, page="points.account", id=row.id),
        )
        for row in soon
        for reader in (of_groups[row.id] if row.kind is HolderKind.GROUP else [Recipient(resident_id=row.id)])
    )


def tell_of_standing() -> int:
    """The sweep: groups whose tier falls in the next fourteen days unless they earn more, once for each group and day.

    Leaders and managers are told. Answers how many notices are new.
    """
    today = here().today()
    wanted = select(Group.id, Holder.name).join(Holder, Holder.id == Group.id).where(Group.dissolved_on.is_(None))
    names = dict(session.execute(wanted).all())
    rules = policy.at(PointsPolicy, today)
    falling = standing.falling(names, day=today, until=today + STANDING_AHEAD)
    readers = _readers(falling)
    return outbox.send(
        Notice(
            to=reader,
            words=words,
            key=f"points.standing:{group_id}:{words.facts['day']}",
            about=About(kind=NoticeKind.REMINDER, page="points.account", id=group_id),
        )
        for group_id, found in falling.items()
        if (words := terms.change(names[group_id], found, rules))
        for reader in readers[group_id]
    )


def _readers(group_ids: Collection[Id]) -> Mapping[Id, list[Recipient]]:
    """Who is told of each of the groups."""
    managers = recipients.managers()
    return {group_id: [*leaders, *managers] for group_id, leaders in recipients.leaders(group_ids).items()}
