"""Table: which rows of sheets have been taken in, so that the same sheet twice changes nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from core.db import Id, Scoped


class ImportRow(Scoped):
    """A row of a sheet, known by its own number (编号, `ref`) among those of its kind."""

    __tablename__ = "core_import_row"

    kind: Mapped[str] = mapped_column(primary_key=True)  # "residents", "contributions", …
    ref: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]  # of the row's content
    subject_id: Mapped[Id | None]  # what came of it, where that has one id
    at: Mapped[datetime]
