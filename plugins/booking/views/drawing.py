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
        # Each time of day is written once, not once a room: there are hundreds of cells on the page.
        self._clock = {at: at_clock(occupancy.moment_of(at)) for at in range(self.rooms.first, self.rooms.stop + 1)}

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
        who = {Who.GROUPS: _("for groups"), Who.STAFF: _("booked by the staff")}.get(room.who, "")
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

    def tappable(self, column: Column) -> Column:
        """What of a room may be tapped, as far as the times go."""
        return column

    def offered(self, column: Column) -> Sequence[Stretch]:
        """The times of a room that whoever looks may tap."""
        return self.tappable(column).stretches() if self.may_tap and not self.barred(column.room) else []

    def cells(self, column: Column, number: int) -> Markup:
        """Half hours that may be tapped, in the column of that number; a quarter that stands alone too.

        Written here, not in the template: with hundreds on the page this is what it costs.
        """
        if not self.may_tap or self.barred(column.room):
            return Markup()
        base, end = escape(f"{self.url()}&room={column.room.id}&start="), escape(self._tail("title", "people"))
        name, first, found = escape(column.room.name), self.rooms.first, []
        for run in self.tappable(column).free:
            quarter = run.start
            while quarter < run.stop:
                length = 2 if quarter % 2 == 0 and quarter + 1 < run.stop else 1
                place, text = f"c-{number} r-{quarter - first} s-{length}", self._clock[quarter]
                found.append(
                    f'<a class="tt-free {place}" href="{base}{text}{end}#confirm" aria-label="{name} {text}"></a>'
                )
                quarter += length
        return Markup("".join(found))  # noqa: S704 - of escaped parts

    def blocks(self, column: Column) -> list[Shown]:
        """What stands in a room; free times too where they may not be tapped, with the reason."""
        found = [self._shown(block, column.room) for block in column.blocks]
        if self.may_tap and self.barred(column.room):
            found += [self._barred(one, column.room) for one in column.stretches()]
        return sorted(found, key=lambda one: one.at)

    def _barred(self, one: Stretch, room: Room) -> Shown:
        title = _("only for groups") if room.who is Who.GROUPS else _("only the staff book this room")
        block = Block(kind=BlockKind.CLOSED, starts_at=one.starts_at, ends_at=one.ends_at, why=title)
        return self._shown(block, room)

    def past(self, column: Column) -> Iterator[tuple[int, int]]:
        """What is over and was nobody's: where it begins, and its length."""
        for run in column.past:
            yield run.start - self.rooms.first, len(run)

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
        taken = occupancy.quarters(block.starts_at, block.ends_at)
        first, stop = max(taken.start, self.rooms.first), min(taken.stop, self.rooms.stop)
        one = block.reservation
        if one is None:
            kind, title, soft, url = "closed", block.why or _why(block.kind, room), None, None
        else:
            url = None
            kind, title, soft = self._kind(one.holder), name_of(one.holder, self.by), one.title or None
            if room.id != one.room_id:
                soft = self._column_of(one.room_id).room.name
            elif kind == "mine" and one.extension_minutes:
                soft = _("%(time)s longer", time=minutes(one.extension_minutes))
            if access.allows(self.by, "booking.read", one.holder_id):
                url = url_for(".reservation", reservation_id=one.id)
        return Shown(
            kind=kind,
            title=title,
            time=span(block.starts_at, block.ends_at),
            soft=soft,
            quarter=first - self.rooms.first,
            length=stop - first,
            url=url,
            at=block.starts_at,
        )

    def _kind(self, holder: Holder) -> str:
        if holder.kind is HolderKind.CENTRE:
            return "programme"
        mine = holder.id in self.by.holders or (self.holder is not None and holder.id == self.holder.id)
        return "mine" if mine else "taken"

    def hours(self) -> Iterator[tuple[int, str]]:
        """Each full hour, with its place."""
        for quarter in range(self.rooms.first, self.rooms.stop, 4):
            yield quarter - self.rooms.first, self._clock[quarter]

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
        block = Block(kind=BlockKind.CLOSED, starts_at=self.wish.starts_at, ends_at=self.wish.ends_at)
        shown = self._shown(block, self.rooms.columns[0].room)
        if shown.length <= 0:
            return None
        return Shown(
            kind="wish",
            title=self.holder.name,
            time=shown.time,
            soft=_("your choice"),
            quarter=shown.quarter,
            length=shown.length,
            url=None,
            at=shown.at,
        )


def _why(kind: BlockKind, room: Room) -> str:
    """What stands in a time that is not to be had."""
    if kind is BlockKind.BUFFER:
        return _("set-up, clear-up")
    if kind is BlockKind.NOTICE:
        return _("to be booked %(ahead)s ahead", ahead=minutes(room.notice_minutes))
    return _("closed")


def _pieces(stretch: Stretch) -> Iterator[Stretch]:
    """A free stretch in parts of two hours; the last is what is left."""
    starts_at = stretch.starts_at
    while starts_at < stretch.ends_at:
        ends_at = min(starts_at + PIECE, stretch.ends_at)
        yield Stretch(starts_at=starts_at, ends_at=ends_at)
        starts_at = ends_at
