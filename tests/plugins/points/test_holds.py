"""Setting points aside, capturing and releasing them."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from core import clock
from core.contract import HoldState, NotEnoughPoints
from core.db import savepoint, session
from core.errors import Invalid, KeyReused, NotFound, WrongState
from core.explanations import explain
from core.hookspecs import Offers
from core.plugins import here
from plugins.points import holds
from plugins.points.models import Hold, Line, Transfer
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


def test_points_are_set_aside_and_captured_in_parts(rich: Cast) -> None:
    hold = a_hold(rich.choir, 15)
    assert figures(rich.choir) == (20, 15)
    holds.capture(hold.id, 5, at=clock.now())
    assert figures(rich.choir) == (15, 10)
    holds.release(hold.id, 4, at=clock.now())
    assert figures(rich.choir) == (15, 6)
    holds.capture(hold.id, None, at=clock.now())
    assert figures(rich.choir) == (9, 0)
    assert (hold.captured, hold.released, hold.state) == (11, 4, HoldState.CAPTURED)
    assert_sound()


def test_l3_more_than_is_available_is_refused_with_the_figures(rich: Cast) -> None:
    a_hold(rich.choir, 15)
    with pytest.raises(NotEnoughPoints) as refusal:
        a_hold(rich.choir, 6, key="other")
    assert refusal.value.facts == {"price": 6, "available": 5}
    assert figures(rich.choir) == (20, 15)
    with pytest.raises(NotEnoughPoints):
        a_hold(rich.orchestra, 1, key="nothing there")


@pytest.mark.parametrize("points", [0, -1])
def test_l15_zero_and_negative_amounts_are_refused(rich: Cast, points: int) -> None:
    with pytest.raises(Invalid):
        a_hold(rich.choir, points)
    hold = a_hold(rich.choir, 5)
    for act in holds.capture, holds.release:
        with pytest.raises(Invalid):
            act(hold.id, points, at=clock.now())
    assert figures(rich.choir) == (20, 5)


def test_l4_the_same_key_holds_once_and_another_content_is_refused(rich: Cast) -> None:
    first = a_hold(rich.choir, 5)
    assert a_hold(rich.choir, 5).id == first.id
    with pytest.raises(KeyReused):
        a_hold(rich.choir, 6)
    with pytest.raises(KeyReused):
        a_hold(rich.orchestra, 5)
    assert figures(rich.choir) == (20, 5)


def test_l5_no_part_is_taken_twice(rich: Cast) -> None:
    hold = a_hold(rich.choir, 10)
    holds.capture(hold.id, 6, at=clock.now())
    for act in holds.capture, holds.release:
        with pytest.raises(Invalid):
            act(hold.id, 5, at=clock.now())
    holds.release(hold.id, 4, at=clock.now())
    for act in holds.capture, holds.release:
        with pytest.raises(WrongState):
            act(hold.id, None, at=clock.now())
    assert figures(rich.choir) == (14, 0)
    assert_sound()


def test_l5_a_hold_whose_seller_vanished_is_released_at_its_until_even_before_the_sweep(rich: Cast) -> None:
    hold = a_hold(rich.choir, 5, until=clock.now() + timedelta(hours=1))
    forever = a_hold(rich.choir, 3, key="a reservation's")
    sweep()
    assert figures(rich.choir) == (20, 8)
    clock.advance(timedelta(hours=1))
    with pytest.raises(WrongState):
        holds.capture(hold.id, None, at=clock.now())
    sweep()
    sweep()
    assert (hold.state, forever.state) == (HoldState.RELEASED, HoldState.OPEN)
    assert figures(rich.choir) == (20, 3)
    assert_sound()


def test_a_capture_is_dated_and_only_it_is_a_line(rich: Cast) -> None:
    hold = a_hold(rich.choir, 10)
    yesterday = clock.now() - timedelta(days=1)
    holds.release(hold.id, 3, at=clock.now())
    assert session.scalar(select(func.count(Transfer.id))) == 1  # the award
    holds.capture(hold.id, 7, at=yesterday)
    line = session.scalars(select(Line).where(Line.points == -7)).one()
    assert line.at == yesterday


def test_l7_the_earliest_lots_are_set_aside_and_the_latest_freed_first(inside: Cast) -> None:
    a_policy()
    a_rule()
    an_act(inside.choir, 5)
    on(after(1))
    an_act(inside.choir, 5)
    hold = a_hold(inside.choir, 8)
    assert lots_of(inside.choir) == [(after(365), 5, 5), (after(366), 5, 3)]
    holds.release(hold.id, 4, at=clock.now())
    assert lots_of(inside.choir) == [(after(365), 5, 4), (after(366), 5, 0)]
    holds.capture(hold.id, 2, at=clock.now())
    assert lots_of(inside.choir) == [(after(365), 3, 2), (after(366), 5, 0)]
    assert_sound()


def test_the_offers_answer_with_frozen_values(rich: Cast) -> None:
    relay = here().relay
    reason = explain("points_typed", words="hall")
    hold = relay.ask(Offers.hold_points, holder=rich.choir, points=5, reason=reason, key="r", until=None)
    assert hold is not None
    assert (hold.points, hold.state, hold.holder_id) == (5, HoldState.OPEN, rich.choir.id)
    hold = relay.ask(Offers.capture_points, hold_id=hold.id, points=2, at=clock.now())
    assert hold is not None
    hold = relay.ask(Offers.release_points, hold_id=hold.id, points=3, at=clock.now())
    assert hold is not None
    assert (hold.captured, hold.released, hold.state) == (2, 3, HoldState.CAPTURED)


@pytest.mark.usefixtures("inside")
def test_an_unknown_hold_is_not_found() -> None:
    with pytest.raises(NotFound):
        holds.capture(uuid7(), 1, at=clock.now())


def test_a_refused_hold_leaves_nothing(rich: Cast) -> None:
    with pytest.raises(NotEnoughPoints), savepoint():
        a_hold(rich.choir, 21)
    assert session.scalars(select(Hold)).all() == []
    assert_sound()


def test_l8_vanished_holds_are_released_in_the_order_of_their_ends_however_late(inside: Cast) -> None:
    """What the first one gives back covers the second, and lasts until the end of the day of its release."""
    a_policy(expiry_days=3)
    a_rule()
    slip = an_act(inside.choir, 5)
    on(after(1))
    an_act(inside.choir, 5)
    a_hold(inside.choir, 5, key="older", until=clock.now() + timedelta(days=9))
    a_hold(inside.choir, 5, key="newer", until=clock.now() + timedelta(days=4))
    withdraw(slip)  # the older one lacks points now
    on(after(10), hour=12)
    sweep()
    assert lots_of(inside.choir) == [(after(10), 5, 0)]
    on(after(11))
    sweep()
    assert figures(inside.choir) == (0, 0)
    assert_sound()
