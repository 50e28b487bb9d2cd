"""Table: answers kept so that the same request sent twice acts once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Id, Scoped, ref


class Replay(Scoped):
    """One act by one account under one key; `answer` is filled in before the act is kept."""

    __tablename__ = "core_replay"
    __table_args__ = (Index(None, "community_id", "at"),)

    account_id: Mapped[Id] = ref("core_account", primary_key=True)
    method: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    status: Mapped[int | None]
    answer: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    at: Mapped[datetime]
