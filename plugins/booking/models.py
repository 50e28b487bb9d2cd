"""Tables: rooms and their spaces, opening hours, closures, reservations, the claims that occupy a room, and charges."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, BindParameter, CheckConstraint, ColumnElement, Index, UniqueConstraint, and_, or_
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from core import clock
from core.db import Id, Scoped, Tenant, link, ref
from core.explanations import ExplainedList, Explanation
from core.people.models import Holder
from plugins.booking.recurrence import Rule, read

LONGEST_BUFFER = 4 * 60  # minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A piece of equipment, and how many there are."""

    name: str
    count: int = 1

    def __str__(self) -> str:
        return self.name if self.count == 1 else f"{self.name} ×{self.count}"


class Items(TypeDecorator[tuple[Item, ...]]):
    """A column that keeps pieces of equipment, in order."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: tuple[Item, ...] | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """As a list in JSON."""
        return [asdict(item) for item in value or ()]

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[Item, ...]:  # noqa: ARG002
        """Out of a list in JSON."""
        return tuple(Item(name=item["name"], count=item["count"]) for item in value or ())


class Who(StrEnum):
    """Who may book a room. Staff always may, for anybody."""

    ANYONE = "anyone"
    GROUPS = "groups"
    STAFF = "staff"


class Purpose(StrEnum):
    """What a room is there for: the people who come, or the centre's own desks. Offices shall be smallest, service largest."""

    SERVICE = "service"
    OFFICE = "office"


class Room(Tenant):
    """What people reserve: one space or several. Its row is what reserving shares and changing its rules locks."""

    __tablename__ = "booking_room"
    __table_args__ = (
        UniqueConstraint("community_id", "name"),
        CheckConstraint("capacity >= 1", name="capacity"),
        CheckConstraint(f"setup_minutes BETWEEN 0 AND {LONGEST_BUFFER}", name="setup"),
        CheckConstraint(f"clearup_minutes BETWEEN 0 AND {LONGEST_BUFFER}", name="clearup"),
        CheckConstraint("longest_minutes > 0", name="longest"),
        CheckConstraint("notice_minutes >= 0", name="notice"),
    )

    name: Mapped[str]
    capacity: Mapped[int]
    equipment: Mapped[tuple[Item, ...]] = mapped_column(Items, default=())
    floor_area: Mapped[int | None]  # square metres
    purpose: Mapped[Purpose] = mapped_column(default=Purpose.SERVICE)
    who: Mapped[Who] = mapped_column(default=Who.ANYONE)
    setup_minutes: Mapped[int] = mapped_column(default=0)  # held before each session, whole quarters of an hour
    clearup_minutes: Mapped[int] = mapped_column(default=0)  # and after it
    longest_minutes: Mapped[int | None]  # of a session; None: as long as it is open
    notice_minutes: Mapped[int] = mapped_column(default=0)  # so long before its start must a session be booked
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    def held(self, starts_at: datetime, ends_at: datetime) -> tuple[datetime, datetime]:
        """What a session would hold: itself, with time to set up before and to clear up after."""
        return starts_at - timedelta(minutes=self.setup_minutes), ends_at + timedelta(minutes=self.clearup_minutes)


class Space(Tenant):
    """A part of the building that one claim at a time may have. Rooms that share one exclude each other."""

    __tablename__ = "booking_space"
    __table_args__ = (UniqueConstraint("community_id", "code"),)

    code: Mapped[str]


class RoomSpace(Scoped):
    """The spaces of a room; a divisible hall has several."""

    __tablename__ = "booking_room_space"

    room_id: Mapped[Id] = ref("booking_room", primary_key=True)
    space_id: Mapped[Id] = ref("booking_space", primary_key=True)


class Hours(Scoped):
    """An interval in which a room is open on a weekday, in minutes from local midnight, half-open; 1440 is 24:00."""

    __tablename__ = "booking_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("0 <= opens AND opens < closes AND closes <= 1440", name="interval"),
    )

    room_id: Mapped[Id] = ref("booking_room", primary_key=True)
    weekday: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 0 Monday … 6 Sunday
    opens: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    closes: Mapped[int]


class FormerHours(Scoped):
    """A room's week as it was until a day, when it was replaced: what was open then stays known."""

    __tablename__ = "booking_former_hours"

    room_id: Mapped[Id] = ref("booking_room", primary_key=True)
    until: Mapped[date] = mapped_column(primary_key=True)  # local; the first day on which it no longer held
    week: Mapped[list[list[int]]] = mapped_column(JSON)  # weekday, opens, closes, as in Hours


class Closure(Tenant):
    """A time in which a room is closed, whatever its hours."""

    __tablename__ = "booking_closure"
    __table_args__ = (
        Index(None, "community_id", "room_id", "ends_at"),
        CheckConstraint("starts_at < ends_at", name="interval"),
    )

    room_id: Mapped[Id] = ref("booking_room")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str]


