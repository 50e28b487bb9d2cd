"""From what stands in a cell to what its column holds; what cannot be meant is a fault with a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from core.explanations import Explanation, explain
from core.faults import clean
from core.sheets.kinds import Shape, Value
from core.sheets.reading import Broken, Formula, Merged

_WHOLE = re.compile(r"[+-]?\d{1,18}(?:\.0+)?")
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:\s+0{1,2}:00(?::00)?)?")
_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MARKS: Mapping[type[Any], str] = {Formula: "cell_formula", Broken: "cell_broken", Merged: "cell_merged"}


def value_of(cell: Any, shape: Shape) -> Value | Explanation:
    """What a cell holds, None when nothing; or what is wrong with it.

    >>> value_of(" 2026年3月2日 ", Shape.DAY)
    datetime.date(2026, 3, 2)
    >>> value_of(13900000001.0, Shape.TEXT)
    '13900000001'
    >>> value_of("1.5", Shape.WHOLE).code
    'not_whole'
    """
    if type(cell) in _MARKS:
        return explain(_MARKS[type(cell)])
    if cell is None or (isinstance(cell, str) and not clean(cell)):
        return None
    return {Shape.TEXT: _text, Shape.WHOLE: _whole, Shape.DAY: _day}[shape](cell)


def _text(cell: Any) -> Value | Explanation:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # Excel keeps every number as a fraction
    return clean(cell.isoformat() if isinstance(cell, date) else str(cell))


def _whole(cell: Any) -> Value | Explanation:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    text = clean(str(cell))
    return int(text.partition(".")[0]) if _WHOLE.fullmatch(text) else explain("not_whole")


def _day(cell: Any) -> Value | Explanation:
    if isinstance(cell, date):
        return cell
    text = clean(str(cell))
    found = _DAY.fullmatch(text) or _DIGITS.fullmatch(text)
    try:
        return date(*(int(part) for part in found.groups())) if found else explain("not_a_day")
    except ValueError:
        return explain("not_a_day")
