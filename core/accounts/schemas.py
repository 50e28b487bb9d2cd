"""What programs send and get of accounts."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load

from core.accounts.requests import AccountRequest
from core.web.api import HolderOut, IdField


class AccountIn(Schema):
    """A new account."""

    user_name = fields.String(required=True)
    password = fields.String(required=True, load_only=True, metadata={"description": "At least 8 characters."})
    role = fields.String(required=True, metadata={"enum": ["manager", "staff", "resident"]})
    resident_id = IdField(load_default=None, allow_none=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> AccountRequest:
        """What the rule takes."""
        return AccountRequest(**data)


class AccountOut(Schema):
    """An account."""

    id = fields.UUID()
    user_name = fields.String()
    role = fields.String()
    resident_id = fields.UUID(allow_none=True)


class MeOut(Schema):
    """Who a token stands for."""

    user_name = fields.String()
    name = fields.String()
    roles = fields.List(fields.String())
    resident_id = fields.UUID(allow_none=True)
    holders = fields.List(fields.Nested(HolderOut), metadata={"description": "Oneself and the groups one leads."})
    permissions = fields.Dict(
        keys=fields.String(),
        values=fields.String(metadata={"enum": ["own", "all"]}),
        metadata={"description": "How far each permission reaches, less what the token's scopes leave out."},
    )
