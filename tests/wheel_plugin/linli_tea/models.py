"""Table: cups of tea."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from core.db import Id, Tenant, ref


class Cup(Tenant):
    """Cups that somebody poured."""

    __tablename__ = "tea_cup"
    __table_args__ = (CheckConstraint("cups > 0", name="cups"),)

    holder_id: Mapped[Id] = ref("core_holder")
    cups: Mapped[int]
    at: Mapped[datetime]
