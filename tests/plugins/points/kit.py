"""Builders of the tests of points; each works in the unit open here."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from uuid_utils.compat import uuid7

from core import clock
from core.communities import policy
from core.contract import Holder, HolderKind
from core.db import session
from core.explanations import explain
from core.hookspecs import Keeps
from core.people.models import Group
from core.people.models import Holder as HolderRow
from core.plugins import here
from plugins.points import awards, expiry, holds, posting, rules, withdrawal
from plugins.points.models import Account, AccountKind, Category, Contribution, Hold, Lot
from plugins.points.policy import PointsPolicy
from plugins.points.requests import CategoryRequest, ContributionRequest, RuleRequest, WithdrawalRequest
from tests.kit import NOW, SYSTEM

TODAY = NOW.date()  # Thursday 26 November 2026
LONG_AGO = date(2020, 1, 1)


def a_policy(**figures: Any) -> None:
    """The policy in force from now on; posting takes no days unless it is said."""
    policy.put(PointsPolicy(**({"posting_days": 0} | figures)), valid_from=None, by=SYSTEM)


def a_rule(category: str = "song", *, points: int = 1, per: str = "act", **more: Any) -> None:
    """A rule of a category made when it is new, by default a point an act since long ago."""
    if session.scalar(select(Category.id).where(Category.code == category)) is None:
        rules.add_category(CategoryRequest(code=category, name=f"name of {category}"), by=SYSTEM)
    figures: dict[str, Any] = {"category": category, "per": per, "points": points, "valid_from": LONG_AGO}
    rules.add_rule(RuleRequest(**(figures | more)), by=SYSTEM)


def an_act(
    holder: Holder, acts: int = 1, *, category: str = "song", day: date | None = None, **more: Any
) -> Contribution:
    """A contribution, recorded by the installation itself."""
    amount = {"minutes": more.pop("minutes")} if "minutes" in more else {"acts": acts}
    request = ContributionRequest(
        holder_id=holder.id, category=category, occurred_on=day or here().today(), **amount, **more
    )
    return awards.record(request, by=SYSTEM)


def withdraw(contribution: Contribution) -> Contribution:
    """It was a slip, says the installation itself."""
    return withdrawal.withdraw(contribution.id, WithdrawalRequest(reason="a slip"), by=SYSTEM)


def many_groups(count: int, *, acts: int = 5) -> None:
    """So many groups more, each with an act; rows at once, for two hundred."""
    ids = [uuid7() for _group in range(count)]
    names = [f"团队{one.hex[-8:]}" for one in ids]
    rows = [{"id": one, "kind": HolderKind.GROUP, "name": name} for one, name in zip(ids, names, strict=True)]
    session.execute(insert(HolderRow), rows)
    session.execute(insert(Group), [{"id": one, "kind": "choir"} for one in ids])
    today = here().today()
    wishes = [ContributionRequest(holder_id=one, category="song", occurred_on=today, acts=acts) for one in ids]
    awards.record_many(wishes, by=SYSTEM)


def a_hold(holder: Holder, points: int, *, key: str = "hold", until: datetime | None = None) -> Hold:
    """Points set aside."""
    return holds.hold(holder.id, points, reason=explain("points_typed", words="hall"), key=key, until=until)


def account(holder: Holder) -> Account:
    """The account as it is in the database."""
    wanted = select(Account).where(Account.holder_id == holder.id, Account.kind == AccountKind.OWN)
    return session.scalars(wanted.execution_options(populate_existing=True)).one()


def figures(holder: Holder) -> tuple[int, int]:
    """Balance and held."""
    found = account(holder)
    return found.balance, found.held


def lots_of(holder: Holder) -> list[tuple[date, int, int]]:
    """Day, remaining and held of each lot that has something left, in order."""
    rows = session.scalars(
        select(Lot).where(Lot.account_id == account(holder).id, Lot.remaining > 0).order_by(Lot.expires_on, Lot.seq)
    )
    return [(lot.expires_on, lot.remaining, lot.held) for lot in rows]


def sweep() -> None:
    """All sweeps of points, in order."""
    posting.credit_due()
    holds.release_vanished()
    expiry.expire_due()


def on(day: date, hour: int = 9) -> None:
    """The clock stands on a day."""
    clock.start_at(datetime(day.year, day.month, day.day, hour, tzinfo=NOW.tzinfo), frozen=True)


def after(days: int) -> date:
    """The day so many days after today."""
    return TODAY + timedelta(days=days)


def assert_sound() -> None:
    """Nothing in the database is as it must not be."""
    session.flush()
    found = list(here().relay.collect(Keeps.invariants))
    assert found == []
