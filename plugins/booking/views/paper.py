"""What is printed and hung up: the week of a room as a poster, and the sheet at its door with the code that checks in."""

from __future__ import annotations

import segno
from flask import render_template, request, url_for
from markupsafe import Markup

from core import clock
from core.db import Id
from core.plugins import here
from core.web.guard import requires
from core.web.request import actor
from core.web.words import moment
from plugins.booking import ground
from plugins.booking.views.base import pages
from plugins.booking.views.day import asked_day
from plugins.booking.views.weeks import beside, week_of

SHEETS = ("week", "today", "code")  # what a door sheet shows beside the code


def code_of(address: str) -> Markup:
    """A QR code as SVG. It holds the address and no secret; a quarter of it may be dirty or torn."""
    made = segno.make_qr(address, error="q")
    # Of numbers and fixed words: the address itself is drawn, not written. No style, as the content security policy asks.
    return Markup(made.svg_inline(omitsize=True, svgclass="paper-code", lineclass=None, border=4))  # noqa: S704


@pages.get("/rooms/<id:room_id>/poster")
@requires("booking.read")
def poster(room_id: Id) -> str:
    """A room's week on one sheet, for the wall."""
    day = asked_day(here().today())
    return render_template(
        "booking/poster.html",
        week=week_of(room_id, day, by=actor(), in_public=True),
        at=moment(clock.now()),
        previous=beside(day, -1),
        next=beside(day, 1),
    )


@pages.get("/rooms/<id:room_id>/door-sheet")
@requires("booking.read")
def door_sheet(room_id: Id) -> str:
    """The sheet at a room's door: its name, a code to scan, and what is on this week, today, or nothing that grows old."""
    shown = request.args.get("show", SHEETS[0])
    address = url_for(".door", room_id=room_id, _external=True)
    day = asked_day(here().today())
    week = week_of(room_id, day, by=actor(), in_public=True)
    return render_template(
        "booking/door_sheet.html",
        week=week,
        today=week.days[day.weekday()],
        shown=shown if shown in SHEETS else SHEETS[0],
        code=code_of(address),
        address=address,
        figures=ground.figures(),
        at=moment(clock.now()),
    )
