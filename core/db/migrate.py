"""Migrations: one Alembic environment for the histories of the core and of every installed plugin.

Each history lies in its own folder (`<folder>/migrations/versions`), keeps its state in a table of its own
(`linli_version_<name>`) and owns the tables `<name>_*`. All of them move in one transaction, the core first, then the
plugins in the order of `requires`. SQLite cannot alter in place: a batch change copies a table and drops the old one, which
with foreign keys on would fail or empty its children. So they are off meanwhile, and all is checked before the commit.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import CheckConstraint, Connection, Engine, Table, inspect
from sqlalchemy.engine import Dialect

from core.db.base import Base
from core.db.work import Database

VERSION_TABLE = "linli_version_"
_ADVISORY_LOCK = 0x6C696E6C69  # "linli"


class BadHistory(Exception):
    """A history cannot be used or moved; the message says which and why."""


class Owner(Protocol):
    """Whoever has a history: the core, a plugin."""

    @property
    def name(self) -> str: ...
    @property
    def folder(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Core:
    """The core as the owner of its history."""

    name: str = "core"
    folder: Path = Path(__file__).parents[1]


CORE = Core()


def versions_of(owner: Owner) -> Path:
    """Where an owner's revisions lie."""
    return owner.folder / "migrations" / "versions"


def owners(plugins: Iterable[Owner]) -> list[Owner]:
    """The core and the plugins, in the order given (of `requires`).

    Raises:
        BadHistory: the tables of one could be taken for those of another.
    """
    found: list[Owner] = [CORE, *plugins]
    for one in found:
        for other in found:
            if other.name.startswith(f"{one.name}_"):
                raise BadHistory(f"plugins {one.name!r} and {other.name!r}: whose would the tables {other.name}_* be?")
    return found


# --- moving --------------------------------------------------------------------------------------------------------


def upgrade(database: Database, plugins: Iterable[Owner]) -> list[str]:
    """Bring the core and then every plugin to its newest revision, all or none; answers what was done.

    Raises:
        BadHistory: a history is broken or would leave rows that point nowhere.
    """
    with _alone(database) as connection:
        return [line for owner in owners(plugins) for line in _move(connection, owner, "head")]


def downgrade(database: Database, owner: Owner, to: str = "base") -> list[str]:
    """Take one history back to a revision, or to "base": before the first, with nothing left of its tables.

    Raises:
        BadHistory: there is no such revision, or rows of others would point nowhere.
    """
    with _alone(database) as connection:
        return _move(connection, owner, to, back=True)


def pending(database: Database, plugins: Iterable[Owner]) -> list[str]:
    """The owners whose tables are not at their newest revision."""
    with database.looking() as connection:
        return [
            owner.name
            for owner in owners(plugins)
            if _script(owner).get_current_head() != _context(connection, owner).get_current_revision()
        ]


def _move(connection: Connection, owner: Owner, to: str, *, back: bool = False) -> list[str]:
    script = _script(owner)
    steps = script._downgrade_revs if back else script._upgrade_revs  # noqa: SLF001 - as Alembic's own documentation does
    context = _context(connection, owner, fn=lambda revision, _context: steps(to, revision))
    before = context.get_current_revision()
    if not back and script.get_current_head() is None:
        return []  # it has no tables
    try:
        with Operations.context(context):
            context.run_migrations()
    except CommandError as error:
        raise BadHistory(f"{owner.name}: {error}") from error
    after = context.get_current_revision()
    return [] if before == after else [f"{owner.name}: {before or 'nothing'} → {after or 'nothing'}"]


