"""The inbox: what an account is told, itself or as a resident, the newest first, as long as the outbox keeps it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, or_, select, update

from core import clock
from core.contract import Actor
from core.db import Id, session
from core.errors import Invalid, NotFound
from core.explanations import explain
from core.notices.models import Outbox


def mine(by: Actor) -> ColumnElement[bool]:
    """Of whoever asks, never of whom they act for."""
    readers = {Outbox.account_id: by.account_id, Outbox.resident_id: by.resident_id}
    return or_(*(column == reader for column, reader in readers.items() if reader is not None))


def notices(*, by: Actor, limit: int, cursor: str | None = None) -> Sequence[Outbox]:
    """The newest first; one more than `limit` if there are more. `cursor`: the id of the last one seen.

    Raises:
        Invalid: the cursor is none.
    """
    statement = select(Outbox).where(mine(by)).order_by(Outbox.at.desc(), Outbox.id.desc())
    if cursor is not None:
        try:
            last = _one(Id(cursor), by=by)
        except (ValueError, NotFound):
            raise Invalid({"cursor": [explain("not_a_cursor")]}) from None
        statement = statement.where(or_(Outbox.at < last.at, and_(Outbox.at == last.at, Outbox.id < last.id)))
    return session.scalars(statement.limit(limit + 1)).all()


def read(notice_id: Id, *, by: Actor) -> Outbox:
    """One of them, read from now on.

    Raises:
        NotFound: there is none of that id for whoever asks.
    """
    found = _one(notice_id, by=by)
    found.read_at = found.read_at or clock.now()
    return found


def read_all(newest_id: Id, *, by: Actor) -> None:
    """All of them up to the newest that was seen; what came meanwhile is still new.

    Raises:
        NotFound: as `read`.
    """
    newest = _one(newest_id, by=by)
    seen = or_(Outbox.at < newest.at, and_(Outbox.at == newest.at, Outbox.id <= newest.id))
    session.execute(update(Outbox).where(mine(by), Outbox.read_at.is_(None), seen).values(read_at=clock.now()))


def _one(notice_id: Id, *, by: Actor) -> Outbox:
    found = session.scalar(select(Outbox).where(Outbox.id == notice_id, mine(by)))
    if found is None:
        raise NotFound(what="notice", id=notice_id)
    return found
