"""Races of shares, objections, reversals, gifts and expiry: whoever comes second finds what the first one left."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import func, select

from core import clock
from core.contract import Holder
from core.db import Database, Id, session, unit
from core.plugins import House
from plugins.points import expiry, gifts, holds, objections, posting, reversals, withdrawal
from plugins.points.models import Award, Contribution, Gift, GiftState, Hold, HoldPart, Objection, State
from plugins.points.requests import (
    DecisionRequest,
    GiftRequest,
    ObjectionRequest,
    ReversalRequest,
    WithdrawalRequest,
)
from tests import kit
from tests.kit import SLUG, SYSTEM, Cast, actor_of, enter_slug
from tests.plugins.points.kit import a_hold, a_policy, a_rule, after, an_act, assert_sound, figures, on
from tests.plugins.points.test_races import at_once, inside

pytestmark = pytest.mark.race
Place = tuple[Database, House, Cast]


@pytest.fixture
def place(real_database: Database, house: House) -> Place:
    """A database whose commits are real, points that count at once, one an act; thirty may be given a month."""
    with unit(real_database, write=True):
        enter_slug(house, SLUG)
        a_policy(gift_monthly_cap=30)
        a_rule()
    return real_database, house, kit.find_cast(real_database)


def made(place: Place, act: Callable[[], Id]) -> Id:
    found = inside(place, act)
    assert found is not None
    return found


def check(place: Place, **expected: tuple[int, int]) -> None:
    """Everything is sound, and the groups have what they must."""
    database, house, cast = place
    with unit(database, write=False):
        enter_slug(house, SLUG)
        assert_sound()
        assert {name: figures(getattr(cast, name)) for name in expected} == expected


def resident(place: Place, name: str) -> Holder:
    found = place[2].people[name]
    assert found.resident_id is not None
    return Holder(id=found.resident_id, kind=place[2].choir.kind, name=found.name)


def posted(place: Place) -> Id:
    """Five points of the choir, posted for three days."""

    def act() -> Id:
        a_policy(posting_days=3)
        return an_act(place[2].choir, 5).id

    return made(place, act)


def object_to(contribution: Id, name: str) -> str:
    objections.object_to(contribution, ObjectionRequest(reason="no"), by=actor_of(name))
    return "objected"


def object_first(place: Place, contribution: Id) -> None:
    """Chen has objected before the race begins."""
    database, house, _cast = place
    with unit(database, write=True):
        enter_slug(house, SLUG)
        object_to(contribution, "chen")


def decide(contribution: Id, *, upheld: bool) -> str:
    objections.decide(contribution, DecisionRequest(upheld=upheld, note="we asked"), by=SYSTEM)
    return "upheld" if upheld else "dismissed"


def withdraw(contribution: Id) -> str:
    withdrawal.withdraw(contribution, WithdrawalRequest(reason="a slip"), by=SYSTEM)
    return "withdrawn"


def test_l11_shares_of_eight_acts_at_once_stay_under_the_members_caps(place: Place) -> None:
    chen = resident(place, "chen")
    inside(place, lambda: a_rule("shared", points=10, member_share=100, daily_cap=35))
    acts = [partial(an_act, place[2].choir, 1, category="shared", member_ids=(chen.id,)) for _act in range(5)]
    acts += [partial(an_act, chen, 1, category="shared") for _act in range(3)]
    at_once(place, [lambda act=act: act().id for act in acts])  # type: ignore[misc]
    database, house, cast = place
    with unit(database, write=False):
        enter_slug(house, SLUG)
        given = session.execute(select(Award.holder_id, func.sum(Award.points)).group_by(Award.holder_id)).all()
        assert dict(given) == {cast.choir.id: 35, chen.id: 35}
        assert figures(chen) == (35, 0)
        assert_sound()


def test_the_same_person_objects_once_however_often_at_once(place: Place) -> None:
    contribution = posted(place)
    answers = at_once(
        place, [partial(object_to, contribution, "chen")] * 5 + [partial(object_to, contribution, "zhao")]
    )
    assert Counter(map(str, answers)) == {"objected": 2, "points_objected_before": 4}
    check(place)


@pytest.mark.parametrize("first", [True, False])
def test_an_objection_against_the_crediting_of_its_last_moment(place: Place, *, first: bool) -> None:
    """The day changes between the two: either the objection came first and nothing counts, or it is too late."""
    contribution = posted(place)
    on(after(3), hour=23)

    def late() -> int:
        on(after(4), hour=0)
        return posting.credit_due()

    acts: list[Callable[[], object]] = [partial(object_to, contribution, "chen"), late, posting.credit_due]
    answers = at_once(place, acts if first else acts[::-1])
    database, house, _cast = place
    with unit(database, write=False):
        enter_slug(house, SLUG)
        state = session.scalars(select(Contribution.state)).one()
        said = session.scalar(select(func.count(Objection.id)))
        assert_sound()
    if "objected" in answers:
        assert (state, said) == (State.OBJECTED, 1)
    else:
        assert "too_late" in answers
        assert (state, said) == (State.CREDITED, 0)


def test_a_contribution_is_decided_once(place: Place) -> None:
    contribution = posted(place)
    object_first(place, contribution)
    on(after(9))
    answers = at_once(
        place,
        [
            partial(decide, contribution, upheld=True),
            partial(decide, contribution, upheld=False),
            partial(decide, contribution, upheld=False),
            posting.credit_due,
        ],
    )
    assert answers.count("wrong_state") == 2
    credited = 5 if "dismissed" in answers else 0
    database, house, cast = place
    with unit(database, write=False):
        enter_slug(house, SLUG)
        objection = session.scalars(select(Objection)).one()
        assert objection.upheld is ("upheld" in answers)
        assert_sound()
        if credited:
            assert figures(cast.choir) == (5, 0)


def test_an_objection_against_a_withdrawal_and_a_decision(place: Place) -> None:
    contribution = posted(place)
    object_first(place, contribution)
    answers = at_once(
        place,
        [
            partial(object_to, contribution, "zhao"),
            partial(withdraw, contribution),
            partial(decide, contribution, upheld=False),
            partial(object_to, contribution, "zhang"),
        ],
    )
    assert "withdrawn" in answers  # from whichever state
    database, house, _cast = place
    with unit(database, write=False):
        enter_slug(house, SLUG)
        assert session.scalar(select(func.count(Objection.id)).where(Objection.upheld.is_(None))) == 0
        assert_sound()


def test_l6_partial_reversals_at_once_sum_to_the_original_at_most(place: Place) -> None:
    def act() -> Id:
        transfer_id = an_act(place[2].choir, 10).awards[0].transfer_id
        assert transfer_id is not None
        return transfer_id

    transfer = made(place, act)

    def back(points: int) -> str:
        reversals.reverse(transfer, ReversalRequest(reason="a slip", points=points), by=SYSTEM)
        return "reversed"

    answers = at_once(place, [partial(back, 4)] * 4)
    assert Counter(map(str, answers)) == {"reversed": 2, "invalid": 2}
    database, house, _cast = place
    with unit(database, write=False):
        enter_slug(house, SLUG)
        assert session.scalars(select(Award.reversed)).one() == 8
    check(place, choir=(2, 0))


def test_l6_a_reversal_against_the_withdrawal_of_the_same_award(place: Place) -> None:
    contribution = made(place, lambda: an_act(place[2].choir, 10).id)
    database, house, _cast = place
    with unit(database, write=False):
        enter_slug(house, SLUG)
        transfer = session.scalars(select(Award.transfer_id)).one()
    assert transfer is not None

    def back() -> str:
        reversals.reverse(transfer, ReversalRequest(reason="a slip", points=4), by=SYSTEM)
        return "reversed"

    answers = at_once(place, [back, partial(withdraw, contribution), back])
    assert answers.count("withdrawn") == 1
    check(place, choir=(0, 0))


def test_l5_parts_of_a_hold_captured_and_released_at_once_are_numbered_once(place: Place) -> None:
    made(place, lambda: an_act(place[2].choir, 10).id)
    hold = made(place, lambda: a_hold(place[2].choir, 10).id)
    at_once(
        place,
        [
            *[lambda: holds.capture(hold, 2, at=clock.now()).id] * 3,
            *[lambda: holds.release(hold, 2, at=clock.now()).id] * 3,
        ],
    )
    database, house, _cast = place
    with unit(database, write=False):
        enter_slug(house, SLUG)
        captured, released = session.execute(select(Hold.captured, Hold.released)).one()
        assert captured + released == 10
        assert list(session.scalars(select(HoldPart.number).order_by(HoldPart.number))) == [1, 2, 3, 4, 5]
    check(place, choir=(10 - captured, 0))


def test_l7_l8_expiry_against_a_hold_of_the_last_day(place: Place) -> None:
    """The lot's day is over: it expires once, and no hold gets anything of it, whichever comes first."""
    choir = place[2].choir
    made(place, lambda: an_act(choir, 5).id)
    on(after(300))
    made(place, lambda: an_act(choir, 4).id)
    on(after(366))
    answers = at_once(
        place,
        [
            expiry.expire_due,
            partial(a_hold, choir, 5, key="too much"),
            lambda: a_hold(choir, 3, key="enough").id,
            expiry.expire_due,
            expiry.expire_due,
        ],
    )
    assert answers[1] == "not_enough_points"
    check(place, choir=(4, 3))


