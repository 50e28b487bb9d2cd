"""Rows that belong to a community, and the net that keeps communities apart.

1. The schema: keys are (community_id, id), so no row can point into another community.
2. The type: no community's id but the current one is ever sent to, or read from, the database.
3. The filter: every ORM statement is narrowed to the current community; others are refused.

Four causes slip through and are forbidden outside core/db by a test: `session.connection()`, text fragments or
`literal_column` inside an ORM statement, `X.__table__` mixed into one, and `insert().from_select` with a literal community.
"""

from __future__ import annotations

from sqlalchemy import ForeignKey, SmallInteger, bindparam, event
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, ORMExecuteState, mapped_column, with_loader_criteria
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7

from core.db.base import Base
from core.db.types import Id
from core.db.work import Trespass, WorkSession, current


class CommunityKey(TypeDecorator[int]):
    """The current community's id, and no other."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Refuse to write or ask for a row of another community."""
        return self._check(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Refuse a row of another community that a statement brought back all the same."""
        return self._check(value)

    @staticmethod
    def _check(value: int | None) -> int | None:
        if value is not None and value != (here := current().community):
            raise Trespass(f"a row of community {value} in a unit of community {here}")
        return value


class Scoped(Base):
    """A table of a community's rows, with a key of its own making."""

    __abstract__ = True

    community_id: Mapped[int] = mapped_column(
        CommunityKey,
        ForeignKey("core_community.id"),
        primary_key=True,
        sort_order=-2,
        default=lambda: current().community,
    )


class Tenant(Scoped):
    """A table of a community's rows, known by (community_id, id)."""

    __abstract__ = True

    id: Mapped[Id] = mapped_column(primary_key=True, sort_order=-1, default=uuid7)


HERE = bindparam("here", type_=CommunityKey, callable_=lambda: current().community)
INSIDE = with_loader_criteria(
    Scoped,
    lambda row: row.community_id == HERE,
    include_aliases=True,
    track_closure_variables=False,
)


@event.listens_for(WorkSession, "do_orm_execute")
def _stay_inside(state: ORMExecuteState) -> None:
    if state.is_column_load or state.is_relationship_load:
        return  # by the key of a row already here, or narrowed as its parent was
    if not state.is_orm_statement or state.is_from_statement:
        raise Trespass(f"only statements on mapped classes can be kept inside: {state.statement}")
    state.statement = state.statement.options(INSIDE)
