"""Categories and award rules: versions, each in force from a day on, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.accounts import access
from core.audit.record import record
from core.communities import policy
from core.contract import Actor
from core.db import Id, locked, savepoint, session
from core.errors import DomainError, Invalid, NotFound, WrongState
from core.explanations import Explanation, explain, plain
from core.notices import outbox, recipients
from core.people.models import Group
from core.plugins import here
from plugins.points import changes, sense
from plugins.points.changes import Change
from plugins.points.models import Category, Contribution, Per, Rule
from plugins.points.policy import PointsPolicy
from plugins.points.requests import CategoryRequest, PolicyRequest, RuleRequest

# A new community has these; the figures are examples from published rules, and a manager may change them.
FIRST = (
    ("customs_publicity", "移风易俗宣传", Per.ACT, 20),
    ("mediation", "矛盾纠纷排查化解", Per.ACT, 20),
    ("volunteer_hours", "志愿服务时长", Per.HOUR, 1),
    ("attendance", "参加活动", Per.ACT, 1),
    ("performance", "演出", Per.ACT, 20),
    ("hazard_report", "隐患上报", Per.ACT, 5),
)


class CategoryExists(DomainError):
    """A category has this code already. Facts: category."""

    code, status = "points_category_exists", 409


def seed() -> None:
    """The categories and rules of a new community, in force from today on."""
    for code, name, per, points in FIRST:
        category = Category(code=code, name=name)
        session.add(category)
        session.flush()
        _add(category, RuleRequest(category=code, per=per.value, points=points, valid_from=here().today()), by=None)


def add_category(request: CategoryRequest, *, by: Actor) -> Category:
    """Make a category; it earns nothing until it has a rule.

    Raises:
        CategoryExists: the code is taken.
    """
    access.check(by, "points.policy")
    category = Category(code=request.code, name=request.name)
    try:
        with savepoint():
            session.add(category)
    except IntegrityError:
        refuse_taken(request, session.scalars(select(Category)))
        raise
    record(
        "points.category", by=by, subject=category.name, subject_id=category.id, after=plain({"code": category.code})
    )
    return category


def refuse_taken(request: CategoryRequest, categories: Iterable[Category]) -> None:
    """Say which of a new category's code and name another has.

    Raises:
        CategoryExists: the code.
        Invalid: the name; sheets know a category by it.
    """
    for category in categories:
        if category.code == request.code:
            raise CategoryExists(category=request.code)
        if category.name == request.name:
            raise Invalid({"name": [explain("points_category_named", name=request.name)]})


def add_rule(request: RuleRequest, *, by: Actor) -> Rule:
    """A new version of a category's rule. It may begin in the past: it applies to what is recorded afterwards.

    The leaders of all groups are told what changes. The version that stands on that day already, given again, changes nothing.

    Raises:
        Invalid: there is no such category; figures that make no sense.
    """
    access.check(by, "points.policy")
    sense.check_rule(request)
    category = session.scalar(locked(select(Category).where(Category.code == request.category)))
    if category is None:
        raise Invalid({"category": [explain("points_unknown_category", category=request.category)]})
    before = _in_force(category, request.valid_from)
    new = changes.rule_figures(request)
    changed = changes.between(changes.rule_figures(before), new)
    if before is not None and before.valid_from == request.valid_from and not changed:
        return before
    rule = _add(category, request, by=by)
    record("points.rule", by=by, subject=category.name, subject_id=rule.id, after=new | {"valid_from": rule.valid_from})
    if changed:
        _tell_leaders(_rule_news(rule, before), key=f"{_plan_of(rule)}{rule.seq}")
    return rule


def take_back_rule(rule_id: Id, *, by: Actor) -> Rule:
    """Take back a version of a rule before its day comes; on that day nothing changes then. Taken back before: nothing happens.

    The leaders of all groups are told, and whoever the version was announced to.

    Raises:
        NotFound: there is no such version.
        WrongState: it has taken effect, or another one was recorded for the same day meanwhile.
    """
    access.check(by, "points.policy")
    found = session.scalar(select(Rule).where(Rule.id == rule_id))
    if found is None:
        raise NotFound(what="rule", id=rule_id)
    session.scalar(locked(select(Category).where(Category.id == found.category_id)))  # as whoever adds one
    same_day = select(Rule).where(Rule.category_id == found.category_id, Rule.valid_from == found.valid_from)
    versions = session.scalars(same_day.order_by(Rule.seq).execution_options(populate_existing=True)).all()
    if found.taken_back_on is not None:
        return found
    if found.valid_from <= here().today():
        raise WrongState(state="in_force", why="in_force")
    if found is not versions[-1]:
        raise WrongState(state="replaced", why="replaced")
    for version in versions:  # what it replaced stays replaced
        if version.taken_back_on is None:
            version.taken_back_on, version.taken_back_by = here().today(), by.account_id
    session.flush()
    _tell_taken_back(found, _in_force(found.category, found.valid_from), by=by)
    return found


def _tell_taken_back(rule: Rule, then: Rule | None, *, by: Actor) -> None:
    planned, holds = changes.rule_figures(rule), changes.rule_figures(then)
    record(
        "points.rule_taken_back",
        by=by,
        subject=rule.category.name,
        subject_id=rule.id,
        before=planned,
        after=holds | {"valid_from": rule.valid_from},
    )
    if planned != holds:
        facts = {f"{name}_after": fact for name, fact in holds.items()}
        words = explain("points_rule_taken_back", category=rule.category.name, valid_from=rule.valid_from, **facts)
        _tell_leaders(words, also=_plan_of(rule))


def _plan_of(rule: Rule) -> str:
    """How the keys of all announcements for this category and day begin."""
    return f"points.rule:{rule.category_id}:{rule.valid_from}:"


def _rule_news(rule: Rule, before: Rule | None) -> Explanation:
    old = {f"{name}_before": fact for name, fact in changes.rule_figures(before).items()}
    new = {f"{name}_after": fact for name, fact in changes.rule_figures(rule).items()}
    code = "points_rule_changed" if before else "points_rule_made"
    return explain(code, category=rule.category.name, valid_from=rule.valid_from, **old, **new)


def _in_force(category: Category, day: date) -> Rule | None:
    """The rule of a category on a day, as it is in the database."""
    known = select(Rule).where(Rule.category_id == category.id, Rule.valid_from <= day, Rule.taken_back_on.is_(None))
    return session.scalars(known.order_by(Rule.valid_from.desc(), Rule.seq.desc()).limit(1)).one_or_none()


def _add(category: Category, request: RuleRequest, *, by: Actor | None) -> Rule:
    last = select(func.max(Rule.seq)).where(Rule.category_id == category.id, Rule.valid_from == request.valid_from)
    rule = Rule(
        category_id=category.id,
        per=Per(request.per),
        points=request.points,
        member_share=request.member_share,
        daily_cap=request.daily_cap,
        monthly_cap=request.monthly_cap,
        valid_from=request.valid_from,
        seq=(session.scalar(last) or 0) + 1,
        account_id=by and by.account_id,
        at=clock.now(),
    )
    session.add(rule)
    session.flush()
    return rule


# --- the policy ----------------------------------------------------------------------------------------------------


def day_of(valid_from: date | None) -> date:
    """The day on which a policy takes effect: today, if none or an earlier one is named."""
    return max(valid_from or here().today(), here().today())


def completed(request: PolicyRequest) -> PointsPolicy:
    """The policy that is asked for: what the request leaves out stays as it is on the day it takes effect.

    Raises:
        Invalid: figures that make no sense, by field.
    """
    return replace(policy.at(PointsPolicy, day_of(request.valid_from)), **request.figures)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyKept:
    """What came of a policy that was put: since when it is in force, and what it changes.

    `made` false: it holds on its day already, so there is no new version.
    """

    policy: PointsPolicy
    valid_from: date
    made: bool
    changes: Sequence[Change]

    @property
    def explanation(self) -> Sequence[Explanation]:
        """That nothing was changed, or which changes a version kept for a later day ends, and when."""
        if not self.made:
            return [explain("policy_unchanged")]
        return [
            explain("points_figure_ends", figure=one.name, after=one.after, day=one.until, then=one.then)
            for one in self.changes
            if one.until is not None
        ]


def put_policy(new: PointsPolicy, *, valid_from: date | None, by: Actor) -> PolicyKept:
    """A new version of the policy. The leaders of all groups are told what changes.

    What holds on its day already, given again, changes nothing.

    Raises:
        Invalid: figures that make no sense, by field.
    """
    access.check(by, "points.policy")
    sense.check_policy(new)
    in_order = sorted(new.peak, key=lambda hours: (hours.weekday, hours.opens))
    new = replace(new, peak=tuple(in_order))  # however they were given, the same hours are the same policy
    kept = policy.put(new, valid_from=valid_from, by=by)
    if kept.seq is None:
        return PolicyKept(policy=new, valid_from=kept.valid_from, made=False, changes=())
    day = kept.valid_from
    changed = changes.between(changes.figures(kept.before), changes.figures(new), following(day))
    record(
        "points.policy",
        by=by,
        subject="",
        before={change.name: change.before for change in changed},
        after={change.name: change.after for change in changed} | {"valid_from": day},
    )
    if changed:
        words = explain("points_policy_changed", valid_from=day, **changes.as_facts(changed))
        _tell_leaders(words, key=f"{_policy_plan_of(day)}{kept.seq}")
    return PolicyKept(policy=new, valid_from=day, made=True, changes=changed)


def following(day: date) -> changes.Following:
    """What is kept already for the days after this one, the earliest first."""
    return [(valid_from, changes.figures(known)) for valid_from, known in policy.after(PointsPolicy, day)]


def take_back_policy(valid_from: date, *, by: Actor, seq: int | None = None) -> None:
    """Take back the version that is to take effect on a day to come; nothing changes on that day then. Twice is once.

    The leaders of all groups are told, and whoever the version was announced to.

    Args:
        valid_from: the day.
        by: who does it.
        seq: which version of that day is meant; None: the one that would take effect.

    Raises:
        NotFound: none was kept for that day.
        WrongState: it has taken effect, or another one was kept for the same day meanwhile.
    """
    access.check(by, "points.policy")
    taken = policy.take_back(PointsPolicy, valid_from, seq=seq, by=by)
    if taken is None:
        return
    changed = changes.between(changes.figures(taken.planned), changes.figures(taken.then))
    record(
        "points.policy_taken_back",
        by=by,
        subject="",
        before={change.name: change.before for change in changed},
        after={change.name: change.after for change in changed} | {"valid_from": valid_from},
    )
    if changed:
        words = explain("points_policy_taken_back", valid_from=valid_from, **changes.as_facts(changed))
        _tell_leaders(words, also=_policy_plan_of(valid_from))


def _policy_plan_of(day: date) -> str:
    """How the keys of all announcements for this day begin."""
    return f"points.policy:{day}:"


def _tell_leaders(words: Explanation, *, key: str | None = None, also: str | None = None) -> None:
    """One notice for everyone who leads a group today, however many, and for whoever was told under keys that begin so."""
    groups = session.scalars(select(Group.id).where(Group.dissolved_on.is_(None))).all()
    told = {one.id: one for found in recipients.leaders(groups).values() for one in found}
    if also is not None:
        told |= {one.id: one for one in outbox.told(also)}
    about = outbox.About(page="points.rulebook")
    outbox.send(outbox.Notice(to=one, words=words, about=about, key=key) for one in told.values())


# --- all of them, read once ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Book:
    """The categories and all versions of their rules but those taken back, read once."""

    categories: dict[str, Category]
    versions: dict[Id, list[Rule]]  # by category, oldest first

    def on(self, category: Category, day: date) -> Rule | None:
        """The rule of a category in force on a day."""
        known = [rule for rule in self.versions.get(category.id, ()) if rule.valid_from <= day]
        return known[-1] if known else None

    def of(self, contribution: Contribution) -> Rule | None:
        """The version that valued a contribution: of those known when it was recorded the one of its day."""
        known = [
            rule for rule in self.versions.get(contribution.category_id, ()) if rule.at <= contribution.recorded_at
        ]
        return next((rule for rule in reversed(known) if rule.valid_from <= contribution.occurred_on), None)


def book() -> Book:
    """All categories in the order in which they were made, and their rules; those taken back are left out."""
    categories = session.scalars(select(Category).order_by(Category.id))
    versions: dict[Id, list[Rule]] = {}
    known = select(Rule).where(Rule.taken_back_on.is_(None))
    for rule in session.scalars(known.order_by(Rule.valid_from, Rule.seq)):
        versions.setdefault(rule.category_id, []).append(rule)
    return Book({category.code: category for category in categories}, versions)
