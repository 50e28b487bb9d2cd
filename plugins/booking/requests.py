"""What both doors build: frozen wishes with the limits of each field, stated once."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, StrEnum
from zoneinfo import ZoneInfo

from core import clock
from core.db import Id
from core.faults import Check, checking, clean
from plugins.booking.models import LONGEST_BUFFER, Item, Purpose, Reservation, Side, Who
from plugins.booking.policy import BookingPolicy
from plugins.booking.recurrence import LAST_DAY, MOST_DATES, Rule, moments

EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime.combine(LAST_DAY, time.min, tzinfo=UTC)
LONGEST_NAME, LONGEST_TEXT = 60, 500  # characters
LARGEST_ROOM, LARGEST_AREA = 10_000, 100_000  # people, square metres
MOST_SPACES, MOST_INTERVALS, MOST_DAYS = 20, 70, 190
MOST_ITEMS, MOST_OF_ONE = 50, 10_000  # of equipment
A_DAY, LONGEST_NOTICE = 24 * 60, 30 * 24 * 60  # minutes
QUARTER = 15  # minutes
LONGEST_CLOSURE = 366  # days
CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def _possible(check: Check, name: str, moment: datetime) -> None:
    if not EARLIEST <= moment <= LATEST:
        check.fault(name, "impossible_day", earliest=EARLIEST.date(), latest=LATEST.date())


def _interval(check: Check, starts_at: datetime, ends_at: datetime) -> None:
    """An interval people could mean; half-open."""
    _possible(check, "starts_at", starts_at)
    _possible(check, "ends_at", ends_at)
    if ends_at <= starts_at:
        check.fault("ends_at", "ends_before_start")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationRequest:
    """A wish for a room. `override_reason`: a manager sets aside what stands in its way."""

    room_id: Id
    holder_id: Id
    starts_at: datetime
    ends_at: datetime
    title: str = ""
    people: int | None = None
    override_reason: str = ""

    def __post_init__(self) -> None:
        with checking(self) as check:
            _interval(check, self.starts_at, self.ends_at)
            check.text("title", most=LONGEST_NAME)
            check.whole("people", least=1, most=LARGEST_ROOM)
            check.text("override_reason", most=LONGEST_TEXT)

    @property
    def minutes(self) -> int:
        """Length, started minutes."""
        return -(-int((self.ends_at - self.starts_at).total_seconds()) // 60)


class OnConflict(StrEnum):
    """What becomes of a series when one of its dates cannot be had."""

    REFUSE = "refuse"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRequest:
    """A wish that repeats. Each date starts when the clock on the wall says the same and takes as long."""

    first: ReservationRequest
    rule: Rule
    exceptions: frozenset[date] = frozenset()
    on_conflict: str = OnConflict.REFUSE.value

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.one_of("on_conflict", {choice.value for choice in OnConflict})
            if len(self.exceptions) > MOST_DATES:
                check.fault("exceptions", "too_many_exceptions", most=MOST_DATES)

    def wishes(self, zone: ZoneInfo) -> dict[date, ReservationRequest]:
        """Each day of the rule with the wish for it, in order.

        Raises:
            Invalid: no date is left, or one that nobody could mean.
            TooManyDates: there are more than a series may have.
        """
        length = self.first.ends_at - self.first.starts_at
        found = moments(self.rule, self.first.starts_at, zone, exceptions=self.exceptions)
        return {day: replace(self.first, starts_at=at, ends_at=at + length) for day, at in found.items()}


class Scope(StrEnum):
    """Which dates of a series an act is for: one, it and those that follow, or all. What has begun is never touched."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


