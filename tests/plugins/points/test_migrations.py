"""The second revisions of the core and of points: back and forth with a full book, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text

from core import clock
from core.communities import policy
from core.db import Database, migrate, session, unit
from core.explanations import explain
from core.hookspecs import Keeps
from core.notices import outbox
from core.people import merging
from core.people.requests import MergingRequest
from core.plugins import House, here
from plugins.points import gifts, holds, objections, posting, reversals, rules
from plugins.points.policy import PointsPolicy
from plugins.points.requests import GiftRequest, ObjectionRequest, ReversalRequest, RuleRequest
from tests import kit
from tests.core.db.test_migrate import empty, empty_address  # noqa: F401 - pytest finds them here
from tests.kit import SLUG, SYSTEM, Cast, actor_of, enter_slug
from tests.plugins.points.kit import a_hold, a_policy, a_rule, after, an_act, on, sweep, withdraw

GONE = {"points_gift", "points_hold_part", "points_objection"}
KEPT = (
    "SELECT id, key, reverses_id FROM points_transfer ORDER BY id",
    "SELECT transfer_id, account_id, points FROM points_line ORDER BY transfer_id, account_id",
    "SELECT id, balance, held, lots FROM points_account ORDER BY id",
    "SELECT id, account_id, seq, expires_on, points, remaining, held FROM points_lot ORDER BY id",
    "SELECT transfer_id, lot_id, points FROM points_use ORDER BY transfer_id, lot_id",
    "SELECT id, key, points, captured, released, open FROM points_hold ORDER BY id",
    "SELECT hold_id, lot_id, points FROM points_set_aside ORDER BY hold_id, lot_id",
    "SELECT id, key, note, credits_on FROM points_contribution ORDER BY id",
    "SELECT id, holder_id, points, transfer_id FROM points_award ORDER BY id",
)
STATES = "SELECT id, state FROM points_contribution ORDER BY id"
KINDS = "SELECT key, kind FROM points_transfer ORDER BY key"
NOTICES = "SELECT id, resident_id FROM core_outbox ORDER BY id"
PARTS = (
    "SELECT hold_id, transfer_id, sum(points) FROM points_hold_part GROUP BY hold_id, transfer_id "
    "ORDER BY hold_id, transfer_id"
)


@pytest.fixture
def full(empty: Database, house: House) -> Database:  # noqa: F811
    """A community with what the first revisions knew: all kinds of acts, holds in parts, notices to residents."""
    kit.prepare(empty, house)
    cast = kit.find_cast(empty)
    with unit(empty, write=True):
        enter_slug(house, SLUG)
        _acts(cast)
    return empty


def _acts(cast: Cast) -> None:
    a_policy(expiry_days=10)
    a_rule()
    an_act(cast.choir, 20)
    slip = an_act(cast.choir, 5)
    withdraw(slip)
    on(after(4))
    an_act(cast.choir, 30)
    an_act(cast.orchestra, 6)
    parts = a_hold(cast.choir, 12, key="parts")
    holds.release(parts.id, 2, at=clock.now())
    holds.capture(parts.id, 3, at=clock.now())
    clock.advance(timedelta(hours=1))
    holds.capture(parts.id, 4, at=clock.now())
    holds.release(a_hold(cast.choir, 2, key="given back").id, None, at=clock.now())
    on(after(12))
    sweep()
    a_policy(posting_days=3, expiry_days=10)
    an_act(cast.orchestra, 2)
    assert cast.zhang.resident_id is not None
    outbox.notify(cast.zhang.resident_id, explain("points_typed", words="hello"))


def rows(database: Database, statement: str) -> list[Any]:
    assert isinstance(database.writer, Engine)
    with database.writer.begin() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def tables(database: Database) -> set[str]:
    assert isinstance(database.writer, Engine)
    with database.writer.connect() as connection:
        return set(inspect(connection).get_table_names())


def back(database: Database, house: House) -> None:
    """Both histories at their first revisions."""
    assert migrate.downgrade(database, house.by_name["points"], "0001") != []
    assert migrate.downgrade(database, migrate.CORE, "0001") != []


def forth(database: Database, house: House) -> None:
    """At the newest again; the models are what is there, and the book is sound."""
    assert len(migrate.upgrade(database, house.installed)) == 2
    for owner in migrate.owners(house.installed):
        assert migrate.check(database, owner) == []
    with unit(database, write=False):
        enter_slug(house, SLUG)
        assert list(here().relay.collect(Keeps.invariants)) == []


def test_a_book_of_the_first_revisions_goes_up_and_is_sound(full: Database, house: House) -> None:
    kept, kinds, parts, states = [rows(full, one) for one in KEPT], *(rows(full, one) for one in (KINDS, PARTS, STATES))
    notices = rows(full, NOTICES)
    back(full, house)
    assert not GONE & tables(full)
    assert [rows(full, one) for one in KEPT] == kept
    forth(full, house)
    assert [rows(full, one) for one in KEPT] == kept
    assert rows(full, STATES) == states
    assert {kind for _key, kind in rows(full, KINDS)} == {"earned", "withdrawn", "spent", "expired"}
    assert rows(full, KINDS) == kinds
    assert rows(full, PARTS) == parts
    assert rows(full, NOTICES) == notices
    assert notices
    assert rows(full, "SELECT DISTINCT evidence, reversed FROM points_contribution, points_award") == [("", 0)]


def test_what_a_hold_was_at_a_moment_of_the_past_is_known_after_going_up(full: Database, house: House) -> None:
    captures = "SELECT at, points FROM points_hold_part WHERE transfer_id IS NOT NULL ORDER BY at"
    before = rows(full, captures)
    back(full, house)
    forth(full, house)
    assert [points for _at, points in before] == [3, 4]
    assert rows(full, captures) == before
    numbers = "SELECT hold_id, number FROM points_hold_part ORDER BY hold_id, number"
    assert [number for _hold, number in rows(full, numbers)] == [1, 2, 3, 1]


def test_what_only_the_second_revisions_know_goes_and_the_book_stays_sound(full: Database, house: House) -> None:
    cast = kit.find_cast(full)
    with unit(full, write=True):
        enter_slug(house, SLUG)
        _newer_acts(cast)
    kept = [rows(full, one) for one in KEPT]
    taken = "SELECT id, reversed FROM points_award WHERE reversed > 0"
    reversed_ = rows(full, taken)
    assert len(reversed_) == 1
    assert rows(full, "SELECT count(*) FROM core_outbox WHERE resident_id IS NULL") == [(1,)]
    back(full, house)
    assert [rows(full, one) for one in KEPT] == kept
    assert rows(full, "SELECT count(*) FROM core_outbox WHERE resident_id IS NULL") == [(0,)]
    assert {state for _id, state in rows(full, STATES)} == {"posted", "credited", "withdrawn"}
    forth(full, house)
    assert [rows(full, one) for one in KEPT] == kept
    assert rows(full, taken) == reversed_
    assert {"reversed", "moved", "corrected"} < {kind for _key, kind in rows(full, KINDS)}
    on(after(30))
    with unit(full, write=True):
        enter_slug(house, SLUG)
        assert posting.credit_due() == 2  # also what somebody had objected to


def _newer_acts(cast: Cast) -> None:
    a_policy(expiry_days=10, gift_monthly_cap=100)
    given = an_act(cast.choir, 9)
    transfer_id = given.awards[0].transfer_id
    assert transfer_id is not None
    reversals.reverse(transfer_id, ReversalRequest(reason="a slip", points=4), by=SYSTEM)
    offered = gifts.offer(GiftRequest(giver_id=cast.choir.id, receiver_id=cast.orchestra.id, points=3), by=SYSTEM)
    gifts.accept(offered.id, by=SYSTEM)
    a_policy(posting_days=3, expiry_days=10)
    objected = an_act(cast.choir, 2)
    objections.object_to(objected.id, ObjectionRequest(reason="no"), by=actor_of("chen"))
    session.flush()
    merging.merge(cast.orchestra.id, MergingRequest(into_id=cast.choir.id), by=SYSTEM)
    outbox.notify_account(cast.li.account_id, explain("points_typed", words="hello"))


def test_what_was_taken_back_before_its_day_does_not_come_back_by_going_back(full: Database, house: House) -> None:
    in_force = "SELECT points FROM points_rule ORDER BY valid_from, seq"
    kept = rows(full, in_force)
    with unit(full, write=True):
        enter_slug(house, SLUG)
        before = policy.at(PointsPolicy, after(40))
        rules.put_policy(PointsPolicy(price_peak=99), valid_from=after(40), by=SYSTEM)
        rules.take_back_policy(after(40), by=SYSTEM)
        plan = RuleRequest(category="song", per="act", points=99, valid_from=after(40))
        rules.take_back_rule(rules.add_rule(plan, by=SYSTEM).id, by=SYSTEM)
    assert len(rows(full, in_force)) == len(kept) + 1
    back(full, house)
    forth(full, house)
    assert rows(full, in_force) == kept
    with unit(full, write=False):
        enter_slug(house, SLUG)
        assert policy.at(PointsPolicy, after(40)) == before
