"""Tables: communities and their policy versions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, Id, Scoped, ref


class Community(Base):
    """A tenant. `revision` is renewed by any change of plugins, policy or roles: every per-process cache is keyed by it."""

    __tablename__ = "core_community"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    zone: Mapped[str]
    phone: Mapped[str] = mapped_column(default="")
    revision: Mapped[UUID] = mapped_column(default=uuid4)
    plugins: Mapped[list[str]] = mapped_column(default=list)  # enabled
    seeded: Mapped[list[str]] = mapped_column(default=list)  # enabled at least once: their defaults stand
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class PolicyVersion(Scoped):
    """One plugin's policy from a day on. The latest (`valid_from`, `seq`) not after a day is in force on it.

    Never changed; until its day comes it may be taken back.
    """

    __tablename__ = "core_policy"
    __table_args__ = (CheckConstraint("taken_back_on < valid_from", name="taken_back"),)

    plugin: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[dict[str, Any]]
    account_id: Mapped[Id | None] = ref("core_account")
    at: Mapped[datetime]
    taken_back_on: Mapped[date | None]
    taken_back_by: Mapped[Id | None] = ref("core_account")
