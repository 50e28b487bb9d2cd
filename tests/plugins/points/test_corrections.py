"""A manager's correction: points added or taken away for a reason, never counted in standing."""

import pytest
from uuid_utils.compat import uuid7

from core.contract import NotEnoughPoints
from core.db import savepoint
from core.errors import Forbidden, Invalid, NotFound
from plugins.points import corrections, standing
from plugins.points.models import Transfer
from plugins.points.requests import CorrectionRequest
from tests.kit import SYSTEM, Cast, actor_of
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
    sweep,
    withdraw,
)


@pytest.fixture
def ready(ready: Cast) -> Cast:
    """Points count at once, one an act, and last for ten days."""
    a_policy(expiry_days=10)
    return ready


def correct(cast: Cast, points: int, *, by: str = "li") -> Transfer:
    request = CorrectionRequest(holder_id=cast.choir.id, points=points, reason="counted wrongly")
    return corrections.correct(request, by=actor_of(by))


def test_points_are_added_and_last_as_long_as_what_is_earned_today(ready: Cast) -> None:
    made = correct(ready, 7)
    assert made.reason.facts == {"name": "李主任", "why": "counted wrongly"}
    assert lots_of(ready.choir) == [(after(10), 7, 0)]
    assert standing.of([ready.choir.id], day=TODAY)[ready.choir.id].earned == 0
    assert_sound()


def test_l7_points_are_taken_away_the_earliest_to_expire_first(ready: Cast) -> None:
    an_act(ready.choir, 5)
    on(after(1))
    an_act(ready.choir, 5)
    correct(ready, -6)
    assert lots_of(ready.choir) == [(after(11), 4, 0)]
    assert standing.of([ready.choir.id], day=after(1))[ready.choir.id].earned == 10
    assert_sound()


def test_l3_what_is_held_or_over_is_not_taken_away(ready: Cast) -> None:
    an_act(ready.choir, 5)
    on(after(1))
    an_act(ready.choir, 5)
    a_hold(ready.choir, 2)  # of the first
    on(after(11))  # three of the first are over; no sweep has run
    with pytest.raises(NotEnoughPoints) as refusal, savepoint():
        correct(ready, -6)
    assert refusal.value.facts == {"price": 6, "available": 5}
    correct(ready, -5)
    sweep()
    assert figures(ready.choir) == (2, 2)
    assert_sound()


def test_points_added_repay_a_debt_first_and_cover_holds(ready: Cast) -> None:
    contribution = an_act(ready.choir, 5)
    a_hold(ready.choir, 3)
    withdraw(contribution)
    correct(ready, 4)
    assert (figures(ready.choir), lots_of(ready.choir)) == ((4, 3), [(after(10), 4, 3)])
    assert_sound()


def test_l15_zero_is_refused_and_a_reason_is_needed(ready: Cast) -> None:
    with pytest.raises(Invalid) as refusal:
        correct(ready, 0)
    assert [fault.code for fault in refusal.value.errors["points"]] == ["points_not_zero"]
    with pytest.raises(Invalid):
        CorrectionRequest(holder_id=ready.choir.id, points=1, reason="  ")


def test_only_managers_correct_and_only_holders_of_here(ready: Cast) -> None:
    for name in ("sun", "zhang"):
        with pytest.raises(Forbidden):
            correct(ready, 1, by=name)
    with pytest.raises(NotFound):
        corrections.correct(CorrectionRequest(holder_id=uuid7(), points=1, reason="x"), by=SYSTEM)
