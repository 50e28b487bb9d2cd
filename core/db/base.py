"""The declarative base: names, types, and how one row points at another.

group_id: Mapped[Id] = ref("core_group")
group: Mapped[Group] = link(group_id)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    Constraint,
    Enum,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    Table,
    and_,
    inspect,
    type_coerce,
)
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedColumn,
    Relationship,
    foreign,
    mapped_column,
    relationship,
    remote,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.schema import ColumnCollectionConstraint

from core.db.types import COLUMN_TYPES


def _own_columns(item: ColumnCollectionConstraint | Index, _table: Table) -> str:
    """The columns a constraint is about: `community_id` is in every one, so it is left out."""
    names = [column.name for column in item.columns]
    return "_".join(name for name in names if name != "community_id") or "community_id"


NAMES: dict[str, Any] = {
    "own": _own_columns,
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(own)s",
    "uq": "uq_%(table_name)s_%(own)s",
    "ix": "ix_%(table_name)s_%(own)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Base(DeclarativeBase):
    """Every table of the house."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = COLUMN_TYPES

    @classmethod
    def __table_cls__(cls, name: str, metadata: MetaData, *parts: Any, **options: Any) -> Table:
        columns = [part for part in parts if isinstance(part, Column)]
        rules = [rule for column in columns for rule in _rules(column)]
        if any(column.name == "community_id" for column in columns):  # small keyed rows: no second tree for the key
            options.setdefault("sqlite_with_rowid", False)
        return Table(name, metadata, *parts, *rules, **options)


def _rules(column: Column[Any]) -> Iterator[Constraint]:
    """What a column brings to its table: a `ref` its foreign key, an enum its CHECK."""
    if to := column.info.get("ref"):
        yield ForeignKeyConstraint(["community_id", column.name], [f"{to}.community_id", f"{to}.id"])
    if isinstance(column.type, Enum):
        yield CheckConstraint(type_coerce(column, String).in_(column.type.enums), name=column.name)


def ref(table: str, **options: Any) -> MappedColumn[Any]:
    """A column that holds the id of a row of `table`, of the same community."""
    return mapped_column(info={"ref": table}, **options)


def link(column: Mapped[Any], **options: Any) -> Relationship[Any]:
    """The row a `ref` column points at: `group: Mapped[Group] = link(group_id)`.

    Only that column is written by it: the communities are compared, never copied.
    """

    def join() -> ColumnElement[bool]:
        source = cast("MappedColumn[Any]", column).column
        near, far = source.table.c, _target(source)
        return and_(remote(far.community_id) == near.community_id, remote(far.id) == foreign(source))

    return relationship(primaryjoin=join, **options)


def links(column: Callable[[], Mapped[Any]], **options: Any) -> Relationship[Any]:
    """The rows that point here: `stays: Mapped[list[Stay]] = links(lambda: Stay.group_id)`."""

    def join() -> ColumnElement[bool]:
        source = cast("Column[Any]", inspect(column()).expression)
        near, far = _target(source), source.table.c
        return and_(remote(far.community_id) == near.community_id, remote(foreign(source)) == near.id)

    return relationship(primaryjoin=join, **options)


def _target(source: Column[Any]) -> ReadOnlyColumnCollection[str, Column[Any]]:
    return source.table.metadata.tables[source.info["ref"]].c
