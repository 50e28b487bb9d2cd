"""Races for points: threads that commit for real. What is scarce is given once."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import func, select

from core.db import Conflict, Database, Id, session, unit
from core.errors import DomainError
from core.explanations import explain
from core.plugins import House
from plugins.points import holds, ledger, posting, withdrawal
from plugins.points.ledger import Entry
from plugins.points.models import AccountKind, Hold, Kind, Transfer
from plugins.points.requests import WithdrawalRequest
from tests import kit
from tests.kit import NOW, SLUG, SYSTEM, Cast, enter_slug
from tests.plugins.points.kit import a_hold, a_policy, a_rule, after, an_act, assert_sound, figures, on

pytestmark = pytest.mark.race
TRIES = 50


@pytest.fixture
def racing(real_database: Database, house: House) -> tuple[Database, House, Cast]:
    """A database whose commits are real, points that count at once, one an act."""
    with unit(real_database, write=True):
        enter_slug(house, SLUG)
        a_policy()
        a_rule()
    return real_database, house, kit.find_cast(real_database)


def at_once(racing: tuple[Database, House, Cast], acts: Sequence[Callable[[], object]]) -> list[object]:
    """Do all acts at the same moment, each in its own unit; a conflict is tried again, a refusal is an answer."""
    database, house, _cast = racing
    start = Barrier(len(acts))

    def do(act: Callable[[], object]) -> object:
        start.wait()
        for _try in range(TRIES):
            try:
                with unit(database, write=True):
                    enter_slug(house, SLUG)
                    return act()
            except Conflict:
                continue
            except DomainError as refusal:
                return refusal.code
        raise AssertionError("always a conflict")

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))


def inside(racing: tuple[Database, House, Cast], act: Callable[[], Id | None]) -> Id | None:
    database, house, _cast = racing
    with unit(database, write=True):
        enter_slug(house, SLUG)
        return act()


def check(racing: tuple[Database, House, Cast], expected: tuple[int, int]) -> None:
    database, house, cast = racing
    with unit(database, write=False):
        enter_slug(house, SLUG)
        assert figures(cast.choir) == expected
        assert_sound()


def test_l11_a_cap_is_given_once_to_eight_at_once(racing: tuple[Database, House, Cast]) -> None:
    inside(racing, lambda: a_rule("capped", daily_cap=10))
    choir = racing[2].choir
    at_once(racing, [lambda: an_act(choir, 3, category="capped").id] * 8)
    check(racing, (10, 0))


def test_l3_the_last_points_are_held_by_one_of_eight(racing: tuple[Database, House, Cast]) -> None:
    choir = racing[2].choir
    inside(racing, lambda: an_act(choir, 5).id)
    answers = at_once(racing, [partial(a_hold, choir, 5, key=str(number)) for number in range(8)])
    assert answers.count("not_enough_points") == 7
    check(racing, (5, 5))


def test_l4_the_same_key_in_parallel_acts_once(racing: tuple[Database, House, Cast]) -> None:
    choir, orchestra = racing[2].choir, racing[2].orchestra
    inside(racing, lambda: an_act(choir, 20).id)
    held = at_once(racing, [lambda: a_hold(choir, 5).id] * 6)
    assert len(set(held)) == 1

    inside(racing, lambda: ledger.account_of(orchestra.id).id)

    def post() -> Id:  # without the holders' locks: the key alone decides
        accounts = ledger.accounts_of([choir.id, orchestra.id])
        moves = {accounts[choir.id].id: -3, accounts[orchestra.id].id: 3}
        entry = Entry(key="k", kind=Kind.CORRECTED, reason=explain("points_typed", words="test"), at=NOW, moves=moves)
        return ledger.post([entry])[0]

    posted = at_once(racing, [post] * 6)
    assert len(set(posted)) == 1
    database, house, _cast = racing
    with unit(database, write=False):
        enter_slug(house, SLUG)
        assert session.scalar(select(func.count(Transfer.id)).where(Transfer.key == "k")) == 1
        assert figures(choir) == (17, 5)


def test_l5_l6_l7_a_withdrawal_against_a_capture_leaves_the_book_sound(racing: tuple[Database, House, Cast]) -> None:
    choir = racing[2].choir
    contribution = inside(racing, lambda: an_act(choir, 5).id)
    hold = inside(racing, lambda: a_hold(choir, 5).id)
    assert contribution is not None
    assert hold is not None
    at_once(
        racing,
        [
            lambda: holds.capture(hold, None, at=NOW).id,
            lambda: withdrawal.withdraw(contribution, WithdrawalRequest(reason="a slip"), by=SYSTEM).id,
            lambda: holds.release(hold, None, at=NOW).id,
            lambda: withdrawal.withdraw(contribution, WithdrawalRequest(reason="a slip"), by=SYSTEM).id,
        ],
    )
    database, house, _cast = racing
    with unit(database, write=False):
        enter_slug(house, SLUG)
        captured, released = session.execute(select(Hold.captured, Hold.released)).one()
    assert (captured, released) in {(5, 0), (0, 5)}
    check(racing, (-captured, 0))


def test_l8_eight_sweeps_at_once_credit_once(racing: tuple[Database, House, Cast]) -> None:
    choir, orchestra = racing[2].choir, racing[2].orchestra

    def posted() -> None:
        a_policy(posting_days=3)
        for holder in (choir, orchestra) * 3:
            an_act(holder, 2)

    inside(racing, posted)
    on(after(4))
    answers = at_once(racing, [posting.credit_due] * 8)
    assert sum(answer for answer in answers if isinstance(answer, int)) == 6
    check(racing, (6, 0))


def test_l2_accounts_of_the_house_are_made_once(racing: tuple[Database, House, Cast]) -> None:
    kinds = [AccountKind.ISSUE, AccountKind.SPENT, AccountKind.EXPIRED] * 3
    made = at_once(racing, [partial(ledger.house_account, kind) for kind in kinds])
    assert len(set(made)) == 3
