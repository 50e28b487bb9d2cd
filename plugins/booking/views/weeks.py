"""The week of a room as pages and papers show it: seven days with what stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import url_for
from flask_babel import gettext as _

from core.accounts import access
from core.contract import Actor, HolderKind
from core.db import Id
from core.plugins import here
from core.web.words import short_day, short_weekdays, span
from plugins.booking import board, calendar
from plugins.booking.calendar import Block, Column, Day
from plugins.booking.forms import said
from plugins.booking.ground import monday
from plugins.booking.models import Room
from plugins.booking.plan import Plan, plan
from plugins.booking.views.base import name_of

WEEK = 7  # days
SIZES = {"few": 6, "some": 10, "many": 16, "packed": 21}  # of type on paper: up to so many sessions a day


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A session or a closure. `kind`: taken, mine, programme, closed."""

    kind: str
    time: str
    title: str
    soft: str | None
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekDay:
    """One day of the week. `hours`: "" where the room has none."""

    day: date
    weekday: str
    number: str
    today: bool
    hours: str
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A room's week, from Monday."""

    room: Room
    days: Sequence[WeekDay]
    columns: Sequence[tuple[Day, Column]]

    @property
    def monday(self) -> date:
        """Its first day."""
        return self.days[0].day

    @property
    def name(self) -> str:
        """23 Nov – 29 Nov."""
        return f"{short_day(self.monday)} – {short_day(self.days[-1].day)}"

    @property
    def size(self) -> str:
        """How large its sessions can stand on one sheet."""
        most = max(len(one.entries) for one in self.days)
        return next((size for size, up_to in SIZES.items() if most <= up_to), "crammed")

    def is_empty(self) -> bool:
        """Whether nothing stands in it."""
        return not any(one.entries for one in self.days)


def week_of(room_id: Id, day: date, *, by: Actor, in_public: bool) -> Week:
    """The week of a room around a day; one statement beside the plan's.

    Args:
        room_id: which room; with those that share a space with it.
        day: any of the week.
        by: who asks.
        in_public: for paper that hangs where anybody reads it: nothing of residents, nothing that only members read.

    Raises:
        NotFound: there is no such room.
    """
    first = monday(day)
    found = calendar.days_of_rooms(first, WEEK, by=by, only=room_id)
    house = plan()
    weekdays, today = short_weekdays(), here().today()
    room = found[0].columns[0].room
    return Week(
        room=room,
        days=[
            WeekDay(
                day=one.day,
                weekday=weekdays[one.day.weekday()],
                number=short_day(one.day),
                today=one.day == today,
                hours=", ".join(said(*pair) for pair in house.hours.get((one.day.weekday(), room_id), ())),
                entries=[
                    entry for block in one.columns[0].blocks if (entry := _entry(block, room, house, by, in_public))
                ],
            )
            for one in found
        ],
        columns=[(one, one.columns[0]) for one in found],
    )


def _entry(
    block: Block,
    room: Room,
    house: Plan,
    by: Actor,
    in_public: bool,  # noqa: FBT001 - as it was asked
) -> Entry | None:
    """A session or a closure; None for a time that is only not to be had."""
    one = block.reservation
    if one is None:
        if not block.why:
            return None
        return Entry(kind="closed", time=span(block.starts_at, block.ends_at), title=block.why, soft=None, url=None)
    title, soft, url = board.said_in_public(one) or _("reserved"), None, None
    if not in_public:
        title, soft = name_of(one.holder, by), one.title or None
        if access.allows(by, "booking.read", one.holder_id):
            url = url_for(".reservation", reservation_id=one.id)
    if one.room_id != room.id:
        soft = house.room(one.room_id).name  # a whole hall, or a part of it
    programme = one.holder.kind is HolderKind.CENTRE
    kind = "programme" if programme else "mine" if one.holder_id in by.holders and not in_public else "taken"
    return Entry(kind=kind, time=span(one.starts_at, one.ends_at), title=title, soft=soft, url=url)


def beside(day: date, weeks: int) -> str:
    """The Monday so many weeks on, as an address says it."""
    return (monday(day) + timedelta(weeks=weeks)).isoformat()
