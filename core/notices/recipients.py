"""Who is told: the managers, and those who lead a group today. A manager who is a resident is told as one, so nobody twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from core.accounts.models import Account, AccountRole
from core.db import Id, session
from core.people.models import Membership, Role
from core.plugins import here


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A resident, or an account that belongs to none: one of the two."""

    resident_id: Id | None = None
    account_id: Id | None = None

    @property
    def id(self) -> Id:
        """Of whichever it is."""
        found = self.resident_id or self.account_id
        assert found is not None, "a notice needs a reader"
        return found


def managers() -> Sequence[Recipient]:
    """Everyone who manages the community."""
    rows = session.execute(select(Account.id, Account.resident_id).where(Account.role == AccountRole.MANAGER))
    return [
        Recipient(resident_id=resident) if resident else Recipient(account_id=account) for account, resident in rows
    ]


def leaders(group_ids: Collection[Id]) -> Mapping[Id, Sequence[Recipient]]:
    """Who leads each of the groups today, in one statement; a group that nobody leads is there too."""
    found: dict[Id, list[Recipient]] = {group_id: [] for group_id in group_ids}
    today = here().today()
    rows = session.execute(
        select(Membership.group_id, Membership.resident_id).where(
            Membership.group_id.in_(found),
            Membership.role == Role.LEADER,
            Membership.from_day <= today,
            or_(Membership.to_day.is_(None), Membership.to_day >= today),
        )
    )
    for group_id, resident_id in rows:
        found[group_id].append(Recipient(resident_id=resident_id))
    return found
