"""Policies and rules figure by figure, and what differs between two of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from core.contract import WeeklyHours
from core.explanations import Fact
from plugins.points.models import Rule
from plugins.points.policy import TIERS, PointsPolicy
from plugins.points.requests import RuleRequest

PLAIN = (  # what a policy says by one number, in the order of its page
    "posting_days",
    "evidence_after_days",
    "resident_daily_cap",
    "expiry_days",
    "allow_debt",
    "gift_monthly_cap",
)
GIVEN = ("points", "early_days", "extension_minutes")  # of each tier
PRICES = ("step_minutes", "price_peak", "price_off_peak")
SWITCHES = ("public_posting", "public_ranking", "public_rules")
ORDER = (
    *PLAIN,
    "window_days",
    "mode",
    *(f"{tier}_{given}" for tier in TIERS for given in GIVEN),
    *PRICES,
    "peak",
    *SWITCHES,
)
RULE = ("per", "points", "member_share", "daily_cap", "monthly_cap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure before and after; None: there is none.

    `until`: the day on which it ends, because a later version that is kept already says `then` instead.
    """

    name: str
    before: Fact
    after: Fact
    until: date | None = None
    then: Fact = None


Following = Sequence[tuple[date, Mapping[str, Fact]]]
"""The figures of versions that are kept for later days, the earliest first."""


def figures(of: PointsPolicy) -> dict[str, Fact]:
    """Every figure of a policy by a name of its own, in the order of its page; tiers that it does not have are missing."""
    found: dict[str, Fact] = {name: getattr(of, name) for name in PLAIN}
    found |= {"window_days": of.standing.window_days, "mode": of.standing.mode}
    for name in TIERS:
        tiers = [tier for tier in of.standing.tiers if tier.tier == name]
        found |= {f"{name}_{given}": getattr(tier, given) for tier in tiers for given in GIVEN}
    found |= {name: getattr(of, name) for name in PRICES}
    return found | {"peak": packed(of.peak)} | {name: getattr(of, name) for name in SWITCHES}


def rule_figures(of: Rule | RuleRequest | None) -> dict[str, Fact]:
    """The figures of a rule, as facts; none of no rule."""
    return {} if of is None else {name: getattr(of, name) for name in RULE} | {"per": str(of.per)}


def packed(hours: Sequence[WeeklyHours]) -> str:
    """Weekly hours as a fact can hold them: "0 18:00-21:00, 5 0:00-24:00"."""
    in_order = sorted((one.weekday, one.opens, one.closes) for one in hours)
    return ", ".join(f"{weekday} {clock(opens)}-{clock(closes)}" for weekday, opens, closes in in_order)


def unpacked(text: str) -> list[WeeklyHours]:
    """What `packed` made.

    >>> packed(unpacked("0 18:00-21:00, 5 0:00-24:00"))
    '0 18:00-21:00, 5 0:00-24:00'
    """
    return [_hours(one) for one in text.split(", ") if one]


def _hours(text: str) -> WeeklyHours:
    weekday, opens, closes = re.split("[ -]", text)
    return WeeklyHours(weekday=int(weekday), opens=_minutes(opens), closes=_minutes(closes))


def _minutes(text: str) -> int:
    hours, _colon, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def clock(minutes: int) -> str:
    """Minutes from midnight as 8:30."""
    return f"{minutes // 60}:{minutes % 60:02}"


def between(before: Mapping[str, Fact], after: Mapping[str, Fact], following: Following = ()) -> list[Change]:
    """What differs, in the order of the page; and of each figure when one of the versions that follow ends it."""
    return [
        _ending(Change(name=name, before=before.get(name), after=after.get(name)), following)
        for name in (*ORDER, *RULE)
        if before.get(name) != after.get(name)
    ]


def _ending(change: Change, following: Following) -> Change:
    for day, figures_then in following:
        if (then := figures_then.get(change.name)) != change.after:
            return replace(change, until=day, then=then)
    return change


def as_facts(changes: Sequence[Change]) -> dict[str, Fact]:
    """Changes as the facts of one explanation: `posting_days_before`, `posting_days_after`, and `_until`, `_then` if it ends."""
    facts: dict[str, Fact] = {}
    for change in changes:
        facts |= {f"{change.name}_before": change.before, f"{change.name}_after": change.after}
        if change.until is not None:
            facts |= {f"{change.name}_until": change.until, f"{change.name}_then": change.then}
    return facts