class Status(StrEnum):
    """What is written down about a reservation. What it is now also depends on the time: see `State`."""

    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    MISSED = "missed"
    CANCELLED = "cancelled"


class State(StrEnum):
    """What a reservation is at a moment."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    CHECKED_IN = "checked_in"
    ATTENDED = "attended"
    MISSED = "missed"
    CANCELLED = "cancelled"


class Side(StrEnum):
    """Who gave a reservation up."""

    GROUP = "group"
    CENTRE = "centre"


class Series(Tenant):
    """Sessions that repeat, each of them a reservation of its own. What is said here is how they were wished for.

    A series that ends earlier, or goes on at another time, says so itself: its rule ends there, and another goes on.
    """

    __tablename__ = "booking_series"
    __table_args__ = (
        Index(None, "community_id", "holder_id"),
        CheckConstraint("starts_at < ends_at", name="interval"),
    )

    room_id: Mapped[Id] = ref("booking_room")
    holder_id: Mapped[Id] = ref("core_holder")
    starts_at: Mapped[datetime]  # of the first date; the others start when the clock on the wall says the same
    ends_at: Mapped[datetime]
    rule: Mapped[str]  # by RFC 5545
    exceptions: Mapped[list[str]] = mapped_column(default=list)  # days left out from the beginning
    made_at: Mapped[datetime] = mapped_column(default=clock.now)

    room: Mapped[Room] = link(room_id)
    holder: Mapped[Holder] = link(holder_id)

    def recurrence(self, zone: ZoneInfo) -> Rule:
        """The rule as rules read it."""
        return read(self.rule, starts_at=self.starts_at, zone=zone)

    @property
    def left_out(self) -> frozenset[date]:
        """The days left out from the beginning."""
        return frozenset(map(date.fromisoformat, self.exceptions))


class Skipped(Scoped):
    """A day of a series that could not be had, and why."""

    __tablename__ = "booking_skipped"

    series_id: Mapped[Id] = ref("booking_series", primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    reasons: Mapped[tuple[Explanation, ...]] = mapped_column(ExplainedList)


class Reservation(Tenant):
    """A room for an interval of one local day. Base, prices, buffers and cut-offs are those it was booked under, until moved."""

    __tablename__ = "booking_reservation"
    __table_args__ = (
        Index(None, "community_id", "day"),
        Index(None, "community_id", "holder_id", "day"),
        Index(None, "community_id", "room_id", "day"),
        Index(None, "community_id", "status", "check_in_until"),
        UniqueConstraint("community_id", "series_id", "series_day"),
        CheckConstraint("(series_id IS NULL) = (series_day IS NULL)", name="series"),
        CheckConstraint("starts_at < ends_at", name="interval"),
        CheckConstraint("base_minutes >= 0 AND extension_minutes >= 0 AND price_points >= 0", name="amounts"),
        CheckConstraint("setup_minutes >= 0 AND clearup_minutes >= 0", name="buffers"),
    )

    room_id: Mapped[Id] = ref("booking_room")
    holder_id: Mapped[Id] = ref("core_holder")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    setup_minutes: Mapped[int] = mapped_column(default=0)
    clearup_minutes: Mapped[int] = mapped_column(default=0)
    day: Mapped[date]  # local
    week: Mapped[date]  # the Monday of that day
    status: Mapped[Status] = mapped_column(default=Status.CONFIRMED)
    base_minutes: Mapped[int]
    extension_minutes: Mapped[int]
    price_points: Mapped[int]  # shortened late, it costs what it did
    # The prices it was booked under; None: there were none, or it was booked before they were kept.
    tariff: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    tier: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    people: Mapped[int | None]
    explanation: Mapped[tuple[Explanation, ...]] = mapped_column(ExplainedList)
    override_reason: Mapped[str] = mapped_column(default="")
    overridden: Mapped[list[str]] = mapped_column(default=list)  # codes that were set aside
    booked_at: Mapped[datetime] = mapped_column(default=clock.now)
    cancel_until: Mapped[datetime]  # up to here, inclusive, the group gets its points back
    shorten_until: Mapped[datetime]  # up to here, inclusive, what is given up of its end costs nothing
    check_in_from: Mapped[datetime | None]  # both inclusive; None: the centre's own, nobody checks in
    check_in_until: Mapped[datetime | None]
    checked_in_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_by: Mapped[Side | None]
    cancelled_late: Mapped[bool] = mapped_column(default=False)  # by the group, too late: it still counts for the week
    cancel_reason: Mapped[str] = mapped_column(default="")
    excused: Mapped[bool] = mapped_column(default=False)  # booking was switched off when people should have come
    forgiven_at: Mapped[datetime | None]  # a no-show that no longer counts
    forgiven_reason: Mapped[str] = mapped_column(default="")
    series_id: Mapped[Id | None] = ref("booking_series")
    series_day: Mapped[date | None]  # which day of the series it is, wherever it was moved since
    asked_at: Mapped[datetime | None]  # the date before it went unused: whether they will come was asked once
    confirm_until: Mapped[datetime | None]  # and must be said by then, or it is freed; None: nobody waits for an answer

    room: Mapped[Room] = link(room_id)
    holder: Mapped[Holder] = link(holder_id)

    @property
    def minutes(self) -> int:
        """Length."""
        return self.base_minutes + self.extension_minutes

    @property
    def held(self) -> tuple[datetime, datetime]:
        """What it holds: itself, with time to set up before and to clear up after."""
        return self.starts_at - timedelta(minutes=self.setup_minutes), self.ends_at + timedelta(
            minutes=self.clearup_minutes
        )

    def is_missed(self, now: datetime) -> bool:
        """Nobody checked in in time. Decided by time alone: no sweep need have run."""
        if self.status is Status.CONFIRMED and not self.is_unanswered(now):
            return self.check_in_until is not None and self.check_in_until < now and not self.excused
        return self.status is Status.MISSED

    def is_unanswered(self, now: datetime) -> bool:
        """Nobody said in time that they will come: it is freed. Decided by time alone, too."""
        return self.status is Status.CONFIRMED and self.confirm_until is not None and self.confirm_until < now

    def is_gone(self, now: datetime) -> bool:
        """Whether what it still holds stands in nobody's way."""
        return self.is_missed(now) or self.is_unanswered(now)

    def state(self, now: datetime) -> State:
        """What it is at a moment."""
        if self.is_missed(now):
            return State.MISSED
        if self.is_unanswered(now):
            return State.CANCELLED
        came = self.status is Status.CHECKED_IN or self.check_in_until is None or self.excused
        if self.status is not Status.CANCELLED and came and now >= self.ends_at:
            return State.ATTENDED
        return State(self.status.value)

    @classmethod
    def missed_at(cls, now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
        """`is_missed` for statements."""
        # `is_not(None)`: else it would be neither true nor false of the centre's own, and "not missed" would lose them.
        over = and_(cls.check_in_until.is_not(None), cls.check_in_until < now)
        missed = and_(cls.status == Status.CONFIRMED, over, cls.excused.is_(False), ~cls.unanswered_at(now))
        return or_(cls.status == Status.MISSED, missed)

    @classmethod
    def unanswered_at(cls, now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
        """`is_unanswered` for statements."""
        return and_(cls.status == Status.CONFIRMED, cls.confirm_until.is_not(None), cls.confirm_until < now)

    @classmethod
    def gone_at(cls, now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
        """`is_gone` for statements."""
        return or_(cls.missed_at(now), cls.unanswered_at(now))

    @classmethod
    def counts(cls, now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
        """Whether its base minutes use up the holder's week: all but those cancelled in time or by the centre, or freed."""
        return or_(and_(cls.status != Status.CANCELLED, ~cls.unanswered_at(now)), cls.cancelled_late.is_(True))


class ClaimKind(StrEnum):
    """What occupies a room. Later: a pending request, an offer of the waiting list."""

    RESERVATION = "reservation"


class Claim(Tenant):
    """A time in which a room is held for somebody, buffers and all. It lives as long as its rows of occupancy."""

    __tablename__ = "booking_claim"
    __table_args__ = (Index(None, "community_id", "ends_at"), UniqueConstraint("community_id", "reservation_id"))

    kind: Mapped[ClaimKind]
    room_id: Mapped[Id] = ref("booking_room")
    reservation_id: Mapped[Id | None] = ref("booking_reservation")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class Occupancy(Scoped):
    """A space for a quarter of an hour, counted from 1970. The primary key is the lock: nothing can be booked twice."""

    __tablename__ = "booking_occupancy"
    __table_args__ = (Index(None, "community_id", "claim_id"),)

    space_id: Mapped[Id] = ref("booking_space", primary_key=True)
    quarter: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    claim_id: Mapped[Id] = ref("booking_claim")


class ChargeState(StrEnum):
    """The life of a charge: held, then due one way or the other (as long as points is off), then done."""

    HELD = "held"
    CAPTURE_DUE = "capture_due"
    RELEASE_DUE = "release_due"
    CAPTURED = "captured"
    RELEASED = "released"


class Charge(Tenant):
    """Points set aside for a reservation, or a part of them. Who sells settles: only booking captures or releases them.

    A reservation has several when it was shortened (a part of a hold is given back), made longer, or moved.
    """

    __tablename__ = "booking_charge"
    __table_args__ = (
        Index(None, "community_id", "reservation_id"),
        Index(None, "community_id", "state", "due_at"),
        CheckConstraint("points > 0", name="points"),
    )

    reservation_id: Mapped[Id] = ref("booking_reservation")
    hold_id: Mapped[Id]  # of the plugin that offers holds; no foreign key leads into another plugin
    points: Mapped[int]
    state: Mapped[ChargeState] = mapped_column(default=ChargeState.HELD)
    due_at: Mapped[datetime | None]  # the moment the settlement belongs to, however late it is made
