"""Withdrawing a contribution: from free points, then from those set aside, then into debt."""

from datetime import timedelta

import pytest
from uuid_utils.compat import uuid7

from core import clock
from core.contract import NotEnoughPoints
from core.db import savepoint
from core.errors import Forbidden, Invalid, NotFound, WrongState
from plugins.points import holds, withdrawal
from plugins.points.models import State
from plugins.points.requests import WithdrawalRequest
from tests.kit import SYSTEM, Cast, actor_of
from tests.plugins.points.kit import (
    a_hold,
    a_policy,
    a_rule,
    after,
    an_act,
    assert_sound,
    figures,
    lots_of,
    on,
    sweep,
    withdraw,
)

SLIP = WithdrawalRequest(reason="a slip")


def test_a_posted_contribution_is_withdrawn_without_a_line(inside: Cast) -> None:
    a_policy(posting_days=3)
    a_rule()
    contribution = withdraw(an_act(inside.choir, 5))
    assert (contribution.state, contribution.withdrawn_reason) == (State.WITHDRAWN, "a slip")
    on(after(10))
    sweep()
    assert contribution.awards[0].transfer_id is None
    assert_sound()


def test_a_credited_one_takes_its_own_lot_first(ready: Cast) -> None:
    an_act(ready.choir, 5)
    on(after(1))
    later = an_act(ready.choir, 7)
    withdraw(later)
    assert lots_of(ready.choir) == [(after(365), 5, 0)]
    assert_sound()


def test_l6_twice_is_refused_and_changes_nothing(ready: Cast) -> None:
    contribution = withdraw(an_act(ready.choir, 5))
    with pytest.raises(WrongState):
        withdraw(contribution)
    assert figures(ready.choir) == (0, 0)
    assert_sound()


def test_what_is_spent_is_taken_from_other_lots_the_earliest_first(ready: Cast) -> None:
    first = an_act(ready.choir, 5)
    hold = a_hold(ready.choir, 5)
    holds.capture(hold.id, None, at=clock.now())
    an_act(ready.choir, 4)
    on(after(1))
    an_act(ready.choir, 4)
    withdraw(first)
    assert lots_of(ready.choir) == [(after(366), 3, 0)]
    assert_sound()


def test_l3_points_set_aside_go_last_and_the_hold_stands(ready: Cast) -> None:
    first = an_act(ready.choir, 10)
    hold = a_hold(ready.choir, 6)
    withdraw(first)  # 4 free ones, then 6 set aside
    assert figures(ready.choir) == (0, 6)
    assert lots_of(ready.choir) == []
    with pytest.raises(NotEnoughPoints) as refusal:
        a_hold(ready.choir, 1, key="more")
    assert refusal.value.facts == {"price": 1, "available": -6}
    an_act(ready.choir, 8)  # covers the hold again
    assert (figures(ready.choir), lots_of(ready.choir)) == ((8, 6), [(after(365), 8, 6)])
    holds.capture(hold.id, None, at=clock.now())
    assert figures(ready.choir) == (2, 0)
    assert_sound()


def test_l3_capturing_a_hold_that_was_not_covered_again_makes_debt(ready: Cast) -> None:
    first = an_act(ready.choir, 10)
    hold = a_hold(ready.choir, 6)
    withdraw(first)
    holds.capture(hold.id, None, at=clock.now())
    assert figures(ready.choir) == (-6, 0)
    an_act(ready.choir, 4)
    assert (figures(ready.choir), lots_of(ready.choir)) == ((-2, 0), [])
    an_act(ready.choir, 5)
    assert (figures(ready.choir), lots_of(ready.choir)) == ((3, 0), [(after(365), 3, 0)])
    assert_sound()


def test_l7_a_capture_takes_another_holds_points_before_it_makes_debt(ready: Cast) -> None:
    first = an_act(ready.choir, 5)
    an_act(ready.choir, 5)
    older, newer = a_hold(ready.choir, 5), a_hold(ready.choir, 5, key="newer")
    withdraw(first)  # takes what the older one had
    holds.capture(older.id, None, at=clock.now())
    assert (figures(ready.choir), lots_of(ready.choir)) == ((0, 5), [])
    holds.release(newer.id, None, at=clock.now())
    assert figures(ready.choir) == (0, 0)
    assert_sound()


def test_a_release_covers_a_hold_that_lost_its_points(ready: Cast) -> None:
    first = an_act(ready.choir, 5)
    an_act(ready.choir, 5)
    older, newer = a_hold(ready.choir, 5), a_hold(ready.choir, 5, key="newer")
    withdraw(first)
    holds.release(newer.id, None, at=clock.now())
    assert (figures(ready.choir), lots_of(ready.choir)) == ((5, 5), [(after(365), 5, 5)])
    holds.release(older.id, None, at=clock.now())
    assert lots_of(ready.choir) == [(after(365), 5, 0)]
    assert_sound()


def test_what_has_expired_is_reversed_too(ready: Cast) -> None:
    contribution = an_act(ready.choir, 5)
    on(after(366))
    sweep()
    assert figures(ready.choir) == (0, 0)
    withdraw(contribution)
    assert figures(ready.choir) == (-5, 0)
    assert_sound()


def test_without_debt_it_is_refused_when_available_would_fall_below_zero(inside: Cast) -> None:
    a_policy(allow_debt=False)
    a_rule()
    contribution = an_act(inside.choir, 5)
    a_hold(inside.choir, 1)
    with pytest.raises(NotEnoughPoints) as refusal, savepoint():
        withdraw(contribution)
    assert refusal.value.facts == {"price": 5, "available": 4}
    assert contribution.state is State.CREDITED
    assert figures(inside.choir) == (5, 1)
    an_act(inside.choir, 1)
    withdraw(contribution)
    assert figures(inside.choir) == (1, 1)
    assert_sound()


def test_it_needs_the_permission_a_reason_and_a_contribution(ready: Cast) -> None:
    contribution = an_act(ready.choir, 5)
    with pytest.raises(Forbidden):
        withdrawal.withdraw(contribution.id, SLIP, by=actor_of("zhang"))
    with pytest.raises(Invalid):
        WithdrawalRequest(reason=" ")
    with pytest.raises(NotFound):
        withdrawal.withdraw(uuid7(), SLIP, by=SYSTEM)
    clock.advance(timedelta(seconds=1))
    assert figures(ready.choir) == (5, 0)
