"""A plugin that implements every hook and writes down how it was called."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from core.contract import Actor, Contribution, Hold, Holder, HoldPage, NavItem, Piece, VenueTerms
from core.db import Id
from core.explanations import Explanation, explain
from core.hookspecs import Adds, Demo, Happened, Keeps, Offers
from core.plugins import Plugin, implements


class Everything(Plugin):
    """Each method notes its hook and its arguments."""

    name, label, summary = "everything", "Everything", "Answers every hook."

    def __init__(self, name: str = "everything") -> None:
        self.name = name
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def note(self, hook: str, **facts: Any) -> None:
        self.heard.append((hook, facts))

    @implements(Adds.navigation)
    def navigation(self, actor: Actor) -> Sequence[NavItem]:
        self.note("navigation", actor=actor)
        return [NavItem(label="Everything", endpoint="home.home", order=5, icon="home")]

    @implements(Adds.home_cards)
    def home_cards(self, actor: Actor) -> Sequence[Piece]:
        self.note("home_cards", actor=actor)
        return []

    @implements(Adds.holder_panels)
    def holder_panels(self, holder: Holder, actor: Actor) -> Sequence[Piece]:
        self.note("holder_panels", holder=holder, actor=actor)
        return []

    @implements(Adds.hold_pages)
    def hold_pages(self, hold_ids: Sequence[Id], actor: Actor) -> Sequence[HoldPage]:
        self.note("hold_pages", hold_ids=hold_ids, actor=actor)
        return []

    @implements(Keeps.invariants)
    def invariants(self) -> Iterable[Explanation]:
        self.note("invariants")
        return [explain("everything.fine")]

    @implements(Keeps.holders_merged)
    def holders_merged(self, kept: Holder, merged: Holder, by: Actor) -> None:
        self.note("holders_merged", kept=kept, merged=merged, by=by)

    @implements(Keeps.holder_closed)
    def holder_closed(self, holder: Holder, by: Actor) -> None:
        self.note("holder_closed", holder=holder, by=by)

    @implements(Demo.demo)
    def demo(self, day: date, until: datetime, seed: int) -> None:
        self.note("demo", day=day, until=until, seed=seed)

    @implements(Happened.contribution_withdrawn)
    def contribution_withdrawn(self, key: str, reason: str, by: Actor) -> None:
        self.note("contribution_withdrawn", key=key, reason=reason, by=by)

    @implements(Happened.contribution_recorded)
    def contribution_recorded(self, contribution: Contribution) -> None:
        self.note("contribution_recorded", contribution=contribution)

    @implements(Happened.plugin_enabled)
    def plugin_enabled(self, name: str, why: Literal["first", "again"]) -> None:
        self.note("plugin_enabled", name=name, why=why)

    @implements(Offers.venue_terms)
    def venue_terms(self, holders: Sequence[Holder], at: datetime) -> Mapping[Id, VenueTerms] | None:
        self.note("venue_terms", holders=holders, at=at)
        return {}

    @implements(Offers.hold_points)
    def hold_points(
        self, holder: Holder, points: int, reason: Explanation, key: str, until: datetime | None
    ) -> Hold | None:
        self.note("hold_points", holder=holder, points=points, reason=reason, key=key, until=until)
        return None

    @implements(Offers.capture_points)
    def capture_points(self, hold_id: Id, points: int, at: datetime) -> Hold | None:
        self.note("capture_points", hold_id=hold_id, points=points, at=at)
        return None

    @implements(Offers.release_points)
    def release_points(self, hold_id: Id, points: int, at: datetime) -> Hold | None:
        self.note("release_points", hold_id=hold_id, points=points, at=at)
        return None
