"""Taking transfers back, wholly or in part: what was given leaves its own lots first, what was taken returns."""

import pytest
from sqlalchemy import select
from uuid_utils.compat import uuid7

from core import clock
from core.contract import Holder, NotEnoughPoints
from core.db import Id, savepoint, session
from core.errors import Forbidden, Invalid, NotFound, WrongState
from plugins.points import corrections, gifts, holds, reversals, standing
from plugins.points.models import Contribution, Kind, Lot, Transfer
from plugins.points.requests import CorrectionRequest, GiftRequest, ReversalRequest
from tests.kit import SYSTEM, Cast, a_group, a_resident, actor_of
from tests.plugins.points.kit import (
    TODAY,
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


def transfer_of(contribution: Contribution) -> Id:
    [award] = contribution.awards
    assert award.transfer_id is not None
    return award.transfer_id


def reverse(transfer_id: Id, points: int | None = None) -> Transfer:
    return reversals.reverse(transfer_id, ReversalRequest(reason="a slip", points=points), by=SYSTEM)


def earned(holder: Holder) -> int:
    return standing.of([holder.id], day=clock.now().date())[holder.id].earned


def a_capture(holder: Holder, points: int, key: str = "hold") -> Id:
    """The transfer of points that were spent."""
    hold = a_hold(holder, points, key=key)
    holds.capture(hold.id, None, at=clock.now())
    return session.scalars(select(Transfer.id).where(Transfer.key == f"capture:{hold.id}:0")).one()


def test_l6_parts_sum_to_the_original_at_most(ready: Cast) -> None:
    given = transfer_of(an_act(ready.choir, 10))
    reverse(given, 4)
    with pytest.raises(Invalid) as refusal:
        reverse(given, 7)
    assert refusal.value.errors["points"][0].facts == {"most": 6}
    reverse(given)  # all that is left
    assert figures(ready.choir) == (0, 0)
    with pytest.raises(WrongState):
        reverse(given)
    assert_sound()


def test_l6_a_reversal_a_withdrawal_and_what_was_withdrawn_are_not_reversed(ready: Cast) -> None:
    contribution = an_act(ready.choir, 10)
    back = reverse(transfer_of(contribution), 1)
    withdraw(contribution)
    withdrawn = session.scalars(select(Transfer.id).where(Transfer.kind == Kind.WITHDRAWN)).one()
    for transfer_id in (back.id, withdrawn, transfer_of(contribution)):
        with pytest.raises(WrongState):
            reverse(transfer_id)
    assert_sound()


def test_l6_a_later_withdrawal_takes_the_rest_only(ready: Cast) -> None:
    contribution = an_act(ready.choir, 10)
    an_act(ready.choir, 3)
    reverse(transfer_of(contribution), 4)
    assert figures(ready.choir) == (9, 0)
    withdraw(contribution)
    assert figures(ready.choir) == (3, 0)
    assert_sound()


def test_l6_withdrawing_what_was_taken_back_wholly_moves_nothing(ready: Cast) -> None:
    contribution = an_act(ready.choir, 10)
    reverse(transfer_of(contribution))
    withdraw(contribution)
    assert figures(ready.choir) == (0, 0)
    assert_sound()


def test_l7_an_award_leaves_its_own_lot_then_the_earliest_then_makes_debt(ready: Cast) -> None:
    an_act(ready.choir, 5)
    on(after(1))
    given = transfer_of(an_act(ready.choir, 6))
    on(after(2))
    an_act(ready.choir, 4)
    reverse(given, 2)
    assert lots_of(ready.choir) == [(after(365), 5, 0), (after(366), 4, 0), (after(367), 4, 0)]
    a_capture(ready.choir, 8)  # 5 of the first, 3 of the second
    reverse(given, 3)  # 1 of its own, 2 of the third
    assert lots_of(ready.choir) == [(after(367), 2, 0)]
    a_capture(ready.choir, 2, "more")
    reverse(given)
    assert figures(ready.choir) == (-1, 0)
    assert_sound()


def test_without_debt_what_is_spent_is_not_taken_back(inside: Cast) -> None:
    a_policy(allow_debt=False)
    a_rule()
    given = transfer_of(an_act(inside.choir, 10))
    a_hold(inside.choir, 3)
    with pytest.raises(NotEnoughPoints) as refusal, savepoint():
        reverse(given, 8)
    assert refusal.value.facts == {"price": 8, "available": 7}
    reverse(given, 7)
    assert figures(inside.choir) == (3, 3)
    assert_sound()


def test_standing_counts_what_is_left_and_says_where_it_comes_from(ready: Cast) -> None:
    given = an_act(ready.choir, 70)
    other = an_act(ready.choir, 5)
    reverse(transfer_of(given), 15)
    found = standing.of([ready.choir.id], day=TODAY)[ready.choir.id]
    assert (found.earned, found.tier) == (60, "bronze")
    assert [part.points for part in standing.parts(ready.choir.id, day=TODAY)] == [60]
    reverse(transfer_of(given), 1)
    reverse(transfer_of(other))
    found = standing.of([ready.choir.id], day=TODAY)[ready.choir.id]
    assert (found.earned, found.tier) == (54, "none")
    assert found.next is not None
    assert (found.next.on, found.next.earned) == (after(180), 0)


def test_l7_reversing_a_spending_gives_the_lots_back_the_latest_first_with_their_days(ready: Cast) -> None:
    an_act(ready.choir, 5)
    on(after(1))
    first = an_act(ready.choir, 6)
    spent = a_capture(ready.choir, 9)
    assert lots_of(ready.choir) == [(after(366), 2, 0)]
    reverse(spent, 3)
    assert lots_of(ready.choir) == [(after(366), 2, 0), (after(366), 3, 0)]
    reverse(spent, 3)  # one more of the second, two of the first
    assert lots_of(ready.choir) == [(after(365), 2, 0), (after(366), 2, 0), (after(366), 3, 0), (after(366), 1, 0)]
    reverse(spent)
    assert figures(ready.choir) == (11, 0)
    lots = session.scalars(select(Lot).where(Lot.contribution_id == first.id, Lot.remaining > 0)).all()
    assert sum(lot.remaining for lot in lots) == 6  # they still say who earned them
    assert_sound()


def test_l7_what_is_over_returns_until_the_end_of_today(ready: Cast) -> None:
    an_act(ready.choir, 5)
    spent = a_capture(ready.choir, 5)
    on(after(400))
    reverse(spent)
    sweep()
    assert lots_of(ready.choir) == [(after(400), 5, 0)]
    on(after(401))
    sweep()
    assert figures(ready.choir) == (0, 0)
    assert_sound()


def test_an_expiry_is_reversed_until_the_end_of_today(ready: Cast) -> None:
    an_act(ready.choir, 5)
    on(after(366))
    sweep()
    reverse(session.scalars(select(Transfer.id).where(Transfer.kind == Kind.EXPIRED)).one(), 3)
    assert lots_of(ready.choir) == [(after(366), 3, 0)]
    assert_sound()


def test_l3_l7_reversing_a_spending_that_made_debt_repays_the_debt_first(ready: Cast) -> None:
    contribution = an_act(ready.choir, 10)
    hold = a_hold(ready.choir, 10)
    withdraw(contribution)
    an_act(ready.choir, 4)
    holds.capture(hold.id, None, at=clock.now())
    assert figures(ready.choir) == (-6, 0)
    spent = session.scalars(select(Transfer.id).where(Transfer.kind == Kind.SPENT)).one()
    reverse(spent, 3)
    assert (figures(ready.choir), lots_of(ready.choir)) == ((-3, 0), [])
    assert_sound()
    reverse(spent)
    assert (figures(ready.choir), lots_of(ready.choir)) == ((4, 0), [(after(365), 4, 0)])
    assert_sound()


def test_l7_a_debt_that_later_earnings_repaid_returns_as_points_of_today(ready: Cast) -> None:
    contribution = an_act(ready.choir, 10)
    hold = a_hold(ready.choir, 10)
    withdraw(contribution)
    holds.capture(hold.id, None, at=clock.now())
    an_act(ready.choir, 12)
    on(after(3))
    reverse(session.scalars(select(Transfer.id).where(Transfer.kind == Kind.SPENT)).one(), 7)
    assert lots_of(ready.choir) == [(after(365), 2, 0), (after(368), 7, 0)]
    assert_sound()


def test_what_returns_covers_a_hold_that_lacks_points(ready: Cast) -> None:
    contribution = an_act(ready.choir, 10)
    spent = a_capture(ready.choir, 4)
    a_hold(ready.choir, 6, key="more")
    withdraw(contribution)
    assert figures(ready.choir) == (-4, 6)
    reverse(spent)
    assert figures(ready.choir) == (0, 6)
    an_act(ready.choir, 7)
    assert lots_of(ready.choir) == [(after(365), 7, 6)]
    assert_sound()


def test_a_gift_taken_back_returns_with_its_days(inside: Cast) -> None:
    a_policy(gift_monthly_cap=100)
    a_rule()
    an_act(inside.choir, 5)
    on(after(1))
    an_act(inside.choir, 5)
    an_act(inside.orchestra, 5)
    offered = gifts.offer(
        GiftRequest(giver_id=inside.choir.id, receiver_id=inside.orchestra.id, points=7), by=actor_of("zhang")
    )
    moved = gifts.accept(offered.id, by=actor_of("zhao")).transfer_id
    assert moved is not None
    a_capture(inside.orchestra, 6)  # 5 of the gift's first day, 1 of the second
    reverse(moved, 3)  # 1 that is left of it, then the orchestra's own
    assert lots_of(inside.orchestra) == [(after(366), 3, 0)]
    assert lots_of(inside.choir) == [(after(365), 1, 0), (after(366), 3, 0), (after(366), 2, 0)]
    reverse(moved)
    assert (figures(inside.choir), figures(inside.orchestra)) == ((10, 0), (-1, 0))
    assert_sound()


def test_a_correction_is_reversed_from_its_own_lot(ready: Cast) -> None:
    an_act(ready.choir, 5)
    on(after(1))
    request = CorrectionRequest(holder_id=ready.choir.id, points=5, reason="forgotten")
    more = corrections.correct(request, by=SYSTEM)
    reverse(more.id, 3)
    assert lots_of(ready.choir) == [(after(365), 5, 0), (after(366), 2, 0)]
    less = corrections.correct(
        CorrectionRequest(holder_id=ready.choir.id, points=-6, reason="twice entered"), by=SYSTEM
    )
    reverse(less.id)
    assert figures(ready.choir) == (7, 0)
    assert lots_of(ready.choir) == [(after(365), 5, 0), (after(366), 1, 0), (after(366), 1, 0)]
    assert_sound()


def test_a_members_share_is_reversed_by_itself(inside: Cast) -> None:
    a_policy()
    a_rule(points=10, member_share=50)
    mei = a_resident("梅")
    duo = a_group("二重唱", members=[mei])
    share = an_act(duo, member_ids=(mei.id,)).awards[1]
    assert share.transfer_id is not None
    reverse(share.transfer_id, 2)
    assert (figures(duo), figures(mei)) == ((10, 0), (3, 0))
    assert (earned(duo), earned(mei)) == (10, 3)
    assert_sound()


def test_l15_zero_and_less_are_refused_and_only_managers_take_back(ready: Cast) -> None:
    given = transfer_of(an_act(ready.choir, 5))
    for points in (0, -1):
        with pytest.raises(Invalid):
            ReversalRequest(reason="a slip", points=points)
    with pytest.raises(Invalid):
        ReversalRequest(reason=" ")
    for name in ("sun", "zhang"):
        with pytest.raises(Forbidden):
            reversals.reverse(given, ReversalRequest(reason="a slip"), by=actor_of(name))
    with pytest.raises(NotFound):
        reverse(uuid7())
    reversals.reverse(given, ReversalRequest(reason="a slip"), by=actor_of("li"))
