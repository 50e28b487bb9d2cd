"""Statements: every line with the balance after it, periods that chain, what paid for what, and what is left."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import clock
from core.contract import Holder
from core.db import Database, session, unit
from core.errors import Invalid
from core.plugins import House, here
from plugins.points import holds, ledger, remains, statements, withdrawal
from plugins.points.models import Kind
from plugins.points.requests import WithdrawalRequest
from plugins.points.statements import Statement, StatementLine, Wanted
from tests.kit import SLUG, SYSTEM, BrowserOf, Cast, actor_of, enter_slug
from tests.plugins.points.kit import TODAY, a_hold, a_policy, a_rule, account, after, an_act, on, sweep
from tests.statements import statements as statements_sent

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def spend(holder: Holder, points: int, *, key: str) -> None:
    held = a_hold(holder, points, key=key)
    holds.capture(held.id, None, at=clock.now())


def day(first: date, last: date | None = None, kinds: Sequence[Kind] = ()) -> Wanted:
    """A period of days, as the page counts it."""
    return Wanted(begins=ledger.start_of(first), ends=ledger.start_of((last or first) + timedelta(days=1)), kinds=kinds)


def told(found: Statement) -> list[tuple[Kind, int, int]]:
    return [(line.kind, line.points, line.balance) for line in found.lines]


def a_history(holder: Holder) -> None:
    """On three days: 10 and 5 earned; 4 and 8 spent; 2 earned, then what is left of the first two expires after ten days."""
    a_policy(expiry_days=9)
    a_rule()
    an_act(holder, 10, note="the square")
    an_act(holder, 5)
    on(after(1))
    spend(holder, 4, key="four")
    spend(holder, 8, key="eight")
    on(after(2))
    an_act(holder, 2)
    on(after(10))
    sweep()


def test_each_line_says_the_balance_after_it(inside: Cast) -> None:
    a_history(inside.choir)
    found = statements.whole(inside.choir.id, Wanted())
    assert told(found) == [
        (Kind.EARNED, 10, 10),
        (Kind.EARNED, 5, 15),
        (Kind.SPENT, -4, 11),
        (Kind.SPENT, -8, 3),
        (Kind.EARNED, 2, 5),
        (Kind.EXPIRED, -3, 2),
    ]
    assert (found.opening, found.closing) == (0, 2)


def test_a_kind_leaves_lines_out_and_changes_no_balance(inside: Cast) -> None:
    a_history(inside.choir)
    spent = [(Kind.SPENT, -4, 11), (Kind.SPENT, -8, 3)]
    wanted = Wanted(kinds=[Kind.SPENT])
    assert told(statements.whole(inside.choir.id, wanted)) == spent
    assert told(statements.page(inside.choir.id, wanted, most=20)) == spent[::-1]
    one = statements.page(inside.choir.id, day(after(1), kinds=[Kind.SPENT]), most=20)
    assert (one.opening, told(one), one.closing) == (15, spent[::-1], 3)


def test_pages_are_the_whole_in_pieces_with_the_same_balances(inside: Cast) -> None:
    a_history(inside.choir)
    for kinds in ([], [Kind.SPENT], [Kind.SPENT, Kind.EARNED]):
        for most in (1, 2, 4):
            lines: list[StatementLine] = []
            before, more = None, True
            while more:
                piece = statements.page(inside.choir.id, Wanted(kinds=kinds), most=most, before=before)
                lines += piece.lines
                before, more = piece.lines[-1].transfer_id, piece.more
            assert lines[::-1] == list(statements.whole(inside.choir.id, Wanted(kinds=kinds)).lines)


def test_a_line_that_is_nobodys_leaves_out_nothing(inside: Cast) -> None:
    a_history(inside.choir)
    found = statements.page(inside.choir.id, Wanted(), most=20, before=inside.choir.id)
    assert len(found.lines) == 6


def test_who_never_had_a_point_has_an_empty_statement(inside: Cast) -> None:
    assert statements.whole(inside.choir.id, Wanted()) == Statement()
    assert statements.page(inside.choir.id, day(TODAY), most=20) == Statement()
    assert statements.totals(inside.choir.id, Wanted()).lines == 0


def test_totals_are_the_sums_of_the_lines(inside: Cast) -> None:
    a_history(inside.choir)
    assert statements.totals(inside.choir.id, Wanted()) == statements.Totals(lines=6, came=17, went=-15)
    assert statements.totals(inside.choir.id, day(after(1))) == statements.Totals(lines=2, came=0, went=-12)
    assert statements.totals(inside.choir.id, Wanted(kinds=[Kind.EXPIRED])).went == -3


def test_l9_midnight_of_the_communitys_zone_parts_the_days(inside: Cast) -> None:
    a_policy()
    a_rule()
    for second in (datetime(2026, 11, 26, 23, 59, 59), datetime(2026, 11, 27, 0, 0, 0)):  # noqa: DTZ001
        clock.start_at(second.replace(tzinfo=here().zone), frozen=True)
        an_act(inside.choir, 1)
    before, later = (statements.whole(inside.choir.id, day(date(2026, 11, number))) for number in (26, 27))
    assert (before.opening, len(before.lines), before.closing) == (0, 1, 1)
    assert (later.opening, len(later.lines), later.closing) == (1, 1, 2)


def test_l9_a_period_that_ends_before_it_begins_is_refused_and_one_of_no_length_is_empty(inside: Cast) -> None:
    a_history(inside.choir)
    begins = ledger.start_of(after(1))
    with pytest.raises(Invalid):
        Wanted(begins=begins, ends=begins - timedelta(seconds=1))
    none = statements.whole(inside.choir.id, Wanted(begins=begins, ends=begins))
    assert (none.opening, none.lines, none.closing) == (15, [], 15)


acts = st.lists(
    st.tuples(st.sampled_from(["earn", "spend", "wait", "withdraw"]), st.integers(1, 9)), min_size=1, max_size=14
)
cuts = st.lists(st.integers(0, 40 * 24 * 60), max_size=5)


@FEW
@given(acts=acts, cuts=cuts)
def test_l9_closing_is_the_next_opening_however_time_is_cut(
    database: Database, house: House, cast: Cast, acts: list[tuple[str, int]], cuts: list[int]
) -> None:
    with unit(database, write=True) as work:
        enter_slug(house, SLUG)
        on(TODAY)
        live(cast.choir, acts)
        check_chain(cast.choir, sorted(set(cuts)))
        work.commit = False


def live(holder: Holder, acts: list[tuple[str, int]]) -> None:
    """A history in any order, on up to forty days."""
    a_policy(expiry_days=6)
    a_rule()
    made = []
    for number, (act, count) in enumerate(acts):
        if act == "earn":
            made.append(an_act(holder, count))
        elif act == "wait":
            clock.start_at(clock.now() + timedelta(hours=7 * count), frozen=True)
            sweep()
        elif act == "withdraw" and made:
            withdrawal.withdraw(made.pop().id, WithdrawalRequest(reason="a slip"), by=SYSTEM)
        elif act == "spend" and made and (free := account(holder).balance - account(holder).held) > 0:
            spend(holder, min(count, free), key=f"spent {number}")


def check_chain(holder: Holder, minutes: list[int]) -> None:
    bounds = [None, *(ledger.start_of(TODAY) + timedelta(minutes=minute) for minute in minutes), None]
    pieces = [statements.whole(holder.id, Wanted(begins=begins, ends=ends)) for begins, ends in pairwise(bounds)]
    whole = statements.whole(holder.id, Wanted())
    assert pieces[0].opening == 0
    assert pieces[-1].closing == whole.closing
    assert [line for piece in pieces for line in piece.lines] == list(whole.lines)
    for piece, later in pairwise(pieces):
        assert piece.closing == later.opening
    for piece in pieces:
        assert piece.closing == piece.opening + sum(line.points for line in piece.lines)


# --- what paid for what --------------------------------------------------------------------------------------------


def paid(found: Statement) -> list[list[tuple[str, date, int]]]:
    return [[(str(one.category), one.day or TODAY, one.points) for one in line.payments] for line in found.lines]


def test_l7_every_spending_names_the_contributions_that_paid_for_it_and_how_much_each(inside: Cast) -> None:
    a_history(inside.choir)
    name = "name of song"
    assert paid(statements.whole(inside.choir.id, Wanted())) == [
        [],
        [],
        [(name, TODAY, 4)],
        [(name, TODAY, 6), (name, TODAY, 2)],
        [],
        [(name, TODAY, 3)],
    ]
    whole = statements.whole(inside.choir.id, Wanted())
    page = statements.page(inside.choir.id, Wanted(), most=20)
    assert list(page.lines)[::-1] == list(whole.lines)
    first, second = whole.lines[0].contribution_id, whole.lines[1].contribution_id
    assert whole.lines[3].paid_by == [first, second]
    assert first != second


def test_a_withdrawal_leads_to_its_contribution_and_a_credit_says_what_of_it_repaid_a_debt(inside: Cast) -> None:
    a_policy()
    a_rule()
    act = an_act(inside.choir, 10)
    spend(inside.choir, 8, key="hall")
    withdrawal.withdraw(act.id, WithdrawalRequest(reason="twice"), by=SYSTEM)
    later = an_act(inside.choir, 12)
    *_earlier, withdrawn, repaid = statements.whole(inside.choir.id, Wanted()).lines
    assert (withdrawn.kind, withdrawn.points, withdrawn.balance) == (Kind.WITHDRAWN, -10, -8)
    assert withdrawn.contribution_id == act.id
    assert [(one.points, one.source and one.source.contribution_id) for one in withdrawn.payments] == [(2, act.id)]
    assert (repaid.contribution_id, [one.points for one in repaid.payments], repaid.paid_by) == (later.id, [8], [])


def test_a_contribution_says_what_became_of_its_points(inside: Cast) -> None:
    a_policy(expiry_days=9)
    a_rule()
    act = an_act(inside.choir, 10)
    spend(inside.choir, 4, key="hall")
    a_hold(inside.choir, 2, key="kept")
    [fate] = remains.fates(act.id, by=actor_of("li"))
    assert [(one.kind, one.points) for one in fate.went] == [(Kind.SPENT, 4)]
    assert (fate.holder, fate.remaining, fate.held, fate.expires_on) == ("合唱队", 6, 2, after(9))
    on(after(10))
    sweep()
    [fate] = remains.fates(act.id, by=actor_of("zhang"))
    assert [(one.kind, one.points) for one in fate.went] == [(Kind.EXPIRED, 4), (Kind.SPENT, 4)]
    assert (fate.remaining, fate.held) == (2, 2)


def test_what_became_of_points_is_told_to_those_who_may_see_whose_they_are(inside: Cast) -> None:
    a_policy()
    a_rule()
    act = an_act(inside.choir, 10)
    assert len(remains.fates(act.id, by=actor_of("chen"))) == 1
    assert remains.fates(act.id, by=actor_of("zhao")) == []


def test_what_is_left_is_told_in_the_order_in_which_it_is_spent(inside: Cast) -> None:
    a_history(inside.choir)
    an_act(inside.choir, 7)
    found = remains.left(inside.choir.id, most=1)
    assert [(one.points, one.remaining, one.expires_on) for one in found] == [(2, 2, after(11)), (7, 7, after(19))]
    assert [one.points for one in remains.left(inside.choir.id, most=5, seen=1)] == [7]


def test_statements_sent_are_as_many_for_a_long_history_as_for_a_short_one(inside: Cast, database: Database) -> None:
    a_policy()
    a_rule()
    counts: list[tuple[int, ...]] = []
    for count in (1, 30):
        for number in range(count):
            an_act(inside.choir, 2)
            spend(inside.choir, 1, key=f"{count} {number}")
        session.flush()
        counts.append(tuple(_sent(database, inside.choir, wanted) for wanted in _ALL))
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 6


_ALL: tuple[Any, ...] = (
    lambda holder: statements.page(holder.id, Wanted(), most=20),
    lambda holder: statements.page(holder.id, day(TODAY, kinds=[Kind.SPENT]), most=20),
    lambda holder: statements.whole(holder.id, day(TODAY)),
    lambda holder: statements.totals(holder.id, day(TODAY)),
    lambda holder: remains.left(holder.id, most=5),
)


def _sent(database: Database, holder: Holder, act: Any) -> int:
    session.expire_all()
    with statements_sent(database.writer) as sent:
        act(holder)
    return len(sent)


# --- long ones -----------------------------------------------------------------------------------------------------


def test_l9_portions_are_the_whole_in_pieces_the_earliest_first(inside: Cast) -> None:
    a_history(inside.choir)
    for wanted in Wanted(), Wanted(kinds=[Kind.EARNED]), day(after(1), after(10)):
        whole = statements.whole(inside.choir.id, wanted)
        found: list[StatementLine] = []
        piece = statements.portion(inside.choir.id, wanted, most=2)
        found += piece.lines
        while piece.more:
            piece = statements.portion(inside.choir.id, wanted, most=2, after=found[-1].transfer_id)
            found += piece.lines
        assert found == list(whole.lines)
        assert (piece.opening, piece.closing) == (whole.opening, whole.closing)


def test_what_is_taken_away_whole_has_a_bound_with_a_sentence(
    inside: Cast, monkeypatch: pytest.MonkeyPatch, browser_of: BrowserOf
) -> None:
    a_history(inside.choir)
    monkeypatch.setattr(statements, "MOST_LINES", 3)
    with pytest.raises(statements.TooManyLines):
        statements.whole(inside.choir.id, Wanted())
    assert len(statements.whole(inside.choir.id, day(after(1))).lines) == 2
    for name in "statement.xlsx", "statement.json":
        answer = browser_of("zhang").get(f"/points/accounts/{inside.choir.id}/{name}")
        assert (answer.status_code, "Choose a shorter period." in answer.text) == (422, True)
