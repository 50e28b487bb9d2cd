"""Gifts between groups: both leaders agree, so many points a month, never counted in standing."""

from datetime import date

import pytest
from sqlalchemy import select
from uuid_utils.compat import uuid7

from core.contract import Holder, NotEnoughPoints
from core.db import session
from core.errors import Forbidden, Invalid, NotFound, WrongState
from core.people.dissolving import dissolve
from core.people.requests import DissolutionRequest
from plugins.points import gifts, ledger, standing
from plugins.points.gifts import GiftCap, GiftsNotAllowed
from plugins.points.models import Gift, GiftState, Lot
from plugins.points.requests import GiftRequest
from tests.kit import SYSTEM, Cast, a_group, a_resident, actor_of
from tests.plugins.points.kit import (
    TODAY,
    a_hold,
    a_policy,
    after,
    an_act,
    assert_sound,
    figures,
    lots_of,
    on,
    withdraw,
)


@pytest.fixture
def ready(ready: Cast) -> Cast:
    """Points count at once, one an act; twenty may be given a month, and the choir has thirty."""
    a_policy(gift_monthly_cap=20)
    an_act(ready.choir, 30)
    return ready


def offer(cast: Cast, points: int, *, by: str = "zhang", to: Holder | None = None) -> Gift:
    request = GiftRequest(giver_id=cast.choir.id, receiver_id=(to or cast.orchestra).id, points=points, reason="thanks")
    return gifts.offer(request, by=actor_of(by))


def accept(gift: Gift, *, by: str = "zhao") -> Gift:
    return gifts.accept(gift.id, by=actor_of(by))


def test_nothing_moves_before_the_other_leader_agrees(ready: Cast) -> None:
    offered = offer(ready, 5)
    assert (offered.state, offered.offered_by) == (GiftState.OFFERED, "张淑芬")
    assert figures(ready.choir) == (30, 0)
    accept(offered)
    assert (offered.state, offered.answered_by, offered.month) == (GiftState.ACCEPTED, "赵国强", date(2026, 11, 1))
    assert (figures(ready.choir), figures(ready.orchestra)) == ((25, 0), (5, 0))
    assert_sound()


def test_both_leaders_are_needed_and_staff_may_for_them(ready: Cast) -> None:
    for name in ("zhao", "chen"):
        with pytest.raises(Forbidden):
            offer(ready, 5, by=name)
    offered = offer(ready, 5)
    for name in ("zhang", "chen"):
        with pytest.raises(Forbidden):
            accept(offered, by=name)
        with pytest.raises(Forbidden):
            gifts.decline(offered.id, by=actor_of(name))
    with pytest.raises(Forbidden):
        gifts.take_back(offered.id, by=actor_of("zhao"))
    accept(offer(ready, 2, by="sun"), by="li")
    assert figures(ready.orchestra) == (2, 0)


def test_points_keep_their_days_and_the_contribution_they_came_from(ready: Cast) -> None:
    on(after(1))
    an_act(ready.choir, 30)
    accept(offer(ready, 20))
    on(after(6))  # another month
    accept(offer(ready, 20))
    assert lots_of(ready.choir) == [(after(366), 20, 0)]
    assert lots_of(ready.orchestra) == [(after(365), 20, 0), (after(365), 10, 0), (after(366), 10, 0)]
    theirs = select(Lot).where(Lot.account_id == ledger.account_of(ready.orchestra.id).id)
    assert all(lot.contribution_id for lot in session.scalars(theirs))
    assert_sound()


def test_l11_the_cap_is_of_a_calendar_month_in_which_it_was_accepted(ready: Cast) -> None:
    accept(offer(ready, 12))
    first, second = offer(ready, 8), offer(ready, 8)  # each would fit
    with pytest.raises(GiftCap) as refusal:
        offer(ready, 9)
    assert refusal.value.facts == {"cap": 20, "given": 12, "points": 9}
    accept(first)
    with pytest.raises(GiftCap):
        accept(second)
    on(after(4))  # 30 November
    with pytest.raises(GiftCap):
        accept(second)
    on(after(5))
    accept(second)
    assert gifts.given_in(ready.choir.id, after(5)) == 8
    assert figures(ready.orchestra) == (28, 0)
    assert_sound()


