"""Series: choosing how a session repeats, looking at every date before the tap, and a series as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from core import clock
from core.accounts import access
from core.db import Id
from core.errors import DomainError, NotFound
from core.plugins import here
from core.web.guard import requires
from core.web.request import actor
from core.web.transactions import runs_in
from core.web.words import day, minutes, points, say, say_code, span
from plugins.booking import ground, queries, series, wording
from plugins.booking.models import Skipped, Status
from plugins.booking.requests import OnConflict, SeriesRequest
from plugins.booking.series import Date, Look
from plugins.booking.series_forms import TIMES, ConfirmSeriesForm, SeriesForm
from plugins.booking.views.base import choices, chosen_of, pages
from plugins.booking.views.day import asked_day
from plugins.booking.views.shapes import Link

A_SEASON = timedelta(weeks=12)  # what a new series is offered to last


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A date as the preview shows it. `others`: links to other times of that day."""

    day: str
    when: str
    price: str
    allowed: bool
    soft: Sequence[str]
    others: Sequence[Link] = ()


@pages.get("/series/new")
@requires("booking.reserve")
def new_series() -> str:
    """How it shall repeat; what the timetable knew already is filled in."""
    form = _form(SeriesForm(formdata=None))
    today = here().today()
    form.first_day.data = asked_day(today)
    form.last_day.data = form.first_day.data + A_SEASON
    asked = request.args
    form.room.data, form.title.data = asked.get("room"), asked.get("title")
    if asked.get("start") in TIMES[:-1]:
        form.starts.data = asked["start"]
        length = asked.get("minutes", "")
        quarters = int(length) // 15 if length.isdecimal() and len(length) < 5 else 8
        form.ends.data = TIMES[min(TIMES.index(asked["start"]) + max(quarters, 1), len(TIMES) - 1)]
    return _render(form)


@pages.post("/series/preview")
@runs_in("read")
@requires("booking.reserve")
def preview_series() -> ResponseReturnValue:
    """Every date with its price and what stands in its way; nothing is booked."""
    form = _form(SeriesForm())
    if form.submitted():
        with form.refusing():
            wish = form.to_request()
            return _render(form, wish, series.preview(wish, by=actor()))
    return _render(form), form.status


@pages.post("/series")
@requires("booking.reserve")
def book_series() -> ResponseReturnValue:
    """The tap."""
    form = ConfirmSeriesForm()
    if form.submitted():
        with form.refusing():
            made = series.make(form.to_request(), by=actor())
            assert made.series is not None
            number = len(made.dates)
            flash(ngettext("Booked: %(num)d date.", "Booked: %(num)d dates.", number), "success")
            return redirect(url_for(".series_page", series_id=made.series.id), code=303)
    return _again(form), form.status


def _again(form: ConfirmSeriesForm) -> str:
    """The page behind a tap that was refused: everything is still there, with the dates as they are now."""
    chosen = _form(SeriesForm(formdata=None))
    chosen.first_day.data = here().today()
    try:
        wish = form.to_request()
        chosen.show(wish)
        return _render(chosen, wish, series.preview(wish, by=actor()), refused=form)
    except (DomainError, NotFound):
        return _render(chosen, refused=form)


def _form(form: SeriesForm) -> SeriesForm:
    """With those for whom, and the rooms."""
    by = actor()
    found = choices(by)
    chosen = chosen_of(found, request.args.get("holder"), by)
    rooms = [(str(room.id), room.name) for room in queries.rooms()]
    form.offer([(str(one.id), one.name) for one in found], rooms)
    if form.holder.data in {None, "", "None"} and chosen is not None:
        form.holder.data = str(chosen.id)
    return form


def _render(
    form: SeriesForm,
    wish: SeriesRequest | None = None,
    dates: Sequence[Date] = (),
    *,
    refused: ConfirmSeriesForm | None = None,
) -> str:
    shown: dict[str, Any] = {
        "form": form,
        "refused": refused,
        "can_override": access.allows(actor(), "booking.override"),
        "wish": wish,
    }
    if wish is not None:
        possible = [one for one in dates if one.allowed]
        confirm = refused or ConfirmSeriesForm(formdata=None)
        confirm.show(wish, OnConflict.REFUSE if len(possible) == len(dates) else OnConflict.SKIP)
        shown |= {
            "confirm": confirm,
            "lines": [_line(one, wish) for one in dates],
            "number": len(possible),
            "missing": len(dates) - len(possible),
            **_texts(wish, possible, form),
        }
    return render_template("booking/series_new.html", **shown)


