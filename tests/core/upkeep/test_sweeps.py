"""Sweeps: in order, for each community by itself, by one worker at a time; twice or late does no harm."""

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.accounts.models import Account
from core.communities import switching
from core.db import Conflict, Database, Id, current, session, unit
from core.discovery import build
from core.explanations import explain
from core.notices import mails, outbox
from core.notices.models import Outbox
from core.people.models import Resident
from core.plugins import House, Plugin, Sweep, here
from core.upkeep import leases, sweeps
from core.upkeep.models import Lease
from core.upkeep.swept import Swept
from core.web.models import Replay
from tests import kit
from tests.kit import Cast


class Counting(Plugin):
    """A plugin whose sweeps write down where and in which order they ran."""

    name, label, summary = "counting", "Counting", "Counts."

    def __init__(self, seen: list[tuple[str, str]], *, fails_for: str = "", order: int = 15) -> None:
        self.seen, self.fails_for = seen, fails_for
        self.sweeps = (
            Sweep(name="counting.late", order=order + 50, run=lambda: self._run("late")),
            Sweep(name="counting.early", order=order, run=lambda: self._run("early")),
        )

    def _run(self, name: str) -> int:
        session.add(Outbox(resident_id=self._anyone(), words=explain("core.test"), at=clock.now()))
        session.flush()
        if here().slug == self.fails_for and name == "early":
            raise ValueError("no")
        self.seen.append((here().slug, name))
        return 1

    @staticmethod
    def _anyone() -> Id:
        return session.scalars(select(Resident.id).limit(1)).one()


def a_house(plugin: Plugin, house: House) -> House:
    """The bundled plugins and one more."""
    return build([*house.installed, plugin], sentences={}, permissions=house.permissions.values())


def switched_on(database: Database, house: House, *slugs: str) -> None:
    for slug in slugs:
        with unit(database, write=True):
            kit.enter_slug(house, slug)
            switching.enable("counting", by=kit.SYSTEM)


@pytest.fixture
def seen() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def counting(database: Database, house: House, seen: list[tuple[str, str]]) -> House:
    """A house with the counting plugin, on in `xincheng` only."""
    larger = a_house(Counting(seen), house)
    switched_on(database, larger, "xincheng")
    return larger


def waiting(database: Database, house: House, slug: str) -> int:
    with unit(database, write=False):
        kit.enter_slug(house, slug)
        return len(session.scalars(select(Outbox.id).where(Outbox.sent_at.is_(None))).all())


def test_sweeps_run_in_their_order_across_plugins_and_only_where_the_plugin_is_on(
    counting: House, database: Database, seen: list[tuple[str, str]]
) -> None:
    done = sweeps.run_all(database, counting)
    assert seen == [("xincheng", "early"), ("xincheng", "late")]
    orders = {sweep.name: sweep.order for _plugin, sweep in sweeps.in_order(counting)}
    for slug in ("xincheng", "binhe"):
        ran = [orders[swept.sweep] for swept in done if swept.community == slug]
        assert ran == sorted(ran)
        assert 60 in ran
    assert not [swept for swept in done if swept.error]


def test_booking_settles_before_points_credits_and_points_expire_last(house: House) -> None:
    order = [sweep.order for plugin, sweep in sweeps.in_order(house) if plugin in {"booking", "points"}]
    assert order == sorted(order)
    assert {10, 20, 30} <= set(order)


def test_a_sweep_that_fails_undoes_itself_and_stops_no_other(
    database: Database, house: House, seen: list[tuple[str, str]]
) -> None:
    larger = a_house(Counting(seen, fails_for="binhe"), house)
    switched_on(database, larger, "binhe", "xincheng")
    before = waiting(database, larger, "binhe")
    done = {(swept.community, swept.sweep): swept for swept in sweeps.run_all(database, larger)}
    assert done["binhe", "counting.early"].error == "ValueError: no"
    assert done["binhe", "counting.late"].things == 1
    assert done["binhe", "core.notices"].things == before  # what the failed one wrote is undone; "late" runs after it
    assert seen == [("xincheng", "early"), ("xincheng", "late"), ("binhe", "late")]


def test_twice_is_once_and_late_is_fine(database: Database, house: House, inside_sent: int) -> None:
    first = {(swept.community, swept.sweep): swept.things for swept in sweeps.run_all(database, house)}
    assert first["xincheng", "core.notices"] == inside_sent == 1
    second = {(swept.community, swept.sweep): swept.things for swept in sweeps.run_all(database, house)}
    assert second["xincheng", "core.notices"] == 0
    clock.advance(timedelta(days=outbox.KEEP.days + 1))
    sweeps.run_all(database, house)
    with unit(database, write=False):
        kit.enter_slug(house, "xincheng")
        assert session.scalars(select(Outbox.id)).all() == []


