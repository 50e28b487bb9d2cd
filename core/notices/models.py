"""Table: what is to leave the house. A row is written in the transaction of the act that causes it and sent afterwards."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Id, Tenant, ref
from core.explanations import Explained, Explanation


class Outbox(Tenant):
    """A notice to a resident, or to an account (a manager may be no resident), waiting or sent; once for each key."""

    __tablename__ = "core_outbox"
    __table_args__ = (
        Index(None, "community_id", "sent_at"),
        UniqueConstraint("community_id", "key"),
        CheckConstraint("(resident_id IS NULL) <> (account_id IS NULL)", name="one_reader"),
    )

    resident_id: Mapped[Id | None] = ref("core_resident")
    account_id: Mapped[Id | None] = ref("core_account")
    key: Mapped[str | None]
    words: Mapped[Explanation] = mapped_column(Explained)
    at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
