"""Races of groups that are no more: a capture, a crediting, a withdrawal, an award at the same moment lose no point."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import func, select

from core.contract import Holder
from core.db import Database, Id, session, unit
from core.errors import Invalid
from core.people import dissolving, merging
from core.people.requests import DissolutionRequest, MergingRequest
from core.plugins import House
from plugins.points import holds, moving, posting, withdrawal
from plugins.points.models import Account, AccountKind
from plugins.points.requests import WithdrawalRequest
from tests import kit
from tests.kit import NOW, SLUG, SYSTEM, Cast, enter_slug
from tests.plugins.points.kit import a_hold, a_policy, a_rule, after, an_act, assert_sound, figures, on
from tests.plugins.points.test_races import at_once, inside

pytestmark = pytest.mark.race
Place = tuple[Database, House, Cast]


@pytest.fixture
def place(real_database: Database, house: House) -> Place:
    """A database whose commits are real, points that count at once, one an act."""
    with unit(real_database, write=True):
        enter_slug(house, SLUG)
        a_policy()
        a_rule()
    return real_database, house, kit.find_cast(real_database)


def dissolve(group: Holder) -> str:
    dissolving.dissolve(group.id, DissolutionRequest(), by=SYSTEM)
    return "dissolved"


def merge(merged: Holder, kept: Holder) -> str:
    merging.merge(merged.id, MergingRequest(into_id=kept.id), by=SYSTEM)
    return "merged"


def made(place: Place, act: partial[Id]) -> Id:
    found = inside(place, act)
    assert found is not None
    return found


def award(group: Holder) -> str:
    try:
        an_act(group, 7)
    except Invalid as refusal:
        return refusal.errors["holder_id"][0].code
    return "recorded"


def check(place: Place, expected: dict[str, int]) -> None:
    """After the sweep everything is sound, and the treasury and the groups have what they must."""
    database, house, cast = place
    with unit(database, write=True):
        enter_slug(house, SLUG)
        posting.credit_due()
        moving.collect_closed()
    with unit(database, write=False):
        enter_slug(house, SLUG)
        assert_sound()
        for name, balance in expected.items():
            assert figures(getattr(cast, name)) == (balance, 0), name
        own = session.scalar(select(func.sum(Account.balance)).where(Account.kind == AccountKind.OWN))
        assert int(own or 0) == sum(expected.values())


def test_l14_dissolving_against_a_capture(place: Place) -> None:
    choir = place[2].choir
    made(place, partial(lambda: an_act(choir, 30).id))
    hold = made(place, partial(lambda: a_hold(choir, 12).id))
    at_once(place, [partial(dissolve, choir), partial(holds.capture, hold, 12, at=NOW)])
    check(place, {"choir": 0, "centre": 18})


def test_l14_dissolving_against_crediting(place: Place) -> None:
    choir = place[2].choir

    def posted() -> Id:
        a_policy(posting_days=3)
        return an_act(choir, 9).id

    made(place, partial(posted))
    on(after(4))
    at_once(place, [partial(dissolve, choir), posting.credit_due, posting.credit_due, moving.collect_closed])
    check(place, {"choir": 0, "centre": 9})


def test_l14_dissolving_twice_at_once_moves_once(place: Place) -> None:
    choir = place[2].choir
    made(place, partial(lambda: an_act(choir, 30).id))
    answers = at_once(place, [partial(dissolve, choir)] * 3)
    assert sorted(map(str, answers)) == ["dissolved", "wrong_state", "wrong_state"]
    check(place, {"choir": 0, "centre": 30})


@pytest.mark.parametrize("start", range(3))
def test_l13_merging_against_a_capture_a_withdrawal_and_awards(place: Place, start: int) -> None:
    choir, orchestra = place[2].choir, place[2].orchestra
    given = made(place, partial(lambda: an_act(orchestra, 30).id))
    made(place, partial(lambda: an_act(orchestra, 20).id))
    hold = made(place, partial(lambda: a_hold(orchestra, 12).id))
    acts: list[Callable[[], object]] = [
        partial(merge, orchestra, choir),
        partial(holds.capture, hold, 12, at=NOW),
        partial(withdrawal.withdraw, given, WithdrawalRequest(reason="错"), by=SYSTEM),
        partial(award, orchestra),
        partial(award, choir),
    ]
    answers = at_once(place, [*acts[start:], *acts[:start]])
    recorded = answers.count("recorded")
    assert recorded in {1, 2}
    assert recorded + answers.count("group_merged") == 2
    check(place, {"orchestra": 0, "choir": 20 - 12 + 7 * recorded})


def test_l13_merging_against_crediting(place: Place) -> None:
    choir, orchestra = place[2].choir, place[2].orchestra

    def posted() -> Id:
        a_policy(posting_days=3)
        an_act(choir, 5)
        return an_act(orchestra, 9).id

    made(place, partial(posted))
    on(after(4))
    at_once(place, [partial(merge, orchestra, choir), posting.credit_due, posting.credit_due])
    check(place, {"orchestra": 0, "choir": 14})