@pytest.fixture
def inside_sent(database: Database, house: House) -> int:
    """One notice waits in `xincheng`."""
    with unit(database, write=True):
        kit.enter_slug(house, "xincheng")
        chen = session.scalars(select(Account).where(Account.user_name == "chen")).one()
        assert chen.resident_id is not None
        outbox.notify(chen.resident_id, explain("core.test"))
    return 1


def test_answers_kept_for_repeats_are_forgotten_after_thirty_days(database: Database, house: House, cast: Cast) -> None:
    with unit(database, write=True):
        kit.enter_slug(house, "xincheng")
        common = {"account_id": cast.li.account_id, "method": "POST", "path": "/", "fingerprint": "x"}
        session.add(Replay(key="old", at=clock.now() - timedelta(days=31), **common))
        session.add(Replay(key="new", at=clock.now() - timedelta(days=29), **common))
    sweeps.run_all(database, house)
    with unit(database, write=False):
        kit.enter_slug(house, "xincheng")
        assert session.scalars(select(Replay.key)).all() == ["new"]


# --- leases --------------------------------------------------------------------------------------------------------


def test_a_lease_is_for_one_owner_until_it_is_given_back(database: Database) -> None:
    assert leases.take(database, "x", owner="a")
    assert leases.take(database, "x", owner="a")
    assert not leases.take(database, "x", owner="b")
    assert leases.take(database, "y", owner="b")
    leases.give_back(database, "x", owner="b")  # not its own
    assert not leases.take(database, "x", owner="b")
    leases.give_back(database, "x", owner="a")
    assert leases.take(database, "x", owner="b")


def test_what_a_dead_worker_held_is_free_after_a_while_of_real_time(database: Database) -> None:
    assert leases.take(database, "x", owner="a")
    clock.advance(timedelta(days=1))  # of the clock: leases read the real one
    assert not leases.take(database, "x", owner="b")
    with unit(database, write=True):
        session.scalars(select(Lease)).one().until = clock.real_now() - timedelta(seconds=1)
    assert leases.take(database, "x", owner="b")
    assert not leases.take(database, "x", owner="a")


def test_while_another_worker_is_at_a_community_nothing_runs_there(database: Database, house: House) -> None:
    assert leases.take(database, "sweeps:xincheng", owner="another")
    assert {swept.community for swept in sweeps.run_all(database, house)} == {"binhe"}


@pytest.mark.race
def test_of_two_workers_at_once_one_runs_a_communitys_sweeps(
    real_database: Database, house: House, inside_real: None
) -> None:
    assert inside_real is None
    together, done = threading.Barrier(4), list[Swept]()
    at_work, most = [0], [0]

    def slow() -> int:
        at_work[0] += 1
        most[0] = max(most[0], at_work[0])
        time.sleep(0.05)
        at_work[0] -= 1
        return mails.sweep()

    def work() -> None:
        together.wait()
        done.extend(sweeps.run(real_database, house, "xincheng"))

    original = sweeps.CORE_SWEEPS
    sweeps.CORE_SWEEPS = (Sweep(name="core.notices", order=60, run=slow),)
    try:
        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    finally:
        sweeps.CORE_SWEEPS = original
    assert most == [1]
    assert sum(swept.things for swept in done if swept.sweep == "core.notices") == 1
    assert not [swept for swept in done if swept.error]


@pytest.fixture
def inside_real(real_database: Database, house: House) -> None:
    """One notice waits in `xincheng`, kept for real."""
    with unit(real_database, write=True):
        kit.enter_slug(house, "xincheng")
        chen = session.scalars(select(Account).where(Account.user_name == "chen")).one()
        assert chen.resident_id is not None
        outbox.notify(chen.resident_id, explain("core.test"))


@pytest.mark.parametrize(("conflicts", "ends"), [(2, None), (3, "Conflict: in the way")])
def test_a_conflict_is_tried_again_and_then_given_up(
    database: Database, house: House, monkeypatch: pytest.MonkeyPatch, conflicts: int, ends: str | None
) -> None:
    tries = [0]

    def run() -> int:
        tries[0] += 1
        assert current().write
        if tries[0] <= conflicts:
            raise Conflict("in the way")
        return 7

    monkeypatch.setattr(sweeps, "CORE_SWEEPS", (Sweep(name="core.notices", order=60, run=run),))
    swept = next(one for one in sweeps.run(database, house, "xincheng") if one.sweep == "core.notices")
    assert (swept.error, swept.things, tries[0]) == (ends, 0 if ends else 7, 3)