SCOPES = frozenset(scope.value for scope in Scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRequest:
    """When a session shall end instead."""

    ends_at: datetime

    def __post_init__(self) -> None:
        with checking(self) as check:
            _possible(check, "ends_at", self.ends_at)


class Unchanged(Enum):
    """Stands for what a change leaves as it is, where nothing is a value too."""

    YES = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest:
    """What of a reservation shall be different; None: as it is. Limits are those of the whole, once it is put together."""

    room_id: Id | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    title: str | None = None
    people: int | Unchanged | None = Unchanged.YES
    scope: str = Scope.THIS.value

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.one_of("scope", SCOPES)

    def onto(self, found: Reservation) -> ReservationRequest:
        """The whole wish: what is stored, with the change.

        Raises:
            Invalid: the whole is none that people could mean.
        """
        return ReservationRequest(
            room_id=self.room_id or found.room_id,
            holder_id=found.holder_id,
            starts_at=self.starts_at or found.starts_at,
            ends_at=self.ends_at or found.ends_at,
            title=found.title if self.title is None else self.title,
            people=found.people if isinstance(self.people, Unchanged) else self.people,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationRequest:
    """Giving a reservation up. `by`: the group, whoever calls, or the centre."""

    by: Side = Side.GROUP
    reason: str = ""
    scope: str = Scope.THIS.value

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.one_of("scope", SCOPES)
            check.text("reason", most=LONGEST_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgivenessRequest:
    """A no-show that shall no longer count, and why."""

    reason: str

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.text("reason", most=LONGEST_TEXT, required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRequest:
    """A room as it shall be. `spaces`: codes of the parts of the building it takes; None: one of its own, or as it is."""

    name: str
    capacity: int
    spaces: tuple[str, ...] | None = None
    equipment: tuple[Item, ...] = ()
    floor_area: int | None = None
    purpose: str = Purpose.SERVICE.value
    who: str = Who.ANYONE.value
    setup_minutes: int = 0
    clearup_minutes: int = 0
    longest_minutes: int | None = None
    notice_minutes: int = 0

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.text("name", most=LONGEST_NAME, required=True)
            check.whole("capacity", least=1, most=LARGEST_ROOM)
            self._check_equipment(check)
            check.whole("floor_area", least=1, most=LARGEST_AREA)
            check.one_of("purpose", {purpose.value for purpose in Purpose})
            check.one_of("who", {who.value for who in Who})
            check.whole("notice_minutes", least=0, most=LONGEST_NOTICE)
            for name, least, most in (
                ("setup_minutes", 0, LONGEST_BUFFER),
                ("clearup_minutes", 0, LONGEST_BUFFER),
                ("longest_minutes", QUARTER, A_DAY),
            ):
                check.whole(name, least=least, most=most)
                if name not in check.faults and (getattr(self, name) or 0) % QUARTER:
                    check.fault(name, "not_quarters")
            if self.spaces is not None:
                if not 1 <= len(self.spaces) <= MOST_SPACES:
                    check.fault("spaces", "wrong_number_of_spaces", most=MOST_SPACES)
                elif not all(CODE.fullmatch(code) for code in self.spaces):
                    check.fault("spaces", "not_a_code")

    def _check_equipment(self, check: Check) -> None:
        cleaned = tuple(replace(item, name=" ".join(clean(item.name).split())) for item in self.equipment)
        if len(cleaned) > MOST_ITEMS:
            check.fault("equipment", "too_many_items", most=MOST_ITEMS)
        for place, item in enumerate(cleaned):
            if not item.name:
                check.fault(f"equipment.{place}.name", "required")
            elif len(item.name) > LONGEST_TEXT:
                check.fault(f"equipment.{place}.name", "too_long_text", most=LONGEST_TEXT, length=len(item.name))
            if not 1 <= item.count <= MOST_OF_ONE:
                check.fault(f"equipment.{place}.count", "impossible_count", most=MOST_OF_ONE)
        object.__setattr__(self, "equipment", cleaned)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class OpenInterval:
    """A room is open on a weekday from `opens` to `closes`, minutes from local midnight, half-open."""

    weekday: int
    opens: int
    closes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursRequest:
    """The whole week of a room; it replaces what was."""

    hours: tuple[OpenInterval, ...] = ()

    def __post_init__(self) -> None:
        with checking(self) as check:
            if len(self.hours) > MOST_INTERVALS:
                check.fault("hours", "too_many_intervals", most=MOST_INTERVALS)
            before: OpenInterval | None = None
            for place, interval in sorted(enumerate(self.hours), key=lambda pair: pair[1]):
                if fault := _fault_of(interval, before):
                    check.fault(f"hours.{place}", fault)
                before = interval
            object.__setattr__(self, "hours", tuple(sorted(self.hours)))


def _fault_of(interval: OpenInterval, before: OpenInterval | None) -> str | None:
    if not (0 <= interval.weekday <= 6 and 0 <= interval.opens < interval.closes <= 1440):
        return "impossible_hours"
    if interval.opens % 15 or interval.closes % 15:
        return "hours_off_grid"
    if before is not None and before.weekday == interval.weekday and interval.opens < before.closes:
        return "hours_overlap"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureRequest:
    """A time in which a room is closed: whole minutes, at most a year, not wholly in the past."""

    starts_at: datetime
    ends_at: datetime
    reason: str = ""

    def __post_init__(self) -> None:
        with checking(self) as check:
            _interval(check, self.starts_at, self.ends_at)
            for name, moment in (("starts_at", self.starts_at), ("ends_at", self.ends_at)):
                if moment.second or moment.microsecond:
                    check.fault(name, "off_minute")
            if not check.faults and self.ends_at - self.starts_at > timedelta(days=LONGEST_CLOSURE):
                check.fault("ends_at", "closure_too_long", most=LONGEST_CLOSURE)
            if not check.faults and self.ends_at <= clock.now():
                check.fault("ends_at", "closure_over")
            check.text("reason", most=LONGEST_TEXT, required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """A new policy and the day from which it counts; absent or past means today. `made` false: it holds then already."""

    policy: BookingPolicy
    valid_from: date | None = None
    made: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """A time, half-open, and perhaps a room."""

    starts_at: datetime
    ends_at: datetime
    room_id: Id | None = None

    def __post_init__(self) -> None:
        with checking(self) as check:
            _interval(check, self.starts_at, self.ends_at)
            if (self.ends_at - self.starts_at).days > MOST_DAYS:
                check.fault("to", "too_many_days", most=MOST_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page of reservations: of which holder and room, of which days (both inclusive), after which one."""

    holder_id: Id | None = None
    room_id: Id | None = None
    since: date | None = None
    until: date | None = None
    after: Id | None = None
    limit: int = 50
