"""The timetable of a day, and the card that says what a wish costs before the last tap."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.contract import Actor
from core.db import Id
from core.plugins import here
from core.web.guard import requires
from core.web.request import actor
from core.web.words import minutes, near, points, when
from plugins.booking import quote, reserve
from plugins.booking.forms import BookForm
from plugins.booking.requests import EARLIEST, LATEST, ReservationRequest
from plugins.booking.views.base import choices, chosen_of, pages
from plugins.booking.views.day import FEW, TYPED, Page, asked_day


def _asked_wish(page: Page) -> None:
    start, length = request.args.get("start", ""), request.args.get("minutes", "")
    try:
        room_id = Id(request.args.get("room", ""))
        starts_at = datetime.combine(page.day, datetime.strptime(start, "%H:%M").time(), tzinfo=here().zone)  # noqa: DTZ007
    except ValueError:
        return
    page.wish_for(room_id, starts_at, int(length) if length.isdecimal() and len(length) < 5 else None)


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
        "length": minutes(page.wish.minutes),
        "base": minutes(page.quote.base_minutes),
        "longer": minutes(page.quote.extension_minutes),
        "price": points(price) if price else _("no charge"),
        "price_soft": _(
            "taken at check-in; cancelled %(hours)d hours before, they come back", hours=quote.figures().cancel_hours
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
    _asked_wish(page)
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
