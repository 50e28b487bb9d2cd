"""REST of the audit."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from core.audit import queries
from core.audit.schemas import AuditQuery, EntryOut
from core.web.api import operation, page_of
from core.web.request import actor

api = Blueprint("audit_api", __name__)


@api.get("/audit")
@operation(needs="core.audit", query=AuditQuery, gives=EntryOut, lists=True)
def entries(query: dict[str, Any]) -> dict[str, Any]:
    """Who did what, for whom, and when; the latest first."""
    found = queries.entries(query["filter"], by=actor(), limit=query["limit"], cursor=query["cursor"])
    return page_of(found, query["limit"], lambda entry: str(entry.id))
