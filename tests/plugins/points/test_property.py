"""The ledger against a small model that knows every single point: any order of acts, the same figures."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import clock
from core.contract import Holder, NotEnoughPoints
from core.db import Database, savepoint, unit
from core.plugins import House
from plugins.points import holds
from plugins.points.models import Contribution, Hold
from tests.kit import NOW, SLUG, Cast, enter_slug
from tests.plugins.points.kit import (
    TODAY,
    a_hold,
    a_policy,
    a_rule,
    an_act,
    assert_sound,
    figures,
    lots_of,
    on,
    sweep,
    withdraw,
)

LASTS = 5  # days after its crediting on which a point can be spent
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass
class Point:
    """One point, where it comes from and for which hold it is set aside."""

    last: date
    earned: int
    hold: int | None = None


@dataclass
class Model:
    """What one holder has, point by point, in the order in which points are spent."""

    points: list[Point] = field(default_factory=list)
    debt: int = 0
    open: dict[int, int] = field(default_factory=dict)  # hold → points open, oldest first

    @property
    def balance(self) -> int:
        return len(self.points) - self.debt

    @property
    def available(self) -> int:
        return self.balance - sum(self.open.values())

    def earn(self, number: int, count: int, today: date) -> None:
        repaid = min(self.debt, count)
        self.debt -= repaid
        self.points += [Point(today + timedelta(days=LASTS), number) for _ in range(count - repaid)]
        self._cover()

    def hold(self, number: int, count: int) -> None:
        self.open[number] = count
        self._cover()

    def capture(self, number: int, count: int) -> None:
        ours = [point for point in self._in_order() if point.hold == number]
        free = [point for point in self._in_order() if point.hold is None]
        self._remove([*ours, *free, *self._others(number)], count)
        self.open[number] -= count

    def release(self, number: int, count: int, today: date) -> None:
        ours = [point for point in self._in_order() if point.hold == number]
        lacking = self.open[number] - len(ours)
        for point in ours[len(ours) - max(count - lacking, 0) :]:
            point.hold, point.last = None, max(point.last, today)
        self.open[number] -= count
        self._cover()

    def withdraw(self, number: int, count: int) -> None:
        free = [point for point in self._in_order() if point.hold is None]
        held = [point for point in self._others(None) if point.hold is not None]
        self._remove(
            sorted(free, key=lambda point: point.earned != number)
            + sorted(held, key=lambda point: point.earned != number),
            count,
        )

    def expire(self, today: date) -> None:
        self.points = [point for point in self.points if point.hold is not None or point.last >= today]

    def _in_order(self) -> list[Point]:
        return sorted(self.points, key=lambda point: point.last)

    def _others(self, number: int | None) -> list[Point]:
        """Set aside for other holds: the earliest to expire first, of the same the newest hold's."""
        held = [point for point in self._in_order() if point.hold is not None and point.hold != number]
        return sorted(held, key=lambda point: (point.last, point.earned, -(point.hold or 0)))

    def _remove(self, wanted: list[Point], count: int) -> None:
        gone = [id(point) for point in wanted[:count]]
        self.debt += count - len(gone)
        self.points = [point for point in self.points if id(point) not in gone]

    def _cover(self) -> None:
        for number, count in self.open.items():
            missing = count - sum(1 for point in self.points if point.hold == number)
            for point in [point for point in self._in_order() if point.hold is None][:missing]:
                point.hold = number


