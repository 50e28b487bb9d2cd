"""Tables: holders, residents, groups and who is in them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.contract import Holder as HolderValue
from core.contract import HolderKind
from core.db import Id, Tenant, link, ref


class Holder(Tenant):
    """Whoever can hold points, reserve a room or be visited; also the row locked when quotas of that holder are decided."""

    __tablename__ = "core_holder"
    __table_args__ = (Index(None, "community_id", "kind", "initials", "name"),)  # the order of lists

    kind: Mapped[HolderKind]
    name: Mapped[str]
    initials: Mapped[str] = mapped_column(default="")  # of the name in pinyin, for search: 张淑芬 → zsf

    def value(self) -> HolderValue:
        """As it crosses a hook."""
        return HolderValue(id=self.id, kind=self.kind, name=self.name)


class Resident(Tenant):
    """Somebody who lives here. Shares its holder's id."""

    __tablename__ = "core_resident"

    id: Mapped[Id] = ref("core_holder", primary_key=True)
    telephone: Mapped[str] = mapped_column(default="")
    born_on: Mapped[date | None]
    left_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    holder: Mapped[Holder] = link(id, lazy="joined", innerjoin=True)

    @property
    def name(self) -> str:
        """As the holder is called."""
        return self.holder.name


class Group(Tenant):
    """Residents who do something together. Shares its holder's id."""

    __tablename__ = "core_group"

    id: Mapped[Id] = ref("core_holder", primary_key=True)
    kind: Mapped[str]  # orchestra, choir, dance, … or any code a–z
    dissolved_on: Mapped[date | None]
    merged_into: Mapped[Id | None] = ref("core_group")  # entered twice: the other one goes on; dissolved that day
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    holder: Mapped[Holder] = link(id, lazy="joined", innerjoin=True)

    @property
    def name(self) -> str:
        """As the holder is called."""
        return self.holder.name


class Role(StrEnum):
    """What somebody is in a group."""

    MEMBER = "member"
    LEADER = "leader"


class Membership(Tenant):
    """A resident in a group, from a day to a day, both inclusive; `to_day` None: until further notice."""

    __tablename__ = "core_membership"
    __table_args__ = (
        UniqueConstraint("community_id", "group_id", "resident_id", "from_day"),
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="days"),
        Index(None, "community_id", "resident_id"),
    )

    group_id: Mapped[Id] = ref("core_group")
    resident_id: Mapped[Id] = ref("core_resident")
    role: Mapped[Role]
    from_day: Mapped[date]
    to_day: Mapped[date | None]
