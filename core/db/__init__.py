"""The floor under tables: keys, types, the unit of work, the tenant net. Knows no Flask."""

from core.db.base import Base, link, links, ref
from core.db.tenant import Scoped, Tenant
from core.db.types import Id, UtcDateTime
from core.db.work import Conflict, Database, ReadOnly, Trespass, connect, current, locked, savepoint, session, unit

__all__ = [
    "Base",
    "Conflict",
    "Database",
    "Id",
    "ReadOnly",
    "Scoped",
    "Tenant",
    "Trespass",
    "UtcDateTime",
    "connect",
    "current",
    "link",
    "links",
    "locked",
    "ref",
    "savepoint",
    "session",
    "unit",
]
