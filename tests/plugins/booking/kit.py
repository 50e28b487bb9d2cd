"""A small points plugin that keeps its book in memory, and builders of rooms and reservations."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from uuid_utils.compat import uuid7

from core import clock
from core.contract import (
    Actor,
    Hold,
    Holder,
    HoldState,
    NotEnoughPoints,
    Tariff,
    VenueTerms,
    WeeklyHours,
)
from core.db import Id, session
from core.explanations import Explanation, explain
from core.hookspecs import Offers
from core.plugins import Plugin, implements
from plugins.booking import hours, recurrence, reserve, rooms
from plugins.booking.models import Reservation, Room
from plugins.booking.requests import (
    HoursRequest,
    OnConflict,
    OpenInterval,
    ReservationRequest,
    RoomRequest,
    SeriesRequest,
)
from tests.kit import NOW, SYSTEM, ZONE

TARIFF = Tariff(
    step_minutes=30,
    off_peak=5,
    peak=10,
    peak_hours=(
        *(WeeklyHours(weekday=day, opens=18 * 60, closes=21 * 60) for day in range(5)),
        WeeklyHours(weekday=5, opens=0, closes=1440),
        WeeklyHours(weekday=6, opens=0, closes=1440),
    ),
)
MINUTE = timedelta(minutes=1)
TIERS = {"none": (None, 0), "bronze": (10, 60), "silver": (14, 90), "gold": (21, 120)}


class FakePoints(Plugin):
    """Points as the contract describes them, without a ledger."""

    name, label, summary = "points", _l("Points"), _l("Points of a test.")
    sentences = {
        "not_enough_points": _l("This costs %(price)d points; %(available)d are there to spend."),
        "tier.gold": _l("gold"),
        "tier.silver": _l("silver"),
        "tier.bronze": _l("bronze"),
        "test.standing": _l("Earned %(earned)d points."),
    }

    def __init__(self) -> None:
        self.empty()

    def empty(self) -> None:
        """As new."""
        self.tiers: dict[Id, str] = {}
        self.available: dict[Id, int] = {}
        self.holds: dict[Id, Hold] = {}
        self.keys: dict[str, Id] = {}
        self.said: list[tuple[str, int, datetime]] = []
        self.fails_at: str | None = None

    def give(self, holder: Holder, tier: str, available: int) -> None:
        """A standing and something to spend."""
        self.tiers[holder.id], self.available[holder.id] = tier, available

    @implements(Offers.venue_terms)
    def venue_terms(self, holders: Sequence[Holder], at: datetime) -> Mapping[Id, VenueTerms] | None:
        return {holder.id: self._terms(holder) for holder in holders}

    def _terms(self, holder: Holder) -> VenueTerms:
        tier = self.tiers.get(holder.id, "none")
        early, extension = TIERS[tier]
        return VenueTerms(
            holder_id=holder.id,
            tier=tier,
            early_days=early,
            extension_minutes=extension,
            tariff=TARIFF,
            available_points=self.available.get(holder.id, 0),
            why=(explain("test.standing", earned=300),),
        )

    @implements(Offers.hold_points)
    def hold_points(
        self, holder: Holder, points: int, reason: Explanation, key: str, until: datetime | None
    ) -> Hold | None:
        if self.fails_at == "hold":
            raise RuntimeError("points is broken")
        if key in self.keys:
            return self.holds[self.keys[key]]
        if points > self.available.get(holder.id, 0):
            raise NotEnoughPoints(price=points, available=self.available.get(holder.id, 0))
        self.available[holder.id] -= points
        hold = Hold(
            id=uuid7(), holder_id=holder.id, points=points, captured=0, released=0, state=HoldState.OPEN, until=until
        )
        self.keys[key] = hold.id
        self.holds[hold.id] = hold
        return hold

    @implements(Offers.capture_points)
    def capture_points(self, hold_id: Id, points: int, at: datetime) -> Hold | None:
        if self.fails_at == "capture":
            raise RuntimeError("points is broken")
        return self._settle(hold_id, points, at, HoldState.CAPTURED)

    @implements(Offers.release_points)
    def release_points(self, hold_id: Id, points: int, at: datetime) -> Hold | None:
        hold = self._settle(hold_id, points, at, HoldState.RELEASED)
        self.available[hold.holder_id] += points
        return hold

    def _settle(self, hold_id: Id, points: int, at: datetime, state: HoldState) -> Hold:
        hold = self.holds[hold_id]
        assert hold.state is HoldState.OPEN, "settled twice"
        assert 0 < points <= hold.points - hold.captured - hold.released
        self.said.append((state.value, points, at))
        part = {state.value: getattr(hold, state.value) + points}
        found = replace(hold, **part)
        if found.captured + found.released == found.points:
            found = replace(found, state=state)
        self.holds[hold_id] = found
        return found


# --- builders ------------------------------------------------------------------------------------------------------


def at(text: str) -> datetime:
    """A moment like 12-03 14:00 of 2026, or 14:00 of the still day, in the community's zone."""
    day, _space, hour = text.rpartition(" ")
    clock_time = time.fromisoformat(hour) if hour != "24:00" else time(0)
    local = NOW.date() if not day else datetime.fromisoformat(f"2026-{day}").date()
    found = datetime.combine(local, clock_time, tzinfo=ZONE)
    return found + timedelta(days=1) if hour == "24:00" else found


def a_room(
    name: str = "排练厅", *, opens: int = 8, closes: int = 22, spaces: tuple[str, ...] | None = None, capacity: int = 40
) -> Room:
    """A room open every day from 8 to 22 o'clock."""
    room = rooms.create(RoomRequest(name=name, capacity=capacity, spaces=spaces), by=SYSTEM)
    week = tuple(OpenInterval(weekday=day, opens=opens * 60, closes=closes * 60) for day in range(7))
    if opens < closes:
        hours.put(room.id, HoursRequest(hours=week), by=SYSTEM)
    return room


def a_wish(room: Room, holder: Holder, starts: str, ends: str, **more: Any) -> ReservationRequest:
    """A wish, by local times."""
    return ReservationRequest(room_id=room.id, holder_id=holder.id, starts_at=at(starts), ends_at=at(ends), **more)


def a_reservation(
    room: Room, holder: Holder, starts: str, ends: str, *, by: Actor = SYSTEM, **more: Any
) -> Reservation:
    """A reservation, by local times."""
    return reserve.reserve(a_wish(room, holder, starts, ends, **more), by=by)


def a_series(
    room: Room,
    holder: Holder,
    starts: str,
    ends: str,
    text: str,
    *,
    without: tuple[str, ...] = (),
    skip: bool = False,
    **more: Any,
) -> SeriesRequest:
    """A wish that repeats by a rule of RFC 5545, by local times; `without` are days like 12-03."""
    first = a_wish(room, holder, starts, ends, **more)
    return SeriesRequest(
        first=first,
        rule=recurrence.read(text, starts_at=first.starts_at, zone=ZONE),
        exceptions=frozenset(date.fromisoformat(f"2026-{day}") for day in without),
        on_conflict=(OnConflict.SKIP if skip else OnConflict.REFUSE).value,
    )


def set_clock(text: str) -> None:
    """The clock stands still there."""
    clock.start_at(at(text), frozen=True)


def refresh() -> None:
    """Read everything anew."""
    session.flush()
    session.expire_all()


def rule(room: Room, **rules: Any) -> Room:
    """The room with rules of its own."""
    wish = RoomRequest(name=room.name, capacity=room.capacity, **rules)
    return rooms.change(room.id, wish, by=SYSTEM)
