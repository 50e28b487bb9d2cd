"""What opens when somebody scans the sheet at a room's door: their session, and one tap to check it in."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.db import Id
from core.web.forms import ActForm
from core.web.guard import requires
from core.web.request import actor
from core.web.words import at_clock, points, span, when
from plugins.booking import door as doors
from plugins.booking.door import Door, Meeting, Standing
from plugins.booking.views.base import name_of, pages

KINDS = {Standing.OPEN: "success", Standing.INSIDE: "success", Standing.EARLY: "message", Standing.OWN: "message"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A session as the page says it: what it is, how it stands, and what to do."""

    title: str
    time: str
    sentence: str
    kind: str
    reservation_id: Id | None  # set where one tap checks it in
    gone: bool  # what is left may be booked anew


@pages.get("/door/<id:room_id>")
@requires("booking.check_in")
def door(room_id: Id) -> ResponseReturnValue:
    """What somebody who stands at this door came for."""
    return _page(room_id, ActForm(formdata=None))


@pages.post("/door/<id:room_id>/check-in/<id:reservation_id>")
@requires("booking.check_in")
def check_in_at_door(room_id: Id, reservation_id: Id) -> ResponseReturnValue:
    """They are here."""
    form = ActForm()
    if form.submitted():
        with form.refusing():
            made = doors.check_in(room_id, reservation_id, by=actor())
            if made.price_points:
                flash(_("Checked in; %(points)s have been taken.", points=points(made.price_points)), "success")
            else:
                flash(_("Checked in. Have a good time."), "success")
            return redirect(url_for(".door", room_id=room_id), code=303)
    return _page(room_id, form)


def _page(room_id: Id, form: ActForm) -> ResponseReturnValue:
    found = doors.at(room_id, by=actor())
    page = render_template(
        "booking/door.html",
        room=found.room,
        meetings=[_words(one, found) for one in found.meetings],
        next=found.next,
        when=when,
        form=form,
    )
    return page, form.status


def _words(one: Meeting, found: Door) -> Words:
    session = one.session
    title = name_of(session.holder, actor())
    return Words(
        title=title if session.room_id == found.room.id else f"{title} · {session.room.name}",
        time=span(session.starts_at, session.ends_at),
        sentence=_sentence(one),
        kind=KINDS.get(one.standing, "warning"),
        reservation_id=session.id if one.standing is Standing.OPEN else None,
        gone=one.standing in {Standing.LATE, Standing.CANCELLED},
    )


def _sentence(one: Meeting) -> str:
    """How it stands, and what to do."""
    session = one.session
    opens = "" if session.check_in_from is None else at_clock(session.check_in_from)
    closes = "" if session.check_in_until is None else at_clock(session.check_in_until)
    said = {
        Standing.OPEN: _("Check in until %(time)s, when the room would go to others.", time=closes),
        Standing.INSIDE: _("Checked in. The room is yours until %(time)s.", time=at_clock(session.ends_at)),
        Standing.ELSEWHERE: _(
            "This session is in another room: %(room)s. Go there and scan the sheet at that door.",
            room=session.room.name,
        ),
        Standing.LATE: _(
            "Nobody had checked in by %(time)s, so it counts as missed and others may book the room. If it is still free, "
            "book what is left; if something came up, tell the centre.",
            time=closes,
        ),
        Standing.CANCELLED: _("This session was cancelled. Book another time, or ask the centre."),
        Standing.PENDING: _("This session still waits for the centre's approval. Ask the staff."),
        Standing.OWN: _("An activity of the centre: nobody checks in. Go in."),
        Standing.EARLY: _("Check-in opens at %(time)s. Scan the sheet again then.", time=opens),
    }
    return said[one.standing]
