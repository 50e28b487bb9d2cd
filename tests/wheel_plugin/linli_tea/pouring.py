"""The rule: whoever may pour, pours at least one cup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from core import clock
from core.accounts import access
from core.contract import Actor
from core.db import Id, session
from core.errors import NotFound
from core.faults import checking
from core.people.models import Holder

from .models import Cup


@dataclass(frozen=True, slots=True, kw_only=True)
class PourRequest:
    """Cups for a holder."""

    holder_id: Id
    cups: int

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.whole("cups", most=100)


def pour(request: PourRequest, *, by: Actor) -> Cup:
    """Pour.

    Raises:
        Forbidden: not for this holder.
        NotFound: there is no such holder.
    """
    access.check(by, "tea.pour", request.holder_id)
    if session.scalar(select(Holder.id).where(Holder.id == request.holder_id)) is None:
        raise NotFound(what="holder_id")
    cup = Cup(holder_id=request.holder_id, cups=request.cups, at=clock.now())
    session.add(cup)
    session.flush()
    return cup


def poured() -> Sequence[tuple[str, int]]:
    """Who poured how much, by name."""
    sums = select(Holder.name, func.sum(Cup.cups)).join(Cup, Cup.holder_id == Holder.id).group_by(Holder.name)
    return [(name, int(cups)) for name, cups in session.execute(sums.order_by(Holder.name))]
