"""The grid of a timetable as HTML. Written here and not by macros: with hundreds of places on a page, this is its cost.

Positions as in house.css: column 1 is the first room, quarter 0 the first quarter hour shown. Texts may be anything, addresses
are escaped already.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from markupsafe import escape

HALF: Final = 2  # quarter hours of a free place


def hour(quarter: int, text: str) -> str:
    """A line across, with its time."""
    return f'<div class="tt-hour r-{quarter}">{text}</div>'


def head(column: int, name: str, soft: str = "") -> str:
    """The head of a column."""
    small = f"<small>{escape(soft)}</small>" if soft else ""
    return f'<div class="tt-room c-{column}"><b>{escape(name)}</b>{small}</div><div class="tt-line c-{column}"></div>'


def block(
    column: int,
    quarter: int,
    length: int,
    *,
    kind: str,
    title: str,
    time: str = "",
    soft: str | None = "",
    url: str = "",
) -> str:
    """What stands in a column. `kind`: taken, mine, programme, closed, past, wish. `url` may bring more attributes along."""
    place = f'class="tt-block {kind} c-{column} r-{quarter} s-{length}"'
    said = f"<b>{escape(title)}</b>"
    if time:
        said += f"<span>{time}</span>"
    if soft:
        said += f"<span>{escape(soft)}</span>"
    return f"<a {place} href={url}>{said}</a>" if url else f"<div {place}>{said}</div>"


def halves(run: range) -> Iterator[tuple[int, int]]:
    """A free stretch in half hours, and a quarter that stands alone: where each begins and its length."""
    quarter = run.start
    while quarter < run.stop:
        length = HALF if quarter % HALF == 0 and quarter + 1 < run.stop else 1
        yield quarter, length
        quarter += length
