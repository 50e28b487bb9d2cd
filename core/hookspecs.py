"""Every hook, typed and documented, on one page: the plugin contract.

Rules for every hook
- Arguments and results are frozen values of `core.contract` or plain values. Never a plugin's model.
- Amounts are whole points, lengths whole minutes, moments aware datetimes in UTC, days dates in the community's zone.
- A hook is born with its first implementer and its first caller.
- No argument has a default. The community is `here()`, never an argument.
- Constants (label, pages, api, permissions, policy, sweeps, commands) are attributes of the Plugin object, not hooks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Literal, Protocol

import pluggy

from core.contract import Actor, Contribution, Hold, Holder, HoldPage, NavItem, Piece, VenueTerms
from core.db.types import Id
from core.explanations import Explanation

hookspec = pluggy.HookspecMarker("linli")
hookimpl = pluggy.HookimplMarker("linli")


class Adds(Protocol):
    """Pieces of pages, from every enabled plugin. Read-only; one that fails loses its own piece only."""

    @hookspec
    def navigation(self, actor: Actor) -> Sequence[NavItem]:
        """Entries of the main menu this `actor` may use."""
        ...

    @hookspec
    def home_cards(self, actor: Actor) -> Sequence[Piece]:
        """What this `actor` should see or do now; the most urgent first."""
        ...

    @hookspec
    def holder_panels(self, holder: Holder, actor: Actor) -> Sequence[Piece]:
        """What this plugin knows about a `holder` (a resident or a group) and this `actor` may see, for its page."""
        ...

    @hookspec
    def hold_pages(self, hold_ids: Sequence[Id], actor: Actor) -> Sequence[HoldPage]:
        """Whoever sells: the page of what each of `hold_ids` pays for, of those it made and this `actor` may open."""
        ...


class Keeps(Protocol):
    """About the data a plugin keeps: called on every INSTALLED plugin, enabled or not."""

    @hookspec
    def invariants(self) -> Iterable[Explanation]:
        """Whatever in the database is not as it must be; `linli check` prints it. Called in a read unit."""
        ...

    @hookspec
    def holders_merged(self, kept: Holder, merged: Holder, by: Actor) -> None:
        """Says `by`: `merged` was `kept`, entered twice. All that belongs to it belongs to `kept` from now on, the past too.

        Both are locked. Whatever of it cannot be (twice the same) is kept once.
        """
        ...

    @hookspec
    def holder_closed(self, holder: Holder, by: Actor) -> None:
        """Says `by`: the `holder` is no more. What it had before it is given up; what it leaves goes to the centre.

        It and the centre are locked. Booking hears before points; what a plugin gives back later, points collects by sweep.
        """
        ...


class Demo(Protocol):
    """A believable season in a demo community: called on enabled plugins, day by day, the clock set there, sweeps between."""

    @hookspec
    def demo(self, day: date, until: datetime, seed: int) -> None:
        """What happens on this `day`, from 8:00 on; the first one makes what the season needs. Same `seed`, same season.

        A plugin may move the clock on within the day, never beyond `until`, the moment the season ends.
        """
        ...


class Happened(Protocol):
    """What happened. Told to every enabled plugin, inside the transaction of the act, after flush, in order of `requires`."""

    @hookspec
    def contribution_recorded(self, contribution: Contribution) -> None:
        """A civic act, the `contribution`. Whoever records it (volunteers, tutoring, grid, station) tells; points awards."""
        ...

    @hookspec
    def contribution_withdrawn(self, key: str, reason: str, by: Actor) -> None:
        """What was told under `key` was none after all, says `by`, for this `reason`; points takes back what it gave."""
        ...

    @hookspec
    def plugin_enabled(self, name: str, why: Literal["first", "again"]) -> None:
        """The plugin `name` was switched on. Seed defaults when `why` is "first" only."""
        ...


class Offers(Protocol):
    """What one plugin does for another: at most one enabled plugin answers. `None`: nobody offers it, use the default."""

    @hookspec(firstresult=True)
    def venue_terms(self, holders: Sequence[Holder], at: datetime) -> Mapping[Id, VenueTerms] | None:
        """Points → booking: the terms of each of `holders` as of `at`. One call a page. Pure. Default: base terms."""
        ...

    @hookspec(firstresult=True)
    def hold_points(
        self, holder: Holder, points: int, reason: Explanation, key: str, until: datetime | None
    ) -> Hold | None:
        """Points → whoever sells: set `points` of `holder` aside for `reason`, once for each `key`, at most `until`.

        Raises NotEnoughPoints. Default: nothing can be bought.
        """
        ...

    @hookspec(firstresult=True)
    def capture_points(self, hold_id: Id, points: int, at: datetime) -> Hold | None:
        """Take `points` of what the hold `hold_id` still holds, dated `at`; the rest stays held. Default: it stays due."""
        ...

    @hookspec(firstresult=True)
    def release_points(self, hold_id: Id, points: int, at: datetime) -> Hold | None:
        """Give back `points` of what the hold `hold_id` still holds, dated `at`. Default: the charge stays due."""
        ...
