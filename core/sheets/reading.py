"""From the bytes of a file to cells of text, numbers and days. Everything about a file that cannot be trusted is here."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice
from typing import Any

from core.errors import DomainError

MOST_ROWS = 10_000  # below the header
MOST_COLUMNS = 50
FURTHEST_ROW = 20_000  # of an .xlsx that may hold anything: openpyxl walks over every empty row before it
MOST_UNPACKED = 64 * 2**20  # bytes of everything in the workbook: 10,000 rows of 20 columns are 15 MB
MOST_RATIO = 200  # unpacked to packed; a sheet of equal cells comes to about 50
_SMALL = 2**20  # below this the ratio does not matter
_PARTS = 1_000  # files in a workbook
_MERGES = 20  # that are looked at: one is enough to refuse
ABOVE = 10  # lines that may stand above and in the header
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"  # also a workbook with a password
_FAR_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d{5,20})"[^>]*(?<!/)>')
_HELD = re.compile(rb"<(?:\w+:)?(?:v|is|f)\b")  # what a cell holds: a value, text of its own, a formula
_OTHERS = 5  # further sheets of a workbook that are looked into
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"
_SEPARATORS = "\t,;，"
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')


class UnreadableSheet(DomainError):
    """The file is no sheet that can be read. Facts: none."""

    code = "sheet_unreadable"


class OldSheet(DomainError):
    """An .xls, or a workbook with a password."""

    code = "sheet_old"


class OpenDocumentSheet(DomainError):
    """An .ods, as LibreOffice saves when nobody tells it otherwise."""

    code = "sheet_opendocument"


class TooLargeSheet(DomainError):
    """Unpacked it is larger than any list of people. Facts: none."""

    code = "sheet_too_large"


class TooManyRows(DomainError):
    """More rows than one import takes. Facts: most."""

    code = "sheet_too_many_rows"


class EmptySheet(DomainError):
    """There is nothing in it."""

    code = "sheet_empty"


@dataclass(frozen=True, slots=True)
class Formula:
    """Stands where a cell holds a formula: whose value may be anything by the time it is opened again."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Stands where Excel itself shows an error, such as #REF!."""


