"""One day of rooms as it is drawn: what stands in them, what may be tapped, and where each tap leads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from flask import request, url_for
from flask_babel import gettext as _
from markupsafe import Markup, escape

from core import clock
from core.accounts import access
from core.contract import Actor, HolderKind
from core.db import Id
from core.people.models import Holder
from core.plugins import here
from core.web.words import at_clock, minutes, span
from plugins.booking import calendar, occupancy, quote, rooms
from plugins.booking.calendar import Block, BlockKind, Column, Day, Stretch
from plugins.booking.models import Room, Who
from plugins.booking.quote import Window
from plugins.booking.requests import LARGEST_ROOM, LONGEST_NAME, LONGEST_TEXT, ReservationRequest
from plugins.booking.views import grid
from plugins.booking.views.base import name_of
from plugins.booking.views.shapes import Link, Shown

WIDEST = 20  # rooms side by side
TYPED = {"title": LONGEST_NAME, "people": 6, "override_reason": LONGEST_TEXT}  # so much of it goes along to other times
PIECE = timedelta(hours=2)  # telephones list long free stretches in parts: an afternoon is as near as a morning


class Drawing:
    """One day of rooms for one holder."""

    def __init__(
        self, shown: date, holder: Holder | None, by: Actor, *, address: str, without: Id | None = None
    ) -> None:
        """Read the day as it is for a holder (and for who looks), at an address; `without`: a reservation in nobody's way."""
        self.day, self.holder, self.by, self.without = shown, holder, by, without
        self.rooms: Day = calendar.day_of_rooms(shown, by=by, without=without)
        self.window: Window | None = None if holder is None else quote.outlook(holder.value(), shown)
        self.wish: ReservationRequest | None = None
        self.typed: dict[str, str] = {}
        self._address = address
        # What stands in hundreds of places is found once: each time of day, whose reservations may be opened.
        self._reads = access.reach(by, "booking.read")
        self.clock = {at: at_clock(occupancy.moment_of(at)) for at in range(self.rooms.first, self.rooms.stop + 1)}

    # --- addresses: made by hand, since there are hundreds on the page

    def url(self, **more: object) -> str:
        """This page for another day, holder, room or wish."""
        values: dict[str, object] = {"day": self.day.isoformat(), **self.fixed}
        # Ids, days, times and numbers: nothing in them needs quoting.
        return f"{self._address}?{'&'.join(f'{name}={value}' for name, value in (values | more).items())}"

    @property
    def fixed(self) -> Mapping[str, object]:
        """What stands in every address besides the day."""
        return {}

    def wish_url(self, room_id: Id, starts_at: datetime, length: int | None = None) -> str:
        """The same with a wish in it."""
        more: dict[str, object] = {"room": room_id, "start": f"{starts_at.astimezone(here().zone):%H:%M}"}
        return self.url(**more, **({} if length is None else {"minutes": length})) + self._tail(*TYPED) + "#confirm"

    def keep(self, typed: Mapping[str, str | None]) -> None:
        """What a person typed goes along to other times, so that nobody types it twice."""
        self.typed = {name: text[:most] for name, most in TYPED.items() if (text := typed.get(name))}

    def _tail(self, *names: str) -> str:
        found = {name: self.typed[name] for name in names if name in self.typed}
        return f"&{urlencode(found)}" if found else ""

    @property
    def people(self) -> int | None:
        """How many come, where it was typed and a room could hold them."""
        text = self.typed.get("people", "")
        return int(text) if text.isdecimal() and 1 <= int(text) <= LARGEST_ROOM else None

    # --- when it opens

    @property
    def opens_at(self) -> datetime | None:
        """Set when this day is not open yet for the holder."""
        return self.window.opens_at if self.window is not None and clock.now() < self.window.opens_at else None

    @property
    def may_tap(self) -> bool:
        """Whether free times are links: the day is open."""
        return self.holder is not None and self.opens_at is None

    # --- what stands where

    def parts(self) -> list[Sequence[Column]]:
        """The rooms, as many side by side as there is room for."""
        columns = self.rooms.columns
        return [columns[at : at + WIDEST] for at in range(0, len(columns), WIDEST)]

    def room_soft(self, room: Room) -> str:
        """What is said of a room beside its name."""
        who = _("for groups") if room.who is Who.GROUPS else _("booked by the staff") if room.who is Who.STAFF else ""
        equipment = ", ".join(str(item) for item in room.equipment)
        return " · ".join(filter(None, [_("%(number)d people", number=room.capacity), equipment, who]))

    def barred(self, room: Room) -> bool:
        """Whether nobody who looks may book this room for the holder of the page."""
        return self.holder is not None and rooms.barred(room, self.holder.kind, by=self.by) is not None

    def room_links(self) -> list[Link]:
        """Which room, on a telephone."""
        shown = self.column
        return [
            Link(label=one.room.name, url=self.url(room=one.room.id), active=one is shown) for one in self.rooms.columns
        ]

    def grid(self, part: Sequence[Column]) -> Markup:
        """Rooms side by side: the hours, then column by column what stands there and what may be tapped."""
        found = [grid.hour(quarter, text) for quarter, text in self._hours()]
        for number, column in enumerate(part, 1):
            found.append(grid.head(number, column.room.name, self.room_soft(column.room)))
            found += self._cells(column, number)
            shown = [*self._past(column), *self.blocks(column)]
            if self.wish is not None and column.room.id == self.wish.room_id and (wish := self.drawn()) is not None:
                shown.append(wish)
            found += [_placed(one, number) for one in shown if one.length > 0]
        return Markup("".join(found))  # noqa: S704 - of parts that are escaped there

    def tappable(self, column: Column) -> Column:
        """What of a room may be tapped, as far as the times go."""
        return column

    def offered(self, column: Column) -> Sequence[Stretch]:
        """The times of a room that whoever looks may tap."""
        return self.tappable(column).stretches() if self.may_tap and not self.barred(column.room) else []

    def _hours(self) -> Iterator[tuple[int, str]]:
        """Each full hour, with its place."""
        for quarter in range(self.rooms.first, self.rooms.stop, 4):
            yield quarter - self.rooms.first, self.clock[quarter]

    def _cells(self, column: Column, number: int) -> Iterator[str]:
        """Half hours that may be tapped."""
        if not self.may_tap or self.barred(column.room):
            return
        base, end = escape(f"{self.url()}&room={column.room.id}&start="), escape(self._tail("title", "people"))
        name, first = escape(column.room.name), self.rooms.first
        for run in self.tappable(column).free:
            for quarter, length in grid.halves(run):
                place, text = f"c-{number} r-{quarter - first} s-{length}", self.clock[quarter]
                yield f'<a class="tt-free {place}" href="{base}{text}{end}#confirm" aria-label="{name} {text}"></a>'

    def blocks(self, column: Column) -> list[Shown]:
        """What stands in a room; free times too where they may not be tapped, with the reason."""
        found = [self._shown(block, column.room) for block in column.blocks]
        if self.holder is not None and (not self.may_tap or self.barred(column.room)):
            found += [self._shut(run, column.room) for run in column.free]
        return sorted(found, key=lambda one: one.at)

    def _shut(self, run: range, room: Room) -> Shown:
        """A free time that is none for who looks."""
        if not self.barred(room):
            return self._reasoned("past", _("not open yet"), run, room)
        title = _("only for groups") if room.who is Who.GROUPS else _("only the staff book this room")
        return self._reasoned("closed", title, run, room)

    def _past(self, column: Column) -> Iterator[Shown]:
        """What is over and was nobody's."""
        for run in column.past:
            yield self._reasoned("past", _("over"), run, column.room, time="")

    def _reasoned(self, kind: str, title: str, run: range, room: Room, *, time: str | None = None) -> Shown:
        """A time that cannot be tapped to book it; a tap says why."""
        first, stop = max(run.start, self.rooms.first), min(run.stop, self.rooms.stop)
        url = self.why_url(room.id, first)
        return Shown(
            kind=kind,
            title=title,
            time=self._span(run) if time is None else time,
            soft=None,
            quarter=first - self.rooms.first,
            length=stop - first,
            url=url,
            at=occupancy.moment_of(run.start),
            explains=url is not None,
        )

    def why_url(self, room_id: Id, quarter: int) -> str | None:  # noqa: ARG002 - for the page that has an answer
        """Where it is said why a time cannot be booked; None where nobody says."""
        return None

    @property
    def has_past(self) -> bool:
        """Whether the colour of what is over is on the page."""
        return any(column.past for column in self.rooms.columns)

    def slots(self, column: Column) -> list[Shown]:
        """The same with the free stretches between, as a list."""
        free = [one for stretch in self.offered(column) for one in _pieces(stretch)]
        found = self.blocks(column) + [self._free(one, column.room) for one in free]
        return sorted(found, key=lambda one: one.at)

    def _free(self, one: Stretch, room: Room) -> Shown:
        return Shown(
            kind="free",
            title=_("free for %(time)s", time=minutes(one.minutes)),
            time=span(one.starts_at, one.ends_at),
            soft=None,
            quarter=0,
            length=0,
            url=self.wish_url(room.id, one.starts_at),
            at=one.starts_at,
        )

    def _column_of(self, room_id: Id) -> Column:
        return next(one for one in self.rooms.columns if one.room.id == room_id)

    def _shown(self, block: Block, room: Room) -> Shown:
        taken, one = occupancy.quarters(block.starts_at, block.ends_at), block.reservation
        if one is None:
            if block.why:  # closed to the minute
                return self._reasoned("closed", block.why, taken, room, time=span(block.starts_at, block.ends_at))
            return self._reasoned("closed", self._standing_words(block.kind, room), taken, room)
        first, stop = max(taken.start, self.rooms.first), min(taken.stop, self.rooms.stop)
        kind, title, soft = self._kind(one.holder), name_of(one.holder, self.by), one.title or None
        if room.id != one.room_id:
            soft = self._column_of(one.room_id).room.name
        elif kind == "mine" and one.extension_minutes:
            soft = _("%(time)s longer", time=minutes(one.extension_minutes))
        opens = self._reads == "all" or (self._reads == "own" and one.holder_id in self.by.holders)
        url = url_for(".reservation", reservation_id=one.id) if opens else self.why_url(room.id, first)
        return Shown(
            kind=kind,
            title=title,
            time=self._span(taken),
            soft=soft,
            quarter=first - self.rooms.first,
            length=stop - first,
            url=url,
            at=block.starts_at,
            explains=not opens and url is not None,
        )

    def _kind(self, holder: Holder) -> str:
        if holder.kind is HolderKind.CENTRE:
            return "programme"
        mine = holder.id in self.by.holders or (self.holder is not None and holder.id == self.holder.id)
        return "mine" if mine else "taken"

    # --- the choice

    @property
    def column(self) -> Column | None:
        """The room that a telephone shows."""
        asked = str(self.wish.room_id) if self.wish else request.args.get("room", "")
        return next(
            (one for one in self.rooms.columns if str(one.room.id) == asked), next(iter(self.rooms.columns), None)
        )

    def drawn(self) -> Shown | None:
        """The wish in its column."""
        if self.wish is None or self.holder is None:
            return None
        taken = occupancy.quarters(self.wish.starts_at, self.wish.ends_at)
        first, stop = max(taken.start, self.rooms.first), min(taken.stop, self.rooms.stop)
        return Shown(
            kind="wish",
            title=self.holder.name,
            time=span(self.wish.starts_at, self.wish.ends_at),
            soft=_("your choice"),
            quarter=first - self.rooms.first,
            length=stop - first,
            url=None,
            at=self.wish.starts_at,
        )

    def _standing_words(self, kind: BlockKind, room: Room) -> str:
        """What stands in a time that is not to be had."""
        if kind is BlockKind.BUFFER:
            return _("set-up, clear-up")
        if kind is BlockKind.NOTICE:
            return _("to be booked %(ahead)s ahead", ahead=minutes(room.notice_minutes))
        return _("closed")

    def _span(self, run: range) -> str:
        """14:00–16:30."""
        begins, ends = self.clock.get(run.start), self.clock.get(run.stop)
        if begins is None or ends is None or ends == "0:00":
            return span(occupancy.moment_of(run.start), occupancy.moment_of(run.stop))
        return f"{begins}–{ends}"


def _placed(one: Shown, column: int) -> str:
    """In the grid. What explains itself does so in its place, where scripts run."""
    url = "" if one.url is None else f'"{escape(one.url)}"' + (' hx-boost="true"' if one.explains else "")
    return grid.block(
        column, one.quarter, one.length, kind=one.kind, title=one.title, time=one.time, soft=one.soft, url=url
    )


def _pieces(stretch: Stretch) -> Iterator[Stretch]:
    """A free stretch in parts of two hours; the last is what is left."""
    starts_at = stretch.starts_at
    while starts_at < stretch.ends_at:
        ends_at = min(starts_at + PIECE, stretch.ends_at)
        yield Stretch(starts_at=starts_at, ends_at=ends_at)
        starts_at = ends_at
