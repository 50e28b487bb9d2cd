"""What programs send and get of communities."""

from __future__ import annotations

from marshmallow import Schema, fields

from core.web.api import Truth


class CommunityOut(Schema):
    """The community of this address."""

    slug = fields.String()
    name = fields.String()
    zone = fields.String(metadata={"description": "Moments are answered in it."})
    centre_id = fields.UUID(
        metadata={"description": "The holder of the centre's own reservations and of the treasury."}
    )


class SwitchIn(Schema):
    """Whether the community uses a plugin."""

    enabled = Truth(required=True)
    name = fields.String(dump_only=True)  # what a GET answered may be put back
    label = fields.String(dump_only=True)
    summary = fields.String(dump_only=True)
    version = fields.String(dump_only=True)
    requires = fields.List(fields.String(), dump_only=True)
    required_by = fields.List(fields.String(), dump_only=True)


class PluginOut(Schema):
    """An installed plugin."""

    name = fields.String()
    label = fields.String(metadata={"description": "In the caller's language."})
    summary = fields.String()
    version = fields.String()
    enabled = fields.Boolean()
    requires = fields.List(fields.String())
    required_by = fields.List(fields.String(), metadata={"description": "Those switched on that require it."})
