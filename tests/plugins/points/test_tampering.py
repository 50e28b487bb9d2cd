"""`linli check` finds what somebody changed behind the rules: each tried by plain SQL, below all nets of the house."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from core import clock
from core.db import Database, session, unit
from core.hookspecs import Keeps
from core.plugins import House, here
from plugins.points import gifts, holds, objections, reversals
from plugins.points.requests import GiftRequest, ObjectionRequest, ReversalRequest
from tests.kit import SLUG, SYSTEM, Cast, actor_of, enter_slug
from tests.plugins.points.kit import a_hold, a_policy, a_rule, after, an_act, on, withdraw

Codes = Callable[..., set[str]]
NAMED = {
    "spent": "(SELECT id FROM points_transfer WHERE kind = 'spent')",
    "given": "(SELECT id FROM points_transfer WHERE kind = 'given')",
    "its_lot": "(SELECT lot_id FROM points_use WHERE transfer_id IN (SELECT id FROM points_transfer WHERE kind = 'spent'))",
    "another": "(SELECT id FROM points_lot WHERE account_id <> (SELECT account_id FROM points_hold WHERE open > 1) LIMIT 1)",
}


@pytest.fixture
def check(database: Database, house: House, cast: Cast) -> Codes:
    """Something of every kind in the book; `check("UPDATE …")` changes it by SQL and answers what is found then."""
    with unit(database, write=True):
        enter_slug(house, SLUG)
        _fill(cast)

    def changed(*statements: str) -> set[str]:
        assert isinstance(database.writer, Connection)
        for statement in statements:
            assert database.writer.execute(text(statement.format(**NAMED))).rowcount > 0, statement
        with unit(database, write=False):
            enter_slug(house, SLUG)
            return {found.code for found in here().relay.collect(Keeps.invariants)}

    return changed


def _fill(cast: Cast) -> None:
    a_policy(gift_monthly_cap=100)
    a_rule()
    an_act(cast.choir, 50)
    an_act(cast.orchestra, 10)
    on(after(1))
    given, gone = an_act(cast.choir, 30), an_act(cast.choir, 7)
    transfer_id = given.awards[0].transfer_id
    assert transfer_id is not None
    reversals.reverse(transfer_id, ReversalRequest(reason="a slip", points=4), by=SYSTEM)
    withdraw(gone)
    spent = a_hold(cast.choir, 9, key="spent")
    holds.capture(spent.id, 6, at=clock.now())
    holds.release(spent.id, 2, at=clock.now())
    a_hold(cast.choir, 5, key="open")
    offered = gifts.offer(GiftRequest(giver_id=cast.choir.id, receiver_id=cast.orchestra.id, points=3), by=SYSTEM)
    gifts.accept(offered.id, by=SYSTEM)
    a_policy(posting_days=3, gift_monthly_cap=100)
    an_act(cast.choir, 2)
    objected = an_act(cast.choir, 2)
    objections.object_to(objected.id, ObjectionRequest(reason="no"), by=actor_of("chen"))
    session.flush()


def test_an_untouched_book_is_sound(check: Codes) -> None:
    assert check() == set()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        # the ledger
        ("UPDATE points_line SET points = points + 1 WHERE points > 0 AND transfer_id IN {spent}", "points_check_l1"),
        ("UPDATE points_line SET points = points * 2 WHERE transfer_id IN {spent}", "points_check_l2"),
        ("DELETE FROM points_line WHERE points > 0 AND transfer_id IN {given}", "points_check_l1"),
        ("UPDATE points_line SET at = '2020-01-01 00:00:00' WHERE transfer_id IN {spent}", "points_check_dates"),
        ("UPDATE points_account SET balance = balance + 1 WHERE balance > 20", "points_check_l2"),
        ("UPDATE points_account SET balance = balance + 1 WHERE kind = 'issue'", "points_check_l2"),
        ("UPDATE points_account SET held = held - 1 WHERE held > 0", "points_check_l5"),
        ("UPDATE points_transfer SET kind = 'corrected' WHERE kind = 'spent'", "points_check_spent"),
        ("UPDATE points_transfer SET reverses_id = NULL WHERE kind = 'reversed'", "points_check_award"),
        ("UPDATE points_transfer SET reverses_id = NULL WHERE kind = 'withdrawn'", "points_check_award"),
        # lots
        ("UPDATE points_lot SET remaining = remaining - 1 WHERE remaining > held", "points_check_l7"),
        ("UPDATE points_lot SET points = points + 1", "points_check_lot"),
        ("UPDATE points_lot SET held = 0 WHERE held > 0", "points_check_lot"),
        ("UPDATE points_use SET points = points + 1 WHERE transfer_id IN {spent}", "points_check_lot"),
        ("DELETE FROM points_use WHERE transfer_id IN {spent}", "points_check_lot"),
        ("UPDATE points_set_aside SET points = points + 1", "points_check_lot"),
        ("DELETE FROM points_set_aside", "points_check_lot"),
        # holds
        ("UPDATE points_hold SET captured = captured + 1, open = open - 1 WHERE captured > 0", "points_check_spent"),
        ("UPDATE points_hold SET released = released + 1, open = open - 1 WHERE captured = 0", "points_check_parts"),
        ("UPDATE points_hold SET points = points + 1, open = open + 1", "points_check_l5"),
        ("UPDATE points_hold_part SET points = points + 1 WHERE transfer_id IS NULL", "points_check_parts"),
        ("UPDATE points_hold_part SET points = points - 1 WHERE transfer_id IS NOT NULL", "points_check_parts"),
        ("UPDATE points_hold_part SET transfer_id = NULL WHERE transfer_id IS NOT NULL", "points_check_parts"),
        ("DELETE FROM points_hold_part", "points_check_parts"),
        # contributions and awards
        ("UPDATE points_award SET reversed = reversed + 1 WHERE reversed > 0", "points_check_award"),
        ("UPDATE points_award SET reversed = 0 WHERE reversed > 0", "points_check_award"),
        ("UPDATE points_award SET points = points + 1 WHERE state = 'credited'", "points_check_award"),
        ("UPDATE points_award SET transfer_id = NULL WHERE state = 'credited'", "points_check_award"),
        ("UPDATE points_award SET state = 'credited' WHERE state = 'posted'", "points_check_states"),
        ("UPDATE points_contribution SET state = 'withdrawn' WHERE state = 'credited'", "points_check_states"),
        ("UPDATE points_contribution SET state = 'posted' WHERE state = 'objected'", "points_check_states"),
        ("UPDATE points_contribution SET withdrawn_at = NULL WHERE state = 'withdrawn'", "points_check_states"),
        ("UPDATE points_objection SET upheld = TRUE, decided_at = at", "points_check_states"),
        ("DELETE FROM points_objection", "points_check_states"),
        ("DELETE FROM points_award WHERE state = 'posted'", "points_check_states"),
        # gifts
        ("UPDATE points_gift SET points = points + 1", "points_check_gift"),
        ("UPDATE points_gift SET month = NULL", "points_check_gift"),
        (
            "UPDATE points_gift SET transfer_id = (SELECT id FROM points_transfer WHERE kind = 'withdrawn')",
            "points_check_gift",
        ),
        ("UPDATE points_gift SET state = 'declined', transfer_id = NULL", "points_check_given"),
        ("DELETE FROM points_gift", "points_check_given"),
    ],
)
def test_the_check_finds_what_was_changed(check: Codes, change: str, found: str) -> None:
    assert found in check(change)


def test_l7_it_finds_a_spending_paid_by_anothers_lot(check: Codes) -> None:
    """Lot and use agree with one another, the lots of the account with its balance: only the transfer tells."""
    assert check(
        "UPDATE points_use SET points = points - 1 WHERE transfer_id IN {given} AND lot_id IN {its_lot}",
        "UPDATE points_use SET points = points + 1 WHERE transfer_id IN {spent} AND lot_id IN {its_lot}",
    ) == {"points_check_uses"}


def test_l7_it_finds_a_lot_that_nobody_credited(check: Codes) -> None:
    """A lot made larger, its use too: lots and balance agree, the credit does not."""
    assert check(
        "UPDATE points_lot SET points = points + 1 WHERE id IN {its_lot}",
        "UPDATE points_use SET points = points + 1 WHERE transfer_id IN {spent}",
    ) == {"points_check_uses"}


def test_l7_it_finds_points_that_a_hold_lacks_while_some_are_free(check: Codes) -> None:
    assert check(
        "UPDATE points_lot SET held = held - 1 WHERE held > 1",
        "UPDATE points_set_aside SET points = points - 1 WHERE points > 1",
    ) == {"points_check_aside"}


def test_l5_it_finds_points_set_aside_from_another_account(check: Codes) -> None:
    assert "points_check_hold" in check("UPDATE points_set_aside SET lot_id = {another} WHERE points > 1")
