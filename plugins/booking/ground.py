"""What the answers to wishes depend on: read once for a room, a holder, and however many wishes there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from core import clock
from core.communities import policy as policies
from core.contract import Actor, Holder, HolderKind, VenueTerms
from core.plugins import here
from plugins.booking import queries, rooms
from plugins.booking.models import Closure, Room
from plugins.booking.policy import BookingPolicy
from plugins.booking.prices import terms_of
from plugins.booking.queries import Record, Records
from plugins.booking.requests import ReservationRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that the answer depends on."""

    now: datetime
    zone: ZoneInfo
    policy: BookingPolicy
    capacity: int
    intervals: Sequence[tuple[int, int]]  # of the weekday, minutes from local midnight
    closures: Sequence[Closure]  # that touch the wish
    taken: bool
    kind: HolderKind
    record: Record
    terms: VenueTerms | None  # None: base terms
    barred: str | None = None  # why whoever asks may not book this room at all
    notice: int = 0  # minutes before its start by which it must be booked
    longest: int | None = None  # minutes of a session
    buffers: tuple[int, int] = (0, 0)  # minutes to set up and to clear up


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the answers to several wishes of one holder for one room have in common."""

    now: datetime
    zone: ZoneInfo
    policy: BookingPolicy
    room: Room
    holder: Holder
    hours: Mapping[int, Sequence[tuple[int, int]]]  # weekday → minutes from local midnight
    closures: Sequence[Closure]
    records: Records
    terms: VenueTerms | None
    barred: str | None
    notice: int

    def day(self, wish: ReservationRequest) -> date:
        """The local day on which a wish starts."""
        return wish.starts_at.astimezone(self.zone).date()

    def situation(self, wish: ReservationRequest, *, taken: bool, used: int = 0, spent: int = 0) -> Situation:
        """All that the answer to one of them depends on.

        Args:
            wish: that one.
            taken: whether somebody has the room in that time, or in the buffers beside it.
            used: minutes of its week that are used up besides; negative: that are to be had again.
            spent: points that are spent besides; negative: that are to be had again.
        """
        day, terms = self.day(wish), self.terms
        if terms is not None:
            terms = replace(terms, available_points=terms.available_points - spent)
        record = self.records.of(monday(day))
        return Situation(
            now=self.now,
            zone=self.zone,
            policy=self.policy,
            capacity=self.room.capacity,
            intervals=self.hours.get(day.weekday(), ()),
            closures=[one for one in self.closures if one.starts_at < wish.ends_at and wish.starts_at < one.ends_at],
            taken=taken,
            kind=self.holder.kind,
            record=replace(record, week_minutes=record.week_minutes + used),
            terms=terms,
            barred=self.barred,
            notice=self.notice,
            longest=self.room.longest_minutes,
            buffers=(self.room.setup_minutes, self.room.clearup_minutes),
        )


def figures() -> BookingPolicy:
    """The policy in force now: an act is judged as of its own moment."""
    return policies.at(BookingPolicy, here().today())


def monday(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def read(wishes: Sequence[ReservationRequest], room: Room, holder: Holder, *, by: Actor) -> Ground:
    """Read what wishes of that holder for that room depend on: the same statements for one and for hundreds.

    Args:
        wishes: at least one.
        room: that room.
        holder: that holder.
        by: who asks; some rules of rooms are not for everybody.
    """
    now, zone = clock.now(), here().zone
    begins, ends = min(wish.starts_at for wish in wishes), max(wish.ends_at for wish in wishes)
    hours: dict[int, list[tuple[int, int]]] = {}
    for row in queries.hours(room.id):
        hours.setdefault(row.weekday, []).append((row.opens, row.closes))
    return Ground(
        now=now,
        zone=zone,
        policy=figures(),
        room=room,
        holder=holder,
        hours=hours,
        closures=queries.closures(begins, ends, room_id=room.id),
        records=records_of(holder, begins.astimezone(zone).date(), ends.astimezone(zone).date(), now),
        terms=terms_of(holder, now),
        barred=rooms.barred(room, holder.kind, by=by),
        notice=rooms.notice_for(room, by=by),
    )


def records_of(holder: Holder, first: date, last: date, now: datetime) -> Records:
    """What counts for or against a holder in the weeks of some days."""
    if holder.kind is HolderKind.CENTRE:
        return Records()
    weeks, rule = (monday(first), monday(last)), figures().no_shows
    return queries.records(holder.id, weeks=weeks, today=here().today(), now=now, rule=rule)


def situation(wish: ReservationRequest, room: Room, holder: Holder, *, taken: bool, by: Actor) -> Situation:
    """Read all that the answer to one wish depends on.

    Args:
        wish: the room, the holder, the time.
        room: that room.
        holder: that holder.
        taken: whether somebody has it in that time, or in the buffers beside it.
        by: who asks; some rules of rooms are not for everybody.
    """
    return read([wish], room, holder, by=by).situation(wish, taken=taken)
