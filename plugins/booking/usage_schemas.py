"""What a program gets of the use of rooms."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load

from core.plugins import here
from core.web.api import Day, HolderOut


class UsageQuery(Schema):
    """`from` and `to`: days, both inclusive. Default: this month so far."""

    since = Day(data_key="from", load_default=None)
    until = Day(data_key="to", load_default=None)

    @post_load
    def to_days(self, data: dict[str, Any], **_kwargs: object) -> Any:
        """Both days."""
        today = here().today()
        until = data["until"] or max(today, data["since"] or today)
        return data["since"] or until.replace(day=1), until


class UsedRoom(Schema):
    """Which room."""

    id = fields.UUID()
    name = fields.String()


_OPEN = {"description": "opening hours as they were then, without closures"}
_SHARE = {"description": "of the open time, 0 to 1; null: there was none"}


class RoomUseOut(Schema):
    """A room. `sessions`, `minutes`: its own; `used_minutes`: open time in which it, or on average its parts, were in use."""

    room = fields.Nested(UsedRoom)
    sessions = fields.Integer()
    minutes = fields.Integer()
    open_minutes = fields.Integer(metadata=_OPEN)
    used_minutes = fields.Integer()
    share = fields.Float(allow_none=True, metadata=_SHARE)


class HourUseOut(Schema):
    """An hour of a weekday, all rooms together, each part of the building once."""

    weekday = fields.Integer(metadata={"description": "0 Monday … 6 Sunday"})
    hour = fields.Integer(metadata={"description": "the hour that begins then"})
    open_minutes = fields.Integer(metadata=_OPEN)
    used_minutes = fields.Integer()


class HolderUseOut(Schema):
    """Who had rooms. `due`: sessions whose time to check in is over; `missed`: those of them that nobody came to."""

    holder = fields.Nested(HolderOut)
    sessions = fields.Integer()
    minutes = fields.Integer()
    extension_minutes = fields.Integer()
    due = fields.Integer()
    missed = fields.Integer()
    forgiven = fields.Integer()


class AreaUseOut(Schema):
    """Floor area by what it serves."""

    purpose = fields.String()
    floor_area = fields.Float(attribute="area", metadata={"description": "m²"})
    square_metre_hours = fields.Float(metadata={"description": "m² times the hours they were reserved"})


class UsageOut(Schema):
    """What rooms were used for."""

    first = fields.Date(data_key="from")
    last = fields.Date(data_key="to")
    share = fields.Float(allow_none=True, metadata=_SHARE)
    rooms = fields.List(fields.Nested(RoomUseOut))
    hours = fields.List(fields.Nested(HourUseOut))
    holders = fields.List(fields.Nested(HolderUseOut))
    areas = fields.List(fields.Nested(AreaUseOut))
