"""What an act earns: by the rule and the caps of its own day, for its holder and for the members who share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from core.communities import policy
from core.contract import HolderKind
from core.db import Id, session
from core.errors import Invalid
from core.explanations import Explanation, explain
from core.people import closed
from core.people.models import Holder, Membership
from core.plugins import here
from plugins.points.models import Award, Category, Per, Rule, State
from plugins.points.policy import PointsPolicy
from plugins.points.requests import ContributionRequest
from plugins.points.rules import Book

Fault = tuple[str, Explanation]
_AT_ONCE = 1_000  # holders asked for in one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A civic act whose fields were checked: one of `minutes` and `acts` is given, as its rule wants."""

    request: ContributionRequest
    holder: Holder
    members: Sequence[Holder]  # who share in what the group gets
    category: Category
    rule: Rule | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an act earns one holder, and the rule that decided: the tightest cap, or the rule itself."""

    holder: Holder
    points: int
    reason: Explanation


# --- checking ------------------------------------------------------------------------------------------------------


def checked(
    requests: Sequence[ContributionRequest], holders: Mapping[Id, Holder], book: Book, *, typed: bool = True
) -> list[Act]:
    """The acts, with their holders, categories and rules.

    Args:
        requests: in order.
        holders: all that the requests name, by id.
        book: the rules.
        typed: a person or a program answers for it; what a plugin tells may lack a rule.

    Raises:
        Invalid: all faults together, keyed `items.3.acts`.
    """
    stays = _stays(requests)
    groups = {holder.id for holder in holders.values() if holder.kind is HolderKind.GROUP}
    gone = closed.words(groups) if typed else {}  # what a plugin tells is kept: its points go on to the treasury
    faults: dict[str, list[Explanation]] = {}
    acts: list[Act] = []
    for number, request in enumerate(requests):
        category = book.categories.get(request.category)
        rule = None if category is None else book.on(category, request.occurred_on)
        holder = holders[request.holder_id]
        members = [holders[member_id] for member_id in request.member_ids]
        found = _faults(request, holder, category, rule, typed=typed) + _share_faults(request, holder, members, stays)
        found += [("holder_id", gone[holder.id])] if holder.id in gone else []
        for name, fault in found:
            faults.setdefault(f"items.{number}.{name}", []).append(fault)
        if category is not None:
            acts.append(Act(request=request, holder=holder, members=members, category=category, rule=rule))
    if faults:
        raise Invalid(faults)
    return acts


def rule_faults(request: ContributionRequest, book: Book) -> list[Fault]:
    """What the rules say against an act, by field, whoever did it."""
    category = book.categories.get(request.category)
    rule = None if category is None else book.on(category, request.occurred_on)
    return _faults(request, None, category, rule, typed=True)


def wants_evidence(day: date) -> int | None:
    """The days after which what a person writes down must stand on a paper, if an act of that day is later than that."""
    days = policy.at(PointsPolicy, here().today()).evidence_after_days
    return days if (here().today() - day).days > days else None


def _faults(
    request: ContributionRequest, holder: Holder | None, category: Category | None, rule: Rule | None, *, typed: bool
) -> list[Fault]:
    found = []
    if holder is not None and holder.kind is HolderKind.CENTRE:
        found.append(("holder_id", explain("points_centre_earns_nothing")))
    if request.occurred_on > here().today():
        found.append(("occurred_on", explain("points_future_day", day=request.occurred_on)))
    if category is None:
        found.append(("category", explain("points_unknown_category", category=request.category)))
    elif rule is None and typed:
        found.append(("category", explain("points_no_rule", category=category.name, day=request.occurred_on)))
    elif rule is not None and (rule.per is Per.HOUR) != (request.minutes is not None):
        given, code = ("minutes", "points_wants_acts") if rule.per is Per.ACT else ("acts", "points_wants_minutes")
        found.append((given, explain(code, category=rule.category.name)))
    return found


Stays = Mapping[tuple[Id, Id], Sequence[tuple[date, date | None]]]


def _stays(requests: Sequence[ContributionRequest]) -> Stays:
    """From when to when the residents named were in the groups named; nothing asked where nobody is named."""
    found: defaultdict[tuple[Id, Id], list[tuple[date, date | None]]] = defaultdict(list)
    groups = sorted({request.holder_id for request in requests if request.member_ids})
    for start in range(0, len(groups), _AT_ONCE):
        rows = session.execute(
            select(Membership.group_id, Membership.resident_id, Membership.from_day, Membership.to_day).where(
                Membership.group_id.in_(groups[start : start + _AT_ONCE])
            )
        )
        for group_id, resident_id, begins, ends in rows:
            found[group_id, resident_id].append((begins, ends))
    return found


def _share_faults(request: ContributionRequest, holder: Holder, members: Sequence[Holder], stays: Stays) -> list[Fault]:
    if members and holder.kind is not HolderKind.GROUP:
        return [("member_ids", explain("points_only_groups_share"))]
    day = request.occurred_on
    return [
        ("member_ids", explain("points_no_member", name=member.name, group=holder.name, day=day))
        for member in members
        if not any(
            begins <= day and (ends is None or day <= ends) for begins, ends in stays.get((holder.id, member.id), ())
        )
    ]


# --- judging -------------------------------------------------------------------------------------------------------

ByDay = defaultdict[date, int]


class Awarded:
    """Points awarded already, by holder, category and day; posted and objected ones too, withdrawn ones not."""

    def __init__(self, acts: Sequence[Act]) -> None:
        self.points: defaultdict[tuple[Id, Id], ByDay] = defaultdict(lambda: defaultdict(int))
        self.of_day: defaultdict[Id, ByDay] = defaultdict(lambda: defaultdict(int))
        days = [act.request.occurred_on for act in acts]
        first, last = min(days).replace(day=1), _last_of_month(max(days))
        ids = sorted({holder.id for act in acts for holder in (act.holder, *act.members)})
        for start in range(0, len(ids), _AT_ONCE):
            rows = session.execute(
                select(Award.holder_id, Award.category_id, Award.day, func.sum(Award.points))
                .where(
                    Award.holder_id.in_(ids[start : start + _AT_ONCE]),
                    Award.day >= first,
                    Award.day <= last,
                    Award.state != State.WITHDRAWN,
                )
                .group_by(Award.holder_id, Award.category_id, Award.day)
            )
            for holder_id, category_id, day, points in rows:
                self.add(holder_id, category_id, day, int(points))

    def add(self, holder_id: Id, category_id: Id, day: date, points: int) -> None:
        """Count an award."""
        self.points[holder_id, category_id][day] += points
        self.of_day[holder_id][day] += points

    def in_month(self, holder_id: Id, category_id: Id, day: date) -> int:
        """Of the category in the calendar month of a day."""
        days = self.points[holder_id, category_id]
        return sum(points for other, points in days.items() if (other.year, other.month) == (day.year, day.month))


def _last_of_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def judge(acts: Sequence[Act]) -> list[list[Verdict]]:
    """What each act earns, one after the other: its holder first, then the members named, each under their own caps."""
    if not acts:
        return []
    awarded = Awarded(acts)
    return [_verdicts(act, awarded) for act in acts]


def _verdicts(act: Act, awarded: Awarded) -> list[Verdict]:
    wanted, reason = _wanted(act)
    found = [_capped(act, act.holder, wanted, reason, awarded)]
    if act.members:
        percent = act.rule.member_share if act.rule else 0
        share = wanted * percent // 100  # of the group's points before caps
        why = explain("award_share", percent=percent, whole=wanted, points=share) if act.rule else reason
        found += [_capped(act, member, share, why, awarded) for member in act.members]
    return found


def _wanted(act: Act) -> tuple[int, Explanation]:
    """What the rule gives before any cap."""
    rule, minutes = act.rule, act.request.minutes
    if rule is None:
        return 0, explain("award_no_rule", category=act.category.name, day=act.request.occurred_on)
    if minutes is not None:
        points = rule.points * minutes // 60  # rounded down once, at the total
        return points, explain("award_minutes", minutes=minutes, each=rule.points, points=points)
    points = rule.points * (act.request.acts or 1)
    return points, explain("award_acts", acts=act.request.acts, each=rule.points, points=points)


def _capped(act: Act, holder: Holder, wanted: int, reason: Explanation, awarded: Awarded) -> Verdict:
    points = wanted
    for code, cap, used in _caps(act, holder, awarded):
        left = max(cap - used(), 0)
        if left < points:
            points = left
            reason = explain(code, cap=cap, used=cap - left, wanted=wanted, points=left)
    awarded.add(holder.id, act.category.id, act.request.occurred_on, points)
    return Verdict(holder=holder, points=points, reason=reason)


def _caps(act: Act, holder: Holder, awarded: Awarded) -> list[tuple[str, int, Callable[[], int]]]:
    """The caps that bind: of the rule for a day and a calendar month, and for residents of everything on that day."""
    rule, category, day = act.rule, act.category.id, act.request.occurred_on
    found: list[tuple[str, int, Callable[[], int]]] = []
    if rule is not None and rule.daily_cap is not None:
        found.append(("award_day_cap", rule.daily_cap, lambda: awarded.points[holder.id, category][day]))
    if rule is not None and rule.monthly_cap is not None:
        found.append(("award_month_cap", rule.monthly_cap, lambda: awarded.in_month(holder.id, category, day)))
    if holder.kind is HolderKind.RESIDENT:
        cap = policy.at(PointsPolicy, day).resident_daily_cap
        found.append(("award_resident_cap", cap, lambda: awarded.of_day[holder.id][day]))
    return found
