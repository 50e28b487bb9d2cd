"""Categories and award rules: versions, each in force from a day on, never changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.accounts import access
from core.audit.record import record
from core.communities import policy
from core.contract import Actor
from core.db import Id, locked, savepoint, session
from core.errors import DomainError, Invalid
from core.explanations import Explanation, explain, plain
from core.notices import outbox, recipients
from core.people.models import Group
from core.plugins import here
from plugins.points import changes
from plugins.points.models import Category, Per, Rule
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
        Invalid: there is no such category.
    """
    access.check(by, "points.policy")
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
        _tell_leaders(_rule_news(rule, before))
    return rule


def _rule_news(rule: Rule, before: Rule | None) -> Explanation:
    old = {f"{name}_before": fact for name, fact in changes.rule_figures(before).items()}
    new = {f"{name}_after": fact for name, fact in changes.rule_figures(rule).items()}
    code = "points_rule_changed" if before else "points_rule_made"
    return explain(code, category=rule.category.name, valid_from=rule.valid_from, **old, **new)


def _in_force(category: Category, day: date) -> Rule | None:
    """The rule of a category on a day, as it is in the database."""
    known = select(Rule).where(Rule.category_id == category.id, Rule.valid_from <= day)
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


def put_policy(new: PointsPolicy, *, valid_from: date | None, by: Actor) -> date:
    """A new version of the policy; answers the day it takes effect. The leaders of all groups are told what changes.

    The version that takes effect on that day already, given again, changes nothing.

    Raises:
        Invalid: figures that make no sense, by field.
    """
    access.check(by, "points.policy")
    check_sense(new)
    since, before = policy.version_at(PointsPolicy, day_of(valid_from))
    if (since, before) == (day_of(valid_from), new):
        return day_of(valid_from)
    day = policy.put(new, valid_from=valid_from, by=by)
    changed = changes.between(changes.figures(before), changes.figures(new))
    record(
        "points.policy",
        by=by,
        subject="",
        before={change.name: change.before for change in changed},
        after={change.name: change.after for change in changed} | {"valid_from": day},
    )
    if changed:
        _tell_leaders(explain("points_policy_changed", valid_from=day, **changes.as_facts(changed)))
    return day


def check_sense(new: PointsPolicy) -> None:
    """Refuse a higher tier that gives less than a lower one. Versions kept before this was asked stay readable.

    Raises:
        Invalid: by field.
    """
    faults: dict[str, list[Explanation]] = {}
    for number, (lower, higher) in enumerate(pairwise(new.standing.tiers), start=1):
        for name in ("early_days", "extension_minutes"):
            if getattr(higher, name) < getattr(lower, name):
                least = explain("points_tier_gives_less", least=getattr(lower, name), tier=lower.tier)
                faults[f"standing.tiers.{number}.{name}"] = [least]
    if faults:
        raise Invalid(faults)


def _tell_leaders(words: Explanation) -> None:
    """One notice for everyone who leads a group today, however many."""
    groups = session.scalars(select(Group.id).where(Group.dissolved_on.is_(None))).all()
    told = {one.id: one for found in recipients.leaders(groups).values() for one in found}
    about = outbox.About(page="points.rulebook")
    outbox.send(outbox.Notice(to=one, words=words, about=about) for one in told.values())


# --- all of them, read once ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Book:
    """The categories and all versions of their rules, read once."""

    categories: dict[str, Category]
    versions: dict[Id, list[Rule]]  # by category, oldest first

    def on(self, category: Category, day: date) -> Rule | None:
        """The rule of a category in force on a day."""
        known = [rule for rule in self.versions.get(category.id, ()) if rule.valid_from <= day]
        return known[-1] if known else None


def book() -> Book:
    """All categories in the order in which they were made, and their rules."""
    categories = session.scalars(select(Category).order_by(Category.id))
    versions: dict[Id, list[Rule]] = {}
    for rule in session.scalars(select(Rule).order_by(Rule.valid_from, Rule.seq)):
        versions.setdefault(rule.category_id, []).append(rule)
    return Book({category.code: category for category in categories}, versions)
