"""Databases to measure on: files of SQLite and databases of a PostgreSQL server that lets its writes reach the disk."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, SmallInteger, Table, create_engine
from sqlalchemy.schema import MetaData

from core.db import Base, Database
from tests.services import Postgres, create_database

ENGINES = ("sqlite", "postgresql")


@dataclass
class Place:
    """Where databases of one engine are made."""

    engine: str
    make: Callable[[str], str]  # name → address


@contextmanager
def place(engine: str) -> Iterator[Place]:
    """A folder for SQLite, or a throwaway PostgreSQL server; both are gone afterwards."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="linli-bench-") as folder:
            yield Place(engine, lambda name: f"sqlite:///{Path(folder, name)}.sqlite")
    else:
        with Postgres(fsync=True) as server:
            yield Place(engine, lambda name: create_database(server.url(), name))


def engine_of(database: Database) -> Engine:
    """The engine that writes."""
    assert isinstance(database.writer, Engine)
    return database.writer


# --- tables without the house --------------------------------------------------------------------------------------

_PLAIN = MetaData()


def plain(name: str) -> Table:
    """A table as plain SQLAlchemy Core sees it: the same columns and types, but its community is a number like any other."""
    for original in () if _PLAIN.tables else Base.metadata.sorted_tables:
        for column in original.to_metadata(_PLAIN).columns:
            column.default = None  # every value is given
            if column.name == "community_id":
                column.type = SmallInteger()
    return _PLAIN.tables[name]


def pour(url: str, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Put very many rows into a table at the speed of the engine: COPY, or one prepared statement.

    References are not looked at one by one; what is poured must be right.
    """
    engine = create_engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            _copy(connection, name, columns, rows)
        else:
            _insert(connection, name, columns, rows)
    engine.dispose()


def settle(url: str) -> None:
    """Let the database come to rest, as it would have in the course of time: autovacuum is PostgreSQL's own, SQLite has none."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("vacuum analyze")
            connection.exec_driver_sql("checkpoint")
        else:
            connection.exec_driver_sql("pragma wal_checkpoint(truncate)")
    engine.dispose()


def _converters(connection: Connection, name: str, columns: Sequence[str]) -> list[Callable[[Any], Any] | None]:
    dialect = connection.dialect
    return [plain(name).columns[column].type.dialect_impl(dialect).bind_processor(dialect) for column in columns]


def _converted(
    connection: Connection, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Iterator[tuple[Any, ...]]:
    converters = _converters(connection, name, columns)
    for row in rows:
        yield tuple(value if do is None else do(value) for do, value in zip(converters, row, strict=True))


def _copy(connection: Connection, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    connection.exec_driver_sql("set local session_replication_role = replica")
    driver = cast("Any", connection.connection)
    with driver.cursor() as cursor, cursor.copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in _converted(connection, name, columns, rows):
            copy.write_row(row)


def _insert(connection: Connection, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    connection.exec_driver_sql("pragma cache_size = -200000")  # kilobytes
    statement = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - own names
    cast("Any", connection.connection).executemany(statement, _converted(connection, name, columns, rows))
