"""The season of the demo: what its last day brings, at whatever time of day somebody makes it."""

from datetime import date, datetime, time

import pytest

from core.communities import policy
from plugins.points import demo
from plugins.points.policy import PointsPolicy
from tests.kit import NOW, Cast
from tests.plugins.points.kit import TODAY, a_rule, after, an_act, on


@pytest.mark.parametrize("hour", [3, 9])
def test_a_policy_that_changes_next_month_is_announced_also_in_the_night(inside: Cast, hour: int) -> None:
    on(after(-2))
    a_rule("attendance")
    an_act(inside.choir, category="attendance")
    until = datetime.combine(TODAY, time(hour), tzinfo=NOW.tzinfo)
    for day in [after(-1), *([TODAY] if hour >= 8 else [])]:
        on(day)
        demo.live(day, until, 7)
    assert [valid_from for valid_from, _figures in policy.after(PointsPolicy, TODAY)] == [date(2026, 12, 1)]
