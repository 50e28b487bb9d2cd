"""Tables: which rows of sheets have been taken in, so that the same sheet twice changes nothing; sheets in the making."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Id, Scoped, Tenant, ref
from core.explanations import ExplainedList, Explanation


class ImportRow(Scoped):
    """A row of a sheet, known by its own number (编号, `ref`) among those of its kind."""

    __tablename__ = "core_import_row"

    kind: Mapped[str] = mapped_column(primary_key=True)  # "residents", "contributions", …
    ref: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]  # of the row's content
    subject_id: Mapped[Id | None]  # what came of it, where that has one id
    at: Mapped[datetime]


class SheetDraft(Tenant):
    """A sheet that somebody sent or pasted and is looking through; recorded as a whole, or forgotten after a day.

    It is judged some lines at a time (`done` of `total`), so that whoever waits sees how far it is.
    """

    __tablename__ = "core_sheet_draft"
    __table_args__ = (Index(None, "community_id", "made_at"),)

    account_id: Mapped[Id] = ref("core_account")  # nobody else sees it
    kind: Mapped[str]
    title: Mapped[str]  # of the file; "" when pasted
    headings: Mapped[list[str]]  # as they stood in the sheet; none where it had none
    columns: Mapped[list[str]]  # the name of the column at each position; see core.sheets.drafts.LEFT_OUT, UNSAID
    lines: Mapped[list[Any]] = mapped_column(JSON)  # [number, cells] each; see core.sheets.drafts.Kept
    left_out: Mapped[list[Any]] = mapped_column(JSON)  # numbers of lines
    results: Mapped[list[Any]] = mapped_column(JSON)  # of each line judged so far
    notes: Mapped[tuple[Explanation, ...]] = mapped_column(ExplainedList)  # about the file as a whole
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)  # counts what was changed in it
    made_at: Mapped[datetime]
    recorded_at: Mapped[datetime | None]
