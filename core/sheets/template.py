"""Templates of sheets: an empty sheet with the columns to fill in, and one that explains them."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from openpyxl.styles.alignment import Alignment
from openpyxl.styles.fills import PatternFill
from openpyxl.styles.fonts import Font
from openpyxl.utils.cell import get_column_letter
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.datavalidation import DataValidation

from core.sheets.header import columns_of
from core.sheets.kinds import REF_COLUMN, Column, ImportKind, Shape

_ROWS = 10_000  # that get formats and lists
_FORMATS = {Shape.TEXT: "@", Shape.DAY: "yyyy-mm-dd", Shape.WHOLE: "0"}  # text keeps the zero in front of a telephone
_OWN_REF = replace(
    REF_COLUMN,
    required=False,
    help=_l("May stay empty. If you give each row a number of its own, a row taken in before is known again."),
)
_HEAD = PatternFill("solid", fgColor="FFE6F2EE")


def workbook(kind: ImportKind, *, numbered: bool = True) -> bytes:
    """The template in the reader's language, as .xlsx. Examples stand on the second sheet, so nobody imports them.

    `numbered`: each row needs its own number; a page that gives numbers itself asks for none.
    """
    book = Workbook()
    sheet = book.active
    sheet.title = str(kind.label)[:31]
    sheet.freeze_panes = "A2"
    explained = book.create_sheet(_("What goes where"))
    titles = [_("Column"), _("Needed"), _("What it means"), _("Examples"), _("One of")]
    explained.append(titles)
    ref, *others = columns_of(kind)
    for position, column in enumerate([ref if numbered else _OWN_REF, *others], 1):
        letters = get_column_letter(position)
        _head(sheet.cell(row=1, column=position, value=str(column.label)))
        sheet.column_dimensions[letters].width = 18
        sheet.column_dimensions[letters].number_format = _FORMATS[column.shape]
        words = [str(choice.words[0]) for choice in column.choices()] if column.choices else []
        explained.append([*_explained(column), "、".join(words)])
        if words:
            _offer(book, sheet, letters, words, only=True)
        elif column.suggestions and (names := list(column.suggestions())):
            _offer(book, sheet, letters, names, only=False)
    explained.append([])
    explained.append([str(kind.help)])
    for cell in explained[1]:
        _head(cell)
    for letters, width in zip("ABCDE", (18, 10, 60, 24, 40), strict=True):
        explained.column_dimensions[letters].width = width
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _head(cell: Any) -> None:
    cell.font, cell.fill, cell.alignment = Font(bold=True), _HEAD, Alignment(vertical="center")


def _explained(column: Column) -> list[str]:
    needed = _("yes") if column.required else ""
    return [str(column.label), needed, str(column.help), "、".join(example for example in column.examples if example)]


def _offer(book: Any, sheet: Any, letters: str, words: list[str], *, only: bool) -> None:
    """A list to choose from. `only`: nothing else may be typed.

    It stands in a hidden sheet, for in the rule itself it may have 255 characters only.
    """
    lists = book["lists"] if "lists" in book.sheetnames else book.create_sheet("lists")
    lists.sheet_state = "hidden"
    column = 1 if lists.max_column == 1 and lists["A1"].value is None else lists.max_column + 1
    for row, word in enumerate(words, 1):
        lists.cell(row=row, column=column, value=word).data_type = "s"  # also a name that begins with =
    place = get_column_letter(column)
    rule = DataValidation(type="list", formula1=f"lists!${place}$1:${place}${len(words)}", allow_blank=True)
    rule.showErrorMessage = only
    rule.add(f"{letters}2:{letters}{_ROWS}")
    sheet.add_data_validation(rule)
