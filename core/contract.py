"""The values and errors that cross a hook: one page of one voice.

All values are frozen, slotted, keyword-only, and know no session. Ids are UUIDs as in the models, amounts whole points, lengths
whole minutes, moments aware datetimes in UTC, days dates in the community's zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from core.db.types import Id
from core.errors import DomainError
from core.explanations import Explanation

__all__ = [
    "Actor",
    "Contribution",
    "Explanation",
    "Hold",
    "HoldState",
    "Holder",
    "HolderKind",
    "NavItem",
    "NotEnoughPoints",
    "Piece",
    "Tariff",
    "VenueTerms",
    "WeeklyHours",
]


class HolderKind(StrEnum):
    """Who can hold points and reserve rooms."""

    RESIDENT = "resident"
    GROUP = "group"
    CENTRE = "centre"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whoever holds points, reserves a room or is visited."""

    id: Id
    kind: HolderKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts. `holders`: those the actor may speak for: self and the groups led."""

    account_id: Id | None  # None: the installation itself (a sweep, a command)
    name: str
    resident_id: Id | None = None
    roles: frozenset[str] = frozenset()
    holders: frozenset[Id] = frozenset()
    scopes: frozenset[str] | None = None  # of the token; None: all
    on_behalf_of: Id | None = None  # the resident staff act for


# --- earning -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """A civic act. `key` is natural ("shift:<id>:<resident>"), so telling twice is harmless. Exactly one of minutes, acts."""

    key: str
    source: str  # the plugin that tells, or "staff"
    category: str
    holder: Holder
    occurred_on: date
    minutes: int | None = None
    acts: int | None = None
    member_ids: tuple[Id, ...] = ()  # of the group, who took part: they may share in what it gets
    note: str = ""
    by: Actor


# --- venue time ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyHours:
    """An interval of one weekday, half-open."""

    weekday: int  # 0 Monday … 6 Sunday
    opens: int  # minutes from midnight, 0 … 1440
    closes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Points for each started step of extension, by the start of the step."""

    step_minutes: int
    off_peak: int
    peak: int
    peak_hours: tuple[WeeklyHours, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTerms:
    """What a holder may do beyond the base terms now. Booking prices every cell of a page from these data alone."""

    holder_id: Id
    tier: str  # "none" and early_days None for those without standing; the tariff is given all the same (overrides)
    early_days: int | None  # None: the base window
    extension_minutes: int
    tariff: Tariff
    available_points: int
    why: tuple[Explanation, ...]


class HoldState(StrEnum):
    """A hold is open while any of it is neither captured nor released."""

    OPEN = "open"
    CAPTURED = "captured"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Points set aside: captured + released ≤ points."""

    id: Id
    holder_id: Id
    points: int
    captured: int
    released: int
    state: HoldState
    until: datetime | None  # only guards a hold whose seller vanished


# --- pieces of pages -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NavItem:
    """An entry of the main menu."""

    label: str
    endpoint: str
    order: int
    icon: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A template of the plugin and what it needs; rendered by core inside the piece's own guard.

    `waits`: so many things wait for a decision of whoever looks; the template is then nothing but that many rows
    (`house.row`), which the home page puts into its first card.
    """

    template: str
    context: Mapping[str, object]
    order: int
    aside: bool = False  # in the narrow column beside, where there is one
    waits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldPage:
    """Where one looks at what a hold pays for: `url`, of a page that whoever asked may open."""

    hold_id: Id
    url: str


# --- refusals that cross a hook ------------------------------------------------------------------------------------


class NotEnoughPoints(DomainError):
    """The holder cannot pay this price. Facts: price, available."""

    code = "not_enough_points"

    def __init__(self, *, price: int, available: int) -> None:
        super().__init__(price=price, available=available)