def _texts(wish: SeriesRequest, possible: Sequence[Date], form: SeriesForm) -> dict[str, Any]:
    """The words of the card."""
    names = dict(choice for field in (form.room, form.holder) for choice in _named(field.choices or ()))
    first, price = wish.first, sum(one.answer.quote.price_points for one in possible)
    hours = ground.figures().cancel_hours
    soft = (names.get(str(first.room_id)), span(first.starts_at, first.ends_at), names.get(str(first.holder_id)))
    taken = _("each date's are taken at its check-in; cancelled %(hours)d hours before, they come back", hours=hours)
    return {
        "title": wording.series(wish.rule, wish.exceptions),
        "soft": " · ".join(filter(None, soft)),
        "price": points(price) if price else _("no charge"),
        "price_soft": taken if price else None,
        "whys": [say(line) for line in possible[0].answer.explanation] if possible else [],
    }


def _named(found: Any) -> list[tuple[str, str]]:
    return [(str(one.value), str(one.label)) for one in found]


def _line(one: Date, wish: SeriesRequest) -> Line:
    at, found = one.answer.wish, one.answer.quote
    price = found.price_points
    soft = [say(reason) for reason in found.reasons]
    if one.answer.overridden:
        soft.append(_("A rule is set aside for this date."))
    return Line(
        day=one.day.isoformat(),
        when=f"{day(at.starts_at)} {span(at.starts_at, at.ends_at)}",
        price=points(price) if price else _("no charge"),
        allowed=one.allowed,
        soft=soft,
        others=[
            Link(label=span(other["starts_at"], other["ends_at"]), url=_timetable(wish, other["starts_at"]))
            for other in one.alternatives
        ],
    )


def _timetable(wish: SeriesRequest, starts_at: Any) -> str:
    """That day with another time chosen: it is booked by itself."""
    local = starts_at.astimezone(here().zone)
    return url_for(
        ".timetable",
        day=local.date().isoformat(),
        holder=wish.first.holder_id,
        room=wish.first.room_id,
        start=f"{local:%H:%M}",
        minutes=wish.first.minutes,
        _anchor="confirm",
    )


# --- a series as it stands -----------------------------------------------------------------------------------------


@pages.get("/series/<id:series_id>")
@requires("booking.read")
def series_page(series_id: Id) -> str:
    """Its rule, its dates and what became of them, what could not be had, and what may still be done to all."""
    now, found = clock.now(), series.look(series_id, by=actor())
    to_come = [one for one in found.dates if one.ends_at > now and one.state(now).value in {"confirmed", "checked_in"}]
    rest = [one for one in found.dates if one not in to_come]
    movable = [one for one in to_come if one.status is Status.CONFIRMED and one.starts_at >= now]
    own = found.series
    return render_template(
        "booking/series.html",
        series=own,
        words=wording.series_of(own),
        time=span(own.starts_at, own.ends_at),
        length=minutes(int((own.ends_at - own.starts_at).total_seconds()) // 60),
        to_come=to_come,
        rest=list(reversed(rest)),
        skipped=[(one.day, [say(why) for why in one.reasons], _skipped(found, one)) for one in found.skipped],
        states={one.id: say_code(f"state.{one.state(now).value}") for one in rest},
        first=movable[0] if movable else None,
        number=len(movable),
        soft=_elsewhere(found),
        span=span,
        ended=found.ended,
    )


def _elsewhere(found: Look) -> dict[Id, str]:
    """What is different about a date: another room than the series has."""
    return {one.id: one.room.name for one in found.dates if one.room_id != found.series.room_id}


def _skipped(found: Look, one: Skipped) -> str | None:
    """Where another time of a skipped day may be looked for; None when it is over."""
    own = found.series
    if one.day < here().today():
        return None
    local = own.starts_at.astimezone(here().zone)
    return url_for(
        ".timetable", day=one.day.isoformat(), holder=own.holder_id, room=own.room_id, start=f"{local:%H:%M}"
    )
