"""The figures of points: one frozen policy, versioned by the core. Every one is a default that a manager may change."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.contract import Tariff, WeeklyHours
from core.faults import Check, checking

TIERS = ("bronze", "silver", "gold")
MODES = frozenset({"total", "per_member"})
DAY_MINUTES = 24 * 60
LONGEST_DAYS = 3_660  # ten years: more would be a slip of the finger
MOST_POINTS = 100_000
SATURDAY, SUNDAY = 5, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """What standing from `points` (inclusive) on gives."""

    tier: str
    points: int
    early_days: int  # days before, from which the holder may book
    extension_minutes: int  # most beyond the base time of a session


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How standing is reckoned: points earned in the trailing window, in total or per active member."""

    window_days: int = 180
    mode: str = "total"
    tiers: tuple[Tier, ...] = (
        Tier(tier="bronze", points=60, early_days=10, extension_minutes=60),
        Tier(tier="silver", points=150, early_days=14, extension_minutes=90),
        Tier(tier="gold", points=300, early_days=21, extension_minutes=120),
    )

    def of(self, earned: int) -> Tier | None:
        """The tier of so many points; None below the first."""
        reached = [tier for tier in self.tiers if earned >= tier.points]
        return reached[-1] if reached else None

    def above(self, earned: int) -> Tier | None:
        """The next tier to reach; None from the highest on."""
        return next((tier for tier in self.tiers if earned < tier.points), None)


_EVENING = {"opens": 18 * 60, "closes": 21 * 60}
PEAK = (
    *(WeeklyHours(weekday=weekday, **_EVENING) for weekday in range(SATURDAY)),
    *(WeeklyHours(weekday=weekday, opens=0, closes=DAY_MINUTES) for weekday in (SATURDAY, SUNDAY)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsPolicy:
    """Everything about points that a community may decide.

    Raises:
        Invalid: figures that make no sense, by field.
    """

    posting_days: int = 3
    standing: Standing = field(default_factory=Standing)
    step_minutes: int = 30
    price_off_peak: int = 5
    price_peak: int = 10
    peak: tuple[WeeklyHours, ...] = PEAK
    expiry_days: int = 365
    resident_daily_cap: int = 40
    allow_debt: bool = True
    evidence_after_days: int = 14  # what a person writes down later than this stands on a paper with a number
    gift_monthly_cap: int = 0  # points a group may give to others in a calendar month; 0: none
    public_posting: bool = True  # pages that anyone may read
    public_ranking: bool = True
    public_rules: bool = True

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.whole("posting_days", least=0, most=60)
            check.whole("step_minutes", least=15, most=240)
            if not check.faults and self.step_minutes % 15:
                check.fault("step_minutes", "points_not_quarters")
            check.whole("price_off_peak", least=0, most=MOST_POINTS)
            check.whole("price_peak", least=0, most=MOST_POINTS)
            check.whole("expiry_days", least=1, most=LONGEST_DAYS)
            check.whole("resident_daily_cap", least=0, most=MOST_POINTS)
            check.whole("evidence_after_days", least=0, most=LONGEST_DAYS)
            check.whole("gift_monthly_cap", least=0, most=MOST_POINTS)
            _check_standing(check, self.standing)
            _check_peak(check, self.peak)

    @property
    def tariff(self) -> Tariff:
        """What extension costs."""
        return Tariff(
            step_minutes=self.step_minutes, off_peak=self.price_off_peak, peak=self.price_peak, peak_hours=self.peak
        )


def _within(check: Check, name: str, value: int, *, least: int, most: int) -> None:
    if value < least:
        check.fault(name, "too_small", least=least)
    elif value > most:
        check.fault(name, "too_large", most=most)


def _check_standing(check: Check, standing: Standing) -> None:
    _within(check, "standing.window_days", standing.window_days, least=1, most=LONGEST_DAYS)
    if standing.mode not in MODES:
        check.fault("standing.mode", "not_a_choice", choices=", ".join(sorted(MODES)))
    before: Tier | None = None
    for number, tier in enumerate(standing.tiers):
        at = f"standing.tiers.{number}"
        if tier.tier not in TIERS:
            check.fault(f"{at}.tier", "not_a_choice", choices=", ".join(TIERS))
        _within(check, f"{at}.points", tier.points, least=1, most=MOST_POINTS)
        _within(check, f"{at}.early_days", tier.early_days, least=0, most=366)
        _within(check, f"{at}.extension_minutes", tier.extension_minutes, least=0, most=DAY_MINUTES)
        if before is not None:
            _check_order(check, at, before, tier)
        before = tier


def _check_order(check: Check, at: str, before: Tier, tier: Tier) -> None:
    """Bronze, silver, gold, each once, each asking for more."""
    ranks = {name: rank for rank, name in enumerate(TIERS)}
    if ranks.get(tier.tier, len(TIERS)) <= ranks.get(before.tier, -1):
        check.fault(f"{at}.tier", "points_tiers_order")
    if tier.points <= before.points:
        check.fault(f"{at}.points", "too_small", least=before.points + 1)


def _check_peak(check: Check, peak: tuple[WeeklyHours, ...]) -> None:
    for number, hours in enumerate(peak):
        if hours.weekday not in range(7):
            check.fault(f"peak.{number}.weekday", "points_weekday")
        if not 0 <= hours.opens < hours.closes <= DAY_MINUTES:
            check.fault(f"peak.{number}.closes", "points_hours_order")
