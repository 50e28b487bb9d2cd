"""Venue terms: what standing and balance give a holder, in figures and with the reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core.communities import policy
from core.contract import Explanation, Holder, HolderKind, VenueTerms
from core.db import Id
from core.explanations import Fact, explain
from core.plugins import here
from plugins.points import ledger, queries, standing
from plugins.points.models import Lot
from plugins.points.policy import PointsPolicy
from plugins.points.standing import NONE, Standing


def of(holders: Sequence[Holder], *, at: datetime) -> Mapping[Id, VenueTerms]:
    """The terms of each holder as of a moment, in a fixed number of statements. Residents and the centre have base terms."""
    day = ledger.day_of(at)
    groups = [holder.id for holder in holders if holder.kind is HolderKind.GROUP]
    standings = standing.of(groups, day=day) if groups else {}
    figures = queries.figures([holder.id for holder in holders])
    rules = policy.at(PointsPolicy, day)
    return {
        holder.id: _terms(holder, standings.get(holder.id), figures[holder.id].available, rules) for holder in holders
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """What a holder has and where it stands today."""

    holder: Holder
    balance: int
    held: int
    available: int
    standing: Standing
    lots: Sequence[Lot]

    @property
    def expiring(self) -> tuple[int, date | None]:
        """The points that expire next, and the last day on which they can be used; what is set aside does not expire."""
        free = [lot for lot in self.lots if lot.remaining > lot.held]
        if not free:
            return 0, None
        day = free[0].expires_on
        return sum(lot.remaining - lot.held for lot in free if lot.expires_on == day), day


def accounts(holders: Sequence[Holder]) -> list[AccountView]:
    """What each holder has, today, in a fixed number of statements."""
    ids = [holder.id for holder in holders]
    figures, lots, standings = queries.figures(ids), queries.lots(ids), standing.of(ids, day=here().today())
    return [
        AccountView(
            holder=holder,
            balance=figures[holder.id].balance,
            held=figures[holder.id].held,
            available=figures[holder.id].available,
            standing=standings[holder.id],
            lots=lots.get(holder.id, ()),
        )
        for holder in holders
    ]


def _terms(holder: Holder, found: Standing | None, available: int, rules: PointsPolicy) -> VenueTerms:
    tier = rules.standing.of(found.earned) if found else None
    return VenueTerms(
        holder_id=holder.id,
        tier=tier.tier if tier else NONE,
        early_days=tier.early_days if tier else None,
        extension_minutes=tier.extension_minutes if tier else 0,
        tariff=rules.tariff,
        available_points=available,
        why=why(found, rules) if found else (),
    )


def change(holder_name: str, found: Standing, rules: PointsPolicy) -> Explanation | None:
    """What will change by itself and when, and what to earn meanwhile so that the tier stays; None: nothing will."""
    if (coming := found.next) is None:
        return None
    kept = rules.standing.of(found.earned)
    missing = kept.points - coming.earned if kept and coming.earned < kept.points else None
    if found.members is None:
        code = "points_grow_old"
        gone: dict[str, Fact] = {"leave": found.earned - coming.earned, "days": found.window_days}
    else:  # not only by age: people come and go
        code, gone = "points_per_member_change", {}
    facts = {"holder": holder_name, "day": coming.on, "earned": coming.earned, "tier": coming.tier, **gone}
    return explain(code, **facts) if missing is None else explain(f"{code}_unless", **facts, missing=missing)


def why(found: Standing, rules: PointsPolicy) -> tuple[Explanation, ...]:
    """Where a tier comes from and what it gives."""
    per = "_per_member" if found.members is not None else ""
    reached, lowest = rules.standing.of(found.earned), rules.standing.above(found.earned)
    if (tier := reached or lowest) is None:
        return ()
    facts: dict[str, Fact] = {
        "tier": tier.tier,
        "needed": tier.points,
        "earned": found.earned,
        "days": found.window_days,
    }
    if reached is None:
        return (explain(f"points_no_tier{per}", **facts),)
    gives = explain("points_tier_gives", tier=tier.tier, early_days=tier.early_days, minutes=tier.extension_minutes)
    return (explain(f"points_tier{per}", **facts), gives)
