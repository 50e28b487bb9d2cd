"""Changing a reservation: another time or room with its price beforehand, a title, an earlier end, half an hour more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import clock
from core.accounts import access
from core.db import Id
from core.errors import Invalid, NotFound
from core.plugins import here
from core.web.guard import requires
from core.web.request import actor
from core.web.words import at_clock, minutes, points, say, when
from plugins.booking import calendar, lengths, moving, queries
from plugins.booking.forms import DetailsForm, LongerForm, MoveForm, ShortenForm
from plugins.booking.models import Reservation, Room
from plugins.booking.quote import Quote
from plugins.booking.requests import ChangeRequest
from plugins.booking.views.base import pages
from plugins.booking.views.day import asked_day
from plugins.booking.views.reservations import one

A_DAY = 24 * 60  # minutes
TIMES = [f"{minute // 60}:{minute % 60:02}" for minute in range(0, A_DAY + 1, 15)]


@pages.post("/reservations/<id:reservation_id>/shortening")
@requires("booking.reserve")
def shorten(reservation_id: Id) -> ResponseReturnValue:
    """Let it end earlier."""
    form = ShortenForm()
    if form.submitted():
        with form.refusing():
            made = lengths.shorten(reservation_id, form.to_request(), by=actor())
            flash(
                _("It ends at %(time)s now; what comes after is free for others.", time=_end(made.ends_at)), "success"
            )
            return redirect(url_for(".reservation", reservation_id=reservation_id), code=303)
    return one(reservation_id, form), form.status


@pages.post("/reservations/<id:reservation_id>/extension")
@requires("booking.reserve")
def extend(reservation_id: Id) -> ResponseReturnValue:
    """Let it go on."""
    form = LongerForm()
    if form.submitted():
        with form.refusing():
            made = lengths.extend(reservation_id, form.to_request(), by=actor())
            flash(_("The room is yours until %(time)s.", time=_end(made.ends_at)), "success")
            return redirect(url_for(".reservation", reservation_id=reservation_id), code=303)
    return one(reservation_id, form), form.status


def _end(ends_at: datetime) -> str:
    """The end of a day is 24:00."""
    said = at_clock(ends_at)
    return "24:00" if said == "0:00" else said


# --- moving --------------------------------------------------------------------------------------------------------


@pages.get("/reservations/<id:reservation_id>/move")
@requires("booking.reserve")
def move(reservation_id: Id) -> ResponseReturnValue:
    """Another day, time or room, and what it would cost before anything is moved."""
    found = _found(reservation_id)
    if not moving.is_movable(found, clock.now()):
        flash(_("This reservation can no longer be moved or changed."), "warning")
        return redirect(url_for(".reservation", reservation_id=reservation_id), code=303)
    return _page(found, _asked(found), MoveForm(formdata=None), DetailsForm.of(found))


@pages.post("/reservations/<id:reservation_id>/move")
@requires("booking.reserve")
def moved(reservation_id: Id) -> ResponseReturnValue:
    """The last tap."""
    form = MoveForm()
    if form.submitted():
        with form.refusing():
            made = moving.change(reservation_id, form.to_request(), by=actor())
            said = when(made.starts_at, made.ends_at)
            flash(_("Moved: %(room)s, %(when)s.", room=made.room.name, when=said), "success")
            return redirect(url_for(".reservation", reservation_id=reservation_id), code=303)
    found = _found(reservation_id)
    if not moving.is_movable(found, clock.now()):
        return one(reservation_id, form), form.status
    try:
        wish = form.to_request()
    except (Invalid, NotFound):
        wish = ChangeRequest()
    return _page(found, wish, form, DetailsForm.of(found)), form.status


@pages.post("/reservations/<id:reservation_id>/details")
@requires("booking.reserve")
def details(reservation_id: Id) -> ResponseReturnValue:
    """What for, and how many; nothing else changes."""
    form = DetailsForm()
    if form.submitted():
        with form.refusing():
            moving.change(reservation_id, form.to_request(), by=actor())
            flash(_("Saved. Nothing else has changed."), "success")
            return redirect(url_for(".reservation", reservation_id=reservation_id), code=303)
    found = _found(reservation_id)
    if not moving.is_movable(found, clock.now()):
        return one(reservation_id, form), form.status
    return _page(found, ChangeRequest(), MoveForm(formdata=None), form), form.status


def _found(reservation_id: Id) -> Reservation:
    """The reservation, for whoever may book for its holder."""
    found = calendar.reservation(reservation_id, by=actor())
    access.check(actor(), "booking.reserve", found.holder_id)
    return found


def _asked(found: Reservation) -> ChangeRequest:
    """What the address asks for; where it says nothing that can be read, it is as it is."""
    starts, length = found.starts_at.astimezone(here().zone), found.ends_at - found.starts_at
    day = asked_day(starts.date())
    midnight = datetime.combine(day, time.min, tzinfo=here().zone)
    begins = starts.hour * 60 + starts.minute
    start = _minute(request.args.get("start"), begins)
    end = _minute(request.args.get("end"), begins + int(length.total_seconds()) // 60)
    try:
        room_id = Id(request.args.get("room", ""))
    except ValueError:
        room_id = found.room_id
    return ChangeRequest(
        room_id=room_id, starts_at=midnight + timedelta(minutes=start), ends_at=midnight + timedelta(minutes=end)
    )


def _minute(text: str | None, default: int) -> int:
    return TIMES.index(text) * 15 if text in TIMES else default


def _page(found: Reservation, wish: ChangeRequest, form: MoveForm, details_form: DetailsForm) -> str:
    rooms = queries.rooms()
    answer = _answer(found, wish, form)
    starts_at, ends_at = wish.starts_at or found.starts_at, wish.ends_at or found.ends_at
    room_id = wish.room_id or found.room_id
    form.room.data, form.starts_at.data, form.ends_at.data = str(room_id), starts_at.isoformat(), ends_at.isoformat()
    shown: dict[str, Any] = {
        "reservation": found,
        "now": when(found.starts_at, found.ends_at),
        "day": starts_at.astimezone(here().zone).date().isoformat(),
        "start": at_clock(starts_at),
        "end": _end(ends_at),
        "room": str(room_id),
        "times": [(text, text) for text in TIMES],
        "rooms": [(str(one.id), one.name) for one in rooms],
        "form": form,
        "details_form": details_form,
        "quote": answer,
        "texts": {} if answer is None else _texts(answer, found, rooms, room_id, when(starts_at, ends_at)),
    }
    return render_template("booking/move.html", **shown)


def _answer(found: Reservation, wish: ChangeRequest, form: MoveForm) -> Quote | None:
    """What the wish would come to; None when it is where it is, or makes no sense: then the form says so."""
    try:
        if moving.is_elsewhere(found, wish.onto(found)):
            return moving.quote_of(found.id, wish, by=actor())
    except Invalid as error:
        if not form.errors:
            form.refuse(error)
    return None


def _texts(answer: Quote, found: Reservation, rooms: Sequence[Room], room_id: Id, said: str) -> dict[str, Any]:
    """The words of the card."""
    length = minutes(answer.base_minutes + answer.extension_minutes)
    return {
        "title": next(one.name for one in rooms if one.id == room_id),
        "soft": f"{said} · {length}",
        "price": points(answer.price_points) if answer.price_points else _("no charge"),
        "price_soft": _("instead of %(points)s", points=points(found.price_points)) if found.price_points else None,
        "whys": [say(one) for one in answer.explanation],
    }
