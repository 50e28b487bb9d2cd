"""Rules of recurrence by RFC 5545, of the kinds that people mean: daily, weekly on weekdays, monthly by date or nth weekday.

A rule says on which local days something is. What time of day that is, the clock on the wall says: `moment`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from dateutil import rrule

from core.errors import DomainError, Invalid
from core.explanations import explain
from core.faults import checking, could_be_meant

MOST_DATES = 400
MOST_APART = 366  # days, weeks or months between two dates
LAST_DAY = date(2190, 1, 1)
LONGEST_RULE = 500  # characters
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FIELD = "recurrence"

_WHOLE = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_WEEKDAY = re.compile(r"([+-]?\d{1,9})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_UNTIL = re.compile(r"\d{8}(T\d{6}Z?)?", re.ASCII)


class TooManyDates(DomainError):
    """A series has at most so many dates. Facts: most."""

    code = "too_many_dates"


class EndlessRecurrence(DomainError):
    """A rule says when it ends: by a number of dates or by a last day."""

    code = "endless_recurrence"


class Kind(IntEnum):
    """How a rule repeats."""

    MONTHLY = rrule.MONTHLY
    WEEKLY = rrule.WEEKLY
    DAILY = rrule.DAILY


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """On which days something is, from a first day on; it ends, by `count` or by `until`.

    `weekdays` (0 Monday … 6 Sunday): of a weekly rule. `dates` (1 … 31, or −1 … −31 from the end of the month) or `nth`
    ((1, 4) the first Friday, (−1, 6) the last Sunday): of a monthly one; months without such a day are left out.

    Raises:
        Invalid: figures that nobody could mean.
        EndlessRecurrence: it has no end.
        TooManyDates: it says itself that it has more than a series may have.
    """

    kind: Kind
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    dates: tuple[int, ...] = ()
    nth: tuple[tuple[int, int], ...] = ()
    week_starts: int = 0
    count: int | None = None  # excepted dates are counted too
    until: date | None = None  # inclusive

    def __post_init__(self) -> None:
        for name in ("weekdays", "dates", "nth"):
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))
        with checking(self) as check:
            check.whole("interval", most=MOST_APART)
            check.whole("count", most=10**9)  # below that, "too many" says more
            check.day("until", latest=LAST_DAY)
            if self.count is not None and self.until is not None:
                check.fault("count", "count_and_until")
            wanted = {
                Kind.DAILY: not (self.weekdays or self.dates or self.nth),
                Kind.WEEKLY: self.weekdays and not (self.dates or self.nth),
                Kind.MONTHLY: bool(self.dates) != bool(self.nth) and not self.weekdays,
            }
            if not wanted[self.kind]:
                check.fault("kind", "rule_of_other_kind")
            if not all(1 <= abs(one) <= 31 for one in self.dates):
                check.fault("dates", "no_day_of_month")
            if not all(1 <= abs(n) <= 5 for n, _weekday in self.nth):
                check.fault("nth", "no_nth_weekday")
        if self.count is None and self.until is None:
            raise EndlessRecurrence
        if self.count is not None and self.count > MOST_DATES:
            raise TooManyDates(most=MOST_DATES)

    def days(self, first: date) -> list[date]:
        """Every day of the rule from a first day on, which is the first of them only if the rule names it.

        Raises:
            Invalid: there is none, or it leads out of the calendar.
            TooManyDates: there are more than a series may have.
        """
        found = rrule.rrule(
            int(self.kind),
            dtstart=datetime.combine(first, time.min),
            interval=self.interval,
            wkst=self.week_starts,
            until=datetime.combine(self.until or LAST_DAY, time.min),
            bymonthday=self.dates or None,
            byweekday=[rrule.weekdays[day](n) for n, day in self.nth] or self.weekdays or None,
        )
        # One more than there may be, and no more: what a hostile rule goes on to say is never asked for.
        days = [one.date() for one in islice(found, self.count or MOST_DATES + 1)]
        if len(days) > MOST_DATES:
            raise TooManyDates(most=MOST_DATES)
        if not days:
            raise Invalid({FIELD: [explain("no_dates")]})
        if self.count is not None and len(days) < self.count:
            raise Invalid({FIELD: [explain("impossible_day", earliest=first, latest=LAST_DAY)]})
        return days

    def text(self, starts: time, zone: ZoneInfo) -> str:
        """As RFC 5545 writes it; its end, if it is a day, is the moment at which that day's date would start, in UTC."""
        parts = {"FREQ": self.kind.name}
        if self.interval > 1:
            parts["INTERVAL"] = str(self.interval)
        if self.weekdays:
            parts["BYDAY"] = ",".join(WEEKDAYS[day] for day in self.weekdays)
        if self.nth:
            parts["BYDAY"] = ",".join(f"{n}{WEEKDAYS[day]}" for n, day in self.nth)
        if self.dates:
            parts["BYMONTHDAY"] = ",".join(map(str, self.dates))
        if self.week_starts:
            parts["WKST"] = WEEKDAYS[self.week_starts]
        if self.count is not None:
            parts["COUNT"] = str(self.count)
        if self.until is not None:
            parts["UNTIL"] = f"{moment(self.until, starts, zone):%Y%m%dT%H%M%SZ}"
        return ";".join(f"{name}={value}" for name, value in parts.items())