@dataclass(frozen=True, slots=True)
class Merged:
    """Stands where a cell is a part of several merged into one."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file that is not empty, numbered from 1."""

    number: int
    cells: tuple[Any, ...]  # text, numbers, days, None; Formula, Broken or Merged


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was read of a file, and where else in it something stands."""

    lines: list[Line]
    title: str = ""  # of the sheet within a workbook
    others: tuple[tuple[str, list[Line]], ...] = ()  # other sheets that are shown: title and first lines


def read(content: bytes) -> list[Line]:
    """The lines of a file; see `opened`."""
    return opened(content).lines


def opened(content: bytes) -> Sheet:
    """The first sheet of an .xlsx that is not hidden, or a .csv in UTF-8, UTF-16 or GB18030.

    What it is, is told by the bytes and not by the name.

    Raises:
        UnreadableSheet, OldSheet, OpenDocumentSheet, TooLargeSheet, TooManyRows, EmptySheet.
    """
    if content.startswith(_OLD_EXCEL):
        raise OldSheet
    sheet = _xlsx(content) if content.startswith(b"PK") else Sheet(_strictly(_decode(content)))
    if not sheet.lines:
        raise EmptySheet
    return sheet


def pasted(text: str) -> list[Line]:
    """The lines of what was copied from a sheet, or typed like one: cells parted by tabs, else by commas or semicolons.

    Raises:
        TooManyRows, EmptySheet.
    """
    try:
        lines = _strictly(text)
    except UnreadableSheet:  # a quotation mark that is meant as one
        lines = list(_limited(_separated(text, strict=False)))
    if not lines:
        raise EmptySheet
    return lines


def holds(cell: Any) -> bool:
    """Whether anything stands in a cell."""
    return cell is not None and not (isinstance(cell, str) and not cell.strip())


def letter(position: int) -> str:
    """The letter of a column, counted from 0."""
    before, last = divmod(position, 26)
    return (letter(before - 1) if before else "") + chr(ord("A") + last)


def _limited(lines: Iterable[Line]) -> Iterator[Line]:
    """Only lines that hold something; not more than the header, what stands above it, and MOST_ROWS."""
    for count, line in enumerate((line for line in lines if any(map(holds, line.cells))), 1):
        if count > MOST_ROWS + ABOVE:
            raise TooManyRows(most=MOST_ROWS)
        yield line


# --- csv -----------------------------------------------------------------------------------------------------------


def _strictly(text: str) -> list[Line]:
    return list(_limited(_separated(text, strict=True)))


def _separated(text: str, *, strict: bool) -> Iterator[Line]:
    """Cells parted by whichever separator the first lines have most of; a tab parts nothing but cells."""
    if _CONTROLS.search(text[:100_000]):
        raise UnreadableSheet  # something else than text
    head = "\n".join(text[:20_000].splitlines()[:ABOVE])
    separator = "\t" if "\t" in head else max(_SEPARATORS, key=head.count)
    source = io.StringIO(text, newline="")
    if strict:
        rows = csv.reader(source, delimiter=separator, strict=True)
    else:
        rows = csv.reader(source, delimiter=separator, quoting=csv.QUOTE_NONE)
    try:
        for number, cells in enumerate(rows, 1):
            yield Line(number, tuple(cells[:MOST_COLUMNS]))
    except csv.Error as error:
        raise UnreadableSheet from error


def _decode(content: bytes) -> str:
    """Excel in China saves .csv in GB18030, or in UTF-8 with a mark in front."""
    encodings = ("utf-16",) if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableSheet


# --- xlsx ----------------------------------------------------------------------------------------------------------


def _xlsx(content: bytes) -> Sheet:
    try:
        with warnings.catch_warnings(), zipfile.ZipFile(io.BytesIO(content)) as archive:
            warnings.simplefilter("ignore")  # openpyxl's, of parts that do not matter here
            _weigh(archive, len(content))
            return _first_sheet(content, archive)
    except DomainError:
        raise
    except Exception as error:  # openpyxl raises whatever a broken part of a file leads to
        raise UnreadableSheet from error


def _weigh(archive: zipfile.ZipFile, packed: int) -> None:
    """Before anything is unpacked: a small file may claim to hold gigabytes; and nobody needs a DTD here."""
    unpacked = sum(part.file_size for part in archive.infolist())
    if (
        len(archive.infolist()) > _PARTS
        or unpacked > MOST_UNPACKED
        or (unpacked > _SMALL and unpacked > MOST_RATIO * packed)
    ):
        raise TooLargeSheet
    for part in archive.infolist():
        with archive.open(part) as file:
            head = file.read(1024)
        if part.filename == "mimetype" and head.startswith(_OPEN_DOCUMENT):
            raise OpenDocumentSheet
        if b"<!DOCTYPE" in head:
            raise UnreadableSheet


def _first_sheet(content: bytes, archive: zipfile.ZipFile) -> Sheet:
    from openpyxl.reader.excel import load_workbook  # 0.1 s: only whoever sends a workbook waits for it

    book = load_workbook(io.BytesIO(content), read_only=True)  # formulas stay formulas: they are refused by cell
    try:
        first, *others = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"] or book.worksheets
        lines = list(_limited(_lines(first, archive)))
        heads = [(other.title, list(islice(_lines(other, archive), ABOVE))) for other in others[:_OTHERS]]
        return Sheet(lines, first.title, tuple(heads))
    finally:
        book.close()


def _lines(sheet: Any, archive: zipfile.ZipFile) -> Iterator[Line]:
    sheet.reset_dimensions()  # some programs write down wrong ones
    text = archive.read(sheet._worksheet_path.lstrip("/"))  # noqa: SLF001 - read-only sheets do not tell of merges
    _refuse_far_rows(text)
    merged = _merged(text)
    del text
    for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), 1):
        if number > FURTHEST_ROW:
            break  # only empty ones follow
        found = [_cell(cell) for cell in _trimmed(cells)]
        for position in sorted(merged.get(number, ())):
            found += [None] * (position + 1 - len(found))
            found[position] = Merged()
        while found and found[-1] is None:
            found.pop()
        yield Line(number, tuple(found))


def _refuse_far_rows(text: bytes) -> None:
    """Rows far below that hold something: a list that is too long, or a slip of the hand. Mere formats are nothing."""
    far = [match.start() for match in _FAR_ROW.finditer(text) if int(match[1]) > FURTHEST_ROW]
    if not far or not _HELD.search(text, far[0]):
        return
    held = sum(1 for _match in islice(_HELD.finditer(text), MOST_ROWS + 1))
    raise TooManyRows(most=MOST_ROWS) if held > MOST_ROWS else TooLargeSheet


def _trimmed(cells: tuple[Any, ...]) -> tuple[Any, ...]:
    """Without the nothings at the end, of which openpyxl adds one for each column that might be."""
    last = len(cells)
    while last and cells[last - 1].value is None:
        last -= 1
    return cells[:last]


def _cell(cell: Any) -> Any:
    if cell.data_type == "f":
        return Formula()
    if cell.data_type == "e":
        return Broken()
    value = cell.value
    if isinstance(value, datetime):
        return value.date() if value.time() == time(0) else value.isoformat(sep=" ")
    if isinstance(value, str | int | float | bool | date) or value is None:
        return value
    return str(value)


def _merged(sheet: bytes) -> dict[int, set[int]]:
    """Row number → positions of cells that are merged with others, of merges that matter: over several rows or columns."""
    found: dict[int, set[int]] = {}
    for match in islice(_MERGED.finditer(sheet), _MERGES):
        left, top, right, bottom = match.groups()
        columns = range(_position(left), min(_position(right) + 1, MOST_COLUMNS))
        for row in range(int(top), min(int(bottom), int(top) + MOST_ROWS + ABOVE) + 1):
            found.setdefault(row, set()).update(columns)
    return found


def _position(letters: bytes) -> int:
    """The column of letters, counted from 0."""
    position = 0
    for byte in letters:
        position = position * 26 + byte - ord("A") + 1
    return position - 1
