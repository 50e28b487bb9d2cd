"""An earlier end, and half an hour more of what is running."""

from __future__ import annotations

from datetime import datetime

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.db import Id
from core.web.guard import requires
from core.web.request import actor
from core.web.words import at_clock
from plugins.booking import lengths
from plugins.booking.forms import LongerForm, ShortenForm
from plugins.booking.views.base import pages
from plugins.booking.views.reservations import one


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