def test_l8_expiry_against_a_release(place: Place) -> None:
    """Released after its day, a lot lasts until the end of this one: the sweep of the same moment must not take it."""
    choir = place[2].choir
    made(place, lambda: an_act(choir, 5).id)
    hold = made(place, lambda: a_hold(choir, 5).id)
    on(after(400))
    at_once(place, [expiry.expire_due, lambda: holds.release(hold, None, at=clock.now()).id, expiry.expire_due])
    check(place, choir=(5, 0))


def an_offer(place: Place, points: int) -> Id:
    cast = place[2]
    request = GiftRequest(giver_id=cast.choir.id, receiver_id=cast.orchestra.id, points=points)
    return made(place, lambda: gifts.offer(request, by=SYSTEM).id)


def accept(gift: Id) -> str:
    gifts.accept(gift, by=SYSTEM)
    return "accepted"


def test_l3_a_gift_is_accepted_against_the_givers_last_points(place: Place) -> None:
    choir = place[2].choir
    made(place, lambda: an_act(choir, 10).id)
    offered = an_offer(place, 8)
    answers = at_once(place, [partial(accept, offered), lambda: str(a_hold(choir, 8).points)])
    assert answers.count("not_enough_points") == 1
    if "accepted" in answers:
        check(place, choir=(2, 0), orchestra=(8, 0))
    else:
        check(place, choir=(10, 8))


def test_one_gift_is_answered_once(place: Place) -> None:
    made(place, lambda: an_act(place[2].choir, 10).id)
    offered = an_offer(place, 8)

    def take_back() -> str:
        gifts.take_back(offered, by=SYSTEM)
        return "taken back"

    answers = at_once(place, [*[partial(accept, offered)] * 3, take_back])
    assert Counter(map(str, answers))["wrong_state"] == 3
    if "accepted" in answers:
        check(place, choir=(2, 0), orchestra=(8, 0))
    else:
        check(place, choir=(10, 0))


def test_l11_gifts_accepted_at_once_stay_under_the_months_cap(place: Place) -> None:
    made(place, lambda: an_act(place[2].choir, 100).id)
    offers = [an_offer(place, 12) for _gift in range(4)]
    answers = at_once(place, [partial(accept, offered) for offered in offers])
    assert Counter(map(str, answers)) == {"accepted": 2, "points_gift_cap": 2}
    database, house, _cast = place
    with unit(database, write=False):
        enter_slug(house, SLUG)
        assert session.scalar(select(func.count(Gift.id)).where(Gift.state == GiftState.ACCEPTED)) == 2
    check(place, choir=(76, 0), orchestra=(24, 0))
