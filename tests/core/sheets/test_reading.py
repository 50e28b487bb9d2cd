"""Files that are sheets, and files that claim to be."""

import io
import time
import zipfile
from datetime import date, datetime
from typing import Any

import pytest

from core.errors import DomainError
from core.sheets import reading
from core.sheets.reading import (
    Broken,
    EmptySheet,
    Formula,
    Line,
    Merged,
    OldSheet,
    TooLargeSheet,
    TooManyRows,
    UnreadableSheet,
)
from tests.core.sheets.build import RESIDENTS, csv_of, with_part, xlsx

ROW = ("1", "张淑芬", "13900000001", "1956-03-02")
NAIVE = datetime(2026, 3, 2, 8)  # noqa: DTZ001 - Excel knows no zones
SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
FAR_BELOW = (
    HEAD + b'<row r="1"><c r="A1"><v>1</v></c></row><row r="ROW"><c r="AROW"><v>1</v></c></row></sheetData></worksheet>'
)
FAR_RIGHT = HEAD + b'<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row></sheetData></worksheet>'


@pytest.mark.parametrize(
    "content",
    [
        xlsx(RESIDENTS, ROW),
        csv_of(RESIDENTS, ROW),
        csv_of(RESIDENTS, ROW, encoding="utf-8"),
        csv_of(RESIDENTS, ROW, encoding="gb18030"),
        csv_of(RESIDENTS, ROW, encoding="utf-16"),
        csv_of(RESIDENTS, ROW, separator="\t"),
        csv_of(RESIDENTS, ROW, separator=";"),
    ],
    ids=["xlsx", "utf-8 with mark", "utf-8", "gb18030", "utf-16", "tabs", "semicolons"],
)
def test_the_same_rows_come_out_of_every_file(content: bytes) -> None:
    assert reading.read(content) == [Line(1, RESIDENTS), Line(2, ROW)]


def test_cells_keep_what_excel_knows_of_them_and_empty_rows_are_left_out() -> None:
    lines = reading.read(xlsx((), (1, 2.5, True, date(2026, 3, 2), NAIVE), (None, " "), ("x",)))
    assert lines == [Line(2, (1, 2.5, True, date(2026, 3, 2), "2026-03-02 08:00:00")), Line(4, ("x",))]


def test_formulas_errors_and_merged_cells_are_marked() -> None:
    def merge(sheet: Any) -> None:
        sheet.merge_cells("A2:A3")
        sheet["B2"] = "=1+1"
        sheet["B3"] = "#REF!"

    lines = reading.read(xlsx(("a", "b"), (1, 2), (1, 2), change=merge))
    assert lines[1:] == [Line(2, (Merged(), Formula())), Line(3, (Merged(), Broken()))]


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", EmptySheet),
        (xlsx(), EmptySheet),
        (b" , ,\n,,", EmptySheet),
        (b"PK\x03\x04 but no more", UnreadableSheet),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500, OldSheet),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00", UnreadableSheet),
        (b"\xff\xfea", UnreadableSheet),
        (b'"no end', UnreadableSheet),
        (b'a,"' + b"x" * 200_000 + b'"', UnreadableSheet),
        (with_part(xlsx(RESIDENTS), SHEET, b"<worksheet><sheetData><row"), UnreadableSheet),
        (with_part(xlsx(RESIDENTS), SHEET, b'<!DOCTYPE x [<!ENTITY a "aa">]><worksheet/>'), UnreadableSheet),
        (with_part(xlsx(RESIDENTS), "xl/workbook.xml", b"no xml"), UnreadableSheet),
        (with_part(xlsx(RESIDENTS), SHEET, b" " * (reading.MOST_UNPACKED + 1)), TooLargeSheet),
        (with_part(xlsx(RESIDENTS), SHEET, b" " * 2**22), TooLargeSheet),
        (csv_of(RESIDENTS, *[ROW] * 10_020), TooManyRows),
        (xlsx(RESIDENTS, *[(number, "张") for number in range(10_020)]), TooManyRows),
    ],
)
def test_what_cannot_be_read_is_refused_at_once(content: bytes, refusal: type[DomainError]) -> None:
    begun = time.monotonic()
    with pytest.raises(refusal):
        reading.read(content)
    assert time.monotonic() - begun < 5


def test_any_other_archive_is_no_sheet() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(UnreadableSheet):
        reading.read(made.getvalue())


def test_every_byte_cut_off_is_a_refusal_and_no_fault_of_ours() -> None:
    whole = xlsx(RESIDENTS, ROW)
    for length in range(4, len(whole) - 1, 97):
        with pytest.raises(DomainError):
            reading.read(whole[:length])


@pytest.mark.parametrize("row", [20_001, 1_048_576, 99_999_999_999])
def test_a_row_far_below_costs_nothing(row: int) -> None:
    far = FAR_BELOW.replace(b"ROW", str(row).encode())
    begun = time.monotonic()
    with pytest.raises(TooLargeSheet):
        reading.read(with_part(xlsx(RESIDENTS), SHEET, far))
    assert time.monotonic() - begun < 1


def test_formats_far_below_hold_nothing_and_do_not_matter() -> None:
    formats = b'<row r="30000"><c r="A30000" s="1"/></row></sheetData>'
    sheet = HEAD + b'<row r="1"><c r="A1"><v>1</v></c></row>' + formats + b"</worksheet>"
    assert reading.read(with_part(xlsx(RESIDENTS), SHEET, sheet)) == [Line(1, (1,))]


def test_a_hundred_thousand_rows_are_told_to_be_split() -> None:
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (row, row) for row in range(1, 100_001))
    begun = time.process_time()
    with pytest.raises(TooManyRows):
        reading.read(with_part(xlsx(RESIDENTS), SHEET, HEAD + rows + b"</sheetData></worksheet>"))
    assert time.process_time() - begun < 5


def test_the_first_sheet_that_is_shown_is_read_and_others_are_named() -> None:
    def change(sheet: Any) -> None:
        sheet.parent.create_sheet("hidden", 0).sheet_state = "hidden"
        sheet.parent["hidden"].append(("no",))
        sheet.parent.create_sheet("more").append(("b",))

    sheet = reading.opened(xlsx(("a",), change=change))
    assert (sheet.lines, sheet.others) == ([Line(1, ("a",))], (("more", [Line(1, ("b",))]),))


def test_a_merged_cell_at_the_end_of_a_row_is_marked_too() -> None:
    def merge(sheet: Any) -> None:
        sheet.merge_cells("B1:B2")

    assert reading.read(xlsx(("a", "b"), ("a",), change=merge))[1] == Line(2, ("a", Merged()))


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("a\tb, c\n", ("a", "b, c")),
        ("a，b", ("a", "b")),
        ("a;b,c;d", ("a", "b,c", "d")),
        ('"a\tb"\tc', ("a\tb", "c")),
        ('5" \tb', ('5" ', "b")),
        ('"a\tb', ('"a', "b")),
        ("only one", ("only one",)),
    ],
)
def test_what_is_pasted_is_parted_as_it_is_meant(text: str, cells: tuple[str, ...]) -> None:
    assert reading.pasted(text) == [Line(1, cells)]


def test_an_ods_is_told_how_to_be_saved() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    with pytest.raises(reading.OpenDocumentSheet):
        reading.read(made.getvalue())


def test_a_cell_far_right_costs_nothing() -> None:
    begun = time.monotonic()
    assert reading.read(with_part(xlsx(RESIDENTS), SHEET, FAR_RIGHT)) == [Line(1, (1,))]
    assert time.monotonic() - begun < 1
