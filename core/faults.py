"""Checks of what people and programs send, the same for both doors: faults are collected, then raised as one `Invalid`.

@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRequest:
note: str

def __post_init__(self) -> None:
with checking(self) as check:
check.text("note", most=500)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from core.errors import Invalid
from core.explanations import Explanation, Fact, explain

EARLIEST_DAY, LATEST_DAY = date(1900, 1, 1), date(2200, 1, 1)  # of the days that people could mean
LONGEST_SEARCH = 200  # characters; what stands behind them is not searched for
MOST_WORDS = 5  # of one search; more would only narrow what is narrow already
LARGEST_WHOLE = 1_000_000  # more than any community awards at once; keeps sums far from 64 bits
# Marks that turn or hide the reading direction could make one name look like another; half a character (Cs) cannot be kept.
_HIDDEN = {"Cf", "Cc", "Cs"}
_KEPT = {"\n", "\t", "\u200d"}  # line breaks in notes; the joiner inside emoji


def clean(text: str) -> str:
    """The text in one normal form, without invisible control and direction marks, without blanks around it."""
    normal = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    if normal.isprintable():  # nothing hidden: so are nearly all, and a sheet has ten thousands
        return normal.strip()
    return "".join(c for c in normal if c in _KEPT or unicodedata.category(c) not in _HIDDEN).strip()


def words(text: str) -> list[str]:
    """What a search looks for: each of these words must be found."""
    return clean(text[:LONGEST_SEARCH]).split()[:MOST_WORDS]


def could_be_meant(day: date) -> bool:
    """Whether people could mean this day: near the ends of the calendar a zone or one day more leads out of it."""
    return EARLIEST_DAY <= day <= LATEST_DAY


def seen(cursor: str | None) -> int:
    """How many of a short list have been seen, which is its cursor.

    Raises:
        Invalid: the cursor is none.
    """
    text = cursor or "0"
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Invalid({"cursor": [explain("not_a_cursor")]})
    return int(text)


class Check:
    """Collects the faults of one request; each method reads one field and may put a cleaned value back."""

    def __init__(self, subject: Any) -> None:
        self.subject = subject
        self.faults: dict[str, list[Explanation]] = {}

    def fault(self, field: str, code: str, /, **facts: Fact) -> None:
        """Note what is wrong with a field."""
        self.faults.setdefault(field, []).append(Explanation(code=code, facts=facts))

    def text(self, field: str, *, most: int, required: bool = False, lines: bool = False) -> None:
        """Text of at most `most` characters, cleaned; one line unless `lines`."""
        value = getattr(self.subject, field)
        if value is None:
            value = ""
        value = clean(value)
        if not lines:
            value = " ".join(value.split())
        if required and not value:
            self.fault(field, "required")
        if len(value) > most:
            self.fault(field, "too_long_text", most=most, length=len(value))
        object.__setattr__(self.subject, field, value)

    def whole(self, field: str, *, least: int = 1, most: int = LARGEST_WHOLE) -> None:
        """A whole number between two bounds, both inclusive; absent is fine."""
        value = getattr(self.subject, field)
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(field, "not_whole")
        elif value < least:
            self.fault(field, "too_small", least=least)
        elif value > most:
            self.fault(field, "too_large", most=most)

    def day(self, field: str, *, earliest: date = EARLIEST_DAY, latest: date = LATEST_DAY) -> None:
        """A day people could mean; absent is fine."""
        value = getattr(self.subject, field)
        if value is not None and not earliest <= value <= latest:
            self.fault(field, "impossible_day", earliest=earliest, latest=latest)

    def one_of(self, field: str, choices: frozenset[str] | set[str]) -> None:
        """One of the codes known."""
        if getattr(self.subject, field) not in choices:
            self.fault(field, "not_a_choice", choices=", ".join(sorted(choices)))


@contextmanager
def checking(subject: Any) -> Iterator[Check]:
    """Collect faults inside; raise them together at the end.

    Raises:
        Invalid: with every fault found.
    """
    check = Check(subject)
    yield check
    if check.faults:
        raise Invalid(check.faults)
