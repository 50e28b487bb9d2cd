"""One day for one holder: what stands in the rooms, what may be tapped, and the wish with its card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from flask import request, url_for
from flask_babel import gettext as _
from markupsafe import Markup, escape

from core import clock
from core.accounts import access
from core.contract import Actor, HolderKind
from core.db import Id
from core.errors import Invalid
from core.people.models import Holder
from core.plugins import here
from core.web.words import at_clock, day, minutes, near, say, short_day, short_weekdays, span
from plugins.booking import calendar, occupancy, quote, rooms
from plugins.booking.calendar import Block, BlockKind, Column, Day, Stretch
from plugins.booking.models import Room, Who
from plugins.booking.quote import Quote, Window
from plugins.booking.requests import LARGEST_ROOM, LONGEST_NAME, LONGEST_TEXT, ReservationRequest
from plugins.booking.views.base import name_of
from plugins.booking.views.shapes import DayLink, Shown

MOST_DAYS = 32  # of the strip of days
WIDEST = 20  # rooms side by side
FEW = 4  # so many choices stand side by side; more become a list to choose from
STEP = timedelta(minutes=30)
TYPED = {"title": LONGEST_NAME, "people": 6, "override_reason": LONGEST_TEXT}  # so much of it goes along to other times
PIECE = timedelta(hours=2)  # telephones list long free stretches in parts: an afternoon is as near as a morning


def asked_day(default: date) -> date:
    """The day that the address asks for, if it is one that people could mean."""
    try:
        found = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return default
    return found if date(2000, 1, 1) <= found <= date(2180, 1, 1) else default


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A choice: a link that may be the present one."""

    label: str
    url: str
    active: bool = False


class Page:
    """One day for one holder: everything the template shows."""

    def __init__(self, shown: date, holder: Holder | None, found: list[Holder], by: Actor) -> None:
        self.day, self.holder, self.choices, self.by = shown, holder, found, by
        self.rooms: Day = calendar.day_of_rooms(shown, by=by)
        self.window: Window | None = None if holder is None else quote.outlook(holder.value(), shown)
        self.wish: ReservationRequest | None = None
        self.quote: Quote | None = None
        self.typed: dict[str, str] = {}
        self._address = url_for(".timetable")
        # Each time of day is written once, not once a room: there are hundreds of cells on the page.
        self._clock = {at: at_clock(occupancy.moment_of(at)) for at in range(self.rooms.first, self.rooms.stop + 1)}

    # --- addresses: made by hand, since there are hundreds on the page

    def url(self, **more: object) -> str:
        """This page for another day, holder, room or wish."""
        values: dict[str, object] = {"day": self.day.isoformat()}
        if self.holder is not None:
            values["holder"] = self.holder.id
        # Ids, days, times and numbers: nothing in them needs quoting.
        return f"{self._address}?{'&'.join(f'{name}={value}' for name, value in (values | more).items())}"

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

    # --- who and when

    @property
    def opens_at(self) -> datetime | None:
        """Set when this day is not open yet for the holder."""
        return self.window.opens_at if self.window is not None and clock.now() < self.window.opens_at else None

    @property
    def may_tap(self) -> bool:
        """Whether free times are links: the day is open, or the rule may be set aside."""
        return self.holder is not None and (self.opens_at is None or access.allows(self.by, "booking.override"))

    def holder_options(self) -> list[tuple[str, str]]:
        """For whom; many as a list to choose from."""
        return [(str(one.id), one.name) for one in self.choices]

    def holder_links(self) -> list[Link]:
        """For whom; a few as links."""
        return [
            Link(
                label=one.name, url=self.url(holder=one.id), active=self.holder is not None and one.id == self.holder.id
            )
            for one in self.choices
        ]

    @property
    def last_day(self) -> date | None:
        """The last day that is open for the holder; None for the centre, which always may."""
        if self.window is None:
            return None
        today = here().today()
        opens = datetime.combine(today, self.window.opens_at.time(), tzinfo=here().zone)
        return today + timedelta(days=self.window.days - (clock.now() < opens))

    @property
    def tier_code(self) -> str | None:
        """The standing that opened the window, if it did."""
        return None if self.window is None or self.window.tier == quote.NO_TIER else self.window.tier

    def days(self) -> Iterator[DayLink]:
        """From today to the last day that is open, and what comes after it."""
        today = here().today()
        last = self.last_day or today + timedelta(days=MOST_DAYS - 1)
        weekdays = short_weekdays()
        for number in range((last - today).days + 1):
            one = today + timedelta(days=number)
            label = near(one) if number < 2 else weekdays[one.weekday()]
            url = self.url(day=one.isoformat())
            yield DayLink(label=label, number=str(one.day), name=day(one), url=url, active=one == self.day)
        if self.window is not None:
            yield DayLink(label=_("open until"), number=short_day(last), name="", url=None)

    @property
    def previous_url(self) -> str:
        """The day before."""
        return self.url(day=(self.day - timedelta(days=1)).isoformat())

    @property
    def next_url(self) -> str:
        """The day after."""
        return self.url(day=(self.day + timedelta(days=1)).isoformat())

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

    def cells(self, column: Column, number: int) -> Markup:
        """Half hours that may be tapped, in the column of that number; a quarter that stands alone too.

        Written here, not in the template: with hundreds on the page this is what it costs.
        """
        if not self.may_tap or self.barred(column.room):
            return Markup()
        base, end = escape(f"{self.url()}&room={column.room.id}&start="), escape(self._tail("title", "people"))
        name, first, found = escape(column.room.name), self.rooms.first, []
        for run in column.free:
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
        free = column.stretches() if self.may_tap and not self.barred(column.room) else []
        found = self.blocks(column) + [self._free(one, column.room) for stretch in free for one in _pieces(stretch)]
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

    # --- the wish

    def wish_for(self, room_id: Id, starts_at: datetime, length: int | None) -> None:
        """Take up a wish; without a length, as much of the base time as fits."""
        column = next((one for one in self.rooms.columns if one.room.id == room_id), None)
        if column is None or self.holder is None:
            return
        if length is None:
            usual = quote.figures().base_session_minutes or 60
            length = min(usual, _room_left(column, starts_at), column.room.longest_minutes or usual)
        try:
            self.wish = ReservationRequest(
                room_id=room_id,
                holder_id=self.holder.id,
                starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=length),
                people=self.people,
            )
        except Invalid:
            return
        self.quote = quote.quote(self.wish, by=self.by)

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
        """Which room it is."""
        assert self.wish is not None
        name = self._column_of(self.wish.room_id).room.name
        return _("Book %(room)s", room=name)

    def whys(self) -> list[str]:
        """The rules that applied, as sentences."""
        return [] if self.quote is None else [say(one) for one in self.quote.explanation]

    @property
    def can_override(self) -> bool:
        """Whether who looks may set aside what stands in the way."""
        return self.quote is not None and self.quote.can_be_overridden and access.allows(self.by, "booking.override")

    @property
    def can_correct(self) -> bool:
        """Whether the number of people, which may be typed anew, is all that stands in the way."""
        return self.quote is not None and {one.code for one in self.quote.reasons} == {"too_many_people"}

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


def _room_left(column: Column, starts_at: datetime) -> int:
    """Minutes that are free from a moment on; 60 where nothing is."""
    quarter = int(starts_at.timestamp()) // occupancy.QUARTER_SECONDS
    run = next((run for run in column.free if quarter in run), None)
    return 60 if run is None else (run.stop - quarter) * 15
