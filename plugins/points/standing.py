"""Standing: what credited contributions of the trailing window earned. Spending and expiry never lower it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
    return {holder_id: course.standing() for holder_id, course in _courses(holder_ids, rule, day).items()}


def falling(holder_ids: Collection[Id], *, day: date, until: date) -> Mapping[Id, Standing]:
    """The standing of those holders whose tier falls by itself up to a day, in as many statements as `of`.

    Their `next` is the first day on which the tier is lower than now; the figure may have changed before without that.
    """
    rule = policy.at(PointsPolicy, day).standing
    found = {}
    for holder_id, course in _courses(holder_ids, rule, day).items():
        if (fall := course.fall()) and fall.on <= until:
            found[holder_id] = replace(course.standing(), next=fall)
    return found


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What a holder earned in the window of a day, and who is in it: now, and what becomes of it by itself."""

    rule: Rule
    day: date
    earned: Sequence[tuple[date, int]]
    stays: Stays | None

    def on(self, later: date) -> int:
        """The figure of a day, if nothing more is earned."""
        first = later - timedelta(days=self.rule.window_days - 1)
        total = sum(points for earned_on, points in self.earned if earned_on >= first)
        return total if self.stays is None else total // _members(self.stays, later)

    def changes(self) -> Iterator[Change]:
        """The days to come on which the figure is another than now."""
        days = {earned_on + timedelta(days=self.rule.window_days) for earned_on, _points in self.earned}
        for begins, ends in self.stays or ():
            days |= {begins} | ({ends + timedelta(days=1)} if ends else set())
        now = self.on(self.day)
        for later in sorted(later for later in days if later > self.day):
            if (earned := self.on(later)) != now:
                yield Change(on=later, earned=earned, tier=_name(self.rule, earned))

    def fall(self) -> Change | None:
        """The first day on which the tier is lower than now."""
        tier = self.rule.of(self.on(self.day))
        return next((change for change in self.changes() if tier and change.earned < tier.points), None)

    def standing(self) -> Standing:
        """As of the day."""
        now = self.on(self.day)
        return Standing(
            tier=_name(self.rule, now),
            earned=now,
            window_days=self.rule.window_days,
            members=None if self.stays is None else _members(self.stays, self.day),
            next=next(self.changes(), None),
        )


def _courses(holder_ids: Collection[Id], rule: Rule, day: date) -> Mapping[Id, Course]:
    earned: defaultdict[Id, list[tuple[date, int]]] = defaultdict(list)
    asked = {"holders": list(holder_ids), **_span(rule, day)}
    for holder_id, earned_on, points in session.execute(_EARNED_BY_DAY, asked):
        earned[holder_id].append((earned_on, int(points)))
    stays = _stays(holder_ids, day) if rule.mode == "per_member" else None
    return {
        holder_id: Course(
            rule=rule, day=day, earned=earned[holder_id], stays=None if stays is None else stays.get(holder_id, ())
        )
        for holder_id in holder_ids
    }


def _name(rule: Rule, earned: int) -> str:
    tier = rule.of(earned)
    return tier.tier if tier else NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What contributions of one category gave of a standing. `code`, `name`: of the category."""

    code: str
    name: str
    points: int


def parts(holder_id: Id, *, day: date) -> Sequence[Part]:
    """Where a holder's standing comes from, category by category, the most first."""
    return parts_of([holder_id], day=day).get(holder_id, ())


def parts_of(holder_ids: Collection[Id], *, day: date) -> Mapping[Id, Sequence[Part]]:
    """As `parts`, of several holders in one statement; those who earned nothing are left out."""
    rule = policy.at(PointsPolicy, day).standing
    rows = session.execute(
        select(Award.holder_id, Category.code, Category.name, _EARNED)
        .join(Category, Category.id == Award.category_id)
        .where(Award.holder_id.in_(holder_ids), *_COUNTS)
        .group_by(Award.holder_id, Category.code, Category.name)
        .order_by(_EARNED.desc(), Category.name),
        _span(rule, day),
    )
    found: defaultdict[Id, list[Part]] = defaultdict(list)
    for holder_id, code, name, points in rows:
        found[holder_id].append(Part(code=code, name=name, points=int(points)))
    return found
