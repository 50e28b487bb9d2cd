"""The figures of booking as a community has set them: reading a version, and putting a new one."""

from __future__ import annotations

from datetime import date

from core.accounts import access
from core.audit.record import record
from core.communities import policy
from core.contract import Actor
from core.errors import Invalid
from core.explanations import Explanation, explain
from core.plugins import here
from plugins.booking.policy import BookingPolicy
from plugins.booking.requests import QUARTER, PolicyChange


def at(day: date | None = None) -> PolicyChange:
    """The policy in force on a day (today), and since when; None for the defaults."""
    valid_from, found = policy.version_at(BookingPolicy, day or here().today())
    return PolicyChange(policy=found, valid_from=valid_from)


def put(change: PolicyChange, *, by: Actor) -> PolicyChange:
    """Change the figures from a day on; absent or past means at once. What is booked already keeps its own.

    What holds on that day already, given again, changes nothing; the day answered is then that of the version that says it.

    Raises:
        Forbidden: only for those who may.
        Invalid: figures that make no sense, by field.
    """
    access.check(by, "booking.policy")
    check_sense(change.policy)
    kept = policy.put(change.policy, valid_from=change.valid_from, by=by)
    if kept.seq is not None:
        before, after = _plain(kept.before), _plain(change.policy)
        record("booking.policy", by=by, subject=kept.valid_from.isoformat(), before=before, after=after)
    return PolicyChange(policy=change.policy, valid_from=kept.valid_from, made=kept.seq is not None)


def take_back(valid_from: date, *, by: Actor) -> None:
    """Take back figures that were to take effect on a day to come. Twice is once.

    Raises:
        NotFound: none were kept for that day.
        WrongState: they have taken effect.
    """
    access.check(by, "booking.policy")
    taken = policy.take_back(BookingPolicy, valid_from, by=by)
    if taken is not None:
        before, after = _plain(taken.planned), _plain(taken.then)
        record("booking.policy_taken_back", by=by, subject=valid_from.isoformat(), before=before, after=after)


def check_sense(new: BookingPolicy) -> None:
    """Refuse figures that contradict one another. Versions kept before this was asked stay readable.

    Raises:
        Invalid: by field.
    """
    faults: dict[str, list[Explanation]] = {}
    for name in ("base_session_minutes", "base_week_minutes"):
        if getattr(new, name) % QUARTER:  # of these are sessions made
            faults[name] = [explain("not_quarters")]
    if new.base_session_minutes > new.base_week_minutes:
        faults["base_session_minutes"] = [explain("session_above_week", most=new.base_week_minutes)]
    if new.shorten_hours > new.cancel_hours:
        faults["shorten_hours"] = [explain("shortening_above_cancelling", most=new.cancel_hours)]
    if not new.check_in_before and not new.check_in_after:
        faults["check_in_after"] = [explain("no_time_to_check_in")]
    elif new.check_in_after > max(new.base_session_minutes, QUARTER):
        faults["check_in_after"] = [explain("check_in_after_session", most=max(new.base_session_minutes, QUARTER))]
    if faults:
        raise Invalid(faults)


def _plain(figures: BookingPolicy) -> dict[str, object]:
    found: dict[str, object] = {
        name: getattr(figures, name) for name in figures.__dataclass_fields__ if name != "no_shows"
    }
    rule = figures.no_shows
    return {**found, "no_shows": [rule.count, rule.days, rule.closed_days]}
