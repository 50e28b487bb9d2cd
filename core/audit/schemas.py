"""What programs get of the audit."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load

from core.audit.queries import Filter
from core.web.api import Day, IdField, ListQuery, Moment
from core.web.words import say_code


class AuditQuery(ListQuery):
    """Which entries; all that are given must fit. The latest come first."""

    q = fields.String(
        load_default="",
        metadata={"description": "Words, each in a name or in the subject; at most 5, within 200 characters."},
    )
    from_ = Day(data_key="from", load_default=None, metadata={"description": "First day."})
    to = Day(load_default=None, metadata={"description": "Last day."})
    act = fields.String(load_default=None)
    account_id = IdField(load_default=None)
    on_behalf_of = IdField(load_default=None)
    subject_id = IdField(load_default=None)

    @post_load
    def to_filter(self, data: dict[str, Any], **_kwargs: object) -> dict[str, Any]:
        """The page of the list, and which entries."""
        own = {"limit": data.pop("limit"), "cursor": data.pop("cursor")}
        return own | {"filter": Filter(words=data.pop("q"), **data)}


class EntryOut(Schema):
    """One act. Names stand here as they were."""

    id = fields.UUID()
    at = Moment()
    act = fields.String(metadata={"description": "A stable code."})
    text = fields.Function(lambda entry: say_code(f"act.{entry.act}"), metadata={"type": "string"})
    account_id = fields.UUID(allow_none=True)
    actor = fields.String()
    on_behalf_of = fields.UUID(allow_none=True)
    on_behalf_name = fields.String(allow_none=True)
    subject = fields.String()
    subject_id = fields.UUID(allow_none=True)
    before = fields.Raw(allow_none=True)
    after = fields.Raw(allow_none=True)