class Both:
    """The same acts done in the house and in the model."""

    def __init__(self, holder: Holder) -> None:
        self.holder, self.model = holder, Model()
        self.contributions: list[tuple[Contribution, int]] = []
        self.holds: list[Hold] = []

    def do(self, act: str, number: int, count: int) -> None:
        getattr(self, act)(number, count)

    def earn(self, _number: int, count: int) -> None:
        self.contributions.append((an_act(self.holder, count), count))
        self.model.earn(len(self.contributions), count, clock.now().astimezone(NOW.tzinfo).date())

    def withdraw(self, number: int, _count: int) -> None:
        if number < len(self.contributions) and self.contributions[number][1]:
            contribution, points = self.contributions[number]
            withdraw(contribution)
            self.model.withdraw(number + 1, points)
            self.contributions[number] = (contribution, 0)

    def hold(self, _number: int, count: int) -> None:
        key = f"{self.holder.name} {len(self.holds)}"
        if self.model.available < count:
            with pytest.raises(NotEnoughPoints) as refusal, savepoint():
                a_hold(self.holder, count, key=key)
            assert refusal.value.facts["available"] == self.model.available
        else:
            self.holds.append(a_hold(self.holder, count, key=key))
            self.model.hold(len(self.holds), count)

    def capture(self, number: int, count: int) -> None:
        if number < len(self.holds) and (part := min(self.holds[number].open, count)):
            holds.capture(self.holds[number].id, part, at=clock.now())
            self.model.capture(number + 1, part)

    def release(self, number: int, count: int) -> None:
        if number < len(self.holds) and (part := min(self.holds[number].open, count)):
            holds.release(self.holds[number].id, part, at=clock.now())
            self.model.release(number + 1, part, clock.now().astimezone(NOW.tzinfo).date())

    def agree(self) -> None:
        assert figures(self.holder) == (self.model.balance, sum(self.model.open.values()))
        remaining: Counter[date] = Counter()
        held: Counter[date] = Counter()
        for day, left, aside in lots_of(self.holder):
            remaining[day] += left
            held[day] += aside
        assert remaining == Counter(point.last for point in self.model.points)
        assert +held == Counter(point.last for point in self.model.points if point.hold is not None)


ACTS = st.tuples(
    st.sampled_from(["earn", "earn", "hold", "hold", "capture", "release", "withdraw", "night"]),
    st.integers(0, 5),
    st.integers(1, 9),
)


@FEW
@given(acts=st.lists(ACTS, max_size=20))
def test_l2_l3_l5_l7_l8_any_order_of_acts_gives_what_a_model_of_single_points_gives(
    database: Database, house: House, cast: Cast, acts: list[tuple[str, int, int]]
) -> None:
    day = TODAY
    on(day)
    with unit(database, write=True) as work:
        work.commit = False
        enter_slug(house, SLUG)
        a_policy(expiry_days=LASTS)
        a_rule()
        both = Both(cast.choir)
        both.earn(0, 5)
        for act, number, count in acts:
            if act == "night":
                day += timedelta(days=count % 4 + 1)
                on(day)
                sweep()
                sweep()
                both.model.expire(day)
            else:
                both.do(act, number, count)
            both.agree()
        assert_sound()


@FEW
@given(acts=st.lists(st.tuples(st.booleans(), ACTS), max_size=16))
def test_l10_acts_of_two_holders_in_any_order_give_the_same_figures(
    database: Database, house: House, cast: Cast, acts: list[tuple[bool, tuple[str, int, int]]]
) -> None:
    mixed = [(first, act) for first, act in acts if act[0] != "night"]
    apart = sorted(mixed, key=lambda item: item[0])  # stable: each holder's own acts keep their order
    assert _outcome(database, house, cast, mixed) == _outcome(database, house, cast, apart)


def _outcome(database: Database, house: House, cast: Cast, acts: list[tuple[bool, tuple[str, int, int]]]) -> Any:
    on(TODAY)
    with unit(database, write=True) as work:
        work.commit = False
        enter_slug(house, SLUG)
        a_policy()
        a_rule()
        both = {True: Both(cast.choir), False: Both(cast.orchestra)}
        for one in both.values():
            one.earn(0, 5)
        for first, act in acts:
            both[first].do(*act)
        return [(figures(one.holder), lots_of(one.holder)) for one in both.values()]
