"""Categories and award rules: versions, each in force from a day on, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.accounts import access
from core.audit.record import record
from core.communities import policy
from core.contract import Actor
from core.db import Id, locked, savepoint, session
from core.errors import DomainError, Invalid
from core.explanations import explain, plain
from core.plugins import here
from plugins.points.models import Category, Per, Rule
from plugins.points.policy import PointsPolicy
from plugins.points.requests import CategoryRequest, RuleRequest

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
        raise CategoryExists(category=request.code) from None
    record(
        "points.category", by=by, subject=category.name, subject_id=category.id, after=plain({"code": category.code})
    )
    return category


def add_rule(request: RuleRequest, *, by: Actor) -> Rule:
    """A new version of a category's rule. It may begin in the past: it applies to what is recorded afterwards.

    Raises:
        Invalid: there is no such category.
    """
    access.check(by, "points.policy")
    category = session.scalar(locked(select(Category).where(Category.code == request.category)))
    if category is None:
        raise Invalid({"category": [explain("points_unknown_category", category=request.category)]})
    rule = _add(category, request, by=by)
    after = {
        name: getattr(rule, name)
        for name in ("per", "points", "member_share", "daily_cap", "monthly_cap", "valid_from")
    }
    record("points.rule", by=by, subject=category.name, subject_id=rule.id, after=after)
    return rule


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


def put_policy(new: PointsPolicy, *, valid_from: date | None, by: Actor) -> date:
    """A new version of the policy; answers the day it takes effect."""
    access.check(by, "points.policy")
    before = policy.at(PointsPolicy, here().today())
    day = policy.put(new, valid_from=valid_from, by=by)
    changed = [name for name in PointsPolicy.__dataclass_fields__ if getattr(before, name) != getattr(new, name)]
    record("points.policy", by=by, subject=", ".join(changed) or "-", after={"valid_from": day, "changed": changed})
    return day


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
