"""Figures: what all points did, by month, holder and category; the ranking. They add up, in a fixed number of statements."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from core import clock
from core.communities import policy
from core.communities.models import Community
from core.contract import HolderKind
from core.db import Database, session
from core.people import dissolving
from core.people.requests import DissolutionRequest
from core.plugins import enter, here
from plugins.points import corrections, figures, gifts, holds, reversals
from plugins.points.figures import Moved
from plugins.points.policy import PointsPolicy
from plugins.points.requests import CorrectionRequest, GiftRequest, ReversalRequest
from tests.kit import Cast, a_group, a_resident, actor_of
from tests.plugins.points.kit import TODAY, a_hold, a_policy, a_rule, after, an_act, many_groups, on, sweep, withdraw
from tests.statements import statements

AUGUST, NOVEMBER = date(2026, 8, 1), date(2026, 11, 1)
END = date(2026, 11, 30)


@pytest.fixture
def ready(inside: Cast) -> Cast:
    """Since July points count at once, one an act, and last 60 days."""
    on(date(2026, 7, 1))
    a_policy(expiry_days=60)
    on(TODAY)
    a_rule("song")
    a_rule("help")
    return inside


def by_month(first: date, last: date) -> dict[str, tuple[Moved, int]]:
    return {f"{month.first:%m-%d}": (month.moved, month.closing) for month in figures.months(first, last)}


def test_months_show_what_was_earned_spent_and_expired_and_what_is_left(ready: Cast) -> None:
    on(date(2026, 8, 31), hour=23)
    an_act(ready.choir, 10)
    on(date(2026, 9, 1), hour=0)
    an_act(ready.choir, 20)
    on(date(2026, 9, 20))
    hold = a_hold(ready.choir, 4)
    holds.capture(hold.id, None, at=clock.now())
    wrong = an_act(a_resident(), 3)
    withdraw(wrong)
    on(date(2026, 11, 26))
    sweep()
    assert by_month(AUGUST, END) == {
        "08-01": (Moved(earned=10), 10),
        "09-01": (Moved(earned=23, spent=-4, withdrawn=-3), 26),
        "10-01": (Moved(expired=-6), 20),  # the last day of August's points is 30 October
        "11-01": (Moved(expired=-20), 0),
    }
    assert by_month(date(2026, 9, 2), date(2026, 9, 30)) == {"09-02": (Moved(earned=3, spent=-4, withdrawn=-3), 26)}


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Pacific/Kiritimati", "America/St_Johns"])
def test_a_month_begins_at_midnight_of_the_community_also_where_the_clock_is_changed(ready: Cast, zone: str) -> None:
    community = session.scalars(select(Community).where(Community.slug == ready.slug)).one()
    community.zone = zone
    session.flush()
    enter(here().house, community)
    for moment, points in (
        (datetime(2026, 11, 1, 0, 0, tzinfo=ZoneInfo(zone)), 1),
        (datetime(2026, 11, 30, 23, 59, 59, tzinfo=ZoneInfo(zone)), 2),
        (datetime(2026, 12, 1, 0, 0, tzinfo=ZoneInfo(zone)), 4),
        (datetime(2027, 2, 28, 23, 59, 59, tzinfo=ZoneInfo(zone)), 8),
    ):
        clock.start_at(moment, frozen=True)
        an_act(ready.choir, points)
    found = by_month(date(2026, 10, 1), date(2027, 3, 31))
    assert {name: moved.earned for name, (moved, _closing) in found.items()} == {
        "10-01": 0,
        "11-01": 3,
        "12-01": 4,
        "01-01": 0,
        "02-01": 8,
        "03-01": 0,
    }


def test_what_groups_give_each_other_is_nothing_in_the_whole_and_what_goes_to_the_treasury_is_gone(ready: Cast) -> None:
    a_policy(gift_monthly_cap=10)
    an_act(ready.choir, 10)
    wish = GiftRequest(giver_id=ready.choir.id, receiver_id=ready.orchestra.id, points=4)
    gifts.accept(gifts.offer(wish, by=actor_of("li")).id, by=actor_of("zhao"))
    corrections.correct(CorrectionRequest(holder_id=ready.choir.id, points=-1, reason="a slip"), by=actor_of("li"))
    [month] = figures.months(NOVEMBER, END)
    assert (month.moved, month.closing) == (Moved(earned=10, corrected=-1), 9)
    assert of_groups() == {"合唱队": Moved(earned=10, moved=-4, corrected=-1), "民乐团": Moved(moved=4)}
    dissolving.dissolve(ready.choir.id, DissolutionRequest(reason="nobody left"), by=actor_of("li"))
    [month] = figures.months(NOVEMBER, END)
    assert (month.moved, month.closing) == (Moved(earned=10, corrected=-1, moved=-5), 4)


def of_groups() -> dict[str, Moved]:
    return {one.name: one.moved for one in figures.holders(NOVEMBER, END, HolderKind.GROUP)}


def test_groups_and_residents_together_make_the_months(ready: Cast) -> None:
    for holder, points in ((ready.choir, 5), (ready.orchestra, 9), (a_resident("甲"), 3), (a_resident("乙"), 4)):
        an_act(holder, points)
    groups = figures.holders(NOVEMBER, END, HolderKind.GROUP)
    residents = figures.holders(NOVEMBER, END, HolderKind.RESIDENT, limit=1)
    assert [(one.name, one.moved.earned) for one in (*groups, *residents)] == [("民乐团", 9), ("合唱队", 5), ("乙", 4)]
    assert figures.together(NOVEMBER, END, HolderKind.RESIDENT) == (2, Moved(earned=7))
    assert figures.together(NOVEMBER, END, HolderKind.GROUP) == (2, Moved(earned=14))
    assert figures.together(AUGUST, AUGUST, HolderKind.GROUP) == (0, Moved())
    assert figures.months(NOVEMBER, END)[0].moved == Moved(earned=21)


def test_categories_count_credited_contributions_by_their_day_with_shares_and_less_what_was_taken_back(
    ready: Cast,
) -> None:
    a_rule("shared", points=10, member_share=50)
    chen = ready.chen.resident_id
    assert chen is not None
    shared = an_act(ready.choir, 1, category="shared", member_ids=(chen,))
    an_act(ready.choir, 7, day=date(2026, 10, 31))
    an_act(ready.choir, 2, day=NOVEMBER)
    gone = an_act(ready.choir, 3)
    withdraw(gone)
    transfer_id = next(award.transfer_id for award in shared.awards if award.holder_id == ready.choir.id)
    assert transfer_id is not None
    reversals.reverse(transfer_id, ReversalRequest(points=4, reason="too much"), by=actor_of("li"))
    a_policy(posting_days=3)
    an_act(ready.choir, 6, category="help")
    assert [(one.code, one.contributions, one.credited, one.posted) for one in figures.categories(NOVEMBER, TODAY)] == [
        ("shared", 1, 11, 0),
        ("song", 1, 2, 0),
        ("help", 0, 0, 6),
    ]


def test_the_ranking_goes_by_standing_and_equals_share_a_place(ready: Cast) -> None:
    third, gone = a_group("甲队"), a_group("散了的队")
    an_act(ready.choir, 160)
    an_act(ready.orchestra, 70)
    an_act(ready.orchestra, 90, category="help")
    an_act(ready.orchestra, 500, day=after(-180))
    an_act(gone, 999)
    dissolving.dissolve(gone.id, DissolutionRequest(reason="nobody left"), by=actor_of("li"))
    assert [
        (one.place, one.name, one.standing.tier, one.standing.earned, [(part.name, part.points) for part in one.parts])
        for one in figures.ranking(TODAY)
    ] == [
        (1, "合唱队", "silver", 160, [("name of song", 160)]),
        (1, "民乐团", "silver", 160, [("name of help", 90), ("name of song", 70)]),
        (3, third.name, "none", 0, []),
    ]


@pytest.mark.parametrize(
    ("read", "most", "many"),
    [
        (lambda: figures.ranking(TODAY), 3, 195),
        (lambda: figures.holders(NOVEMBER, END, HolderKind.GROUP), 1, 195),
        (lambda: figures.months(AUGUST, END), 2, 45),
        (lambda: figures.categories(NOVEMBER, END), 1, 45),
    ],
    ids=["ranking", "holders", "months", "categories"],
)
def test_figures_and_ranking_take_as_many_statements_for_many_groups_as_for_five(
    ready: Cast, database: Database, read: Callable[[], Sequence[object]], most: int, many: int
) -> None:
    counts = []
    for number in (3, many):
        many_groups(number)
        session.flush()
        session.expire_all()
        policy.at(PointsPolicy, TODAY)
        with statements(database.writer) as sent:
            assert read()
        counts.append(len(sent))
    assert counts[0] == counts[1] <= most
