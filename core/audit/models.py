"""Table: what was done, by whom, for whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Id, Tenant, ref


class Entry(Tenant):
    """One act. Names stand here as they were, so that it can be read for ever."""

    __tablename__ = "core_audit"
    __table_args__ = (Index(None, "community_id", "at"),)

    at: Mapped[datetime]
    act: Mapped[str]  # a code, "points.award"
    account_id: Mapped[Id | None] = ref("core_account")
    actor: Mapped[str]
    on_behalf_of: Mapped[Id | None] = ref("core_resident")
    on_behalf_name: Mapped[str | None]
    subject: Mapped[str]  # what it was done to, in words
    subject_id: Mapped[Id | None]
    before: Mapped[Any] = mapped_column(sa.JSON(none_as_null=True), nullable=True)
    after: Mapped[Any] = mapped_column(sa.JSON(none_as_null=True), nullable=True)
