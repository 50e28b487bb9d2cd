"""Setting points aside, capturing and releasing them."""

import pytest
from sqlalchemy import select

from core import clock
from core.contract import HoldState, NotEnoughPoints
from core.db import session
from core.errors import Invalid, KeyReused, NotFound, WrongState
from core.explanations import explain
from core.hookspecs import Offers
from core.plugins import here
from plugins.points import holds
from plugins.points.models import Line, Use
from tests.kit import Cast
from tests.plugins.points.kit import a_hold, a_policy, a_rule, an_act, assert_sound, figures, lots_of, on, sweep
from uuid_utils.compat import uuid7


@pytest.fixture
def rich(inside: Cast) -> Cast:
    """The choir has 20 points."""
    a_policy()
    a_rule()
    an_act(inside.choir, 20)
    return inside


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
