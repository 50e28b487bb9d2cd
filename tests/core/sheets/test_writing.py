"""Sheets out, read back."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl.reader.excel import load_workbook

from core.sheets import writing
from core.sheets.writing import Cell, Column, Holds

ZONE = ZoneInfo("Asia/Shanghai")
COLUMNS = [
    Column("何时", Holds.MOMENT, 18),
    Column("日期", Holds.DAY),
    Column("积分", Holds.WHOLE),
    Column("内容", width=40),
]


def read(rows: list[list[Cell]], columns: list[Column] = COLUMNS, title: str = "流水") -> Any:
    return load_workbook(io.BytesIO(writing.workbook(title, columns, rows, zone=ZONE))).active


def test_days_numbers_and_words_come_back_as_such_and_moments_in_the_communitys_time() -> None:
    sheet = read([[datetime(2026, 11, 25, 16, 30, tzinfo=UTC), date(2026, 11, 26), -12, "广场宣传日"]])
    assert [cell.value for cell in sheet[1]] == ["何时", "日期", "积分", "内容"]
    values = [cell.value for cell in sheet[2]]
    assert values == [datetime(2026, 11, 26, 0, 30), datetime(2026, 11, 26), -12, "广场宣传日"]  # noqa: DTZ001
    assert [cell.number_format for cell in sheet[2]][:3] == ["yyyy-mm-dd hh:mm", "yyyy-mm-dd", "0"]


def test_the_header_is_bold_and_stays_in_sight_and_columns_are_as_wide_as_asked() -> None:
    sheet = read([])
    assert sheet.freeze_panes == "A2"
    assert sheet["A1"].font.bold
    assert sheet.column_dimensions["D"].width == 40
    assert sheet.title == "流水"


@pytest.mark.parametrize("text", ["=1+1", '=HYPERLINK("http://x","y")', "+86", "-5", "@SUM(A1)", "#N/A", "=", "\t=1"])
def test_a_text_is_never_a_formula(text: str) -> None:
    cell = read([[None, None, None, text]])["D2"]
    assert (cell.value, cell.data_type) == (text, "s")


def test_what_xml_or_excel_cannot_hold_is_left_out_and_nothing_breaks() -> None:
    sheet = read(
        [[None, None, None, "a\x00\x0bb\ufffe"], [None, None, None, "长" * 40_000]], title="a/b:[c]*?" + "长" * 40
    )
    assert sheet["D2"].value == "ab"
    assert len(sheet["D3"].value) == writing.LONGEST_TEXT
    assert len(sheet.title) <= 31
    assert sheet["A2"].value is None


def test_a_row_of_another_length_and_a_moment_without_a_zone_are_our_own_mistakes() -> None:
    with pytest.raises(ValueError, match="argument"):
        read([[1, 2]])
    with pytest.raises(ValueError, match="without a zone"):
        read([[datetime(2026, 1, 1), None, None, None]])  # noqa: DTZ001


def test_the_heavy_library_is_loaded_by_whoever_writes_a_sheet_and_by_nobody_else() -> None:
    seen = "import sys, core.sheets.writing; print('openpyxl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True).stdout == "False\n"
