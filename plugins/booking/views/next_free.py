"""The next free time in a room or one like it: a light page for telephones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.db import Id
from core.plugins import here
from core.web.guard import requires
from core.web.request import actor
from core.web.words import minutes, when
from plugins.booking import quote, soonest
from plugins.booking.views.base import choices, chosen_of, pages
from plugins.booking.views.day import MOST_DAYS
from plugins.booking.views.shapes import Link
from plugins.booking.views.why import tap

LENGTHS = (60, 90, 120, 180)  # minutes
USUAL = 90


@pages.get("/next-free")
@requires("booking.read")
def next_free() -> ResponseReturnValue:
    """When, for so long. An address that names no room leads to the timetable."""
    by = actor()
    holder = chosen_of(choices(by), request.args.get("holder"), by)
    try:
        room_id = Id(request.args.get("room", ""))
    except ValueError:
        return redirect(url_for(".timetable"), code=302)
    if holder is None:
        return redirect(url_for(".timetable"), code=302)
    asked = request.args.get("minutes", "")
    length = next((one for one in LENGTHS if str(one) == asked), USUAL)
    window = quote.outlook(holder.value(), here().today())
    last = here().today() + timedelta(days=MOST_DAYS - 1) if window is None else window.last_day
    found = soonest.of(room_id, length, last, kind=holder.kind, by=by)
    address: dict[str, Any] = {"room": room_id, "holder": holder.id}
    return render_template(
        "booking/next_free.html",
        found=[
            (when(one.starts_at, one.ends_at), one.room.name, tap(holder, one.room.id, one.starts_at, length))
            for one in found
        ],
        lengths=[
            Link(label=minutes(one), url=url_for(".next_free", minutes=one, **address), active=one == length)
            for one in LENGTHS
        ],
        length=minutes(length),
        last=last,
        timetable_url=url_for(".timetable", **address),
    )
