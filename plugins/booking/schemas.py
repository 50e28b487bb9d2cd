"""What a program may send and what it gets."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load

from plugins.booking.policy import BookingPolicy, NoShowRule


class Clock(fields.Field[int]):
    """A time of day as "08:00" (up to "24:00"); minutes from midnight inside."""

    default_error_messages = {"invalid": "Not a valid time."}

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_kwargs: object) -> Any:  # noqa: ARG002
        return None if value is None else f"{value // 60:02}:{value % 60:02}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_kwargs: object) -> int:  # noqa: ARG002
        hours, colon, minutes = str(value).partition(":")
        if not (isinstance(value, str) and colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2):
            raise self.make_error("invalid")
        if len(hours) > 2 or int(hours) > 24 or int(minutes) > 59 or int(hours) * 60 + int(minutes) > 24 * 60:
            raise self.make_error("invalid")
        return int(hours) * 60 + int(minutes)


class NoShowSchema(Schema):
    """When no-shows close the early window."""

    count = fields.Integer(strict=True, required=True)
    days = fields.Integer(strict=True, required=True)
    closed_days = fields.Integer(strict=True, required=True)

    @post_load
    def to_rule(self, data: dict[str, Any], **_kwargs: object) -> NoShowRule:
        return NoShowRule(**data)


class PolicySchema(Schema):
    """The figures of booking."""

    base_session_minutes = fields.Integer(strict=True, required=True)
    base_week_minutes = fields.Integer(strict=True, required=True)
    base_early_days = fields.Integer(strict=True, required=True)
    window_opens = Clock(required=True)
    cancel_hours = fields.Integer(strict=True, required=True)
    shorten_hours = fields.Integer(strict=True, required=True)
    check_in_before = fields.Integer(strict=True, required=True)
    check_in_after = fields.Integer(strict=True, required=True)
    no_shows = fields.Nested(NoShowSchema, required=True)

    @post_load
    def to_policy(self, data: dict[str, Any], **_kwargs: object) -> BookingPolicy:
        return BookingPolicy(**data)
