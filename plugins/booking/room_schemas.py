"""What a program may send and get about rooms: themselves, their hours and closures, and where they are free."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load

from core.errors import Invalid
from core.explanations import explain
from core.web.api import Moment
from plugins.booking.models import Item, Purpose, Who
from plugins.booking.requests import ClosureRequest, HoursRequest, OpenInterval, RoomRequest
from plugins.booking.schemas import BetweenQuery, Clock


class ItemSchema(Schema):
    """A piece of equipment, and how many there are."""

    name = fields.String(required=True)
    count = fields.Integer(strict=True, load_default=1)

    @post_load
    def to_item(self, data: dict[str, Any], **_kwargs: object) -> Item:
        """As rooms keep it."""
        return Item(**data)


class Equipment(fields.List[Any]):
    """A list of things; a text, as programs sent it before there were counts, is one thing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(fields.Nested(ItemSchema), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Any:
        if isinstance(value, str):
            return (Item(name=value),) if value.strip() else ()
        return tuple(super()._deserialize(value, attr, data, **more))


class RoomIn(Schema):
    """A room. `spaces` omitted: one of its own."""

    name = fields.String(required=True)
    capacity = fields.Integer(strict=True, required=True)
    spaces = fields.List(fields.String(), load_default=None, allow_none=True)
    equipment = Equipment(load_default=())
    floor_area = fields.Integer(strict=True, load_default=None, allow_none=True, metadata={"description": "m²"})
    purpose = fields.String(load_default=Purpose.SERVICE.value, metadata={"enum": [one.value for one in Purpose]})
    who = fields.String(load_default=Who.ANYONE.value, metadata={"enum": [who.value for who in Who]})
    setup_minutes = fields.Integer(strict=True, load_default=0)
    clearup_minutes = fields.Integer(strict=True, load_default=0)
    longest_minutes = fields.Integer(strict=True, load_default=None, allow_none=True)
    notice_minutes = fields.Integer(strict=True, load_default=0)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> RoomRequest:
        """As the act wants it."""
        spaces = data.pop("spaces")
        return RoomRequest(spaces=None if spaces is None else tuple(spaces), **data)


class RoomPut(RoomIn):
    """A room as it shall be. `spaces` stay what they are."""

    id = fields.UUID(dump_only=True)


class RoomOut(Schema):
    """A room."""

    id = fields.UUID()
    name = fields.String()
    capacity = fields.Integer()
    spaces = fields.List(fields.String())
    equipment = Equipment()
    floor_area = fields.Integer(allow_none=True)
    purpose = fields.String()
    who = fields.String()
    setup_minutes = fields.Integer()
    clearup_minutes = fields.Integer()
    longest_minutes = fields.Integer(allow_none=True)
    notice_minutes = fields.Integer()


class IntervalSchema(Schema):
    """An interval of a weekday, half-open."""

    weekday = fields.Integer(strict=True, required=True, metadata={"description": "0 Monday … 6 Sunday"})
    opens = Clock(required=True)
    closes = Clock(required=True)

    @post_load
    def to_interval(self, data: dict[str, Any], **_kwargs: object) -> OpenInterval:
        """As the act wants it."""
        return OpenInterval(**data)


class HoursSchema(Schema):
    """The whole week of a room."""

    hours = fields.List(fields.Nested(IntervalSchema), required=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> HoursRequest:
        """As the act wants it."""
        return HoursRequest(hours=tuple(data["hours"]))


class ClosureIn(Schema):
    """A time in which a room is closed."""

    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    reason = fields.String(required=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> ClosureRequest:
        """As the act wants it."""
        return ClosureRequest(**data)


class ClosureOut(Schema):
    """A closure."""

    id = fields.UUID()
    room_id = fields.UUID()
    starts_at = Moment()
    ends_at = Moment()
    reason = fields.String()


class FreeQuery(BetweenQuery):
    """And how long it must be free."""

    class Meta:
        exclude = ("room_id",)

    minutes = fields.Integer(load_default=15)

    @post_load
    def to_between(self, data: dict[str, Any], **_kwargs: object) -> Any:
        """Where both edges lie, and how many minutes must be free."""
        if data["minutes"] < 1:
            raise Invalid({"minutes": [explain("too_small", least=1)]})
        return self.between(data), data["minutes"]


class StretchOut(Schema):
    """A time in which the room is free."""

    starts_at = Moment()
    ends_at = Moment()
    minutes = fields.Integer()
