"""Who points is, and where to look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Literal

from flask_babel import lazy_gettext as _l

from core.contract import Actor, Contribution, Explanation, Hold, Holder, NavItem, Piece, VenueTerms
from core.db import Id
from core.hookspecs import Adds, Demo, Happened, Keeps, Offers
from core.plugins import Permission, Plugin, Sweep, implements
from plugins.points import (
    awards,
    demo,
    expiry,
    gifts,
    holds,
    ledger,
    lots,
    moving,
    pieces,
    posting,
    reminders,
    rules,
    terms,
    withdrawal,
)
from plugins.points.api import api as points_api
from plugins.points.policy import PointsPolicy
from plugins.points.requests import WithdrawalRequest
from plugins.points.schemas import PolicySchema
from plugins.points.sentences import SENTENCES
from plugins.points.sheet import CONTRIBUTIONS
from plugins.points.views import pages as points_pages

PERMISSIONS = (
    Permission(
        name="points.read", label=_l("See points"), grants={"manager": "all", "staff": "all", "resident": "own"}
    ),
    Permission(name="points.award", label=_l("Record contributions"), grants={"manager": "all", "staff": "all"}),
    Permission(name="points.withdraw", label=_l("Withdraw contributions"), grants={"manager": "all", "staff": "all"}),
    Permission(
        name="points.object",
        label=_l("Object to contributions that are posted"),
        grants={"manager": "all", "staff": "all", "resident": "all"},
    ),
    Permission(name="points.decide", label=_l("Decide on objections"), grants={"manager": "all", "staff": "all"}),
    Permission(name="points.correct", label=_l("Correct accounts and reverse transfers"), grants={"manager": "all"}),
    Permission(
        name="points.give",
        label=_l("Give points to another group, and accept them"),
        grants={"manager": "all", "staff": "all", "resident": "own"},
    ),
    Permission(name="points.hold", label=_l("Set points aside"), grants={"manager": "all", "staff": "all"}),
    Permission(name="points.policy", label=_l("Change rules and policy of points"), grants={"manager": "all"}),
)


class PointsPlugin(Plugin):
    """Groups earn points by what they do for the community and get venue time for them."""

    name, label = "points", _l("Points")
    summary = _l("Groups earn points by what they do for the community and get venue time for them.")
    pages, api = points_pages, points_api
    permissions, sentences, imports = PERMISSIONS, SENTENCES, (CONTRIBUTIONS,)
    policy, policy_schema = PointsPolicy, PolicySchema
    sweeps = (
        Sweep(name="points.credits", order=20, run=posting.credit_due),
        Sweep(name="points.holds", order=25, run=holds.release_vanished),
        Sweep(name="points.treasury", order=27, run=moving.collect_closed),
        Sweep(name="points.expiry", order=30, run=expiry.expire_due),
        Sweep(name="points.expiry_notices", order=50, run=reminders.tell_of_expiry),
        Sweep(name="points.standing_notices", order=51, run=reminders.tell_of_standing),
    )

    @implements(Adds.navigation)
    def navigation(self, actor: Actor) -> Sequence[NavItem]:
        return pieces.navigation(actor)

    @implements(Adds.home_cards)
    def home_cards(self, actor: Actor) -> Sequence[Piece]:
        return list(pieces.home_cards(actor))

    @implements(Adds.holder_panels)
    def holder_panels(self, holder: Holder, actor: Actor) -> Sequence[Piece]:
        return list(pieces.holder_panels(holder, actor))

    @implements(Keeps.invariants)
    def invariants(self) -> Iterable[Explanation]:
        yield from ledger.faults()
        yield from holds.faults()
        yield from lots.faults()
        yield from posting.faults()
        yield from gifts.faults()

    @implements(Keeps.holders_merged)
    def holders_merged(self, kept: Holder, merged: Holder, by: Actor) -> None:
        """Points, awards and holds go on with the group that goes on."""
        moving.merge(kept, merged, by=by)

    @implements(Keeps.holder_closed)
    def holder_closed(self, holder: Holder, by: Actor) -> None:
        """What a group that is no more has goes to the treasury."""
        moving.close(holder, by=by)

    @implements(Demo.demo)
    def demo(self, day: date, until: datetime, seed: int) -> None:
        demo.live(day, until, seed)

    @implements(Happened.contribution_recorded)
    def contribution_recorded(self, contribution: Contribution) -> None:
        awards.told(contribution)

    @implements(Happened.contribution_withdrawn)
    def contribution_withdrawn(self, key: str, reason: str, by: Actor) -> None:
        withdrawal.told(key, WithdrawalRequest(reason=reason), by=by)

    @implements(Happened.plugin_enabled)
    def plugin_enabled(self, name: str, why: Literal["first", "again"]) -> None:
        if name == self.name and why == "first":
            rules.seed()
        elif name == self.name:  # what fell due meanwhile is settled now; sellers heard of it first
            for sweep in self.sweeps:
                sweep.run()

    @implements(Offers.venue_terms)
    def venue_terms(self, holders: Sequence[Holder], at: datetime) -> Mapping[Id, VenueTerms]:
        return terms.of(holders, at=at)

    @implements(Offers.hold_points)
    def hold_points(self, holder: Holder, points: int, reason: Explanation, key: str, until: datetime | None) -> Hold:
        return holds.hold(holder.id, points, reason=reason, key=key, until=until).value()

    @implements(Offers.capture_points)
    def capture_points(self, hold_id: Id, points: int, at: datetime) -> Hold:
        return holds.capture(hold_id, points, at=at).value()

    @implements(Offers.release_points)
    def release_points(self, hold_id: Id, points: int, at: datetime) -> Hold:
        return holds.release(hold_id, points, at=at).value()


plugin = PointsPlugin()
