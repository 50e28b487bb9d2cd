"""What the template of the timetable is given: days of the strip, choices, and what stands in a room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLink:
    """A day of the strip."""

    label: str
    number: str
    name: str
    url: str | None
    active: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is drawn into a column, or listed on a telephone."""

    kind: str
    title: str
    time: str
    soft: str | None
    quarter: int
    length: int
    url: str | None
    at: datetime
    explains: bool = False  # the address says why it cannot be booked


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A choice: a link that may be the present one."""

    label: str
    url: str
    active: bool = False
