"""The unit of work: what it refuses, and what happens when two units are in each other's way."""

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import Engine, delete, insert, select, text, update
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError

from core import clock
from core.db import Conflict, Database, ReadOnly, current, locked, savepoint, session, unit
from core.db.work import _translate
from core.plugins import House
from core.upkeep.models import Lease
from tests import kit

PROJECT = Path(__file__).parents[3]


def lease(name: str, owner: str = "nobody") -> Lease:
    return Lease(name=name, owner=owner, until=clock.now())


def put(database: Database, *names: str) -> None:
    with unit(database, write=True):
        session.add_all([lease(name) for name in names])


def owner_of(database: Database, name: str) -> str | None:
    with unit(database, write=False):
        return session.scalar(select(Lease.owner).where(Lease.name == name))


def fail_after_adding(name: str) -> None:
    session.add(lease(name))
    session.flush()
    raise KeyError(name)


# --- reading and writing -------------------------------------------------------------------------------------------


def test_a_normal_end_keeps_and_an_exception_undoes(database: Database) -> None:
    put(database, "kept")
    with pytest.raises(KeyError), unit(database, write=True):
        fail_after_adding("undone")
    assert (owner_of(database, "kept"), owner_of(database, "undone")) == ("nobody", None)


def test_a_unit_may_decide_to_keep_nothing(database: Database) -> None:
    with unit(database, write=True) as work:
        session.add(lease("undone"))
        work.commit = False
    assert owner_of(database, "undone") is None


def test_a_savepoint_undoes_only_itself(database: Database) -> None:
    with unit(database, write=True):
        session.add(lease("kept"))
        with pytest.raises(KeyError), savepoint():
            fail_after_adding("undone")
    assert (owner_of(database, "kept"), owner_of(database, "undone")) == ("nobody", None)


def add() -> None:
    session.add(lease("x"))
    session.flush()


def add_then_read() -> None:
    session.add(lease("x"))
    session.scalars(select(Lease)).all()  # flushes by itself


def change() -> None:
    session.scalars(select(Lease)).one().owner = "me"
    session.flush()


def remove() -> None:
    session.delete(session.scalars(select(Lease)).one())
    session.flush()


def insert_row() -> None:
    session.execute(insert(Lease).values(name="x", owner="x", until=clock.now()))


def update_rows() -> None:
    session.execute(update(Lease).values(owner="me"))


def delete_rows() -> None:
    session.execute(delete(Lease))


@pytest.mark.parametrize("act", [add, add_then_read, change, remove, insert_row, update_rows, delete_rows])
def test_a_unit_that_reads_refuses_to_write(database: Database, act: Callable[[], None]) -> None:
    put(database, "there")
    with unit(database, write=False) as work:
        with pytest.raises(ReadOnly):
            act()
        work.commit = False
    assert owner_of(database, "there") == "nobody"


@pytest.mark.race
def test_the_database_itself_refuses_a_write_in_a_unit_that_reads(real_database: Database) -> None:
    with unit(real_database, write=False), pytest.raises(DBAPIError, match=r"readonly|read-only"):
        session.connection().execute(text("UPDATE core_community SET name = 'x'"))
    with unit(real_database, write=True) as work:  # the same connection, from the pool, writes again
        session.connection().execute(text("UPDATE core_community SET name = 'x'"))
        work.commit = False


def test_outside_of_a_unit_there_is_no_session() -> None:
    with pytest.raises(RuntimeError, match="no unit of work"):
        session.scalars(select(Lease))


def test_a_read_unit_locks_nothing(database: Database) -> None:
    statement = select(Lease)
    with unit(database, write=False):
        assert locked(statement) is statement
    with unit(database, write=True):
        assert locked(statement) is not statement


# --- two in each other's way ---------------------------------------------------------------------------------------


