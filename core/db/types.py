"""The kinds of value a column may hold, the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator, TypeEngine

Id = UUID


class UuidKey(TypeDecorator[UUID]):
    """A UUID: `uuid` on PostgreSQL, its 16 bytes on SQLite."""

    impl = sa.Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """PostgreSQL has a type of its own; SQLite keeps the bytes."""
        return sa.Uuid() if dialect.name == "postgresql" else sa.LargeBinary(16)

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        """The bytes of an id, for SQLite."""
        return value if value is None or dialect.name == "postgresql" else value.bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:  # noqa: ARG002
        """An id out of the bytes that SQLite kept."""
        return UUID(bytes=value) if isinstance(value, bytes) else value


class OutOfCalendar(OverflowError, DontWrapMixin):
    """A moment that no calendar has in UTC: refused like any value too large to be kept."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Naive values are refused; what comes back is aware, in UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """A moment in UTC.

        Raises:
            ValueError: it is naive.
            OutOfCalendar: UTC has no such moment.
        """
        if value is not None and value.tzinfo is None:
            raise ValueError(f"a moment needs its time zone: {value!r}")
        try:
            return value and value.astimezone(UTC)
        except (ValueError, OverflowError):  # the last hours of the calendar
            raise OutOfCalendar(value) from None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """An aware moment in UTC, whatever the database makes of it."""
        if value is not None and value.tzinfo is None:  # SQLite keeps no zone
            return value.replace(tzinfo=UTC)
        return value and value.astimezone(UTC)


# An enum is its value, as text; the base adds the CHECK.
Choice = sa.Enum(
    Enum,
    native_enum=False,
    length=32,
    values_callable=lambda choice: [member.value for member in choice],
)

COLUMN_TYPES: dict[Any, TypeEngine[Any]] = {
    UUID: UuidKey(),
    datetime: UtcDateTime(),
    Enum: Choice,
    dict[str, Any]: sa.JSON(),
    list[str]: sa.JSON(),
}
