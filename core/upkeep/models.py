"""Table: leases, so that of several workers one does a thing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base


class Lease(Base):
    """Work taken by one worker until a moment of real time; whoever dies leaves it to the next one then."""

    __tablename__ = "core_lease"

    name: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    until: Mapped[datetime]  # real time
