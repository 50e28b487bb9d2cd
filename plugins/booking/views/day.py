"""One day on which somebody chooses a time: which days there are, and the wish with its card."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property

from flask import request
from flask_babel import gettext as _

from core.db import Id
from core.errors import Invalid
from core.plugins import here
from core.web.words import day, near, say, short_day, short_weekdays, span
from plugins.booking import calendar, occupancy, quote
from plugins.booking.calendar import Column, Day
from plugins.booking.models import Room
from plugins.booking.quote import Quote
from plugins.booking.requests import ReservationRequest
from plugins.booking.views.drawing import Drawing
from plugins.booking.views.shapes import DayLink, Link

MOST_DAYS = 32  # of the strip of days
STEP = timedelta(minutes=30)


def asked_day(default: date) -> date:
    """The day that the address asks for, if it is one that people could mean."""
    try:
        found = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return default
    return found if date(2000, 1, 1) <= found <= date(2180, 1, 1) else default


class Chooser(Drawing, ABC):
    """One day, the times to choose from, and the one that was chosen; what is done with it is the page's own affair."""

    quote: Quote | None = None

    @abstractmethod
    def usual(self, column: Column, starts_at: datetime) -> int:
        """How many minutes it is to be where nobody says."""

    @abstractmethod
    def wished(self, room_id: Id, starts_at: datetime, ends_at: datetime) -> ReservationRequest:
        """The choice as a wish.

        Raises:
            Invalid: it makes no sense.
        """

    @abstractmethod
    def answered(self, wish: ReservationRequest) -> Quote:
        """What the wish comes to."""

    @abstractmethod
    def title_of(self, room: Room) -> str:
        """The heading of the card."""

    # --- which days

    @property
    def last_day(self) -> date | None:
        """The last day that is open for the holder; None for the centre, which always may."""
        return None if self.window is None else self.window.last_day

    @property
    def last_offered(self) -> date:
        """The last day of the strip."""
        return self.last_day or here().today() + timedelta(days=MOST_DAYS - 1)

    @property
    def tier_code(self) -> str | None:
        """The standing that opened the window, if it did."""
        return None if self.window is None or self.window.tier == quote.NO_TIER else self.window.tier

    def days(self) -> Iterator[DayLink]:
        """From today to the last day that is open, and what comes after it."""
        today, last = here().today(), self.last_offered
        weekdays = short_weekdays()
        for number in range((last - today).days + 1):
            one = today + timedelta(days=number)
            label = near(one) if number < 2 else weekdays[one.weekday()]
            url = self._on(one)
            yield DayLink(label=label, number=str(one.day), name=day(one), url=url, active=one == self.day)
        if self.window is not None:
            yield DayLink(label=_("open until"), number=short_day(last), name="", url=None)

    @property
    def previous_url(self) -> str:
        """The day before."""
        return self._on(self.day - timedelta(days=1))

    @property
    def next_url(self) -> str:
        """The day after."""
        return self._on(self.day + timedelta(days=1))

    def _on(self, day: date) -> str:
        """The same on another day; whoever looked at a room, on a telephone, goes on looking at it."""
        room = {"room": self.column.room.id} if "room" in request.args and self.column is not None else {}
        return self.url(day=day.isoformat(), **room)

    # --- when nothing is free

    @property
    def has_free(self) -> bool:
        """Whether anything at all may be tapped on this day."""
        return any(self.offered(column) for column in self.rooms.columns)

    def next_free(self, room: Room | None = None) -> Link | None:
        """The next day of the strip on which a room, or any of them, has a time to tap; None when there is none."""
        for found in self._days_after:
            if any(self.offered(column) for column in found.columns if room is None or column.room.id == room.id):
                more = {} if room is None else {"room": room.id}
                return Link(label=day(found.day), url=self.url(day=found.day.isoformat(), **more))
        return None

    @cached_property
    def _days_after(self) -> Sequence[Day]:
        """The days of the strip after the one that is shown; four statements, and only where they are asked for."""
        first = max(self.day + timedelta(days=1), here().today())
        count = (self.last_offered - first).days + 1
        return calendar.days_of_rooms(first, count, by=self.by, without=self.without) if count > 0 else []

    # --- the wish

    def wish_for(self, room_id: Id, starts_at: datetime, length: int | None) -> None:
        """Take up a wish; without a length, as much as is usual."""
        column = next((one for one in self.rooms.columns if one.room.id == room_id), None)
        if column is None or self.holder is None:
            return
        minutes = self.usual(column, starts_at) if length is None else length
        try:
            self.wish = self.wished(room_id, starts_at, starts_at + timedelta(minutes=minutes))
        except Invalid:
            return
        self.quote = self.answered(self.wish)

    def ask(self) -> None:
        """Take up the wish that the address carries, if it is one."""
        start, length = request.args.get("start", ""), request.args.get("minutes", "")
        try:
            room_id = Id(request.args.get("room", ""))
            starts_at = datetime.combine(self.day, datetime.strptime(start, "%H:%M").time(), tzinfo=here().zone)  # noqa: DTZ007
        except ValueError:
            return
        self.wish_for(room_id, starts_at, int(length) if length.isdecimal() and len(length) < 5 else None)

    def changes(self) -> list[tuple[str, str | None]]:
        """Earlier, later, shorter, longer: each a link; without one where the room is closed, taken, or the time over."""
        assert self.wish is not None
        one, length = self.wish, self.wish.minutes
        shorter = self.wish_url(one.room_id, one.starts_at, length - 30) if length > 30 else None
        return [
            (_("Earlier"), self._free_url(one.starts_at - STEP, length)),
            (_("Later"), self._free_url(one.starts_at + STEP, length)),
            (_("− 30 min"), shorter),
            (_("+ 30 min"), self._free_url(one.starts_at, length + 30)),
        ]

    def _free_url(self, starts_at: datetime, length: int) -> str | None:
        """The wish at another time of the same room, if the room is free then."""
        assert self.wish is not None
        column = self._column_of(self.wish.room_id)
        wanted = occupancy.quarters(starts_at, starts_at + timedelta(minutes=length))
        too_long = column.room.longest_minutes is not None and length > column.room.longest_minutes
        if too_long or not any(run.start <= wanted.start and wanted.stop <= run.stop for run in column.free):
            return None
        return self.wish_url(self.wish.room_id, starts_at, length)

    def wish_title(self) -> str:
        """What would be done, and where."""
        assert self.wish is not None
        return self.title_of(self._column_of(self.wish.room_id).room)

    def whys(self) -> list[str]:
        """The rules that applied, as sentences."""
        return [] if self.quote is None else [say(one) for one in self.quote.explanation]

    def alternatives(self) -> list[Link]:
        """Other times, when somebody else has this one."""
        codes = set() if self.quote is None else {one.code for one in self.quote.reasons}
        if self.wish is None or "room_taken" not in codes or "forbidden" in codes:
            return []
        return [
            Link(
                label=span(one["starts_at"], one["ends_at"]),
                url=self.wish_url(self.wish.room_id, one["starts_at"], self.wish.minutes),
            )
            for one in calendar.alternatives(self.wish, by=self.by)
        ]
