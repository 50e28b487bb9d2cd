"""Recording contributions: typed, sent, imported or told by a plugin, each judged under its holders' locks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from core import clock
from core.accounts import access
from core.audit.record import record as write_audit
from core.communities import policy
from core.contract import Actor
from core.contract import Contribution as Told
from core.db import Id, savepoint, session
from core.errors import Invalid
from core.people import closed
from core.people import holders as locking
from core.people.models import Holder
from core.plugins import here
from plugins.points import judging, posting, repeats
from plugins.points import rules as rulebook
from plugins.points.judging import Act, Verdict
from plugins.points.models import Award, Category, Contribution, State
from plugins.points.policy import PointsPolicy
from plugins.points.requests import ContributionRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Contributions that were recorded, in order. `points`: of all their awards."""

    ids: Sequence[Id]
    credits_on: date
    points: int


def record(request: ContributionRequest, *, by: Actor) -> Contribution:
    """Record a contribution that somebody typed or a program sent.

    Raises:
        Invalid: a field makes no sense, or no rule covers it.
        NotFound: there is no such holder here.
    """
    try:
        made = record_many([request], by=by)
    except Invalid as refusal:
        raise Invalid({name.removeprefix("items.0."): faults for name, faults in refusal.errors.items()}) from None
    return session.scalars(select(Contribution).where(Contribution.id == made.ids[0])).one()


def record_many(
    requests: Sequence[ContributionRequest], *, by: Actor, source: str = "staff", keys: Sequence[str] | None = None
) -> Recorded:
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
    for holder_id in {request.holder_id for request in requests}:
        access.check(by, "points.award", holder_id)
    acts = _acts(requests)
    keys = keys or [f"staff:{uuid7()}" for _request in requests]
    made = _keep(acts, keys, source=source, by=by)
    write_audit(
        "points.award",
        by=by,
        subject=", ".join(dict.fromkeys(act.holder.name for act in acts)),
        subject_id=made.ids[0] if len(made.ids) == 1 else None,
        after={
            "contributions": len(made.ids),
            "points": made.points,
            "category": ", ".join(sorted({act.category.name for act in acts})),
            "from": min(request.occurred_on for request in requests),
            "to": max(request.occurred_on for request in requests),
            "note": requests[0].note,
        },
    )
    return made


def _acts(requests: Sequence[ContributionRequest]) -> list[Act]:
    """The acts, everybody they give points to locked."""
    return judging.checked(requests, _lock(requests), rulebook.book())


def _lock(requests: Sequence[ContributionRequest]) -> dict[Id, Holder]:
    """All who get anything: the same locks whenever something is asked of the same requests."""
    return locking.lock(holder_id for request in requests for holder_id in (request.holder_id, *request.member_ids))


def refuse_repeats(requests: Sequence[ContributionRequest], *, by: Actor) -> None:
    """Before a person's contributions are recorded: refuse those that seem to be recorded already, until they say they are not.

    Raises:
        Invalid: keyed `items.3.again`.
        NotFound: a holder is not of this community.
    """
    for holder_id in {request.holder_id for request in requests}:
        access.check(by, "points.award", holder_id)
    _lock(requests)
    repeats.refuse(requests)


def told(contribution: Told) -> None:
    """Another plugin tells of a contribution. Told twice it changes nothing; without a rule it earns 0 and says why.

    Raises:
        Invalid: its day is to come, its rule counts something else, or somebody named is no member.
    """
    holder_id = closed.successor(contribution.holder.id)  # whoever tells may know a group under its former name
    holders = locking.lock([holder_id, *contribution.member_ids])
    if session.scalar(select(Contribution.id).where(Contribution.key == contribution.key)) is not None:
        return
    request = ContributionRequest(
        holder_id=holder_id,
        category=contribution.category,
        occurred_on=contribution.occurred_on,
        minutes=contribution.minutes,
        acts=contribution.acts,
        member_ids=contribution.member_ids,
        note=contribution.note,
    )
    book = rulebook.book()
    if request.category not in book.categories:  # a word of the plugin's: the manager may give it a rule later
        book.categories[request.category] = _new_category(request.category)
    acts = judging.checked([request], holders, book, typed=False)
    try:
        with savepoint():
            _keep(acts, [contribution.key], source=contribution.source, by=contribution.by)
    except IntegrityError:
        session.scalars(select(Contribution).where(Contribution.key == contribution.key)).one()  # else another fault


def _new_category(code: str) -> Category:
    taken = session.scalar(select(Category.id).where(Category.name == code)) is not None
    try:
        with savepoint():
            session.add(category := Category(code=code, name=f"({code})" if taken else code))
    except IntegrityError:
        return session.scalars(select(Category).where(Category.code == code)).one()
    return category


def preview(requests: Sequence[ContributionRequest]) -> list[Verdict]:
    """What contributions would earn their holders if they were recorded now; see `record_many` for errors."""
    return [verdicts[0] for verdicts in judging.judge(_acts(requests))]


def _keep(acts: Sequence[Act], keys: Sequence[str], *, source: str, by: Actor) -> Recorded:
    """Write contributions and their awards, whose holders are locked; credit those that are not posted first.

    Rows, not objects: a sheet has ten thousand.
    """
    today = here().today()
    days = policy.at(PointsPolicy, today).posting_days
    credits_on = today + timedelta(days=days + 1) if days else today
    ids = [uuid7() for _act in acts]
    judged = judging.judge(acts)
    common = {
        "source": source,
        "state": State.POSTED,
        "recorded_at": clock.now(),
        "credits_on": credits_on,
        "account_id": by.account_id,
        "recorded_by": by.name,
    }
    recorded = zip(ids, keys, acts, strict=True)
    session.execute(insert(Contribution), [common | _contribution(*one) for one in recorded])
    awarded = zip(ids, acts, judged, strict=True)
    session.execute(insert(Award), [_award(of, act, one) for of, act, verdicts in awarded for one in verdicts])
    if not days:
        posting.credit(ids)
    points = sum(verdict.points for verdicts in judged for verdict in verdicts)
    return Recorded(ids=ids, credits_on=credits_on, points=points)


def _contribution(contribution_id: Id, key: str, act: Act) -> dict[str, Any]:
    request = act.request
    return {
        "id": contribution_id,
        "key": key,
        "category_id": act.category.id,
        "holder_id": act.holder.id,
        "occurred_on": request.occurred_on,
        "minutes": request.minutes,
        "acts": request.acts,
        "note": request.note,
        "evidence": request.evidence,
    }


def _award(contribution_id: Id, act: Act, verdict: Verdict) -> dict[str, Any]:
    return {
        "contribution_id": contribution_id,
        "holder_id": verdict.holder.id,
        "category_id": act.category.id,
        "day": act.request.occurred_on,
        "points": verdict.points,
        "reason": verdict.reason,
        "state": State.POSTED,
    }
