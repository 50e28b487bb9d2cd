"""Table: what is to leave the house. A row is written in the transaction of the act that causes it and sent afterwards."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Id, Tenant, ref
from core.explanations import Explained, Explanation


class Outbox(Tenant):
    """A notice to a resident, waiting for its sender or sent."""

    __tablename__ = "core_outbox"
    __table_args__ = (Index(None, "community_id", "sent_at"),)

    resident_id: Mapped[Id] = ref("core_resident")
    words: Mapped[Explanation] = mapped_column(Explained)
    at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
