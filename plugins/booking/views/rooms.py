"""Rooms, their hours and closures: for whoever keeps them."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import clock
from core.db import Id
from core.web.forms import ActForm, Form
from core.web.guard import requires
from core.web.request import actor
from plugins.booking import closures, hours, queries
from plugins.booking import rooms as keeping
from plugins.booking.forms import ClosureForm, HoursForm, RoomForm
from plugins.booking.views.base import pages

KEEP = "booking.rooms"


@pages.route("/rooms", methods=["GET", "POST"])
@requires(KEEP)
def rooms() -> ResponseReturnValue:
    """All rooms, and a new one."""
    form = RoomForm()
    if form.submitted():
        with form.refusing():
            made = keeping.create(form.to_request(), by=actor())
            flash(_("%(room)s has been made. It is closed until it has hours.", room=made.name), "success")
            return redirect(url_for(".room", room_id=made.id), code=303)
    open_rooms = {row.room_id for row in queries.hours()}
    page = render_template(
        "booking/rooms.html", rooms=queries.rooms(), codes=queries.space_codes(), open_rooms=open_rooms, form=form
    )
    return page, form.status


@pages.post("/rooms/<id:room_id>/details")
@requires(KEEP)
def change_room(room_id: Id) -> ResponseReturnValue:
    """Its name and rules."""
    form = RoomForm()
    if form.submitted():
        with form.refusing():
            keeping.change(room_id, form.to_request(), by=actor())
            flash(_("The room has been changed. Reservations made already stand."), "success")
            return redirect(url_for(".room", room_id=room_id), code=303)
    return _page(room_id, details_form=form), form.status


@pages.route("/rooms/<id:room_id>", methods=["GET", "POST"])
@requires(KEEP)
def room(room_id: Id) -> ResponseReturnValue:
    """One room: its week, its closures and its rules."""
    form = HoursForm()
    if form.submitted():
        with form.refusing():
            hours.put(room_id, form.to_request(), by=actor())
            flash(_("The opening hours have been changed."), "success")
            return redirect(url_for(".room", room_id=room_id), code=303)
    elif not form.errors and not form.problems:
        form.show(list(queries.hours(room_id)))
    return _page(room_id, form=form), form.status


def _page(
    room_id: Id,
    *,
    form: HoursForm | None = None,
    closure_form: Form | None = None,
    details_form: RoomForm | None = None,
) -> str:
    """The page with the form that was sent; the others as things stand."""
    found = queries.room(room_id)
    if form is None:
        form = HoursForm(formdata=None)
        form.show(list(queries.hours(room_id)))
    if details_form is None:
        details_form = RoomForm(formdata=None)
        details_form.show(found)
    return render_template(
        "booking/room.html",
        room=found,
        form=form,
        closure_form=closure_form or ClosureForm(formdata=None),
        details_form=details_form,
        closures=queries.closures(clock.now(), room_id=room_id),
    )


@pages.post("/rooms/<id:room_id>/closures")
@requires(KEEP)
def close_room(room_id: Id) -> ResponseReturnValue:
    """Close it for a time."""
    form = ClosureForm()
    if form.submitted():
        with form.refusing():
            closures.close(room_id, form.to_request(), by=actor())
            flash(_("The room is closed in that time."), "success")
            return redirect(url_for(".room", room_id=room_id), code=303)
    return _page(room_id, closure_form=form), form.status


@pages.post("/rooms/<id:room_id>/closures/<id:closure_id>/removal")
@requires(KEEP)
def reopen_room(room_id: Id, closure_id: Id) -> ResponseReturnValue:
    """Take a closure back."""
    form = ActForm()
    if form.submitted():
        with form.refusing():
            closures.reopen(closure_id, by=actor())
            flash(_("The closure has been taken back."), "success")
            return redirect(url_for(".room", room_id=room_id), code=303)
    closure_form = ClosureForm(formdata=None)
    closure_form.problems = form.problems
    return _page(room_id, closure_form=closure_form), form.status
