"""Recording and crediting ten thousand contributions against SQLAlchemy Core writing the very same rows with executemany."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from sqlalchemy import Engine, bindparam, delete, insert, select, update

from benchmarks import databases, world
from benchmarks.databases import Place, plain
from benchmarks.measure import MS, Figure
from core import clock
from core.communities import creation
from core.communities.requests import CommunityRequest
from core.contract import Holder
from core.db import unit
from core.people import groups
from core.people.requests import GroupRequest
from core.web.request import Linli, linli_of
from plugins.points import awards, posting
from plugins.points.requests import ContributionRequest

MANY, GROUPS, ROUNDS = 10_000, 200, 3
BOUND = 4.0
RECORDED = ("points_contribution", "points_award", "core_audit")  # in the order in which they may be written
CREDITED = ("points_transfer", "points_line", "points_lot")
CHANGED = {"points_award": ("state", "transfer_id"), "points_contribution": ("state",)}
KEPT = ("balance", "held", "lots")  # of an account

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """A community of many groups, and how many contributions are recorded at once."""

    linli: Linli
    engine: Engine
    holders: Sequence[Holder]
    many: int

    def inside(self, act: Callable[[], object]) -> float:
        """Do it in a unit that writes; seconds, with its commit."""
        begin = time.perf_counter()
        with unit(self.linli.database, write=True):
            world.enter_slug(self.linli.house)
            act()
        return time.perf_counter() - begin

    def rows(self, names: Sequence[str]) -> Rows:
        """What stands in tables."""
        with self.engine.connect() as connection:
            return {name: [dict(row) for row in connection.execute(select(plain(name))).mappings()] for name in names}


def run(place: Place, *, many: int = MANY, rounds: int = ROUNDS) -> Iterator[Figure]:
    """Both acts, each in turns with its yardstick; what a turn wrote is taken away before the next."""
    books = _books(place.make("bulk"), many)
    found: dict[str, list[tuple[float, float]]] = {"Recording": [], "Crediting": []}
    for _round in range(rounds):
        for what, pair in _turn(books).items():
            found[what].append(pair)
    books.engine.dispose()
    clock.start_at(world.NOW, frozen=True)  # where the others expect it
    for what, pairs in found.items():
        yield Figure(
            what=f"{what} {many:,} contributions against their rows by executemany",
            database=place.engine,
            linli_ms=median(ours for ours, _theirs in pairs) * MS,
            yardstick_ms=median(theirs for _ours, theirs in pairs) * MS,
            ratio=median(ours / theirs for ours, theirs in pairs),
            bound=BOUND,
        )


def _books(url: str, many: int) -> Books:
    linli = linli_of(world.found(url))
    with unit(linli.database, write=True):
        clock.start_at(world.NOW, frozen=True)
        creation.create(linli.house, CommunityRequest(slug=world.SLUG, name="新城区社区"))
        holders = [
            groups.create(GroupRequest(name=f"第{number + 1}合唱队", kind="choir"), by=world.BY).holder.value()
            for number in range(GROUPS)
        ]
    first = [ContributionRequest(holder_id=one.id, category="performance", occurred_on=world.TODAY) for one in holders]
    books = Books(linli=linli, engine=databases.engine_of(linli.database), holders=holders, many=many)
    books.inside(lambda: awards.record_many(first, by=world.BY))
    clock.start_at(world.NOW + timedelta(days=10), frozen=True)
    books.inside(posting.credit_due)  # every group has its account
    return books


def _turn(books: Books) -> dict[str, tuple[float, float]]:
    clock.start_at(world.NOW, frozen=True)
    wishes = [
        ContributionRequest(
            holder_id=books.holders[number % GROUPS].id,
            category="performance",
            occurred_on=world.TODAY,
            note=f"第{number}次演出",
        )
        for number in range(books.many)
    ]
    before = books.rows(RECORDED)
    ours = books.inside(lambda: awards.record_many(wishes, by=world.BY))
    recorded = _added(before, books.rows(RECORDED))
    _delete(books, recorded)
    recording = (ours, _timed(books, lambda connection: _insert(connection, recorded)))
    crediting = _credit(books)
    _delete(books, recorded)
    return {"Recording": recording, "Crediting": crediting}


def _credit(books: Books) -> tuple[float, float]:
    changed = (*CHANGED, "points_account")
    rows, state = books.rows(CREDITED), books.rows(changed)
    clock.start_at(world.NOW + timedelta(days=10), frozen=True)
    ours = books.inside(posting.credit_due)
    credited, after = _added(rows, books.rows(CREDITED)), books.rows(changed)
    _timed(books, lambda connection: _update(connection, state, after))
    _delete(books, credited)

    def write(connection: Any) -> None:
        _insert(connection, credited)
        _update(connection, after, state)

    theirs = _timed(books, write)
    _timed(books, lambda connection: _update(connection, state, after))
    _delete(books, credited)
    return ours, theirs


# --- the yardstick -------------------------------------------------------------------------------------------------


def _key(name: str, row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in plain(name).primary_key.columns)


def _added(before: Rows, after: Rows) -> Rows:
    """The rows that are new, by table."""
    known = {name: {_key(name, row) for row in rows} for name, rows in before.items()}
    return {name: [row for row in rows if _key(name, row) not in known[name]] for name, rows in after.items()}


def _insert(connection: Any, rows: Rows) -> None:
    for name, found in rows.items():
        connection.execute(insert(plain(name)), found)


def _update(connection: Any, rows: Rows, others: Rows) -> None:
    """Set what differs, row by row, by their keys."""
    columns = {**CHANGED, "points_account": KEPT}
    for name, found in rows.items():
        table, was = plain(name), {_key(name, row): row for row in others[name]}
        fresh = [row for row in found if row != was[_key(name, row)]]
        where = [column == bindparam(f"k_{column.name}") for column in table.primary_key.columns]
        changed: dict[str, Any] = {column: bindparam(f"v_{column}") for column in columns[name]}
        given = [
            {f"k_{column.name}": row[column.name] for column in table.primary_key.columns}
            | {f"v_{column}": row[column] for column in columns[name]}
            for row in fresh
        ]
        if given:
            connection.execute(update(table).where(*where).values(changed), given)


def _delete(books: Books, rows: Rows) -> None:
    with books.engine.execution_options(write=True).begin() as connection:
        for name, found in reversed(rows.items()):
            table = plain(name)
            where = [column == bindparam(f"k_{column.name}") for column in table.primary_key.columns]
            keys = [{f"k_{column.name}": row[column.name] for column in table.primary_key.columns} for row in found]
            connection.execute(delete(table).where(*where), keys)


def _timed(books: Books, write: Callable[[Any], None]) -> float:
    begin = time.perf_counter()
    with books.engine.execution_options(write=True).begin() as connection:
        write(connection)
    return time.perf_counter() - begin
