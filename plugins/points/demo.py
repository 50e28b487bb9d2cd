"""A season of good deeds, for a demo: every group does what it is known for, week after week, and not all goes well."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from core.accounts import access
from core.db import session
from core.people.models import Holder
from plugins.points import awards, ledger, objections, rules, withdrawal
from plugins.points.models import Account, AccountKind, Award, Contribution, State
from plugins.points.policy import PointsPolicy
from plugins.points.requests import (
    ContributionRequest,
    DecisionRequest,
    ObjectionRequest,
    RuleRequest,
    WithdrawalRequest,
)

BY = access.system("李建华")
SINGER = "陈玉兰"  # has an account, and looks closely at what is posted
MONDAY, TUESDAY, WEDNESDAY = range(3)
MORNING = timedelta(hours=8)  # when a day of the demo begins
SHORT_LIFE, LASTING_FROM = 120, 12  # days that the first points last, so that some expire; the week of the new policy
MISTAKEN_AT, MISTAKEN_GROUP, MISTAKEN_NOTE = (
    1,
    "太极拳队",
    "区运动会太极表演",
)  # week; found out when its points are gone
MISTAKEN = "登记错了团队"
SILVER_THEN = 160
MORE_A_SHOW = 25
SAID = {  # week → the objection, the answer, whether it was right
    18: ("这次活动我在场，宣传队没有来", "经核实，当天宣传队另有任务，确实没有到场", True),
    20: ("好像只来了两个人", "有签到表和照片，到场十一人，记录无误", False),
}


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
    last = day == ledger.day_of(until - MORNING)  # a season that ends in the night has no part of the day to come
    begun = session.scalar(select(func.min(Contribution.recorded_at)))
    if begun is None:
        rules.put_policy(PointsPolicy(expiry_days=SHORT_LIFE), valid_from=None, by=BY)
    if day.weekday() == MONDAY or last:
        _record(day, seed, last=last)
    if begun is not None:
        _happen(day, (day - ledger.day_of(begun)).days // 7, last=last)


def _record(day: date, seed: int, *, last: bool) -> None:
    chance = random.Random(f"{seed}:{day}")  # noqa: S311 - invents deeds, guards nothing
    first = session.scalar(select(func.count()).select_from(Contribution)) == 0
    if wishes := list(_wishes(day, chance, today=last or first)):
        awards.record_many(wishes, by=BY)


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


# --- what else happens ---------------------------------------------------------------------------------------------


def _happen(day: date, week: int, *, last: bool) -> None:
    """A policy that changes, objections upheld and dismissed, a mistake that leads into debt; one objection is left open."""
    if day.weekday() == MONDAY and week == LASTING_FROM:
        rules.put_policy(PointsPolicy(), valid_from=None, by=BY)
    if last:
        _announce(day)
        _object("当天下雨，活动没有办成")
    elif day.weekday() == TUESDAY and week in SAID:
        _object(SAID[week][0])
    elif day.weekday() == WEDNESDAY and week in SAID:
        _decide(*SAID[week][1:])
    elif day.weekday() == MONDAY and week == MISTAKEN_AT:
        _mistake(day)
    elif day.weekday() == WEDNESDAY and week > MISTAKEN_AT:
        _regret()


def _announce(day: date) -> None:
    """From the first of next month on silver asks for more; that a performance gives more then, too, is taken back."""
    next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    bronze, silver, gold = (now := PointsPolicy()).standing.tiers
    standing = replace(now.standing, tiers=(bronze, replace(silver, points=SILVER_THEN), gold))
    rules.put_policy(replace(now, standing=standing), valid_from=next_month, by=BY)
    more = RuleRequest(category="performance", per="act", points=MORE_A_SHOW, valid_from=next_month)
    rules.take_back_rule(rules.add_rule(more, by=BY).id, by=BY)


def _object(words: str) -> None:
    posted = objections.posted(limit=1)
    singer = session.scalar(select(Holder).where(Holder.name == SINGER))
    if posted and singer is not None:
        by = replace(access.system(SINGER), resident_id=singer.id)
        objections.object_to(posted[0].id, ObjectionRequest(reason=words), by=by)


def _decide(note: str, upheld: bool) -> None:  # noqa: FBT001 - a row of SAID
    waiting = session.scalars(select(Contribution).where(Contribution.state == State.OBJECTED)).all()
    for contribution in waiting:
        objections.decide(contribution.id, DecisionRequest(upheld=upheld, note=note), by=BY)


def _mistake(day: date) -> None:
    """What another group did is written down for one that has few points."""
    holder_id = session.scalar(select(Holder.id).where(Holder.name == MISTAKEN_GROUP))
    if holder_id is not None:
        request = ContributionRequest(holder_id=holder_id, category="performance", occurred_on=day, note=MISTAKEN_NOTE)
        awards.record_many([request], by=BY)


def _regret() -> None:
    """It is found out when its points have expired: a debt, which the next ones repay."""
    spent = (
        select(Award.contribution_id)
        .join(Contribution, Contribution.id == Award.contribution_id)
        .join(Account, Account.holder_id == Award.holder_id)
        .where(
            Contribution.note == MISTAKEN_NOTE,
            Account.kind == AccountKind.OWN,
            Award.state == State.CREDITED,
            Award.points > Account.balance - Account.held,
        )
    )
    found = session.scalars(spent).one_or_none()
    if found is not None:
        withdrawal.withdraw(found, WithdrawalRequest(reason=MISTAKEN), by=BY)
