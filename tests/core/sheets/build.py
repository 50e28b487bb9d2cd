"""Builders of sheets for tests."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

from openpyxl.workbook.workbook import Workbook

RESIDENTS = ("编号", "姓名", "电话", "出生日期")
GROUPS = ("编号", "团队", "类型", "居民编号", "姓名", "角色", "开始日期", "结束日期")
CONTRIBUTIONS = ("编号", "团队或居民", "类别", "日期", "次数", "分钟", "说明")


def xlsx(*rows: tuple[Any, ...], change: Callable[[Any], None] | None = None) -> bytes:
    """A workbook with these rows in its first sheet; `change` may do something to the sheet."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    if change is not None:
        change(book.active)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def csv_of(*rows: tuple[Any, ...], encoding: str = "utf-8-sig", separator: str = ",") -> bytes:
    """The same as text."""
    return "\r\n".join(separator.join(str(cell) for cell in row) for row in rows).encode(encoding)


def with_part(workbook: bytes, name: str, content: bytes) -> bytes:
    """The workbook with one of its files replaced."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return made.getvalue()
