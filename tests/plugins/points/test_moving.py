"""Points of groups that are no more: merged ones go on with the other, dissolved ones go to the treasury; nothing is lost."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core import clock
from core.communities import switching
from core.contract import Contribution as Told
from core.contract import Holder
from core.db import session
from core.errors import Invalid
from core.explanations import explain
from core.hookspecs import Happened
from core.people import dissolving, merging
from core.people.requests import DissolutionRequest, MergingRequest
from core.plugins import House, here
from plugins.points import awards, corrections, holds, moving, queries, standing, withdrawal
from plugins.points.models import (
    Account,
    Contribution,
    Gift,
    GiftState,
    Kind,
    Line,
    Lot,
    SetAside,
    State,
    Transfer,
    Use,
)
from plugins.points.requests import ContributionRequest, CorrectionRequest, WithdrawalRequest
from tests import kit
from tests.kit import NOW, SYSTEM, BrowserOf, Cast, ProgramOf, a_group, actor_of, enter_slug
from tests.plugins.points.kit import (
    TODAY,
    a_hold,
    a_policy,
    a_rule,
    account,
    after,
    an_act,
    assert_sound,
    figures,
    lots_of,
    on,
    sweep,
)


def merge(merged: Holder, kept: Holder) -> None:
    merging.merge(merged.id, MergingRequest(into_id=kept.id), by=SYSTEM)
    session.flush()
    session.expire_all()


def dissolve(group: Holder) -> None:
    dissolving.dissolve(group.id, DissolutionRequest(), by=SYSTEM)
    session.flush()
    session.expire_all()


def in_all() -> int:
    """What all holders have together."""
    return int(session.scalar(select(func.sum(Account.balance)).where(Account.kind == "own")) or 0)


def everything_moves() -> None:
    """The sweeps of points in their order."""
    sweep()
    moving.collect_closed()
    session.expire_all()


def rows_of_the_ledger() -> list[tuple[object, ...]]:
    """What must never change."""
    transfers = [(one.id, one.key, one.kind, one.at) for one in session.scalars(select(Transfer).order_by(Transfer.id))]
    lines = session.execute(
        select(Line.transfer_id, Line.account_id, Line.points).order_by(Line.transfer_id, Line.account_id)
    )
    uses = session.execute(select(Use.transfer_id, Use.lot_id, Use.points).order_by(Use.transfer_id, Use.lot_id))
    return [*transfers, *map(tuple, lines), *map(tuple, uses)]


# --- merging -------------------------------------------------------------------------------------------------------


def test_l13_points_move_as_lots_with_their_day_and_contribution_and_no_total_changes(ready: Cast) -> None:
    choir, orchestra = ready.choir, ready.orchestra
    an_act(choir, 10)
    on(after(5))
    old = an_act(orchestra, 30)
    on(after(9))
    an_act(orchestra, 5)
    before, kept_rows = in_all(), rows_of_the_ledger()
    merge(orchestra, choir)
    assert (figures(choir), figures(orchestra)) == ((45, 0), (0, 0))
    assert lots_of(choir) == [(after(365), 10, 0), (after(370), 30, 0), (after(374), 5, 0)]
    assert in_all() == before
    moved = session.scalars(select(Transfer).where(Transfer.kind == Kind.MOVED)).one()
    assert moved.reason == explain("points_moved_on", merged="民乐团", kept="合唱队")
    assert rows_of_the_ledger()[: len(kept_rows)] != []
    assert set(kept_rows) < set(rows_of_the_ledger())  # nothing of the ledger was edited
    # spent later, the lots still say who earned them
    hold = a_hold(choir, 20)
    holds.capture(hold.id, 20, at=clock.now())
    spent = session.scalars(select(Transfer).where(Transfer.kind == Kind.SPENT)).one()
    paid = paid_by(spent)
    assert old.id in paid
    assert_sound()


def paid_by(transfer: Transfer) -> set[object]:
    wanted = select(Lot.contribution_id).join(Use, Use.lot_id == Lot.id).where(Use.transfer_id == transfer.id)
    return set(session.scalars(wanted))


@pytest.mark.parametrize(
    ("mine", "theirs", "left"),
    [
        ((0, 0), (30, 0), 30),
        ((-8, 0), (30, 0), 22),
        ((20, 0), (-8, 0), 12),
        ((-8, 0), (-5, 0), -13),
        ((-8, 0), (5, 0), -3),
    ],
)
def test_l13_a_debt_of_either_is_repaid_by_what_the_other_has(
    ready: Cast, mine: tuple[int, int], theirs: tuple[int, int], left: int
) -> None:
    choir, orchestra = ready.choir, ready.orchestra
    for group, (balance, _held) in ((choir, mine), (orchestra, theirs)):
        if balance > 0:
            an_act(group, balance)
        elif balance < 0:
            owe(group, -balance)
    before = in_all()
    merge(orchestra, choir)
    assert (figures(choir), figures(orchestra)) == ((left, 0), (0, 0))
    assert sum(remaining for _day, remaining, _held in lots_of(choir)) == max(left, 0)
    assert in_all() == before
    assert_sound()


def owe(group: Holder, points: int) -> None:
    """A debt: what was spent is withdrawn afterwards."""
    given = an_act(group, points)
    hold = a_hold(group, points, key=f"owe:{group.id}")
    holds.capture(hold.id, points, at=clock.now())
    withdrawal.withdraw(given.id, WithdrawalRequest(reason="错"), by=SYSTEM)


def test_l13_open_holds_follow_covered_by_the_lots_that_moved(ready: Cast) -> None:
    choir, orchestra = ready.choir, ready.orchestra
    an_act(choir, 10)
    an_act(orchestra, 30)
    mine, theirs = a_hold(choir, 4, key="mine"), a_hold(orchestra, 12, key="theirs")
    merge(orchestra, choir)
    assert (figures(choir), figures(orchestra)) == ((40, 16), (0, 0))
    assert (theirs.holder_id, theirs.account_id) == (choir.id, account(choir).id)
    covered = session.scalar(select(func.sum(SetAside.points)).where(SetAside.hold_id == theirs.id))
    assert covered == 12
    assert_sound()
    holds.capture(theirs.id, 5, at=clock.now())
    holds.release(theirs.id, None, at=clock.now())
    holds.release(mine.id, None, at=clock.now())
    assert figures(choir) == (35, 0)
    assert_sound()


def test_l13_a_hold_that_lacked_points_is_covered_by_the_other_groups(ready: Cast) -> None:
    choir, orchestra = ready.choir, ready.orchestra
    given = an_act(orchestra, 12)
    hold = a_hold(orchestra, 12)
    withdrawal.withdraw(given.id, WithdrawalRequest(reason="错"), by=SYSTEM)
    assert figures(orchestra) == (0, 12)
    an_act(choir, 10)
    merge(orchestra, choir)
    assert figures(choir) == (10, 12)
    assert session.scalar(select(func.sum(SetAside.points)).where(SetAside.hold_id == hold.id)) == 10
    assert_sound()


def test_l13_a_debt_that_comes_takes_what_is_free_first_then_what_is_set_aside(ready: Cast) -> None:
    choir, orchestra = ready.choir, ready.orchestra
    an_act(choir, 10)
    hold = a_hold(choir, 7)
    owe(orchestra, 5)
    merge(orchestra, choir)
    assert figures(choir) == (5, 7)
    assert session.scalar(select(func.sum(SetAside.points)).where(SetAside.hold_id == hold.id)) == 5
    assert_sound()


def test_standing_caps_and_later_withdrawals_follow(ready: Cast) -> None:
    choir, orchestra = ready.choir, ready.orchestra
    a_rule("dance", points=10, daily_cap=50)
    an_act(choir, 70)
    theirs = an_act(orchestra, 4, category="dance")
    spent = a_hold(orchestra, 40)
    holds.capture(spent.id, 40, at=clock.now())
    merge(orchestra, choir)
    assert standing.of([choir.id], day=TODAY)[choir.id].earned == 110
    assert an_act(choir, 3, category="dance").awards[0].points == 10  # 40 of 50 are used
    assert figures(choir) == (80, 0)
    withdrawal.withdraw(theirs.id, WithdrawalRequest(reason="错"), by=SYSTEM)
    assert figures(choir) == (40, 0)
    assert standing.of([choir.id], day=TODAY)[choir.id].earned == 80
    assert session.scalars(select(Contribution.holder_id)).all() == [choir.id] * 3
    assert_sound()


def test_what_is_posted_still_is_credited_to_the_one_that_goes_on(ready: Cast) -> None:
    a_policy(posting_days=3)
    an_act(ready.orchestra, 9)
    merge(ready.orchestra, ready.choir)
    on(after(4))
    everything_moves()
    assert figures(ready.choir) == (9, 0)
    assert_sound()


def test_l8_what_was_over_before_the_merge_expires_as_on_time_however_late_the_sweep(ready: Cast) -> None:
    choir, orchestra = ready.choir, ready.orchestra
    an_act(orchestra, 30)
    an_act(choir, 1)
    on(after(366))
    merge(orchestra, choir)
    everything_moves()
    assert (figures(choir), figures(orchestra)) == ((0, 0), (0, 0))
    assert session.scalars(select(Transfer.kind).distinct()).all().count(Kind.MOVED) == 0
    assert_sound()


def test_p2_merging_moves_points_also_while_points_is_off(ready: Cast, house: House) -> None:
    choir, orchestra = ready.choir, ready.orchestra
    an_act(orchestra, 30)
    a_hold(orchestra, 12)
    switching.disable("points", by=SYSTEM)
    enter_slug(house, kit.SLUG)
    assert not here().relay.has("points")
    merge(orchestra, choir)
    assert (figures(choir), figures(orchestra)) == ((30, 12), (0, 0))
    assert_sound()


def a_gift(giver: Holder, receiver: Holder, state: GiftState = GiftState.OFFERED) -> Gift:
    gift = Gift(
        giver_id=giver.id,
        receiver_id=receiver.id,
        points=3,
        reason="谢谢",
        state=state,
        offered_at=clock.now(),
        offered_by="赵国强",
    )
    session.add(gift)
    session.flush()
    return gift


def test_gifts_follow_but_what_the_two_offered_each_other_ends(ready: Cast) -> None:
    choir, orchestra, third = ready.choir, ready.orchestra, a_group()
    between, back = a_gift(orchestra, choir), a_gift(choir, orchestra)
    given, got, old = a_gift(orchestra, third), a_gift(third, orchestra), a_gift(choir, orchestra, GiftState.DECLINED)
    merge(orchestra, choir)
    assert (between.state, back.state) == (GiftState.TAKEN_BACK, GiftState.DECLINED)
    assert (between.giver_id, old.receiver_id, old.answered_at) == (orchestra.id, orchestra.id, None)
    assert (given.giver_id, got.receiver_id) == (choir.id, choir.id)
    assert {given.state, got.state} == {GiftState.OFFERED}


# --- dissolving ----------------------------------------------------------------------------------------------------


def test_l14_the_balance_goes_to_the_treasury_with_its_lots(ready: Cast) -> None:
    choir, centre = ready.choir, ready.centre
    an_act(choir, 10)
    on(after(5))
    an_act(choir, 30)
    gift = a_gift(choir, ready.orchestra)
    before = in_all()
    dissolve(choir)
    assert (figures(choir), figures(centre)) == ((0, 0), (40, 0))
    assert lots_of(centre) == [(after(365), 10, 0), (after(370), 30, 0)]
    assert in_all() == before
    assert gift.state is GiftState.TAKEN_BACK
    moved = session.scalars(select(Transfer).where(Transfer.kind == Kind.MOVED)).one()
    assert moved.reason == explain("points_moved_treasury", name="合唱队")
    assert standing.of([choir.id], day=after(5))[choir.id].earned == 40  # what it did stays on record
    assert_sound()


def test_l14_a_debt_is_the_centres_and_repaid_by_what_comes_later(ready: Cast) -> None:
    choir, orchestra, centre = ready.choir, ready.orchestra, ready.centre
    owe(choir, 8)
    dissolve(choir)
    assert (figures(choir), figures(centre)) == ((0, 0), (-8, 0))
    an_act(orchestra, 20)
    dissolve(orchestra)
    assert figures(centre) == (12, 0)
    assert_sound()


@pytest.mark.parametrize("ending", ["release", "capture", "part"])
def test_l14_what_is_set_aside_stays_and_is_collected_once_when_it_comes_back(ready: Cast, ending: str) -> None:
    choir, centre = ready.choir, ready.centre
    an_act(choir, 30)
    hold = a_hold(choir, 12)
    dissolve(choir)
    assert (figures(choir), figures(centre)) == ((12, 12), (18, 0))
    assert_sound()
    assert moving.collect_closed() == 0
    if ending == "part":
        holds.capture(hold.id, 5, at=clock.now())
    if ending in {"release", "part"}:
        holds.release(hold.id, None, at=clock.now())
    else:
        holds.capture(hold.id, None, at=clock.now())
    for _time in range(2):  # once, however often it runs
        everything_moves()
        assert figures(choir) == (0, 0)
        assert figures(centre) == ({"release": 30, "capture": 18, "part": 25}[ending], 0)
    assert_sound()


def test_l14_a_hold_that_lacked_points_leaves_a_debt_to_the_centre(ready: Cast) -> None:
    choir, centre = ready.choir, ready.centre
    given = an_act(choir, 12)
    hold = a_hold(choir, 12)
    withdrawal.withdraw(given.id, WithdrawalRequest(reason="错"), by=SYSTEM)
    dissolve(choir)
    assert moving.collect_closed() == 0
    holds.capture(hold.id, None, at=clock.now())
    assert moving.collect_closed() == 1
    session.expire_all()
    assert (figures(choir), figures(centre)) == ((0, 0), (-12, 0))
    assert_sound()


def test_l14_credits_of_what_was_posted_and_withdrawals_end_in_the_treasury(ready: Cast) -> None:
    choir, centre = ready.choir, ready.centre
    a_policy(posting_days=3)
    posted = an_act(choir, 9)
    dissolve(choir)
    on(after(4))
    everything_moves()
    assert (figures(choir), figures(centre)) == ((0, 0), (9, 0))
    withdrawal.withdraw(posted.id, WithdrawalRequest(reason="错"), by=SYSTEM)
    everything_moves()
    assert (figures(choir), figures(centre)) == ((0, 0), (0, 0))
    assert_sound()


def test_l14_p2_dissolving_reaches_points_that_is_off_and_what_fell_due_is_collected_when_it_is_on(
    ready: Cast, house: House
) -> None:
    choir, centre = ready.choir, ready.centre
    an_act(choir, 30)
    a_policy(posting_days=3)
    an_act(choir, 9)
    until = NOW + timedelta(days=1)
    a_hold(choir, 12, until=until)
    switching.disable("points", by=SYSTEM)
    enter_slug(house, kit.SLUG)
    dissolve(choir)
    assert (figures(choir), figures(centre)) == ((12, 12), (18, 0))
    on(after(10))
    switching.enable("points", by=SYSTEM)
    session.expire_all()
    assert (figures(choir), figures(centre)) == ((0, 0), (39, 0))
    assert_sound()


# --- what is told or typed later -----------------------------------------------------------------------------------


def tell(group: Holder, key: str) -> Contribution:
    told = Told(key=key, source="volunteers", category="song", holder=group, occurred_on=TODAY, acts=5, by=SYSTEM)
    here().relay.tell(Happened.contribution_recorded, contribution=told)
    return session.scalars(select(Contribution).where(Contribution.key == key)).one()


def test_l14_what_a_plugin_tells_of_a_dissolved_group_is_kept_and_goes_to_the_treasury(ready: Cast) -> None:
    choir, centre = ready.choir, ready.centre
    dissolve(choir)
    kept = tell(choir, "shift:1")
    assert (kept.holder_id, kept.state) == (choir.id, State.CREDITED)
    everything_moves()
    assert (figures(choir), figures(centre)) == ((0, 0), (5, 0))
    assert_sound()


def test_l13_what_a_plugin_tells_of_a_merged_group_is_the_others(ready: Cast) -> None:
    choir, orchestra = ready.choir, ready.orchestra
    merge(orchestra, choir)
    assert tell(orchestra, "shift:1").holder_id == choir.id
    assert figures(choir) == (5, 0)


@pytest.mark.parametrize("close", [dissolve, lambda group: merge(group, a_group("合唱团"))])
def test_nothing_is_typed_for_a_group_that_is_no_more(ready: Cast, close: Callable[[Holder], None]) -> None:
    choir = ready.choir
    close(choir)
    request = ContributionRequest(holder_id=choir.id, category="song", occurred_on=TODAY)
    with pytest.raises(Invalid) as refusal:
        awards.record(request, by=actor_of("li"))
    [fault] = refusal.value.errors["holder_id"]
    assert fault.code in {"group_dissolved", "group_merged"}
    with pytest.raises(Invalid) as refusal:
        corrections.correct(CorrectionRequest(holder_id=choir.id, points=5, reason="漏记"), by=actor_of("li"))
    assert refusal.value.errors["holder_id"] == [fault]
    assert choir.id not in {holder.id for holder in queries.holders(by=actor_of("li"), limit=50)}


def test_rest_refuses_a_contribution_with_the_sentence_of_the_groups_page(
    program_of: ProgramOf, browser_of: BrowserOf, cast: Cast
) -> None:
    li, choir = program_of("li"), str(cast.choir.id)
    told = {"holder_id": choir, "category": "performance", "occurred_on": "2026-11-26"}
    assert li.post("/points/contributions", told).status_code == 201
    assert li.post(f"/groups/{choir}/dissolution").status_code == 201
    refused = li.post("/points/contributions", told)
    assert (refused.status_code, refused.get_json()["code"]) == (422, "invalid")
    assert refused.get_json()["errors"]["holder_id"][0] in browser_of("li").get(f"/groups/{choir}").text
    listed = li.get("/points/accounts?kind=group").get_json()["items"]
    assert choir not in {one["holder"]["id"] for one in listed}
    assert li.get(f"/points/accounts/{choir}").status_code == 200
    assert "合唱队" not in browser_of("li").get("/points/award").text
