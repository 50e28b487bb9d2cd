"""Standing: what credited contributions of the trailing window earned. Spending and expiry never lower it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import bindparam, func, or_, select

from core.communities import policy
from core.db import Id, session
from core.people.models import Membership
from plugins.points.models import Award, Category, State
from plugins.points.policy import PointsPolicy
from plugins.points.policy import Standing as Rule

NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The next day on which `earned` changes by itself: what is then too old to count."""

    on: date
    earned: int
    tier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Standing of a holder on a day. `earned`: points in the window, per active member where the policy says so."""

    tier: str
    earned: int
    window_days: int
    members: int | None  # active ones, where points are reckoned per member
    next: Change | None


_COUNTS = (
    Award.state == State.CREDITED,
    Award.points > Award.reversed,
    Award.day >= bindparam("first"),
    Award.day <= bindparam("last"),
)
_EARNED = func.sum(Award.points - Award.reversed)  # what was taken back in part counts no more
_EARNED_BY_DAY = (  # built once: every timetable asks it
    select(Award.holder_id, Award.day, _EARNED)
    .where(Award.holder_id.in_(bindparam("holders", expanding=True)), *_COUNTS)
    .group_by(Award.holder_id, Award.day)
    .order_by(Award.day)
)


def of(holder_ids: Collection[Id], *, day: date, rule: Rule | None = None) -> Mapping[Id, Standing]:
    """The standing of each holder on a day, in one statement (a second one where points are reckoned per member).

    `rule`: another one than that of the day, to see what it would make.
    """
    rule = rule or policy.at(PointsPolicy, day).standing
    earned: defaultdict[Id, list[tuple[date, int]]] = defaultdict(list)
    asked = {"holders": list(holder_ids), **_span(rule, day)}
    for holder_id, earned_on, points in session.execute(_EARNED_BY_DAY, asked):
        earned[holder_id].append((earned_on, int(points)))
    stays = _stays(holder_ids, day) if rule.mode == "per_member" else None
    return {
        holder_id: _reckon(rule, day, earned[holder_id], None if stays is None else stays.get(holder_id, ()))
        for holder_id in holder_ids
    }


def _span(rule: Rule, day: date) -> dict[str, date]:
    """The days that count on a day, as `_COUNTS` asks for them."""
    return {"first": day - timedelta(days=rule.window_days - 1), "last": day}


Stays = Sequence[tuple[date, date | None]]


def _stays(holder_ids: Collection[Id], day: date) -> Mapping[Id, Stays]:
    """From when to when residents are in the groups, today or later."""
    found: defaultdict[Id, list[tuple[date, date | None]]] = defaultdict(list)
    for group_id, begins, ends in session.execute(
        select(Membership.group_id, Membership.from_day, Membership.to_day).where(
            Membership.group_id.in_(holder_ids), or_(Membership.to_day.is_(None), Membership.to_day >= day)
        )
    ):
        found[group_id].append((begins, ends))
    return found


def _members(stays: Stays, day: date) -> int:
    return max(1, sum(1 for begins, ends in stays if begins <= day and (ends is None or day <= ends)))


def _reckon(rule: Rule, day: date, earned: Sequence[tuple[date, int]], stays: Stays | None) -> Standing:
    def on(later: date) -> int:
        first = later - timedelta(days=rule.window_days - 1)
        total = sum(points for earned_on, points in earned if earned_on >= first)
        return total if stays is None else total // _members(stays, later)

    now = on(day)
    days = {earned_on + timedelta(days=rule.window_days) for earned_on, _points in earned}
    for begins, ends in stays or ():
        days |= {begins} | ({ends + timedelta(days=1)} if ends else set())
    changed = next((later for later in sorted(days) if later > day and on(later) != now), None)
    return Standing(
        tier=_name(rule, now),
        earned=now,
        window_days=rule.window_days,
        members=None if stays is None else _members(stays, day),
        next=None if changed is None else Change(on=changed, earned=on(changed), tier=_name(rule, on(changed))),
    )


def _name(rule: Rule, earned: int) -> str:
    tier = rule.of(earned)
    return tier.tier if tier else NONE


def parts(holder_id: Id, *, day: date) -> Sequence[tuple[str, int]]:
    """Where a holder's standing comes from: category names and points, the most first."""
    rule = policy.at(PointsPolicy, day).standing
    rows = session.execute(
        select(Category.name, _EARNED)
        .join(Category, Category.id == Award.category_id)
        .where(Award.holder_id == holder_id, *_COUNTS)
        .group_by(Category.id, Category.name)
        .order_by(_EARNED.desc(), Category.name),
        _span(rule, day),
    )
    return [(name, int(points)) for name, points in rows]
