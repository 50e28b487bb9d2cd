"""What other requests cause, met by the databases and drivers themselves: the request is tried again and acts once."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from psycopg.errors import SerializationFailure
from sqlalchemy import Engine, event, func, select

from core import clock
from core.db import Database, locked, session, unit
from core.upkeep.models import Lease
from core.web import transactions
from tests.core.web.conftest import count_acts, on
from tests.core.web.toy import Doors
from tests.kit import ProgramOf, find_cast

pytestmark = pytest.mark.race
NOTE = {"note": "a"}


@pytest.fixture(autouse=True)
def _no_hook_is_left() -> Iterator[None]:
    yield
    Doors.hook = staticmethod(lambda: None)


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], object]]:
    """What happens before the second, the third try of a request; what is left over was not tried."""
    waiting: list[Callable[[], object]] = []

    def before_a_try(_seconds: float) -> None:
        waiting.pop(0)()

    monkeypatch.setattr(transactions, "time", SimpleNamespace(sleep=before_a_try))
    return waiting


def put(database: Database, *names: str) -> None:
    with unit(database, write=True):
        session.add_all([Lease(name=name, owner="nobody", until=clock.now()) for name in names])


def lock(name: str) -> None:
    session.scalars(locked(select(Lease).where(Lease.name == name))).one()


def test_of_two_requests_that_wait_for_each_other_both_act_once(real_database: Database, engine_name: str) -> None:
    """A deadlock on PostgreSQL; on SQLite the second waits for the first to end."""
    app = on(real_database)
    program_of = ProgramOf(app, find_cast(real_database))
    put(real_database, "a", "b")
    both, begun, answers = threading.Barrier(2, timeout=10), list[str](), list[int]()

    def hook() -> None:
        first, second = list(threading.current_thread().name)
        begun.append(first)
        lock(first)
        if engine_name == "postgresql" and len(begun) <= 2:
            both.wait()
        lock(second)

    Doors.hook = staticmethod(hook)
    programs = [program_of("li"), program_of("zhang")]
    threads = [
        threading.Thread(
            target=lambda program=program: answers.append(program.post("/toy/notes", NOTE).status_code), name=name
        )
        for program, name in zip(programs, ("ab", "ba"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (answers, count_acts(app)) == ([201, 201], 2)
    assert len(begun) == (3 if engine_name == "postgresql" else 2)


def test_a_request_that_waits_too_long_for_a_lock_is_tried_again_and_acts_once(
    real_database: Database, impatient: Database, tries: list[Callable[[], object]]
) -> None:
    app = on(impatient)
    program = ProgramOf(app, find_cast(real_database))("li")
    put(real_database, "a")
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with unit(real_database, write=True):
            lock("a")
            held.set()
            free.wait(timeout=30)

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(timeout=10)

    def let_go() -> None:
        free.set()
        other.join()

    tries.append(let_go)
    Doors.hook = staticmethod(lambda: lock("a"))
    status = program.post("/toy/notes", NOTE).status_code
    let_go()
    assert (status, tries, count_acts(app)) == (201, [], 1)


def test_a_serialization_failure_of_the_driver_is_tried_again_and_acts_once(
    real_database: Database, engine_name: str, tries: list[Callable[[], object]]
) -> None:
    app = on(real_database)
    program = ProgramOf(app, find_cast(real_database))("li")
    failures = [SerializationFailure() if engine_name == "postgresql" else _busy()]
    tries.append(lambda: None)

    def fail_once(_cursor: Any, statement: str, *_rest: Any) -> None:
        if failures and statement.startswith("INSERT INTO core_audit"):
            raise failures.pop()

    assert isinstance(real_database.writer, Engine)
    event.listen(real_database.writer, "do_execute", fail_once)
    answer = program.post("/toy/notes", NOTE)
    event.remove(real_database.writer, "do_execute", fail_once)
    assert (answer.status_code, failures, tries, count_acts(app)) == (201, [], [], 1)


def test_a_request_whose_connection_is_cut_is_tried_again_on_another_and_acts_once(
    real_database: Database, engine_name: str, tries: list[Callable[[], object]]
) -> None:
    """PostgreSQL is started anew, or fails over; SQLite has no connection to lose."""
    app = on(real_database)
    program = ProgramOf(app, find_cast(real_database))("li")
    cuts = [1] if engine_name == "postgresql" else []
    tries += [lambda: None for _cut in cuts]

    def hook() -> None:
        session.flush()
        if cuts:
            cuts.pop()
            session.scalars(select(func.pg_terminate_backend(func.pg_backend_pid())).select_from(Lease)).all()

    put(real_database, "a")
    Doors.hook = staticmethod(hook)
    assert program.post("/toy/notes", NOTE).status_code == 201
    assert (cuts, tries, count_acts(app)) == ([], [], 1)


def _busy() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorname = "SQLITE_BUSY_SNAPSHOT"
    return error
