"""The figures of booking as a community has set them: reading a version, and putting a new one."""

from __future__ import annotations

from datetime import date

from core.accounts import access
from core.audit.record import record
from core.communities import policy
from core.contract import Actor
from core.plugins import here
from plugins.booking.policy import BookingPolicy
from plugins.booking.requests import PolicyChange


def at(day: date | None = None) -> PolicyChange:
    """The policy in force on a day (today), and since when; None for the defaults."""
    valid_from, found = policy.version_at(BookingPolicy, day or here().today())
    return PolicyChange(policy=found, valid_from=valid_from)


def put(change: PolicyChange, *, by: Actor) -> PolicyChange:
    """Change the figures from a day on; absent or past means at once. What is booked already keeps its own.

    Raises:
        Forbidden: only for those who may.
    """
    access.check(by, "booking.policy")
    before = at().policy
    day = policy.put(change.policy, valid_from=change.valid_from, by=by)
    record("booking.policy", by=by, subject=day.isoformat(), before=_plain(before), after=_plain(change.policy))
    return PolicyChange(policy=change.policy, valid_from=day)


def _plain(figures: BookingPolicy) -> dict[str, object]:
    found: dict[str, object] = {
        name: getattr(figures, name) for name in figures.__dataclass_fields__ if name != "no_shows"
    }
    rule = figures.no_shows
    return {**found, "no_shows": [rule.count, rule.days, rule.closed_days]}
