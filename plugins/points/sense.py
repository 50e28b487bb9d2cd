"""What no policy and no rule may say from now on. Versions kept before something was refused stay readable, so not their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from core.contract import WeeklyHours
from core.errors import Invalid
from core.explanations import Explanation, explain
from plugins.points.policy import PointsPolicy, Tier
from plugins.points.requests import RuleRequest

QUARTER = 15  # minutes: of these are sessions made
Fault = tuple[str, Explanation]


def check_policy(new: PointsPolicy) -> None:
    """Refuse figures that contradict one another, or that no session could ever use.

    Raises:
        Invalid: by field.
    """
    _raise([*_tier_faults(new.standing.tiers), *_price_faults(new), *_peak_faults(new.peak)])


def check_rule(new: RuleRequest) -> None:
    """Refuse a day that could give more than its month.

    Raises:
        Invalid: by field.
    """
    if new.daily_cap is not None and new.monthly_cap is not None and new.daily_cap > new.monthly_cap:
        _raise([("daily_cap", explain("points_day_above_month", most=new.monthly_cap))])


def _raise(faults: Sequence[Fault]) -> None:
    if faults:
        raise Invalid({name: [fault for at, fault in faults if at == name] for name, _fault in faults})


def _tier_faults(tiers: Sequence[Tier]) -> Iterator[Fault]:
    """A session is made of quarters of an hour; a higher tier never gives less than a lower one."""
    for number, tier in enumerate(tiers):
        if tier.extension_minutes % QUARTER:
            yield f"standing.tiers.{number}.extension_minutes", explain("points_not_quarters")
    for number, (lower, higher) in enumerate(pairwise(tiers), start=1):
        for name in ("early_days", "extension_minutes"):
            if getattr(higher, name) < getattr(lower, name):
                least = explain("points_tier_gives_less", least=getattr(lower, name), tier=lower.tier)
                yield f"standing.tiers.{number}.{name}", least


def _price_faults(new: PointsPolicy) -> Iterator[Fault]:
    if new.price_peak < new.price_off_peak:
        yield "price_peak", explain("points_peak_cheaper", least=new.price_off_peak)


def _peak_faults(peak: Sequence[WeeklyHours]) -> Iterator[Fault]:
    """Hours of one day that have a moment in common; those that touch are fine."""
    in_order = sorted(enumerate(peak), key=lambda pair: (pair[1].weekday, pair[1].opens, pair[1].closes))
    for (_earlier, one), (number, other) in pairwise(in_order):
        if one.weekday == other.weekday and other.opens < one.closes:
            yield f"peak.{number}.opens", explain("points_hours_overlap")
