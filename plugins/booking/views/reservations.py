"""Reservations of one's own: the list, one of them, checking in, cancelling."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from core import clock
from core.accounts import access
from core.db import Id
from core.web.forms import ActForm, Form
from core.web.guard import requires
from core.web.request import actor
from core.web.words import at_clock, minutes, moment, near, points, say, say_code, span
from plugins.booking import attendance, keeping, lengths, listing, moving, queries, scopes, series, wording
from plugins.booking.forms import CancelForm, ForgiveForm, ShortenForm
from plugins.booking.lengths import Longer
from plugins.booking.models import Reservation, Side
from plugins.booking.views.base import (
    FEW,
    can_cancel,
    can_check_in,
    cancel_words,
    check_in_words,
    choices,
    chosen_of,
    confirm_words,
    pages,
    price_soft,
    readable,
    repeat_url,
)
from plugins.booking.views.shapes import Link

MOST, EARLIER = 50, 20


@pages.get("/reservations")
@requires("booking.read")
def reservations() -> str:
    """What a group has before it, and what it had."""
    by, now = actor(), clock.now()
    own = choices(by)
    found = readable(by, own)
    holder = chosen_of(found, request.args.get("holder"), by)
    ids = () if holder is None else (holder.id,)
    links = [Link(label=one.name, url=url_for(".reservations", holder=one.id), active=one is holder) for one in found]
    earlier = queries.earlier(ids, now=now, most=EARLIER)
    return render_template(
        "booking/reservations.html",
        holder=holder,
        may_book=holder is None or holder in own,
        choices=found,
        links=links,
        few=FEW,
        options=[(str(one.id), one.name) for one in found],
        upcoming=queries.upcoming(ids, now=now, most=MOST),
        earlier=earlier,
        states={one.id: say_code(f"state.{one.state(now).value}") for one in earlier},
        now=now,
        span=span,
        can_check_in=can_check_in,
        can_cancel=can_cancel,
        cancel_words=cancel_words,
        confirm_words=confirm_words,
        series=[(wording.series_of(one), one) for one in series.to_come(ids, now=now)],
    )


def one(reservation_id: Id, form: Form) -> str:
    """The page of a reservation; `form` is what was refused, if anything."""
    now, found = clock.now(), listing.reservation(reservation_id, by=actor())
    state = found.state(now)
    return render_template(
        "booking/reservation.html",
        reservation=found,
        state=state.value,
        day=found.starts_at,
        near=near(found.starts_at),
        time=span(found.starts_at, found.ends_at),
        price=price_soft(queries.charges_of(found.id)),
        facts=_facts(found),
        whys=[say(one) for one in found.explanation],
        form=form,
        cancel_form=form if isinstance(form, CancelForm) else CancelForm(formdata=None, by=Side.CENTRE.value),
        forgive_form=form if isinstance(form, ForgiveForm) else ForgiveForm(formdata=None),
        can_check_in=can_check_in(found, now),
        check_in_words=check_in_words(found, now),
        can_cancel=can_cancel(found, now),
        can_forgive=state.value == "missed" and found.forgiven_at is None,
        cancel_words=cancel_words(found),
        confirm_words=confirm_words(found, now),
        series=None if found.series_id is None else wording.series_of(series.find(found.series_id)),
        repeat_url=repeat_url(found),
        **_ways(found, form, now),
    )


def _ways(found: Reservation, form: Form, now: datetime) -> dict[str, Any]:
    """How it may still be changed by whoever looks: moved, shortened, made longer."""
    if not access.allows(actor(), "booking.reserve", found.holder_id):
        return {"can_move": False, "shorten_form": None, "longer": None}
    ends = [(end.isoformat(), at_clock(end)) for end in lengths.ends_for(found, now)]
    shorten = form if isinstance(form, ShortenForm) else ShortenForm(formdata=None)
    longer = lengths.longer(found, by=actor())
    return {
        "can_move": moving.is_movable(found, now),
        "shorten_form": shorten.offer(ends) if ends else None,
        "shorten_words": _shorten_words(found, now),
        "longer": longer,
        "longer_words": "" if longer is None else _longer_words(longer),
    }


def _shorten_words(found: Reservation, now: datetime) -> str:
    """What becomes of the points, before it is done."""
    if not found.price_points:
        return _("The rest is free for others at once.")
    if lengths.costs_all_the_same(found, now):
        return _("The rest is free for others at once. It is too late for points to come back.")
    until = moment(found.shorten_until)
    return _("The rest is free for others at once. Up to %(until)s the points for it come back.", until=until)


def _longer_words(longer: Longer) -> str:
    """Until when, and for what, before the tap."""
    price = longer.quote.price_points
    if price:
        return _("Until %(time)s for %(points)s, taken at once.", time=at_clock(longer.ends_at), points=points(price))
    return _("Until %(time)s, at no charge.", time=at_clock(longer.ends_at))


def _facts(found: Reservation) -> list[tuple[str, str]]:
    """What stands under a reservation."""
    pairs = [(_("Base time"), minutes(found.base_minutes))]
    if found.extension_minutes:
        pairs.append((_("Longer"), minutes(found.extension_minutes)))
    if found.people:
        pairs.append((_("How many people"), str(found.people)))
    if found.price_points:
        pairs.append((_("Points come back until"), moment(found.cancel_until)))
    return pairs


@pages.get("/reservations/<id:reservation_id>")
@requires("booking.read")
def reservation(reservation_id: Id) -> str:
    """One reservation: when, where, what it costs and why."""
    return one(reservation_id, ActForm(formdata=None))


@pages.post("/reservations/<id:reservation_id>/check-in")
@requires("booking.check_in")
def check_in(reservation_id: Id) -> ResponseReturnValue:
    """They are here."""
    form = ActForm()
    if form.submitted():
        with form.refusing():
            made = attendance.check_in(reservation_id, by=actor())
            if made.price_points:
                flash(_("Checked in; %(points)s have been taken.", points=points(made.price_points)), "success")
            else:
                flash(_("Checked in. Have a good time."), "success")
            return redirect(url_for(".reservation", reservation_id=reservation_id), code=303)
    return one(reservation_id, form), form.status


@pages.post("/reservations/<id:reservation_id>/cancellation")
@requires("booking.cancel")
def cancel(reservation_id: Id) -> ResponseReturnValue:
    """Give it up."""
    form = CancelForm()
    if form.submitted():
        with form.refusing():
            made = scopes.cancel(reservation_id, form.to_request(), by=actor())
            if len(made.dates) == 1:
                flash(_("Cancelled. The room is free for others."), "success")
            else:
                number = len(made.dates)
                said = ngettext("%(num)d date is cancelled.", "%(num)d dates are cancelled.", number)
                flash(said, "success")
            return redirect(url_for(".reservations", holder=made.first.holder_id), code=303)
    return one(reservation_id, form), form.status


@pages.post("/reservations/<id:reservation_id>/confirmation")
@requires("booking.reserve")
def confirm(reservation_id: Id) -> ResponseReturnValue:
    """They will come, though nobody came last time."""
    form = ActForm()
    if form.submitted():
        with form.refusing():
            keeping.confirm(reservation_id, by=actor())
            flash(_("Thank you. The room is kept for you."), "success")
            return redirect(url_for(".reservation", reservation_id=reservation_id), code=303)
    return one(reservation_id, form), form.status


@pages.post("/reservations/<id:reservation_id>/forgiveness")
@requires("booking.forgive")
def forgive(reservation_id: Id) -> ResponseReturnValue:
    """Let a no-show not count."""
    form = ForgiveForm()
    if form.submitted():
        with form.refusing():
            attendance.forgive(reservation_id, form.to_request(), by=actor())
            flash(_("This missed session no longer counts."), "success")
            return redirect(url_for(".reservation", reservation_id=reservation_id), code=303)
    return one(reservation_id, form), form.status
