"""A season of good deeds, for a demo: every group does what it is known for, week after week."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from core.accounts import access
from core.db import session
from core.people.models import Holder
from plugins.points import awards, ledger, withdrawal
from plugins.points.models import Contribution
from plugins.points.requests import ContributionRequest, WithdrawalRequest

BY = access.system("李建华")
MONDAY, WITHDRAWN_AT = 0, 40  # weekday; the contribution that turns out to be a mistake


@dataclass(frozen=True, slots=True)
class Habit:
    """What a group does every so many weeks."""

    group: str
    category: str
    every: int  # weeks
    amount: int  # acts, or minutes for hours
    note: str


HABITS = (
    Habit("民乐团", "customs_publicity", 2, 1, "广场“喜事新办”宣传演奏"),
    Habit("民乐团", "performance", 6, 1, "社区晚会演出"),
    Habit("民乐团", "attendance", 1, 2, "参加网格议事会"),
    Habit("合唱队", "performance", 3, 1, "敬老院慰问演唱"),
    Habit("合唱队", "attendance", 1, 2, "参加社区活动"),
    Habit("夕阳红舞蹈队", "customs_publicity", 4, 1, "移风易俗广场舞宣传"),
    Habit("夕阳红舞蹈队", "attendance", 1, 2, "参加社区活动"),
    Habit("秦腔自乐班", "performance", 6, 1, "秦腔折子戏专场"),
    Habit("书画社", "volunteer_hours", 1, 120, "教孩子写毛笔字"),
    Habit("书画社", "hazard_report", 8, 1, "楼道堆物"),
    Habit("太极拳队", "attendance", 1, 1, "晨练志愿巡逻"),
    Habit("棋友会", "mediation", 8, 1, "调解棋牌室噪声纠纷"),
    Habit("移风易俗宣传队", "customs_publicity", 2, 1, "入户宣传婚事新办"),
)


def live(day: date, until: datetime, seed: int) -> None:
    """On Mondays the deeds of the week before are written down; on the season's last day those of that day."""
    last = day == ledger.day_of(until)
    if day.weekday() != MONDAY and not last:
        return
    chance = random.Random(f"{seed}:{day}")  # noqa: S311 - invents deeds, guards nothing
    first = session.scalar(select(func.count()).select_from(Contribution)) == 0
    if wishes := list(_wishes(day, chance, today=last or first)):
        awards.record_many(wishes, by=BY)
    _regret()


def _wishes(day: date, chance: random.Random, *, today: bool) -> Iterator[ContributionRequest]:
    """What the groups did since the Monday before; `today`: this very day, when the rules are too young for more."""
    week = day.toordinal() // 7
    holders = dict(session.execute(select(Holder.name, Holder.id)).all())
    for number, habit in enumerate(HABITS):
        due = (week + number) % habit.every == 0
        if habit.group not in holders or (habit.every > 1 if today else not due):
            continue
        hours = habit.category == "volunteer_hours"
        yield ContributionRequest(
            holder_id=holders[habit.group],
            category=habit.category,
            occurred_on=day if today else day - timedelta(days=chance.randint(1, 5)),
            minutes=habit.amount if hours else None,
            acts=None if hours else habit.amount,
            note=habit.note,
        )


def _regret() -> None:
    """One contribution of the season was written down twice and is withdrawn."""
    found = session.scalars(select(Contribution).order_by(Contribution.id).offset(WITHDRAWN_AT).limit(1)).one_or_none()
    if found is not None and found.withdrawn_at is None:
        withdrawal.withdraw(found.id, WithdrawalRequest(reason="与另一条重复"), by=BY)
