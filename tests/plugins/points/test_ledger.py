"""The ledger: double entry, append-only, once for each key."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from core import clock
from core.contract import Holder, NotEnoughPoints
from core.db import Id, savepoint, session
from core.errors import KeyReused
from core.explanations import explain
from core.hookspecs import Keeps
from core.plugins import here
from plugins.points import ledger
from plugins.points.ledger import Entry
from plugins.points.models import Account, AccountKind, Kind, Line, Lot, Transfer
from tests.kit import Cast
from tests.plugins.points.kit import TODAY, assert_sound, figures


def an_entry(moves: dict[Id, int], *, key: str = "k") -> Entry:
    return Entry(
        key=key, kind=Kind.CORRECTED, reason=explain("points_typed", words="test"), at=clock.now(), moves=moves
    )


def account_ids(*holders: Holder) -> list[Id]:
    found = ledger.accounts_of([holder.id for holder in holders])
    return [found[holder.id].id for holder in holders]


def transfers() -> int:
    return session.scalar(select(func.count(Transfer.id))) or 0


def test_many_transfers_are_posted_at_once(rich: Cast) -> None:
    choir, orchestra = account_ids(rich.choir, rich.orchestra)
    ledger.post([an_entry({choir: -3, orchestra: 3}, key="a"), an_entry({choir: -4, orchestra: 4}, key="b")])
    assert (figures(rich.choir), figures(rich.orchestra)) == ((13, 0), (7, 0))


def test_l1_lines_and_the_whole_book_sum_to_zero(rich: Cast) -> None:
    choir, orchestra = account_ids(rich.choir, rich.orchestra)
    ledger.post([an_entry({choir: -3, orchestra: 3})])
    per_transfer = session.scalars(select(func.sum(Line.points)).group_by(Line.transfer_id)).all()
    assert set(per_transfer) == {0}
    assert session.scalar(select(func.sum(Line.points))) == 0
    for moves in ({choir: -3, orchestra: 2}, {choir: 0}, {}):
        with pytest.raises(ValueError, match="not a transfer"):
            an_entry(moves)


def test_l2_the_check_finds_a_balance_that_is_not_the_sum_of_its_lines(rich: Cast) -> None:
    assert_sound()
    session.execute(update(Account).where(Account.holder_id == rich.choir.id).values(balance=21))
    assert {found.code for found in here().relay.collect(Keeps.invariants)} == {"points_check_l2", "points_check_l7"}


def test_l4_the_same_key_twice_moves_points_once_and_another_content_is_refused(rich: Cast) -> None:
    choir, orchestra = account_ids(rich.choir, rich.orchestra)
    [first] = ledger.post([an_entry({choir: -3, orchestra: 3})])
    [second] = ledger.post([an_entry({choir: -3, orchestra: 3})])
    assert first == second
    with pytest.raises(KeyReused), savepoint():
        ledger.post([an_entry({choir: -4, orchestra: 4})])
    assert (figures(rich.choir), figures(rich.orchestra)) == ((17, 0), (3, 0))
    both = ledger.post([an_entry({choir: -3, orchestra: 3}), an_entry({choir: -1, orchestra: 1}, key="new")])
    assert both[0] == first
    assert figures(rich.choir) == (16, 0)


def test_l3_nobody_gives_what_is_not_there_and_nothing_is_written(rich: Cast) -> None:
    choir, orchestra = account_ids(rich.choir, rich.orchestra)
    before = transfers()
    with pytest.raises(NotEnoughPoints) as refusal, savepoint():
        ledger.post([an_entry({choir: -5, orchestra: 5}, key="a"), an_entry({choir: -16, orchestra: 16}, key="b")])
    assert refusal.value.facts == {"price": 21, "available": 20}
    assert (figures(rich.choir), figures(rich.orchestra), transfers()) == ((20, 0), (0, 0), before)


@pytest.mark.usefixtures("rich")
def test_l6_the_check_finds_more_taken_back_than_was_given() -> None:
    award = session.scalars(select(Transfer)).one()
    choir = session.scalars(select(Lot.account_id)).one()
    issue = ledger.house_account(AccountKind.ISSUE)
    for key in "a", "b":
        entry = Entry(
            key=key,
            kind=Kind.CORRECTED,
            reason=award.reason,
            at=clock.now(),
            moves={choir: -15, issue: 15},
            reverses_id=award.id,
        )
        ledger.post([entry], into_debt=True)
    assert "points_check_l6" in {found.code for found in here().relay.collect(Keeps.invariants)}


@pytest.mark.usefixtures("inside")
def test_a_day_begins_at_midnight_of_the_community() -> None:
    start = ledger.start_of(TODAY)
    assert start.isoformat() == "2026-11-26T00:00:00+08:00"
    assert ledger.day_of(start) == TODAY
    assert ledger.day_of(start - timedelta(microseconds=1)) == TODAY - timedelta(days=1)


def test_house_accounts_are_the_centres(inside: Cast) -> None:
    kinds = {ledger.house_account(kind) for kind in (AccountKind.ISSUE, AccountKind.SPENT, AccountKind.EXPIRED)}
    assert len(kinds) == 3
    assert set(session.scalars(select(Account.holder_id).where(Account.id.in_(kinds)))) == {inside.centre.id}
