"""Sheets out: columns and rows become an .xlsx that opens with its header in sight, real days and numbers, and no formula.

    content = writing.workbook(_("Statement"), [Column(_("Day"), Holds.DAY), Column(_("What"), width=48)], rows, zone=here().zone)
    return downloads.download(content, "合唱队.xlsx", downloads.XLSX)

It loads openpyxl when it is called: the library costs 0.1 s, and only whoever asks for a sheet should wait for it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

LONGEST_TEXT = 32_767  # characters that Excel keeps in a cell
_LONGEST_TITLE = 31
_A_DAY = 24 * 60  # minutes
_NO_TITLE = re.compile(r"[\[\]:*?/\\']")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML has no way to write them
_ACTIVE = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for a formula when it is typed again


class Holds(StrEnum):
    """What the cells of a column hold."""

    TEXT = "text"
    WHOLE = "whole"
    DAY = "day"
    MOMENT = "moment"
    HOURS = "hours"  # whole minutes, written as a length of time
    SHARE = "share"  # of one, written in percent


_FORMATS = {
    Holds.TEXT: "@",
    Holds.WHOLE: "0",
    Holds.DAY: "yyyy-mm-dd",
    Holds.MOMENT: "yyyy-mm-dd hh:mm",
    Holds.HOURS: "[h]:mm",
    Holds.SHARE: "0.0%",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, what it holds, how wide it is in characters."""

    label: str
    holds: Holds = Holds.TEXT
    width: int = 16


Cell = str | float | date | None
"""What stands in a cell; None: nothing. A `datetime` must know its zone."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet. `title`: what Excel refuses in it is left out. `rows`: a cell for each column; read one by one."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]


def workbook(title: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]], *, zone: ZoneInfo) -> bytes:
    """One sheet as the bytes of an .xlsx; see `book`."""
    return book([Sheet(title, columns, rows)], zone=zone)


def book(sheets: Iterable[Sheet], *, zone: ZoneInfo) -> bytes:
    """Sheets as the bytes of an .xlsx; the first row of each has the labels of its columns and stays in sight.

    Args:
        sheets: in order; their titles differ.
        zone: the community's; moments are written in its time, for a spreadsheet knows no zones.

    Raises:
        ValueError: a row has another number of cells, or a moment has no zone (our own mistake).
    """
    from openpyxl.workbook.workbook import Workbook

    made = Workbook(write_only=True)
    for one in sheets:
        _write(made, one, zone)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def _write(made: Any, one: Sheet, zone: ZoneInfo) -> None:
    from openpyxl.cell.cell import WriteOnlyCell
    from openpyxl.styles.fonts import Font
    from openpyxl.utils.cell import get_column_letter

    sheet: Any = made.create_sheet(_NO_TITLE.sub(" ", one.title).strip()[:_LONGEST_TITLE] or "1")
    sheet.freeze_panes = "A2"  # before the first row: a sheet that is only written cannot go back
    for position, column in enumerate(one.columns, 1):
        sheet.column_dimensions[get_column_letter(position)].width = column.width

    def text_cell(text: str) -> Any:
        cell = WriteOnlyCell(sheet, value="")
        cell.value = (kept := _UNPRINTABLE.sub("", text)[:LONGEST_TEXT])
        cell.data_type = "s"  # also what begins with = is text
        if kept.startswith(_ACTIVE):
            cell.quotePrefix = True
        return cell

    def cell_of(value: Cell, holds: Holds) -> Any:
        if value is None or isinstance(value, bool):
            return None if value is None else int(value)
        if isinstance(value, str):
            return text_cell(value) if value else None
        cell = WriteOnlyCell(sheet, value=_plain(value, holds, zone))
        cell.number_format = _FORMATS[holds] if holds is not Holds.TEXT else _FORMATS[_natural(value)]
        return cell

    head = [text_cell(column.label) for column in one.columns]
    for cell in head:
        cell.font = Font(bold=True)
    try:
        sheet.append(head)
        for row in one.rows:
            sheet.append([cell_of(value, column.holds) for value, column in zip(row, one.columns, strict=True)])
    finally:
        sheet.close()  # also after a bad row: the library keeps a file open


def _plain(value: float | date, holds: Holds, zone: ZoneInfo) -> float | date:
    """As openpyxl takes it: moments in the community's time, lengths as parts of a day."""
    if holds is Holds.HOURS and not isinstance(value, date):
        return value / _A_DAY
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"a moment without a zone: {value!r}")
        return value.astimezone(zone).replace(tzinfo=None)
    return value


def _natural(value: float | date) -> Holds:
    if isinstance(value, datetime):
        return Holds.MOMENT
    return Holds.DAY if isinstance(value, date) else Holds.WHOLE
