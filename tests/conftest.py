"""Fixtures of the whole suite: two databases, the fixed cast, a clock that stands still.

Most tests run inside an outer transaction that is never kept; only tests marked `race` commit for real.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, StaticPool, text
from sqlalchemy.engine import make_url

from core import clock
from core.db import Base, Database, connect, unit
from core.plugins import House
from core.web.request import linli_of
from tests import kit, services
from tests.kit import Cast
from tests.services import pytest_configure, pytest_unconfigure  # noqa: F401 - pytest finds them here

# `make soak`: the same properties, as long as one likes to wait.
settings.register_profile(
    "soak", max_examples=300, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)

ENGINES = ["sqlite", "postgresql"]
collect_ignore_glob = ["wheel_*"]  # sources of wheels, one of them broken on purpose


@pytest.fixture(autouse=True)
def _still_clock() -> Iterator[None]:
    """Thursday 26 November 2026, 9:00 in Shanghai; nothing moves it but the test."""
    clock.start_at(kit.NOW, frozen=True)
    yield
    clock.reset()


@pytest.fixture(scope="session")
def house() -> House:
    """The bundled plugins."""
    return linli_of(kit.the_app()).house


@pytest.fixture(scope="session", params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """The engine a test runs on: each test that touches data runs on both."""
    return str(request.param)


@pytest.fixture(scope="session")
def address(engine_name: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """Where the worker's database of an engine is, with tables and the cast in it."""
    if engine_name == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('template')}/template.sqlite"
    else:
        server = services.require_postgres()
        services.drop_database(server, name := f"linli_test_{worker_id}")
        url = services.create_database(server, name)
    database = connect(url)
    kit.prepare(database, linli_of(kit.the_app()).house)
    _engine(database).dispose()
    return url


@pytest.fixture(scope="session")
def shared(address: str) -> Iterator[Database]:
    """The worker's database."""
    database = connect(address)
    yield database
    _engine(database).dispose()


@pytest.fixture
def database(shared: Database) -> Iterator[Database]:
    """Most tests: their commits are savepoints in a transaction that is never kept."""
    assert isinstance(shared.writer, Engine)
    with shared.writer.connect() as connection:
        outer = connection.begin()
        yield Database(reader=connection, writer=connection)
        outer.rollback()


@pytest.fixture
def real_database(address: str, engine_name: str, tmp_path: Path) -> Iterator[Database]:
    """For races: a database whose commits are real; with the cast and nothing else when the test begins."""
    if engine_name == "sqlite":
        copy = tmp_path / "real.sqlite"
        shutil.copy(str(make_url(address).database), copy)
        url = f"sqlite:///{copy}"
    else:
        url = address
    database = connect(url, pool_size=20, max_overflow=40)
    yield database
    if engine_name == "postgresql":
        _restore(database)
    _engine(database).dispose()


@pytest.fixture
def impatient(real_database: Database, engine_name: str) -> Iterator[Database]:
    """The same database, for somebody who waits a tenth of a second for a lock."""
    url = _engine(real_database).url.render_as_string(hide_password=False)
    if engine_name == "postgresql":
        database = connect(url, connect_args={"options": "-c lock_timeout=100"})
    else:
        database = connect(url, poolclass=StaticPool)
        with database.looking() as connection:
            connection.exec_driver_sql("pragma busy_timeout=100")
    yield database
    database.close()


def _engine(database: Database) -> Engine:
    assert isinstance(database.writer, Engine)
    return database.writer


def _restore(database: Database) -> None:
    """Empty every table and bring the cast back."""
    engine = _engine(database)
    with engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(text(f'DELETE FROM "{table.name}"'))  # noqa: S608 - our own names
    kit.make_cast(database, linli_of(kit.the_app()).house)


@pytest.fixture
def cast(database: Database) -> Cast:
    """Manager Li, leader Zhang of the choir, member Chen, and Wang of another community."""
    return kit.find_cast(database)


@pytest.fixture
def inside(database: Database, house: House, cast: Cast) -> Iterator[Cast]:
    """A unit that writes, in the community of the cast: for tests of rules."""
    with unit(database, write=True) as work:
        kit.enter_slug(house, cast.slug)
        yield cast
        work.commit = False


@pytest.fixture
def app(database: Database) -> Flask:
    """The app on the test's database."""
    found = kit.the_app()
    found.extensions["linli"] = replace(linli_of(found), database=database)
    return found


@pytest.fixture
def browser_of(app: Flask, cast: Cast) -> "kit.BrowserOf":
    """`browser_of("li")`: a signed-in client of pages; `browser_of(None)`: nobody."""
    return kit.BrowserOf(app, cast)


@pytest.fixture
def program_of(app: Flask, cast: Cast) -> "kit.ProgramOf":
    """`program_of("li")`: a client of REST with a token of that account."""
    return kit.ProgramOf(app, cast)
