"""Expiry: once, dated as on time, and never what is set aside."""

import pytest
from sqlalchemy import select

from core import clock
from core.contract import NotEnoughPoints
from core.db import session
from plugins.points import expiry, holds, ledger
from plugins.points.models import Contribution, Line
from tests.kit import Cast
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


def test_points_last_until_the_end_of_their_day(rich: Cast) -> None:
    on(after(365), hour=23)
    assert expiry.expire_due() == 0
    assert figures(rich.choir) == (20, 0)
    on(after(366), hour=0)
    assert expiry.expire_due() == 1
    assert figures(rich.choir) == (0, 0)
    assert_sound()


def test_l8_twice_is_once_and_late_is_as_on_time(rich: Cast) -> None:
    on(after(500))
    sweep()
    sweep()
    line = session.scalars(select(Line).where(Line.points == -20, Line.account_id == lots_account(rich))).one()
    assert line.at == ledger.start_of(after(366))
    assert figures(rich.choir) == (0, 0)
    assert_sound()


def test_l8_what_is_over_cannot_be_set_aside_before_the_sweep_has_run(rich: Cast) -> None:
    on(after(366))
    with pytest.raises(NotEnoughPoints) as refusal:
        a_hold(rich.choir, 8)
    assert refusal.value.facts == {"price": 8, "available": 0}
    sweep()
    assert figures(rich.choir) == (0, 0)
    assert_sound()


@pytest.mark.parametrize("swept", [True, False])
def test_l8_a_withdrawal_finds_what_is_over_gone_whether_or_not_the_sweep_has_run(rich: Cast, *, swept: bool) -> None:
    first = session.scalars(select(Contribution)).one()
    on(after(100))
    an_act(rich.choir, 10)
    on(after(366))
    if swept:
        sweep()
    withdraw(first)  # also what of it has expired
    sweep()
    assert figures(rich.choir) == (-10, 0)
    assert_sound()


@pytest.mark.parametrize("swept", [True, False])
def test_l8_a_late_release_of_a_vanished_sellers_hold_is_dated_as_on_time(rich: Cast, *, swept: bool) -> None:
    hold = a_hold(rich.choir, 8, until=ledger.start_of(after(100)))
    on(after(400))
    if swept:
        sweep()
    else:
        holds.release(hold.id, None, at=clock.now())
    sweep()
    assert figures(rich.choir) == (0, 0)
    assert_sound()


def lots_account(cast: Cast) -> object:
    return ledger.account_of(cast.choir.id).id


def test_l7_held_points_do_not_expire_and_released_ones_expire_at_the_end_of_that_day(rich: Cast) -> None:
    hold = a_hold(rich.choir, 8)
    on(after(400))
    sweep()
    assert (figures(rich.choir), lots_of(rich.choir)) == ((8, 8), [(after(365), 8, 8)])
    holds.release(hold.id, 5, at=clock.now())
    sweep()
    assert lots_of(rich.choir) == [(after(365), 3, 3), (after(400), 5, 0)]
    on(after(401))
    sweep()
    assert (figures(rich.choir), lots_of(rich.choir)) == ((3, 3), [(after(365), 3, 3)])
    holds.capture(hold.id, None, at=clock.now())
    assert figures(rich.choir) == (0, 0)
    assert_sound()


def test_l8_a_late_release_dated_before_the_last_day_expires_with_the_rest(rich: Cast) -> None:
    hold = a_hold(rich.choir, 8)
    on(after(400))
    sweep()
    holds.release(hold.id, None, at=ledger.start_of(after(100)))
    sweep()
    lines = session.scalars(select(Line).where(Line.points < 0, Line.account_id == lots_account(rich))).all()
    assert {line.at for line in lines} == {ledger.start_of(after(366))}
    assert sorted(line.points for line in lines) == [-12, -8]
    assert_sound()


def test_a_late_credit_expires_by_the_day_it_belongs_to(inside: Cast) -> None:
    a_policy(posting_days=3, expiry_days=10)
    a_rule()
    an_act(inside.choir, 5)
    on(after(30))
    sweep()  # credited as of the 4th day after, gone after the 14th
    assert figures(inside.choir) == (0, 0)
    assert_sound()
