"""What seems to be recorded already: the same act of the same holder on the same day. A warning: it may have happened twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Select, select

from core.db import Id, session
from core.errors import Invalid
from core.explanations import Explanation, explain
from plugins.points.models import Category, Contribution, State
from plugins.points.requests import ContributionRequest

_AT_ONCE = 1_000  # holders asked for in one statement
MOST_LIKE = 5  # told of one contribution

Act = tuple[Id, str, date, int | None, int | None]
"""Holder, category, day, acts, minutes."""


def act_of(request: ContributionRequest) -> Act:
    """What makes two contributions the same; their notes may differ."""
    return request.holder_id, request.category, request.occurred_on, request.acts, request.minutes


def before(requests: Sequence[ContributionRequest]) -> Mapping[int, Explanation]:
    """The places of those that stand there already, withdrawn ones apart, each with the sentence that says since when."""
    holder_ids = sorted({request.holder_id for request in requests})
    days = {request.occurred_on for request in requests}
    found: dict[Act, Explanation] = {}
    for start in range(0, len(holder_ids), _AT_ONCE):
        some = Contribution.holder_id.in_(holder_ids[start : start + _AT_ONCE])
        for row in session.execute(_standing().where(some, Contribution.occurred_on.in_(days))):
            found[row.holder_id, row.code, row.occurred_on, row.acts, row.minutes] = explain(
                "points_recorded_before",
                at=row.recorded_at,
                name=row.recorded_by,
                category=row.name,
                day=row.occurred_on,
                acts=row.acts,
                minutes=row.minutes,
            )
    places = ((place, found.get(act_of(request))) for place, request in enumerate(requests))
    return {place: words for place, words in places if words is not None}


def refuse(requests: Sequence[ContributionRequest]) -> None:
    """Refuse what stands there already. Asked under the holders' locks, two who type the same paper are told too.

    Raises:
        Invalid: keyed `items.3.again`.
    """
    if found := before(requests):
        raise Invalid({f"items.{place}.again": [words] for place, words in found.items()})


def like(contribution: Contribution) -> Sequence[Contribution]:
    """Others that say the same and stand, the first first."""
    same = select(Contribution).where(
        Contribution.holder_id == contribution.holder_id,
        Contribution.category_id == contribution.category_id,
        Contribution.occurred_on == contribution.occurred_on,
        Contribution.acts.is_not_distinct_from(contribution.acts),
        Contribution.minutes.is_not_distinct_from(contribution.minutes),
        Contribution.state != State.WITHDRAWN,
        Contribution.id != contribution.id,
    )
    return session.scalars(same.order_by(Contribution.recorded_at, Contribution.id).limit(MOST_LIKE)).all()


def _standing() -> Select[*tuple[object, ...]]:
    """Contributions that were not withdrawn, the latest recorded last."""
    return (
        select(
            Contribution.holder_id,
            Category.code,
            Category.name,
            Contribution.occurred_on,
            Contribution.acts,
            Contribution.minutes,
            Contribution.recorded_at,
            Contribution.recorded_by,
        )
        .join(Category, Category.id == Contribution.category_id)
        .where(Contribution.state != State.WITHDRAWN)
        .order_by(Contribution.recorded_at, Contribution.id)
    )