def moment(day: date, starts: time, zone: ZoneInfo) -> datetime:
    """When the clock on the wall says so, in UTC.

    A time that does not exist is read with the offset before the gap; one that exists twice is the first.

    >>> New_York = ZoneInfo("America/New_York")
    >>> moment(date(2007, 3, 11), time(2, 30), New_York).astimezone(New_York).isoformat()
    '2007-03-11T03:30:00-04:00'
    >>> moment(date(2007, 11, 4), time(1, 30), New_York).astimezone(New_York).isoformat()
    '2007-11-04T01:30:00-04:00'
    """
    return datetime.combine(day, starts.replace(fold=0), tzinfo=zone).astimezone(UTC)


def moments(
    rule: Rule, starts_at: datetime, zone: ZoneInfo, *, exceptions: Collection[date] = ()
) -> dict[date, datetime]:
    """When something that first starts then is again: the days of the rule but for the exceptions, and each one's moment.

    Raises:
        Invalid: no date is left, or the rule leads out of the calendar.
        TooManyDates: there are more than a series may have.
    """
    local = starts_at.astimezone(zone)
    found = {day: moment(day, local.time(), zone) for day in rule.days(local.date()) if day not in exceptions}
    if not found:
        raise Invalid({FIELD: [explain("no_dates")]})
    return found


# --- reading -------------------------------------------------------------------------------------------------------


def read(text: str, *, starts_at: datetime, zone: ZoneInfo) -> Rule:
    """The rule that a text of RFC 5545 means for something that first starts then.

    What it leaves out is the start's: weekly on its weekday, monthly on its date. UNTIL may be a day, a moment, or a local
    time; all are inclusive.

    Raises:
        Invalid: it cannot be read, or is of a kind that is not taken.
        EndlessRecurrence: it has no end.
        TooManyDates: it says itself that it has more than a series may have.
    """
    local = starts_at.astimezone(zone)
    parts = _parts(text)
    name = parts.pop("FREQ", "")
    if name not in Kind.__members__:
        raise _refused("unsupported_rule", f"FREQ={name}")
    kind = Kind[name]
    values = {field: read_one(parts.pop(part)) for part, (field, read_one) in _READ.items() if part in parts}
    if "BYDAY" in parts:
        values |= _by_day(parts.pop("BYDAY"), kind)
    if parts:
        raise _refused("unsupported_rule", next(iter(parts)))
    if kind is Kind.WEEKLY:
        values.setdefault("weekdays", (local.weekday(),))
    if kind is Kind.MONTHLY and "nth" not in values:
        values.setdefault("dates", (local.day,))
    if "until" in values:
        values["until"] = _last_day(values["until"], local, zone)
    try:
        return Rule(kind=kind, **values)
    except Invalid as error:
        raise Invalid({FIELD: [fault for faults in error.errors.values() for fault in faults]}) from None


def _refused(code: str, part: str) -> Invalid:
    return Invalid({FIELD: [explain(code, part=part[:40])]})


def _parts(text: str) -> dict[str, str]:
    """NAME=VALUE;NAME=VALUE, each name once."""
    if len(text) > LONGEST_RULE:
        raise Invalid({FIELD: [explain("too_long_text", most=LONGEST_RULE, length=len(text))]})
    found: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").removesuffix(";").split(";"):
        name, equals, value = part.partition("=")
        if not (equals and name and value) or name in found:
            raise _refused("unreadable_rule", part)
        found[name] = value
    return found


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise _refused("unreadable_rule", text)
    return int(text)


def _dates(text: str) -> tuple[int, ...]:
    return tuple(map(_whole, text.split(",")))


def _week_start(text: str) -> int:
    if text not in WEEKDAYS:
        raise _refused("unreadable_rule", text)
    return WEEKDAYS.index(text)


def _until(text: str) -> date | datetime:
    """A day, a moment (with Z), or a local time."""
    try:
        if _UNTIL.fullmatch(text):
            return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        pass
    raise _refused("unreadable_rule", text)


_READ: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "INTERVAL": ("interval", _whole),
    "COUNT": ("count", _whole),
    "UNTIL": ("until", _until),
    "BYMONTHDAY": ("dates", _dates),
    "WKST": ("week_starts", _week_start),
}


def _by_day(text: str, kind: Kind) -> dict[str, Any]:
    """Weekdays of a weekly rule, nth weekdays of a monthly one."""
    found = [_WEEKDAY.fullmatch(part) for part in text.split(",")]
    pairs = [(match[1], WEEKDAYS.index(match[2])) for match in found if match]
    if len(pairs) < len(found):
        raise _refused("unreadable_rule", f"BYDAY={text}")
    if kind is Kind.WEEKLY and not any(n for n, _day in pairs):
        return {"weekdays": tuple(day for _n, day in pairs)}
    if kind is Kind.MONTHLY and all(n for n, _day in pairs):
        return {"nth": tuple((int(n), day) for n, day in pairs)}
    raise _refused("unsupported_rule", f"BYDAY={text}")


def _last_day(until: date | datetime, local: datetime, zone: ZoneInfo) -> date:
    """The last day whose date still starts by then, inclusive."""
    if not isinstance(until, datetime):
        return until
    if not could_be_meant(until.date()):  # to be refused; near the ends of the calendar a zone leads out of it
        return until.date()
    if until.tzinfo is None:
        return until.date() - timedelta(days=until.time() < local.time())
    day = until.astimezone(zone).date()
    return day - timedelta(days=moment(day, local.time(), zone) > until)
