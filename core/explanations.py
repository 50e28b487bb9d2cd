"""One rule that applied, as a code and its facts, and the column that keeps it. The words come later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

Fact = int | str | date | datetime | UUID | None
"""What may stand in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One rule that applied. The words come from the plugin's sentences.py, in the reader's language."""

    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


def explain(code: str, /, **facts: Fact) -> Explanation:
    """Short for `Explanation(code=code, facts=facts)`."""
    return Explanation(code=code, facts=facts)


def plain(value: Any) -> Any:
    """The value with moments, days and ids as text, ready for JSON."""
    if isinstance(value, Explanation):
        return {"code": value.code, **{name: plain(fact) for name, fact in value.facts.items()}}
    if isinstance(value, date):  # a datetime too
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


def _pack(fact: Fact) -> Any:
    if isinstance(fact, datetime):
        return {"moment": fact.isoformat()}
    if isinstance(fact, date):
        return {"day": fact.isoformat()}
    return {"id": str(fact)} if isinstance(fact, UUID) else fact


def _unpack(kept: Any) -> Fact:
    match kept:
        case {"moment": str(text)}:
            return datetime.fromisoformat(text)
        case {"day": str(text)}:
            return date.fromisoformat(text)
        case {"id": str(text)}:
            return UUID(text)
    fact: Fact = kept
    return fact


def pack(explanation: Explanation) -> dict[str, Any]:
    """As JSON that `unpack` turns back into the equal explanation."""
    return {"code": explanation.code, "facts": {name: _pack(fact) for name, fact in explanation.facts.items()}}


def unpack(kept: Mapping[str, Any]) -> Explanation:
    """What `pack` made."""
    return Explanation(code=kept["code"], facts={name: _unpack(fact) for name, fact in kept["facts"].items()})


class Explained(TypeDecorator[Explanation]):
    """A column that keeps one explanation: `reason: Mapped[Explanation] = mapped_column(Explained)`."""

    impl = sa.JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Explanation | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """As JSON."""
        return value and pack(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Explanation | None:  # noqa: ARG002
        """Out of JSON."""
        return None if value is None else unpack(value)


class ExplainedList(TypeDecorator[tuple[Explanation, ...]]):
    """A column that keeps several explanations, in order."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(self, value: tuple[Explanation, ...] | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """As a list in JSON."""
        return [pack(item) for item in value or ()]

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[Explanation, ...]:  # noqa: ARG002
        """Out of a list in JSON."""
        return tuple(unpack(item) for item in value or ())
