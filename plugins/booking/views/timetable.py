"""The timetable of a day, and the card that says what a wish costs before the last tap."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.accounts import access
from core.contract import Actor
from core.db import Id
from core.people.models import Holder
from core.plugins import here
from core.web.guard import requires
from core.web.request import actor
from core.web.words import at_clock, minutes, near, points, when
from plugins.booking import ground, occupancy, quote, reserve
from plugins.booking.calendar import Column
from plugins.booking.forms import BookForm
from plugins.booking.models import Room
from plugins.booking.quote import Quote
from plugins.booking.requests import EARLIEST, LATEST, ReservationRequest
from plugins.booking.views.base import FEW, choices, chosen_of, pages
from plugins.booking.views.day import Chooser, asked_day
from plugins.booking.views.drawing import TYPED
from plugins.booking.views.shapes import Link


class Page(Chooser):
    """One day for one holder: everything the template shows."""

    def __init__(self, shown: date, holder: Holder | None, found: list[Holder], by: Actor) -> None:
        super().__init__(shown, holder, by, address=url_for(".timetable"))
        self.choices = found
        self._why = f"{url_for('.why')}?day={shown.isoformat()}&holder={'' if holder is None else holder.id}"

    @property
    def fixed(self) -> Mapping[str, object]:
        """For whom."""
        return {} if self.holder is None else {"holder": self.holder.id}

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

    def why_url(self, room_id: Id, quarter: int) -> str | None:
        """A tap on what cannot be booked says why."""
        if self.holder is None:
            return None
        return f"{self._why}&room={room_id}&start={self.clock[quarter]}"

    def usual(self, column: Column, starts_at: datetime) -> int:
        """As much of the base time as fits."""
        base = ground.figures().base_session_minutes or 60
        return min(base, _room_left(column, starts_at), column.room.longest_minutes or base)

    def wished(self, room_id: Id, starts_at: datetime, ends_at: datetime) -> ReservationRequest:
        """A wish of the holder, with the people who were typed."""
        assert self.holder is not None
        return ReservationRequest(
            room_id=room_id, holder_id=self.holder.id, starts_at=starts_at, ends_at=ends_at, people=self.people
        )

    def answered(self, wish: ReservationRequest) -> Quote:
        """As if it were booked now."""
        return quote.quote(wish, by=self.by)

    def title_of(self, room: Room) -> str:
        """Which room it is."""
        return _("Book %(room)s", room=room.name)

    @property
    def can_override(self) -> bool:
        """Whether who looks may set aside what stands in the way."""
        return self.quote is not None and self.quote.can_be_overridden and access.allows(self.by, "booking.override")

    @property
    def can_correct(self) -> bool:
        """Whether the number of people, which may be typed anew, is all that stands in the way."""
        return self.quote is not None and {one.code for one in self.quote.reasons} == {"too_many_people"}


def _room_left(column: Column, starts_at: datetime) -> int:
    """Minutes that are free from a moment on; 60 where nothing is."""
    quarter = int(starts_at.timestamp()) // occupancy.QUARTER_SECONDS
    run = next((run for run in column.free if quarter in run), None)
    return 60 if run is None else (run.stop - quarter) * 15


def _render(page: Page, form: BookForm | None) -> str:
    kept = [] if form is None else [(form[name].label.text, text) for name, text in page.typed.items()]
    facts: dict[str, Any] = {"day": page.day, "near": near(page.day), "kept": kept}
    return render_template("booking/timetable.html", page=page, form=form, few=FEW, texts=_texts(page), **facts)


def _texts(page: Page) -> dict[str, str]:
    """The words of the confirm card."""
    if page.wish is None or page.quote is None:
        return {}
    price = page.quote.price_points
    return {
        "when": when(page.wish.starts_at, page.wish.ends_at),
        "start": at_clock(page.wish.starts_at),
        "length": minutes(page.wish.minutes),
        "base": minutes(page.quote.base_minutes),
        "longer": minutes(page.quote.extension_minutes),
        "price": points(price) if price else _("no charge"),
        "price_soft": _(
            "taken at check-in; cancelled %(hours)d hours before, they come back", hours=ground.figures().cancel_hours
        )
        if price
        else "",
    }


@pages.get("/")
@requires("booking.read")
def timetable() -> str:
    """All rooms on one day; a tap on a free time shows what it costs."""
    by = actor()
    found = choices(by)
    page = Page(asked_day(here().today()), chosen_of(found, request.args.get("holder"), by), found, by)
    page.keep(request.args)
    page.ask()
    if page.wish is None and not page.typed:
        return _render(page, None)
    form = BookForm(formdata=None, data={**page.typed, "people": page.people})
    if page.wish is not None:
        _carry(page.wish, form)
    return _render(page, form)


def _carry(wish: ReservationRequest, form: BookForm) -> None:
    """What the card sends without its being typed."""
    form.room.data, form.holder.data = str(wish.room_id), str(wish.holder_id)
    form.starts_at.data, form.ends_at.data = wish.starts_at.isoformat(), wish.ends_at.isoformat()


@pages.post("/reservations")
@requires("booking.reserve")
def book() -> ResponseReturnValue:
    """The last tap."""
    form, by = BookForm(), actor()
    if form.submitted():
        with form.refusing():
            made = reserve.reserve(form.to_request(), by=by)
            flash(
                _("Booked: %(room)s, %(when)s.", room=made.room.name, when=when(made.starts_at, made.ends_at)),
                "success",
            )
            return redirect(url_for(".reservation", reservation_id=made.id), code=303)
    return _render(_again(form, by), form), form.status


def _again(form: BookForm, by: Actor) -> Page:
    """The page behind a card that was refused: the wish is still there, as far as it can be read, and what was typed."""
    found = choices(by)
    starts_at, ends_at = _read(form.starts_at.data), _read(form.ends_at.data)
    shown = here().today() if starts_at is None else starts_at.astimezone(here().zone).date()
    page = Page(shown, chosen_of(found, form.holder.data, by), found, by)
    page.keep({name: request.form.get(name) for name in TYPED})
    try:
        room_id = Id(form.room.data or "")
    except ValueError:
        return page
    if starts_at is not None:
        page.wish_for(room_id, starts_at, None if ends_at is None else _minutes(starts_at, ends_at))
        if page.wish is not None:
            _carry(page.wish, form)
    return page


def _minutes(starts_at: datetime, ends_at: datetime) -> int:
    return int((ends_at - starts_at).total_seconds() // 60)


def _read(text: str | None) -> datetime | None:
    """A moment that the card carried; None when it is none that people could mean."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo is not None and EARLIEST <= found <= LATEST else None
