"""Moving a reservation: the timetable to choose another time or room from, the price before and after; and its title."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from core import clock
from core.accounts import access
from core.contract import Actor
from core.db import Id
from core.errors import Invalid, NotFound
from core.plugins import here
from core.web.guard import requires
from core.web.request import actor
from core.web.words import day as say_day
from core.web.words import minutes, near, points, say, when
from plugins.booking import listing, moving, occupancy, scopes
from plugins.booking.calendar import Block, BlockKind, Column
from plugins.booking.forms import DetailsForm, MoveForm
from plugins.booking.models import Reservation, Room
from plugins.booking.quote import Quote
from plugins.booking.requests import SCOPES, ChangeRequest, ReservationRequest, Scope
from plugins.booking.scopes import Outlook
from plugins.booking.views.base import pages
from plugins.booking.views.day import Chooser, asked_day
from plugins.booking.views.reservations import one
from plugins.booking.views.shapes import Shown


class MovePage(Chooser):
    """One day from which a reservation may be given another time or room; its own time is free for it."""

    def __init__(self, found: Reservation, shown: date, by: Actor) -> None:
        address = url_for(".move", reservation_id=found.id)
        super().__init__(shown, found.holder, by, address=address, without=found.id)
        self.found = found
        asked = request.args.get("scope", "")
        self.scope = asked if found.series_id is not None and asked in SCOPES else Scope.THIS.value

    @property
    def fixed(self) -> Mapping[str, object]:
        """For which dates of its series."""
        return {} if self.scope == Scope.THIS else {"scope": self.scope}

    def outlooks(self) -> dict[Scope, Outlook]:
        """What the choice would come to for several dates of the series; none where there is no other to go along."""
        wish, own = self.wish, self.found
        if own.series_id is None or wish is None or not self.is_elsewhere or self.day != own.day:
            return {}
        found: dict[Scope, Outlook] = {}
        for scope in (Scope.FOLLOWING, Scope.ALL):
            change = ChangeRequest(
                room_id=wish.room_id, starts_at=wish.starts_at, ends_at=wish.ends_at, scope=scope.value
            )
            seen = scopes.outlook(own, change, by=self.by)
            if seen.number > max((one.number for one in found.values()), default=1):
                found[scope] = seen
        return found

    def usual(self, column: Column, starts_at: datetime) -> int:  # noqa: ARG002 - it stays as long as it is
        """As long as it is."""
        return self.found.minutes

    def wished(self, room_id: Id, starts_at: datetime, ends_at: datetime) -> ReservationRequest:
        """The whole, with the change."""
        return ChangeRequest(room_id=room_id, starts_at=starts_at, ends_at=ends_at).onto(self.found)

    def answered(self, wish: ReservationRequest) -> Quote:
        """As if it were moved now."""
        change = ChangeRequest(room_id=wish.room_id, starts_at=wish.starts_at, ends_at=wish.ends_at)
        return moving.quote_of(self.found.id, change, by=self.by)

    def title_of(self, room: Room) -> str:
        """Which room it is, or would be."""
        return _("Move it to %(room)s", room=room.name) if self.is_elsewhere else room.name

    @property
    def is_elsewhere(self) -> bool:
        """Whether the choice is another time or room than it has."""
        return self.wish is not None and moving.is_elsewhere(self.found, self.wish)

    @property
    def column(self) -> Column | None:
        """The room that a telephone shows: its own first."""
        chosen = self.wish is not None or "room" in request.args
        return super().column if chosen else self._column_of(self.found.room_id)

    def tappable(self, column: Column) -> Column:
        """All that is free but its own time: there it is already."""
        if column.room.id != self.found.room_id:
            return column
        own = occupancy.quarters(self.found.starts_at, self.found.ends_at)
        beside = [
            part
            for run in column.free
            for part in (range(run.start, min(run.stop, own.start)), range(max(run.start, own.stop), run.stop))
            if part
        ]
        return replace(column, free=beside)

    def blocks(self, column: Column) -> list[Shown]:
        """What stands in a room, and the reservation itself."""
        found, own = super().blocks(column), self.found
        if (column.room.id, self.day) == (own.room_id, own.day):
            there = Block(kind=BlockKind.RESERVATION, starts_at=own.starts_at, ends_at=own.ends_at, reservation=own)
            found.append(replace(self._shown(there, column.room), title=_("So far"), soft=None, url=None))
        return sorted(found, key=lambda shown: shown.at)

    def drawn(self) -> Shown | None:
        """The choice in its column, once it is another."""
        return super().drawn() if self.is_elsewhere else None


@pages.get("/reservations/<id:reservation_id>/move")
@requires("booking.reserve")
def move(reservation_id: Id) -> ResponseReturnValue:
    """Another day, time or room, and what it would cost before anything is moved."""
    found = _found(reservation_id)
    if not moving.is_movable(found, clock.now()):
        flash(_("This reservation can no longer be moved or changed."), "warning")
        return redirect(url_for(".reservation", reservation_id=reservation_id), code=303)
    page = MovePage(found, asked_day(found.day), actor())
    page.ask()
    return _render(page, MoveForm(formdata=None), DetailsForm.of(found))


@pages.post("/reservations/<id:reservation_id>/move")
@requires("booking.reserve")
def moved(reservation_id: Id) -> ResponseReturnValue:
    """The last tap."""
    form = MoveForm()
    if form.submitted():
        with form.refusing():
            booked = scopes.change(reservation_id, form.to_request(), by=actor())
            made, number = booked.first, len(booked.dates)
            said = when(made.starts_at, made.ends_at)
            flash(_("Moved: %(room)s, %(when)s.", room=made.room.name, when=said), "success")
            if number > 1:
                flash(ngettext("%(num)d date was moved.", "%(num)d dates were moved.", number), "success")
            return redirect(url_for(".reservation", reservation_id=reservation_id), code=303)
    found = _found(reservation_id)
    if not moving.is_movable(found, clock.now()):
        return one(reservation_id, form), form.status
    return _render(_again(found, form), form, DetailsForm.of(found)), form.status


@pages.post("/reservations/<id:reservation_id>/details")
@requires("booking.reserve")
def details(reservation_id: Id) -> ResponseReturnValue:
    """What for, and how many; nothing else changes."""
    form = DetailsForm()
    if form.submitted():
        with form.refusing():
            scopes.change(reservation_id, form.to_request(), by=actor())
            flash(_("Saved. Nothing else has changed."), "success")
            return redirect(url_for(".reservation", reservation_id=reservation_id), code=303)
    found = _found(reservation_id)
    if not moving.is_movable(found, clock.now()):
        return one(reservation_id, form), form.status
    return _render(MovePage(found, found.day, actor()), MoveForm(formdata=None), form), form.status


def _found(reservation_id: Id) -> Reservation:
    """The reservation, for whoever may book for its holder."""
    found = listing.reservation(reservation_id, by=actor())
    access.check(actor(), "booking.reserve", found.holder_id)
    return found


def _again(found: Reservation, form: MoveForm) -> MovePage:
    """The page behind a tap that was refused: the choice is still there, as far as it can be read."""
    try:
        wish = form.to_request().onto(found)
    except (Invalid, NotFound):
        return MovePage(found, found.day, actor())
    page = MovePage(found, wish.starts_at.astimezone(here().zone).date(), actor())
    page.wish_for(wish.room_id, wish.starts_at, wish.minutes)
    return page


def _render(page: MovePage, form: MoveForm, details_form: DetailsForm) -> str:
    found = page.found
    if page.wish is None and page.day == found.day:
        page.wish_for(found.room_id, found.starts_at, None)
    shown: dict[str, Any] = {
        "page": page,
        "reservation": found,
        "now": when(found.starts_at, found.ends_at),
        "day": page.day,
        "near": near(page.day),
        "form": form,
        "details_form": details_form,
        "texts": {},
    }
    outlooks = page.outlooks()
    offered = {scope: _outlook(scope, seen) for scope, seen in outlooks.items() if not seen.refused}
    form.offer({Scope.THIS: _("This date only"), **offered})
    if request.method == "GET":
        form.scope.data = details_form.scope.data = page.scope
        if page.scope not in {scope.value for scope in (Scope.THIS, *offered)}:
            form.scope.data = next(iter(offered), Scope.THIS).value
    shown["refused"] = _refused(outlooks)
    if page.wish is not None and page.quote is not None:
        wish = page.wish
        form.room.data = str(wish.room_id)
        form.starts_at.data, form.ends_at.data = wish.starts_at.isoformat(), wish.ends_at.isoformat()
        shown["texts"] = _texts(page, wish, page.quote)
    return render_template("booking/move.html", **shown)


def _outlook(scope: Scope, seen: Outlook) -> str:
    """A choice of dates with what it comes to."""
    price = points(seen.price_points) if seen.price_points else _("no charge")
    facts = {"num": seen.number, "price": price}
    if scope is Scope.FOLLOWING:
        return _("This one and those that follow: %(num)d dates, %(price)s", **facts)
    return _("All that are still to come: %(num)d dates, %(price)s", **facts)


def _refused(outlooks: Mapping[Scope, Outlook]) -> str:
    """Why some choice of dates is not offered: how many cannot be there, and the first of them; "" where all can."""
    dates = {one.day: one for seen in outlooks.values() for one in seen.refused}
    if not dates:
        return ""
    day, first = min(dates.items())
    return ngettext(
        "The other dates of the series cannot all go along: %(num)d cannot. %(day)s: %(why)s",
        "The other dates of the series cannot all go along: %(num)d cannot. The first, %(day)s: %(why)s",
        len(dates),
        day=say_day(day),
        why=say(first.answer.quote.reasons[0]),
    )


def _texts(page: MovePage, wish: ReservationRequest, answer: Quote) -> dict[str, Any]:
    """The words of the card."""
    before = page.found.price_points if page.is_elsewhere else 0
    return {
        "soft": f"{when(wish.starts_at, wish.ends_at)} · {minutes(wish.minutes)}",
        "price": points(answer.price_points) if answer.price_points else _("no charge"),
        "price_soft": _("instead of %(points)s", points=points(before)) if before else None,
        "whys": [say(line) for line in answer.explanation],
    }
