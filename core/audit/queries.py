"""What pages and programs read of the audit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from core.accounts import access
from core.audit.models import Entry
from core.contract import Actor
from core.db import Id, session
from core.errors import Invalid
from core.explanations import explain
from core.faults import words
from core.plugins import here

AUDIT = "core.audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which entries: all that are given must fit."""

    words: str = ""  # each in one of the names or in what it was done to
    from_: date | None = None  # days of the community, both inclusive
    to: date | None = None
    act: str | None = None
    account_id: Id | None = None
    on_behalf_of: Id | None = None
    subject_id: Id | None = None


def entries(wanted: Filter, *, by: Actor, limit: int, cursor: str | None = None) -> Sequence[Entry]:
    """The latest first; one more than `limit` if there are more.

    `cursor`: the id of the last one seen.

    Raises:
        Forbidden: `by` may not.
        Invalid: the cursor is none.
    """
    access.check(by, AUDIT)
    statement = select(Entry).where(*_conditions(wanted)).order_by(Entry.at.desc(), Entry.id.desc())
    if cursor is not None:
        last = _last_seen(cursor)
        statement = statement.where(or_(Entry.at < last.at, and_(Entry.at == last.at, Entry.id < last.id)))
    return session.scalars(statement.limit(limit + 1)).all()


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    named = Entry.actor, Entry.on_behalf_name, Entry.subject
    found = [or_(*(column.icontains(word, autoescape=True) for column in named)) for word in words(wanted.words)]
    exact: dict[Any, object] = {
        Entry.act: wanted.act,
        Entry.account_id: wanted.account_id,
        Entry.on_behalf_of: wanted.on_behalf_of,
        Entry.subject_id: wanted.subject_id,
    }
    found += [column == value for column, value in exact.items() if value is not None]
    if wanted.from_ is not None:
        found.append(Entry.at >= _midnight(wanted.from_))
    if wanted.to is not None:
        found.append(Entry.at < _midnight(wanted.to + timedelta(days=1)))
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=here().zone)


def _last_seen(cursor: str) -> Entry:
    try:
        last = session.scalar(select(Entry).where(Entry.id == Id(cursor)))
    except ValueError:
        last = None
    if last is None:
        raise Invalid({"cursor": [explain("not_a_cursor")]})
    return last


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing an act changed: what it is called, how it was, how it is."""

    name: str
    before: str
    after: str


def changes(entry: Entry) -> Sequence[Change]:
    """What an act changed, thing by thing."""
    before, after = _flat(entry.before), _flat(entry.after)
    names = [*before, *(name for name in after if name not in before)]
    return [
        Change(name=name, before=before.get(name, ""), after=after.get(name, ""))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _flat(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        return {
            name: text
            for key, inner in value.items()
            for name, text in _flat(inner, f"{path}.{key}".strip(".")).items()
        }
    if isinstance(value, list):
        return {path: ", ".join(text for item in value for text in _flat(item).values())}
    if isinstance(value, bool):
        return {path: "yes" if value else "no"}
    return {} if value is None else {path: str(value)}
