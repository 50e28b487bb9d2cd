"""Who booking is, and where to look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Literal

from flask_babel import lazy_gettext as _l

from core.contract import Actor, Holder, HoldPage, NavItem, Piece
from core.db import Id
from core.explanations import Explanation
from core.hookspecs import Adds, Demo, Happened, Keeps
from core.plugins import Permission, Plugin, Sweep, implements
from plugins.booking import attendance, charges, demo, keeping, notices, occupancy, reserve, series, views
from plugins.booking.api import api as resources
from plugins.booking.policy import BookingPolicy
from plugins.booking.schemas import PolicySchema
from plugins.booking.sentences import SENTENCES
from plugins.booking.views import pieces

PERMISSIONS = (
    Permission(
        name="booking.read", label=_l("See reservations"), grants={"manager": "all", "staff": "all", "resident": "own"}
    ),
    Permission(
        name="booking.reserve", label=_l("Book rooms"), grants={"manager": "all", "staff": "all", "resident": "own"}
    ),
    Permission(
        name="booking.cancel",
        label=_l("Cancel reservations"),
        grants={"manager": "all", "staff": "all", "resident": "own"},
    ),
    Permission(
        name="booking.check_in", label=_l("Check in"), grants={"manager": "all", "staff": "all", "resident": "own"}
    ),
    Permission(
        name="booking.cancel_by_centre",
        label=_l("Cancel on the centre's account"),
        grants={"manager": "all", "staff": "all"},
    ),
    Permission(name="booking.forgive", label=_l("Forgive no-shows"), grants={"manager": "all", "staff": "all"}),
    Permission(name="booking.override", label=_l("Set booking rules aside, with a reason"), grants={"manager": "all"}),
    Permission(
        name="booking.statistics", label=_l("See how rooms are used"), grants={"manager": "all", "staff": "all"}
    ),
    Permission(name="booking.rooms", label=_l("Manage rooms, hours and closures"), grants={"manager": "all"}),
    Permission(name="booking.policy", label=_l("Change the rules of booking"), grants={"manager": "all"}),
)


class BookingPlugin(Plugin):
    """Rooms for groups."""

    name, label = "booking", _l("Rooms")
    summary = _l(
        "Rooms, opening hours and reservations. Points, where they are switched on, give groups earlier and longer times."
    )
    permissions = PERMISSIONS
    pages, api = views.pages, resources
    policy, policy_schema = BookingPolicy, PolicySchema
    sweeps = (
        Sweep(name="booking.series", order=9, run=keeping.sweep),  # what is freed is settled, and no no-show
        Sweep(name="booking.charges", order=10, run=attendance.sweep),
        Sweep(name="booking.reminders", order=50, run=notices.remind),
        Sweep(name="booking.occupancy", order=60, run=occupancy.sweep_past),
    )
    sentences = SENTENCES

    @implements(Adds.navigation)
    def navigation(self, actor: Actor) -> Sequence[NavItem]:
        """The entry of the menu."""
        return list(pieces.navigation(actor))

    @implements(Adds.home_cards)
    def home_cards(self, actor: Actor) -> Sequence[Piece]:
        """What comes next, what is on today, what waits for a decision."""
        return list(pieces.home_cards(actor))

    @implements(Adds.holder_panels)
    def holder_panels(self, holder: Holder, actor: Actor) -> Sequence[Piece]:
        """A holder's reservations, on the page of a group or a resident."""
        return list(pieces.holder_panels(holder, actor))

    @implements(Adds.hold_pages)
    def hold_pages(self, hold_ids: Sequence[Id], actor: Actor) -> Sequence[HoldPage]:
        """The reservations that points are set aside for."""
        return list(pieces.hold_pages(hold_ids, actor))

    @implements(Demo.demo)
    def demo(self, day: date, until: datetime, seed: int) -> None:
        """Rooms and a season of reservations for the demo."""
        demo.live(day, until, seed)

    @implements(Happened.plugin_enabled)
    def plugin_enabled(self, name: str, why: Literal["first", "again"]) -> None:
        """Nobody missed what fell into a time in which booking was off; charges that waited for points settle."""
        if name == "booking" and why == "again":
            attendance.excuse_time_off()
        if name in {"booking", "points"}:
            attendance.sweep()

    @implements(Keeps.invariants)
    def invariants(self) -> Iterable[Explanation]:
        """What is broken in occupancy, charges and series, if anything is."""
        return [*occupancy.broken(), *charges.broken(), *series.broken()]

    @implements(Keeps.holders_merged)
    def holders_merged(self, kept: Holder, merged: Holder, by: Actor) -> None:  # noqa: ARG002 - the core wrote it down
        """Reservations go on with the group that goes on."""
        reserve.move_all(merged.id, kept.id)

    @implements(Keeps.holder_closed)
    def holder_closed(self, holder: Holder, by: Actor) -> None:
        """The centre cancels what a group that is no more has before it."""
        reserve.cancel_to_come(holder.id, by=by)


plugin = BookingPlugin()
