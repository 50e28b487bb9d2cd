"""The unit of work: one session, one transaction, one community.

    with unit(database, write=True) as work:
        work.enter(community.id)
        session.add(Group(kind="choir"))

Domain code writes `from core.db import session` and never opens or commits anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.orm import ORMExecuteState, Session, scoped_session, sessionmaker
from sqlalchemy.sql.dml import Delete, Insert, Update

S = TypeVar("S", bound=Select[Any])

# What other units cause: serialization failure, deadlock, lock time-out.
_CONFLICTS = {"40001", "40P01", "55P03"}
_LOCK_TIMEOUT_MS = 5_000


class Conflict(Exception):
    """Another unit was in the way, or the server went away: nothing was kept, and the same work may be tried again."""


class Trespass(Exception):
    """A row of one community was about to be touched in a unit of another."""


class ReadOnly(Exception):
    """A unit opened to read was about to write."""


class Work:
    """What is being done now, and for which community."""

    def __init__(self, *, write: bool) -> None:
        self.write = write
        self.commit = True  # whether a normal end keeps what was written
        self.conflict = False
        self.here: object | None = None  # bound by core.plugins.enter
        self._community: int | None = None

    @property
    def community(self) -> int:
        """The community this unit works for.

        Raises:
            Trespass: none was entered yet.
        """
        if self._community is None:
            raise Trespass("this unit of work has entered no community")
        return self._community

    def enter(self, community: int) -> None:
        """Begin work for a community; a unit serves one for life."""
        if self._community not in (None, community):
            raise Trespass(f"this unit belongs to community {self._community}, not {community}")
        self._community = community


_work: ContextVar[Work] = ContextVar("work")


def current() -> Work:
    """The unit of work open here."""
    try:
        return _work.get()
    except LookupError:
        raise RuntimeError("no unit of work is open here") from None


def is_open() -> bool:
    """Whether a unit of work is open here."""
    return _work.get(None) is not None


class WorkSession(Session):
    """The session of one unit; the events of this package listen to it alone."""

    def bulk_save_objects(self, *_args: Any, **_options: Any) -> None:
        """Refused: the net of communities does not see it."""
        raise Trespass("bulk methods pass by the net: use session.execute(insert(...), rows)")

    def bulk_insert_mappings(self, *_args: Any, **_options: Any) -> None:
        """Refused: the net of communities does not see it."""
        raise Trespass("bulk methods pass by the net: use session.execute(insert(...), rows)")

    def bulk_update_mappings(self, *_args: Any, **_options: Any) -> None:
        """Refused: the net of communities does not see it."""
        raise Trespass("bulk methods pass by the net: use session.execute(update(...), rows)")


session = scoped_session(sessionmaker(class_=WorkSession, join_transaction_mode="create_savepoint"), scopefunc=current)
savepoint = session.begin_nested  # `with savepoint(): ...` undoes only itself when it fails


@dataclass(frozen=True)
class Database:
    """One engine seen twice. A test puts its own connection in both places."""

    reader: Engine | Connection
    writer: Engine | Connection

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.writer.dialect.name

    def close(self) -> None:
        """Give every connection up."""
        if isinstance(self.writer, Engine):
            self.writer.dispose()

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """A connection beside all units, for those who look at the database itself."""
        if isinstance(self.reader, Connection):
            yield self.reader
            return
        with self.reader.connect() as connection:
            yield connection


@contextmanager
def unit(database: Database, *, write: bool) -> Iterator[Work]:
    """Open a unit of work; a normal end commits it, an exception undoes it.

    Raises:
        Conflict: another unit was in the way; nothing was kept.
    """
    work = Work(write=write)
    token = _work.set(work)
    try:
        # The registry is keyed by the unit, so this session is new and nobody else's.
        session(bind=database.writer if write else database.reader)
        yield work
        if work.commit:
            session.commit()
    finally:
        session.remove()  # and so undo whatever was not committed
        _work.reset(token)


def locked(statement: S, *, share: bool = False) -> S:
    """The statement, locking the rows it reads until the unit ends and reading them anew.

    Without `populate_existing` PostgreSQL would hand back the stale object loaded before the lock. A read unit locks nothing.
    The one order everywhere: replay → room (shared) → holder by id → reservation → hold → account → occupancy.
    """
    if not current().write:
        return statement
    return statement.with_for_update(read=share).execution_options(populate_existing=True)


@event.listens_for(WorkSession, "before_flush")
def _flush(session: Session, _context: Any, _instances: Any) -> None:
    if not current().write:
        raise ReadOnly(f"{[*session.new, *session.dirty, *session.deleted]}")


@event.listens_for(WorkSession, "do_orm_execute")
def _execute(state: ORMExecuteState) -> None:
    if isinstance(state.statement, Insert | Update | Delete) and not current().write:
        raise ReadOnly(str(state.statement))


def connect(url: str, **options: Any) -> Database:
    """The database of an installation, made safe for units of work."""
    if url.startswith("postgresql"):
        # No statement waits for a lock for ever: the work is given up and run again.
        options.setdefault("connect_args", {})
        options["connect_args"].setdefault("options", f"-c lock_timeout={_LOCK_TIMEOUT_MS} -c timezone=UTC")
    engine = create_engine(url, **options)
    event.listen(engine, "handle_error", _translate)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return Database(
        reader=engine.execution_options(postgresql_readonly=True),
        writer=engine.execution_options(write=True),
    )


def _translate(context: ExceptionContext) -> None:
    error = context.original_exception
    if isinstance(error, Trespass):
        raise error  # as itself, not wrapped in a StatementError
    state = str(getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None))
    # A server that was started anew has undone what was open there. At the commit itself nobody knows: that is a fault.
    lost = context.is_disconnect and context.statement is not None
    if lost or state in _CONFLICTS or state.startswith("SQLITE_BUSY"):
        # Noted on the unit too: a handler may make an answer of the exception, and what was read is no longer to be
        # trusted.
        if work := _work.get(None):
            work.conflict = True
        raise Conflict(state) from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says
    # With a write-ahead log readers do not wait for the writer. A power cut may lose the last commits, never their
    # order.
    for pragma in "foreign_keys=on", "journal_mode=wal", "synchronous=normal", "busy_timeout=10000":
        connection.execute(f"pragma {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its lock before its first read: what it read is then still so."""
    write = connection.get_execution_options().get("write", False)
    # A unit that reads is refused by SQLite itself if it writes by mistake; PostgreSQL has read-only transactions for
    # that.
    connection.exec_driver_sql(f"pragma query_only={'off' if write else 'on'}")
    connection.exec_driver_sql("begin immediate" if write else "begin")
