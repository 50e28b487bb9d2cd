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
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?(?:\s+0{1,2}:00(?::00)?)?")
_NO_YEAR = re.compile(r"(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?")  # said so, the order of the two is sure
_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MARKS: Mapping[type[Any], str] = {Formula: "cell_formula", Broken: "cell_broken", Merged: "cell_merged"}


def value_of(cell: Any, shape: Shape, *, latest: date | None = None) -> Value | Explanation:
    """What a cell holds, None when nothing; or what is wrong with it.

    `latest`: a day without its year is the last one up to this day; without it such a day is none.

    >>> value_of(" 2026年3月2日 ", Shape.DAY)
    datetime.date(2026, 3, 2)
    >>> value_of("11月22日", Shape.DAY, latest=date(2026, 11, 21))
    datetime.date(2025, 11, 22)
    >>> value_of(13900000001.0, Shape.TEXT)
    '13900000001'
    >>> value_of("1.5", Shape.WHOLE).code
    'not_whole'
    """
    if type(cell) in _MARKS:
        return explain(_MARKS[type(cell)])
    if cell is None or (isinstance(cell, str) and not clean(cell)):
        return None
    if shape is Shape.DAY:
        return _day(cell, latest)
    return _text(cell) if shape is Shape.TEXT else _whole(cell)


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


def _day(cell: Any, latest: date | None) -> Value | Explanation:
    if isinstance(cell, date):
        return cell
    text = clean(str(cell))
    found = _DAY.fullmatch(text) or _DIGITS.fullmatch(text)
    short = _NO_YEAR.fullmatch(text)
    try:
        if short and latest is not None:
            return _last(int(short[1]), int(short[2]), latest)
        return date(*(int(part) for part in found.groups())) if found else explain("not_a_day")
    except ValueError:
        return explain("not_a_day")


def _last(month: int, day: int, latest: date) -> date:
    """The latest such day up to a day.

    Raises:
        ValueError: there is none in that year.
    """
    return date(latest.year - ((month, day) > (latest.month, latest.day)), month, day)


def without_year(text: str) -> bool:
    """Whether a day is written without its year, so that the whole of it is worth showing."""
    return _NO_YEAR.fullmatch(clean(text)) is not None
