"""The blueprint of booking's pages, and what several of them say in the same words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import Blueprint, url_for
from flask_babel import gettext as _

from core import clock
from core.accounts import access
from core.contract import Actor, HolderKind
from core.db import Id
from core.people.models import Holder
from core.plugins import here
from core.web.words import at_clock, moment, points
from plugins.booking import listing, parties, queries
from plugins.booking.models import Charge, ChargeState, Reservation, State

pages = Blueprint("booking", __name__, template_folder="../templates")
FEW = 4  # so many choices stand side by side; more become a list to choose from


def name_of(holder: Holder, by: Actor) -> str:
    """A holder's name where everyone can read it; residents stand there without theirs."""
    return holder.name if listing.may_name(holder, by) else _("A resident")


def price_soft(charges: Sequence[Charge]) -> str:
    """What becomes, or became, of the points of a reservation."""
    if not charges:
        return ""
    kept = [one for one in charges if one.state not in {ChargeState.RELEASED, ChargeState.RELEASE_DUE}]
    total = points(sum(one.points for one in kept or charges))
    if not kept:
        return _("%(points)s, given back", points=total)
    if any(one.state is ChargeState.HELD for one in kept):
        return _("%(points)s, taken at check-in", points=total)
    return _("%(points)s, taken", points=total)


def cancel_words(reservation: Reservation) -> str:
    """What cancelling now would cost, before it is done."""
    late = clock.now() > reservation.cancel_until
    cost = reservation.price_points
    if late and cost:
        return _(
            "It is too late to get points back: the %(points)s are taken, and the time still counts for the week.",
            points=points(cost),
        )
    if late and reservation.holder.kind is not HolderKind.CENTRE:
        return _("The room is free for others at once. It is late: the time still counts for the week.")
    if cost:
        return _("The room is free for others at once; the %(points)s come back.", points=points(cost))
    return _("The room is free for others at once.")


def confirm_words(reservation: Reservation, now: datetime) -> str:
    """What is asked of whoever did not come last time; "" where nothing is."""
    until = reservation.confirm_until
    if until is None or reservation.state(now) is not State.CONFIRMED:
        return ""
    return _(
        "Nobody came last time. Say until %(until)s that you will come, or the room is freed.", until=moment(until)
    )


def repeat_url(one: Reservation) -> str:
    """The same time again and again: a new series like this reservation."""
    local = one.starts_at.astimezone(here().zone)
    return url_for(
        "booking.new_series",
        holder=one.holder_id,
        room=one.room_id,
        day=(local.date() + timedelta(days=7)).isoformat(),
        start=f"{local:%H:%M}".removeprefix("0"),
        minutes=one.minutes,
        title=one.title or None,
    )


def can_check_in(reservation: Reservation, now: datetime) -> bool:
    """Whether the button stands there."""
    opens, closes = reservation.check_in_from, reservation.check_in_until
    return (
        reservation.state(now) is State.CONFIRMED
        and opens is not None
        and closes is not None
        and opens <= now <= closes
    )


def check_in_words(reservation: Reservation, now: datetime) -> str:
    """From when on the button stands there; "" when it does, or never will."""
    opens = reservation.check_in_from
    if reservation.state(now) is not State.CONFIRMED or opens is None or now >= opens:
        return ""
    if opens.astimezone(here().zone).date() == here().today():
        return _("Check-in opens at %(time)s.", time=at_clock(opens))
    return _("Check-in opens on %(moment)s.", moment=moment(opens))


def can_cancel(reservation: Reservation, now: datetime) -> bool:
    """Whether it may still be given up."""
    return reservation.state(now) is State.CONFIRMED and now <= reservation.starts_at


def choices(by: Actor) -> list[Holder]:
    """For whom somebody may reserve: staff for the centre and every group, others for themselves and what they lead."""
    everyone = access.reach(by, "booking.reserve") == "all"
    found = list(parties.choices_of(None if everyone else by.holders))
    if by.on_behalf_of is not None and everyone and all(one.id != by.on_behalf_of for one in found):
        found.append(queries.holder(by.on_behalf_of))
    return found


def readable(by: Actor, found: list[Holder]) -> list[Holder]:
    """Whose reservations somebody may look at: those one may reserve for, and the groups one belongs to."""
    if by.resident_id is None or access.reach(by, "booking.read") == "all":
        return found
    known = {one.id for one in found}
    joined = [one for one in parties.groups_of(by.resident_id, here().today()) if one not in known]
    return [*(parties.choices_of(joined) if joined else ()), *found]


def chosen_of(found: list[Holder], asked: str | None, by: Actor) -> Holder | None:
    """The holder a page is about: the one asked for, else a group led by whom one acts for, else a group, else the first."""
    ids = {str(one.id): one for one in found}
    if asked in ids:
        return ids[asked]
    if by.on_behalf_of is not None:
        wanted = [*parties.led_by(by.on_behalf_of, here().today()), by.on_behalf_of]
        return next((ids[str(one)] for one in wanted if str(one) in ids), None)
    own: list[Id] = [one.id for one in found if one.id in by.holders and one.kind.value == "group"]
    return ids[str(own[0])] if own else next(iter(found), None)
