"""Standing and the venue terms it gives."""

from datetime import date, timedelta

import pytest

from core import clock
from core.contract import WeeklyHours
from core.db import session
from core.hookspecs import Offers
from core.people.models import Membership, Role
from core.plugins import here
from plugins.points import holds, standing
from plugins.points.policy import Standing as Rule
from tests.kit import Cast, a_group, a_resident
from tests.plugins.points.kit import TODAY, a_hold, a_policy, a_rule, after, an_act, on, sweep, withdraw


def of(cast: Cast, day: date = TODAY) -> standing.Standing:
    return standing.of([cast.choir.id], day=day)[cast.choir.id]


@pytest.mark.parametrize(
    ("earned", "tier"),
    [(0, "none"), (59, "none"), (60, "bronze"), (149, "bronze"), (150, "silver"), (299, "silver"), (300, "gold")],
)
def test_thresholds_are_inclusive(ready: Cast, earned: int, tier: str) -> None:
    if earned:
        an_act(ready.choir, earned)
    assert (of(ready).earned, of(ready).tier) == (earned, tier)


def test_the_window_is_the_day_and_the_179_before(ready: Cast) -> None:
    an_act(ready.choir, 60, day=after(-179))
    an_act(ready.choir, 7, day=after(-180))
    an_act(ready.choir, 1)
    found = of(ready)
    assert (found.earned, found.tier) == (61, "bronze")
    assert found.next == standing.Change(on=after(1), earned=1, tier="none")
    assert of(ready, after(1)).next == standing.Change(on=after(180), earned=0, tier="none")
    assert of(ready, after(180)).next is None


def test_spent_and_expired_points_count_withdrawn_and_posted_ones_do_not(ready: Cast) -> None:
    a_policy(expiry_days=1)
    an_act(ready.choir, 5)
    hold = a_hold(ready.choir, 2)
    holds.capture(hold.id, None, at=clock.now())
    on(after(2))
    sweep()
    gone = an_act(ready.choir, 100)
    withdraw(gone)
    a_policy(posting_days=3)
    an_act(ready.choir, 50)
    assert of(ready, after(2)).earned == 5


@pytest.mark.usefixtures("ready")
def test_per_member_size_does_not_win_and_members_come_and_go() -> None:
    a_policy(standing=Rule(mode="per_member"))
    people = [a_resident() for _ in range(3)]
    group = a_group("小组", members=people[:2])
    session.add(
        Membership(group_id=group.id, resident_id=people[2].id, role=Role.MEMBER, from_day=after(10), to_day=None)
    )
    session.flush()
    an_act(group, 121)
    found = standing.of([group.id], day=TODAY)[group.id]
    assert (found.earned, found.members, found.tier) == (60, 2, "bronze")
    assert found.next == standing.Change(on=after(10), earned=40, tier="none")
    nobody = a_group("无人")
    an_act(nobody, 60)
    assert standing.of([nobody.id], day=TODAY)[nobody.id].earned == 60


def test_where_it_comes_from(ready: Cast) -> None:
    a_rule("dance", points=5)
    an_act(ready.choir, 3)
    an_act(ready.choir, 2, category="dance")
    parts = standing.parts(ready.choir.id, day=TODAY)
    assert [(part.name, part.points) for part in parts] == [("name of dance", 10), ("name of song", 3)]


def test_terms_follow_standing_and_residents_and_the_centre_have_base_terms(ready: Cast) -> None:
    an_act(ready.choir, 150)
    chen = a_resident()
    a_policy(resident_daily_cap=1000)
    an_act(chen, 300)
    a_hold(ready.choir, 10)
    found = here().relay.ask(
        Offers.venue_terms, holders=[ready.choir, ready.orchestra, chen, ready.centre], at=clock.now()
    )
    assert found is not None
    choir, orchestra = found[ready.choir.id], found[ready.orchestra.id]
    assert (choir.tier, choir.early_days, choir.extension_minutes, choir.available_points) == ("silver", 14, 90, 140)
    assert [reason.code for reason in choir.why] == ["points_tier", "points_tier_gives"]
    assert (orchestra.tier, orchestra.early_days, orchestra.extension_minutes) == ("none", None, 0)
    assert [reason.code for reason in orchestra.why] == ["points_no_tier"]
    for other in found[chen.id], found[ready.centre.id]:
        assert (other.tier, other.early_days, other.extension_minutes) == ("none", None, 0)
    assert found[chen.id].available_points == 300


def test_l12_terms_are_those_in_force_at_the_moment_asked(ready: Cast) -> None:
    a_policy(price_off_peak=7)
    tariff = here().relay.ask(Offers.venue_terms, holders=[ready.choir], at=clock.now())
    assert tariff is not None
    found = tariff[ready.choir.id].tariff
    assert (found.step_minutes, found.off_peak, found.peak) == (30, 7, 10)
    assert WeeklyHours(weekday=5, opens=0, closes=1440) in found.peak_hours
    before = here().relay.ask(Offers.venue_terms, holders=[ready.choir], at=clock.now() - timedelta(days=1))
    assert before is not None
    assert before[ready.choir.id].tariff.off_peak == 5
