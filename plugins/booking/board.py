"""The board in the hall: what is on now and what comes next today, in words that strangers may read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from core import clock
from core.accounts import access
from core.audit.record import record
from core.communities import policy
from core.contract import Actor, HolderKind
from core.people import centre
from core.plugins import here
from plugins.booking import queries
from plugins.booking.calendar import first_quarter
from plugins.booking.models import Closure, Reservation, State
from plugins.booking.occupancy import moment_of
from plugins.booking.policy import BookingPolicy

MOST = 20  # lines that a screen holds
AHEAD = 7  # days: so far is looked for the next session when none is left today
NOON, EVENING = 12, 18  # hours


class Part(StrEnum):
    """When a session is, as one says it who stands in the hall."""

    NOW = "now"
    NEXT = "next"
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A session on the board. `what`: None where a resident has the room, whose name is nobody's business."""

    starts_at: datetime
    ends_at: datetime
    what: str | None
    room: str
    part: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What the screen shows. `day` of the lines: today, or the next one with a session when none is left today."""

    at: datetime
    day: date
    centre: str
    lines: Sequence[Line]
    more: int  # sessions of the day that the screen has no room for
    closed: Sequence[tuple[str, Closure]]  # rooms closed in what is left of today


def is_public() -> bool:
    """Whether strangers may read it."""
    return policy.at(BookingPolicy, here().today()).public_board


def may_read(by: Actor) -> bool:
    """Whoever may see reservations may read the board; everybody, where it is public."""
    return is_public() or access.reach(by, "booking.read") is not None


def make_public(public: bool, *, by: Actor) -> None:  # noqa: FBT001 - the switch itself
    """Show the board to strangers or not: from now on, also in versions of the policy that count later.

    Raises:
        Forbidden: only for those who set the rules.
    """
    access.check(by, "booking.policy")
    today = here().today()
    versions = [(today, policy.at(BookingPolicy, today)), *policy.after(BookingPolicy, today)]
    changed = [(day, figures) for day, figures in versions if figures.public_board is not public]
    for day, figures in changed:
        policy.put(replace(figures, public_board=public), valid_from=day, by=by)
    if changed:
        record("booking.board", by=by, subject=today.isoformat(), after={"public_board": public})


def said_in_public(one: Reservation) -> str | None:
    """What strangers may read of a session: the group, the centre's activity; of residents nothing.

    What groups write beside their sessions is for members; it may name people.
    """
    if one.holder.kind is HolderKind.RESIDENT:
        return None
    if one.holder.kind is HolderKind.CENTRE:
        return one.title or one.holder.name
    return one.holder.name


def board() -> Board:
    """What is on now and comes today; five statements at most, however much is booked."""
    now, today = clock.now(), here().today()
    midnight = _midnight(today + timedelta(days=1))
    found = _standing(now, midnight)
    if not found:
        ahead = _standing(midnight, _midnight(today + timedelta(days=1 + AHEAD)))
        found = [one for one in ahead if one.day == ahead[0].day]
    closures = queries.closures(now, midnight)
    names = {room.id: room.name for room in queries.rooms()} if closures else {}
    return Board(
        at=now,
        day=found[0].day if found else today,
        centre=centre.name(),
        lines=_lines(found[:MOST], now),
        more=len(found[MOST:]),
        closed=[(names[one.room_id], one) for one in closures],
    )


def _standing(starts_at: datetime, ends_at: datetime) -> list[Reservation]:
    """Sessions that are not over, not missed, and not waiting for anybody's word."""
    now = clock.now()
    found = queries.touching(starts_at, ends_at, now=now, room_id=None)
    return [one for one in found if one.state(now) in {State.CONFIRMED, State.CHECKED_IN}]


def _midnight(day: date) -> datetime:
    return moment_of(first_quarter(day, here().zone))


def _lines(found: Sequence[Reservation], now: datetime) -> list[Line]:
    soonest = min((one.starts_at for one in found if one.starts_at > now), default=None)
    return [
        Line(
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            what=said_in_public(one),
            room=one.room.name,
            part=_part(one, now, soonest),
        )
        for one in found
    ]


def _part(one: Reservation, now: datetime, soonest: datetime | None) -> Part:
    if one.starts_at <= now:
        return Part.NOW
    if one.starts_at == soonest:
        return Part.NEXT
    hour = one.starts_at.astimezone(here().zone).hour
    return Part.MORNING if hour < NOON else Part.AFTERNOON if hour < EVENING else Part.EVENING
