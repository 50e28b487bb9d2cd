"""Awards: what a contribution gives by the rule and the caps of its own day, decided under its holder's lock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from core import clock
from core.accounts import access
from core.audit.record import record as write_audit
from core.communities import policy
from core.contract import Actor, HolderKind
from core.contract import Contribution as Told
from core.db import Id, savepoint, session
from core.errors import Invalid
from core.explanations import Explanation, explain
from core.people import holders as locking
from core.people.models import Holder
from core.plugins import here
from plugins.points import posting
from plugins.points import rules as rulebook
from plugins.points.models import Award, Category, Contribution, Per, Rule, State
from plugins.points.policy import PointsPolicy
from plugins.points.requests import ContributionRequest
from plugins.points.rules import Book


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A civic act whose fields were checked: one of `minutes` and `acts` is given, as its rule wants."""

    request: ContributionRequest
    holder: Holder
    category: Category
    rule: Rule | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an act earns, and the rule that decided: the tightest cap, or the rule itself."""

    points: int
    reason: Explanation


# --- recording -----------------------------------------------------------------------------------------------------


def record(request: ContributionRequest, *, by: Actor) -> Contribution:
    """Record a contribution that somebody typed or a program sent.

    Raises:
        Invalid: a field makes no sense, or no rule covers it.
        NotFound: there is no such holder here.
    """
    try:
        return record_many([request], by=by)[0]
    except Invalid as refusal:
        raise Invalid({name.removeprefix("items.0."): faults for name, faults in refusal.errors.items()}) from None


def record_many(
    requests: Sequence[ContributionRequest], *, by: Actor, source: str = "staff", keys: Sequence[str] | None = None
) -> list[Contribution]:
    """Record contributions, all or none, in order: each counts for the caps of the next.

    Args:
        requests: at least one.
        by: who records them.
        source: where they come from, "staff" or "import".
        keys: one for each that makes it known for ever; None gives each a new one.

    Raises:
        Invalid: all faults, keyed `items.3.acts`.
        NotFound: a holder is not of this community.
    """
    for request in requests:
        access.check(by, "points.award", request.holder_id)
    holders = locking.lock(request.holder_id for request in requests)
    acts = _checked(requests, holders, rulebook.book())
    keys = keys or [f"staff:{uuid7()}" for _request in requests]
    made, points = _keep(acts, keys, source=source, by=by)
    write_audit(
        "points.award",
        by=by,
        subject=", ".join(dict.fromkeys(act.holder.name for act in acts)),
        subject_id=made[0].id if len(made) == 1 else None,
        after={
            "contributions": len(made),
            "points": points,
            "category": ", ".join(sorted({act.category.code for act in acts})),
            "from": min(request.occurred_on for request in requests),
            "to": max(request.occurred_on for request in requests),
            "note": requests[0].note,
        },
    )
    return made


def told(contribution: Told) -> None:
    """Another plugin tells of a contribution. Told twice it changes nothing; without a rule it earns 0 and says why.

    Raises:
        Invalid: its day is to come, or its rule counts something else.
    """
    holders = locking.lock([contribution.holder.id])
    if session.scalar(select(Contribution.id).where(Contribution.key == contribution.key)) is not None:
        return
    request = ContributionRequest(
        holder_id=contribution.holder.id,
        category=contribution.category,
        occurred_on=contribution.occurred_on,
        minutes=contribution.minutes,
        acts=contribution.acts,
        note=contribution.note,
    )
    book = rulebook.book()
    if request.category not in book.categories:  # a word of the plugin's: the manager may give it a rule later
        book.categories[request.category] = _new_category(request.category)
    acts = _checked([request], holders, book, typed=False)
    try:
        with savepoint():
            _keep(acts, [contribution.key], source=contribution.source, by=contribution.by)
    except IntegrityError:
        session.scalars(select(Contribution).where(Contribution.key == contribution.key)).one()  # else another fault


def _new_category(code: str) -> Category:
    try:
        with savepoint():
            session.add(category := Category(code=code, name=code))
    except IntegrityError:
        return session.scalars(select(Category).where(Category.code == code)).one()
    return category


def preview(requests: Sequence[ContributionRequest]) -> list[Verdict]:
    """What contributions would earn if they were recorded now; see `record_many` for errors."""
    holders = locking.lock(request.holder_id for request in requests)
    acts = _checked(requests, holders, rulebook.book())
    return _judge(acts)


def _keep(acts: Sequence[Act], keys: Sequence[str], *, source: str, by: Actor) -> tuple[list[Contribution], int]:
    """Write contributions and their awards, whose holders are locked; credit those that are not posted first.

    Answers them, and the points they give.
    """
    today = here().today()
    days = policy.at(PointsPolicy, today).posting_days
    verdicts = _judge(acts)
    made = [
        Contribution(
            key=key,
            source=source,
            category_id=act.category.id,
            holder_id=act.holder.id,
            occurred_on=act.request.occurred_on,
            minutes=act.request.minutes,
            acts=act.request.acts,
            note=act.request.note,
            state=State.POSTED,
            recorded_at=clock.now(),
            credits_on=today + timedelta(days=days + 1) if days else today,
            account_id=by.account_id,
            recorded_by=by.name,
        )
        for key, act in zip(keys, acts, strict=True)
    ]
    session.add_all(made)
    session.flush()
    session.add_all(
        Award(
            contribution_id=contribution.id,
            holder_id=act.holder.id,
            category_id=act.category.id,
            day=contribution.occurred_on,
            points=verdict.points,
            reason=verdict.reason,
            state=State.POSTED,
        )
        for contribution, act, verdict in zip(made, acts, verdicts, strict=True)
    )
    session.flush()
    if not days:
        posting.credit(made)
    return made, sum(verdict.points for verdict in verdicts)


# --- checking ------------------------------------------------------------------------------------------------------


def _checked(
    requests: Sequence[ContributionRequest], holders: Mapping[Id, Holder], book: Book, *, typed: bool = True
) -> list[Act]:
    """The acts, with their holders, categories and rules; all faults together, keyed by place."""
    faults: dict[str, list[Explanation]] = {}
    acts: list[Act] = []
    for number, request in enumerate(requests):
        category = book.categories.get(request.category)
        rule = None if category is None else book.on(category, request.occurred_on)
        holder = holders[request.holder_id]
        for name, fault in _faults(request, holder, category, rule, typed=typed):
            faults.setdefault(f"items.{number}.{name}", []).append(fault)
        if category is not None:
            acts.append(Act(request=request, holder=holder, category=category, rule=rule))
    if faults:
        raise Invalid(faults)
    return acts


def rule_faults(request: ContributionRequest, book: Book) -> list[tuple[str, Explanation]]:
    """What the rules say against an act, by field, whoever did it."""
    category = book.categories.get(request.category)
    rule = None if category is None else book.on(category, request.occurred_on)
    return _faults(request, None, category, rule, typed=True)


def _faults(
    request: ContributionRequest, holder: Holder | None, category: Category | None, rule: Rule | None, *, typed: bool
) -> list[tuple[str, Explanation]]:
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


# --- judging -------------------------------------------------------------------------------------------------------

ByDay = defaultdict[date, int]


class Awarded:
    """Points awarded already, by holder, category and day; posted and objected ones too, withdrawn ones not."""

    def __init__(self, acts: Sequence[Act]) -> None:
        self.points: defaultdict[tuple[Id, Id], ByDay] = defaultdict(lambda: defaultdict(int))
        self.of_day: defaultdict[Id, ByDay] = defaultdict(lambda: defaultdict(int))
        days = [act.request.occurred_on for act in acts]
        rows = session.execute(
            select(Award.holder_id, Award.category_id, Award.day, func.sum(Award.points))
            .where(
                Award.holder_id.in_({act.holder.id for act in acts}),
                Award.day >= min(days).replace(day=1),
                Award.day <= _last_of_month(max(days)),
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


def _judge(acts: Sequence[Act]) -> list[Verdict]:
    """What each act earns, one after the other."""
    if not acts:
        return []
    awarded = Awarded(acts)
    verdicts = []
    for act in acts:
        verdict = _verdict(act, awarded)
        awarded.add(act.holder.id, act.category.id, act.request.occurred_on, verdict.points)
        verdicts.append(verdict)
    return verdicts


def _verdict(act: Act, awarded: Awarded) -> Verdict:
    day, rule = act.request.occurred_on, act.rule
    if rule is None:
        return Verdict(points=0, reason=explain("award_no_rule", category=act.category.name, day=day))
    if act.request.minutes is not None:
        wanted = rule.points * act.request.minutes // 60  # rounded down once, at the total
        reason = explain("award_minutes", minutes=act.request.minutes, each=rule.points, points=wanted)
    else:
        wanted = rule.points * (act.request.acts or 1)
        reason = explain("award_acts", acts=act.request.acts, each=rule.points, points=wanted)
    points = wanted
    for code, cap, used in _caps(act, rule, awarded):
        left = max(cap - used(), 0)
        if left < points:
            points = left
            reason = explain(code, cap=cap, used=cap - left, wanted=wanted, points=left)
    return Verdict(points=points, reason=reason)


def _caps(act: Act, rule: Rule, awarded: Awarded) -> list[tuple[str, int, Callable[[], int]]]:
    """The caps that bind: of the rule for a day and a calendar month, and for residents of everything on that day."""
    holder, category, day = act.holder.id, act.category.id, act.request.occurred_on
    found: list[tuple[str, int, Callable[[], int]]] = []
    if rule.daily_cap is not None:
        found.append(("award_day_cap", rule.daily_cap, lambda: awarded.points[holder, category][day]))
    if rule.monthly_cap is not None:
        found.append(("award_month_cap", rule.monthly_cap, lambda: awarded.in_month(holder, category, day)))
    if act.holder.kind is HolderKind.RESIDENT:
        cap = policy.at(PointsPolicy, day).resident_daily_cap
        found.append(("award_resident_cap", cap, lambda: awarded.of_day[holder][day]))
    return found
