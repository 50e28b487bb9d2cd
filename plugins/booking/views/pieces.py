"""Pieces of other pages: the menu, the home of leaders, members and managers, the page of a group."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta

from flask import url_for
from flask_babel import gettext as _

from core import clock
from core.accounts import access
from core.accounts.signin import is_staff
from core.contract import Actor, Holder, HoldPage, NavItem, Piece
from core.db import Id
from core.people import closed
from core.plugins import here
from core.web.words import near, span, when
from plugins.booking import board, ground, parties, queries
from plugins.booking.models import Reservation
from plugins.booking.views.base import can_cancel, can_check_in, cancel_words, check_in_words, confirm_words

LATELY = timedelta(days=14)
MOST, MOST_MISSED = 6, 200


def navigation(actor: Actor) -> Iterator[NavItem]:
    """The entry of the main menu; for strangers it leads to what everybody may read."""
    if actor is access.NOBODY and board.is_public():
        yield NavItem(label=_("Today's rooms"), endpoint="booking.board", order=10, icon="calendar")
    if access.reach(actor, "booking.read") is not None:
        yield NavItem(label=_("Rooms"), endpoint="booking.timetable", order=10, icon="calendar")


def home_cards(actor: Actor) -> Iterator[Piece]:
    """What is next for whoever leads or belongs to a group; today's rooms for those who work here."""
    if access.reach(actor, "booking.read") is None:
        return
    now, today = clock.now(), here().today()
    own = set(actor.holders)
    if actor.resident_id is not None and not is_staff(actor):
        own |= set(parties.groups_of(actor.resident_id, today))
    upcoming = queries.upcoming(own, now=now, most=MOST) if own else ()
    if upcoming:
        yield _next(upcoming[0], order=10)
    if not is_staff(actor):
        yield Piece(template="booking/home_book.html", context={}, order=30)
    if len(upcoming) > 1:
        rest = [(when(one.starts_at, one.ends_at), one) for one in upcoming[1:]]
        yield Piece(template="booking/home_more.html", context={"rest": rest}, order=40)
    if is_staff(actor):
        yield from _waiting(today, now)
        rows = [
            (span(one.starts_at, one.ends_at), one, one.state(now).value) for one in queries.all_between(today, today)
        ]
        yield Piece(template="booking/home_today.html", context={"rows": rows}, order=30)


def _waiting(today: date, now: datetime) -> Iterator[Piece]:
    """Who missed a second session lately, and charges nobody can settle; single missed sessions as a card."""
    rule = ground.figures().no_shows
    by_holder: dict[Id, list[Reservation]] = {}
    for one in queries.no_shows_since(today - max(LATELY, timedelta(days=rule.days)), now=now, most=MOST_MISSED):
        by_holder.setdefault(one.holder_id, []).append(one)
    lately = [found for found in by_holder.values() if found[0].day >= today - LATELY]
    again = [(found[0], len(found)) for found in lately if len(found) > 1]
    due = len(queries.charges_due())
    if again or due:
        context: dict[str, object] = {"again": again[:MOST], "due": due, "rule": rule, "span": span}
        yield Piece(template="booking/home_waiting.html", context=context, order=1, waits=len(again[:MOST]) + bool(due))
    once = [found[0] for found in lately if len(found) == 1][:MOST]
    if once:
        yield Piece(template="booking/home_missed.html", context={"missed": once, "span": span}, order=40)


def _next(one: Reservation, *, order: int) -> Piece:
    now, zone = clock.now(), here().zone
    local = one.starts_at.astimezone(zone)
    again = url_for(
        "booking.timetable",
        day=(local.date() + timedelta(days=7)).isoformat(),
        holder=one.holder_id,
        room=one.room_id,
        start=f"{local:%H:%M}",
        minutes=one.minutes,
        _anchor="confirm",
    )
    context = {
        "one": one,
        "time": span(one.starts_at, one.ends_at),
        "near": near(one.starts_at),
        "can_check_in": can_check_in(one, now),
        "check_in_words": check_in_words(one, now),
        "can_cancel": can_cancel(one, now),
        "cancel_words": cancel_words(one),
        "confirm_words": confirm_words(one, now),
        "again_url": again,
        "state": one.state(now).value,
    }
    return Piece(template="booking/home_next.html", context=context, order=order)


def holder_panels(holder: Holder, actor: Actor) -> Iterator[Piece]:
    """What a resident or a group has before it."""
    if not access.allows(actor, "booking.read", holder.id):
        return
    found = queries.upcoming([holder.id], now=clock.now(), most=MOST)
    if not found and closed.words([holder.id]):
        return  # a group that is no more books nothing
    rows = [(when(one.starts_at, one.ends_at), one) for one in found]
    yield Piece(template="booking/panel.html", context={"rows": rows, "holder": holder}, order=20)


def hold_pages(hold_ids: Collection[Id], actor: Actor) -> Iterator[HoldPage]:
    """The reservations that holds pay for, those `actor` may see."""
    for hold_id, reservation_id, holder_id in queries.paid_by(hold_ids):
        if access.allows(actor, "booking.read", holder_id):
            url = url_for("booking.reservation", reservation_id=reservation_id)
            yield HoldPage(hold_id=hold_id, url=url)