@contextmanager
def _alone(database: Database) -> Iterator[Connection]:
    """One transaction in which nobody else migrates, and after which every reference holds."""
    with _engine(database).connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:  # has no effect inside a transaction
            _pragma(connection, "foreign_keys=off")
        try:
            with connection.begin():
                if not sqlite:
                    connection.exec_driver_sql("set local lock_timeout = 0")
                    connection.exec_driver_sql(f"select pg_advisory_xact_lock({_ADVISORY_LOCK})")
                yield connection
                if sqlite and (broken := connection.exec_driver_sql("pragma foreign_key_check").all()):
                    raise BadHistory(f"rows would point nowhere: {[tuple(row) for row in broken[:5]]}")
        finally:
            if sqlite:
                _pragma(connection, "foreign_keys=on")


def _pragma(connection: Connection, pragma: str) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute(f"pragma {pragma}")


def _engine(database: Database) -> Engine:
    if not isinstance(database.writer, Engine):
        raise TypeError("migrations open their own transaction: give them the database itself")
    return database.writer


def _script(owner: Owner) -> ScriptDirectory:
    return ScriptDirectory(str(owner.folder), version_locations=[str(versions_of(owner))])


def _context(connection: Connection, owner: Owner, **options: Any) -> MigrationContext:
    return MigrationContext.configure(
        connection=connection,
        opts={
            "version_table": VERSION_TABLE + owner.name,
            "target_metadata": Base.metadata,
            "include_name": partial(_is_name_of, owner),
            "include_object": partial(_is_of, owner),
            "render_as_batch": True,
            **options,
        },
    )


def _is_name_of(owner: Owner, name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or (name or "").startswith(f"{owner.name}_")


def _is_of(owner: Owner, _item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:  # noqa: FBT001
    return _is_name_of(owner, name, kind, None)


# --- whether the models are what the migrations made ---------------------------------------------------------------


def check(database: Database, owner: Owner) -> list[str]:
    """How the tables of an owner differ from its models; empty when they are equal.

    Alembic compares no CHECK constraint and on SQLite no index of an expression: those are compared here, by name.
    """
    with database.looking() as connection:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "(?s).*expression-based index")  # compared below
            changes: Sequence[Any] = compare_metadata(_context(connection, owner), Base.metadata)
        found = [str(change) for change in changes]
        existing = set(inspect(connection).get_table_names())
        for table in Base.metadata.sorted_tables:
            if table.name in existing and table.name.startswith(f"{owner.name}_"):
                found += _differing_names(connection, table)
    return found


def ownerless(plugins: Iterable[Owner]) -> list[str]:
    """The tables that no history would make: their names begin with no owner's."""
    prefixes = tuple(f"{owner.name}_" for owner in owners(plugins))
    return [table.name for table in Base.metadata.sorted_tables if not table.name.startswith(prefixes)]


def _differing_names(connection: Connection, table: Table) -> Iterator[str]:
    name = partial(_final_name, connection.dialect)
    checks = {name(rule) for rule in table.constraints if isinstance(rule, CheckConstraint)}
    indexes = {name(index) for index in table.indexes}
    for what, wanted, there in (
        ("CHECK", checks, {rule["name"] for rule in inspect(connection).get_check_constraints(table.name)}),
        ("index", indexes, _index_names(connection, table.name)),
    ):
        yield from (f"{table.name}: {what} {missing} is missing" for missing in sorted(wanted - there))
        yield from (f"{table.name}: {what} {extra} is not in the model" for extra in sorted(map(str, there - wanted)))


def _final_name(dialect: Dialect, item: Any) -> str:
    preparer = dialect.identifier_preparer
    name = preparer.format_constraint(item) if isinstance(item, CheckConstraint) else preparer.format_index(item)
    return str(name).strip('"')


def _index_names(connection: Connection, table: str) -> set[str]:
    if connection.dialect.name != "sqlite":
        indexes = inspect(connection).get_indexes(table)
        return {str(index["name"]) for index in indexes if not index.get("duplicates_constraint")}
    rows = connection.exec_driver_sql(
        "select name from sqlite_master where type = 'index' and tbl_name = ? and sql is not null", (table,)
    )
    return set(rows.scalars())