class Other(threading.Thread):
    """Another unit, in a thread of its own; `end()` waits for it and answers the conflict it met, if any."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__()
        self.work = work
        self.met: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.work()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.met = error

    def end(self) -> BaseException | None:
        self.join(timeout=30)
        assert not self.is_alive()
        return self.met


@pytest.mark.race
def test_what_is_locked_is_read_anew(real_database: Database, engine_name: str) -> None:
    """On SQLite a unit that writes is alone from its first read on: nothing can be stale."""
    put(real_database, "x")

    def take() -> None:
        with unit(real_database, write=True):
            session.execute(update(Lease).values(owner="other"))

    with unit(real_database, write=True):
        mine = session.scalars(select(Lease)).one()
        assert mine.owner == "nobody"
        other = Other(take)
        if engine_name == "postgresql":
            assert other.end() is None
        session.scalars(locked(select(Lease))).one()
        assert mine.owner == ("other" if engine_name == "postgresql" else "nobody")
        mine.owner += " and me"
    assert other.end() is None
    assert owner_of(real_database, "x") == ("other and me" if engine_name == "postgresql" else "other")


@pytest.mark.race
def test_two_units_that_wait_for_each_other_end_in_one_conflict(real_database: Database, engine_name: str) -> None:
    """On SQLite the second waits for the first to end, so there is no conflict at all."""
    put(real_database, "a", "b")
    both = threading.Barrier(2, timeout=5)

    def lock(first: str, second: str) -> Callable[[], None]:
        def work() -> None:
            with unit(real_database, write=True):
                session.scalars(locked(select(Lease).where(Lease.name == first))).one().owner = first + second
                session.flush()
                if engine_name == "postgresql":
                    both.wait()
                session.scalars(locked(select(Lease).where(Lease.name == second))).one().owner = first + second

        return work

    met = [other.end() for other in [Other(lock("a", "b")), Other(lock("b", "a"))]]
    conflicts = [error for error in met if isinstance(error, Conflict)]
    assert len(conflicts) == (1 if engine_name == "postgresql" else 0), met
    assert met.count(None) == 2 - len(conflicts)
    assert owner_of(real_database, "a") == owner_of(real_database, "b")  # one unit's work, whole


@pytest.mark.race
def test_a_lock_that_takes_too_long_is_a_conflict(real_database: Database, impatient: Database) -> None:
    put(real_database, "x")

    def wait() -> None:
        with unit(impatient, write=True):
            session.scalars(locked(select(Lease))).one().owner = "late"

    with unit(real_database, write=True):
        session.scalars(locked(select(Lease))).one().owner = "first"
        session.flush()
        assert isinstance(Other(wait).end(), Conflict)
    assert owner_of(real_database, "x") == "first"


@pytest.mark.parametrize(
    ("state", "is_conflict"),
    [
        ({"sqlstate": "40001"}, True),  # serialization failure
        ({"sqlstate": "40P01"}, True),  # deadlock
        ({"sqlstate": "55P03"}, True),  # lock time-out
        ({"sqlstate": "23505"}, False),  # unique violation: a rule's own affair
        ({"sqlite_errorname": "SQLITE_BUSY"}, True),
        ({"sqlite_errorname": "SQLITE_BUSY_SNAPSHOT"}, True),
        ({"sqlite_errorname": "SQLITE_CONSTRAINT_UNIQUE"}, False),
    ],
)
def test_only_what_other_units_cause_is_a_conflict(
    database: Database, state: dict[str, str], *, is_conflict: bool
) -> None:
    error = type("DriverError", (Exception,), state)("said the driver")
    with unit(database, write=True) as work:
        with pytest.raises(Conflict) if is_conflict else nullcontext():
            _translate(a_context(error))
        assert work.conflict == is_conflict


@pytest.mark.parametrize(("statement", "is_conflict"), [("SELECT 1", True), (None, False)])
def test_a_lost_connection_is_a_conflict_but_not_at_the_commit_whose_outcome_nobody_knows(
    database: Database, statement: str | None, *, is_conflict: bool
) -> None:
    with unit(database, write=True) as work:
        with pytest.raises(Conflict) if is_conflict else nullcontext():
            _translate(a_context(OSError("gone"), is_disconnect=True, statement=statement))
        assert work.conflict == is_conflict


def a_context(error: Exception, *, is_disconnect: bool = False, statement: str | None = "SELECT 1") -> ExceptionContext:
    told = SimpleNamespace(original_exception=error, is_disconnect=is_disconnect, statement=statement)
    return cast("ExceptionContext", told)


COUNTING = """
    import sys
    from sqlalchemy import select
    from core.db import connect, locked, session, unit
    from core.upkeep.models import Lease
    database = connect(sys.argv[1])
    for _ in range(40):
        with unit(database, write=True):
            counter = session.scalars(locked(select(Lease))).one()
            counter.owner = str(int(counter.owner) + 1)
    """


@pytest.mark.race
@pytest.mark.slow
def test_eight_processes_that_read_then_write_count_every_time_and_meet_no_lock(real_database: Database) -> None:
    with unit(real_database, write=True):
        session.add(lease("counter", owner="0"))
    assert isinstance(real_database.writer, Engine)
    url = real_database.writer.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen([sys.executable, "-c", dedent(COUNTING), url], cwd=PROJECT, stderr=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    assert [process.communicate(timeout=120)[1] for process in processes] == [""] * 8
    assert owner_of(real_database, "counter") == "320"


# --- moments -------------------------------------------------------------------------------------------------------


def test_a_naive_moment_is_refused_and_an_aware_one_comes_back_in_utc(database: Database, house: House) -> None:
    moment = datetime(2026, 11, 26, 9, 30, 15, 123456, tzinfo=timezone(timedelta(hours=8)))
    with unit(database, write=True):
        kit.enter_slug(house, kit.SLUG)
        session.add(Lease(name="x", owner="x", until=moment))
    with unit(database, write=False):
        read = session.scalars(select(Lease)).one().until
        assert (read, read.tzinfo) == (moment, UTC)
        assert session.scalars(select(Lease.name).where(Lease.until == moment.astimezone(UTC))).all() == ["x"]
    with unit(database, write=True) as work:
        assert current() is work
        session.add(Lease(name="y", owner="y", until=moment.replace(tzinfo=None)))
        with pytest.raises(Exception, match="a moment needs its time zone"):
            session.flush()
        work.commit = False