def test_what_was_declined_or_taken_back_frees_the_month(ready: Cast) -> None:
    gifts.decline(offer(ready, 20).id, by=actor_of("zhao"))
    gifts.take_back(offer(ready, 20).id, by=actor_of("zhang"))
    accept(offer(ready, 20))
    assert figures(ready.choir) == (10, 0)


def test_where_the_policy_has_none_nobody_gives_also_what_was_offered_before(ready: Cast) -> None:
    offered = offer(ready, 5)
    a_policy(gift_monthly_cap=0)
    with pytest.raises(GiftsNotAllowed):
        accept(offered)
    with pytest.raises(GiftsNotAllowed):
        offer(ready, 5)
    gifts.decline(offered.id, by=actor_of("zhao"))
    assert figures(ready.choir) == (30, 0)


def test_each_is_answered_once(ready: Cast) -> None:
    for answer in (accept, lambda gift: gifts.decline(gift.id, by=actor_of("zhao"))):
        answered = offer(ready, 2)
        answer(answered)
        for again in (gifts.accept, gifts.decline, gifts.take_back):
            with pytest.raises(WrongState):
                again(answered.id, by=SYSTEM)
    assert figures(ready.orchestra) == (2, 0)


def test_l3_only_what_may_be_spent_is_given_when_offered_and_when_accepted(ready: Cast) -> None:
    a_hold(ready.choir, 25)
    with pytest.raises(NotEnoughPoints) as refusal:
        offer(ready, 6)
    assert refusal.value.facts == {"price": 6, "available": 5}
    offered = offer(ready, 5)
    a_hold(ready.choir, 1, key="more")
    with pytest.raises(NotEnoughPoints):
        accept(offered)
    assert offered.state is GiftState.OFFERED
    assert_sound()


def test_l7_what_is_over_is_not_given_however_late_the_sweep(ready: Cast) -> None:
    offered = offer(ready, 5)
    on(after(366))
    with pytest.raises(NotEnoughPoints):
        accept(offered)


def test_a_gift_repays_the_receivers_debt_first(ready: Cast) -> None:
    an_act(ready.orchestra, 3)
    contribution = an_act(ready.orchestra, 4, day=TODAY)
    hold = a_hold(ready.orchestra, 7)
    withdraw(contribution)
    assert figures(ready.orchestra) == (3, 7)
    accept(offer(ready, 6))
    assert (figures(ready.orchestra), lots_of(ready.orchestra)[-1]) == ((9, 7), (after(365), 6, 4))
    assert hold.open == 7
    assert_sound()


def test_gifts_are_never_counted_in_standing(ready: Cast) -> None:
    accept(offer(ready, 20))
    found = standing.of([ready.choir.id, ready.orchestra.id], day=TODAY)
    assert (found[ready.choir.id].earned, found[ready.orchestra.id].earned) == (30, 0)


def test_withdrawing_what_was_given_leaves_the_giver_in_debt_not_the_receiver(ready: Cast) -> None:
    contribution = an_act(ready.orchestra, 3)
    accept(offer(ready, 20))
    withdraw(contribution)
    assert (figures(ready.choir), figures(ready.orchestra)) == ((10, 0), (20, 0))
    assert_sound()


def test_only_groups_that_exist_give_and_get(ready: Cast) -> None:
    gone = a_group("旧团")
    offered = offer(ready, 5, to=gone)
    dissolve(gone.id, DissolutionRequest(), by=SYSTEM)
    with pytest.raises(WrongState):
        accept(offered, by="li")
    for other in (gone, a_resident(), ready.centre):
        with pytest.raises(Invalid) as refusal:
            offer(ready, 5, to=other)
        assert list(refusal.value.errors) == ["receiver_id"]
    assert gone.id not in {holder.id for holder in gifts.groups(ready.choir.id)}


def test_l15_less_than_one_to_itself_and_to_nobody_are_refused(ready: Cast) -> None:
    for points in (0, -5):
        with pytest.raises(Invalid):
            offer(ready, points)
    with pytest.raises(Invalid):
        offer(ready, 5, to=ready.choir)
    with pytest.raises(NotFound):
        gifts.accept(uuid7(), by=SYSTEM)
