"""What a policy or a rule would change, before it is kept: figure by figure, and whose tier would be another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from core.communities import policy
from core.contract import Holder as HolderValue
from core.db import session
from core.people.models import Group, Holder
from core.plugins import here
from plugins.points import rules, sense, standing
from plugins.points.changes import Change, between, figures, rule_figures
from plugins.points.models import Rule
from plugins.points.policy import PointsPolicy
from plugins.points.requests import RuleRequest

# --- the policy ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A group whose tier would be another today."""

    group: HolderValue
    before: standing.Standing
    after: standing.Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """A policy to keep, beside what it replaces. `follows`: the day on which another version takes effect, kept already."""

    day: date
    before: PointsPolicy
    after: PointsPolicy
    changes: Sequence[Change]
    moves: Sequence[Move]
    follows: date | None

    @property
    def ends(self) -> Sequence[Change]:
        """The changes that a version kept for a later day ends."""
        return [change for change in self.changes if change.until is not None]


def of_policy(new: PointsPolicy, valid_from: date | None) -> PolicyChange:
    """What a policy would change, in a fixed number of statements. Nothing is kept.

    Raises:
        Invalid: figures that make no sense.
    """
    sense.check_policy(new)
    day = rules.day_of(valid_from)
    before, following = policy.at(PointsPolicy, day), rules.following(day)
    return PolicyChange(
        day=day,
        before=before,
        after=new,
        changes=between(figures(before), figures(new), following),
        moves=() if before.standing == new.standing else _moves(new),
        follows=following[0][0] if following else None,
    )


def _moves(new: PointsPolicy) -> list[Move]:
    """Groups whose tier is another by the new figures than by those of today, by name."""
    today = here().today()
    groups = session.scalars(
        select(Holder).join(Group, Group.id == Holder.id).where(Group.dissolved_on.is_(None)).order_by(Holder.name)
    ).all()
    ids = [group.id for group in groups]
    now, then = standing.of(ids, day=today), standing.of(ids, day=today, rule=new.standing)
    return [
        Move(group=group.value(), before=now[group.id], after=then[group.id])
        for group in groups
        if now[group.id].tier != then[group.id].tier
    ]


# --- rules ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """A version of a rule to keep, beside the one it replaces. `follows`: the day on which another version takes effect."""

    category: str
    day: date
    before: Rule | None
    changes: Sequence[Change]
    follows: date | None

    @property
    def ends(self) -> Sequence[Change]:
        """The changes that a version recorded for a later day ends."""
        return [change for change in self.changes if change.until is not None]


def of_rule(request: RuleRequest, *, category: str, versions: Sequence[Rule]) -> RuleChange:
    """What a version of a rule would change. Nothing is kept.

    Args:
        request: the new version.
        category: the name of the one it is for, which may be still to be made.
        versions: that this category has, the oldest first.

    Raises:
        Invalid: figures that make no sense.
    """
    sense.check_rule(request)
    known = [rule for rule in versions if rule.valid_from <= request.valid_from]
    later = {rule.valid_from: rule_figures(rule) for rule in versions if rule.valid_from > request.valid_from}
    before = known[-1] if known else None
    return RuleChange(
        category=category,
        day=request.valid_from,
        before=before,
        changes=between(rule_figures(before), rule_figures(request), list(later.items())),
        follows=next(iter(later), None),
    )
