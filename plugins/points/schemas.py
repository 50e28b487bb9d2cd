"""What a program may send and gets; the shape here, the limits in requests.py and policy.py."""

from __future__ import annotations

from datetime import time
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from core.contract import WeeklyHours
from plugins.points.policy import DAY_MINUTES, PointsPolicy, Standing, Tier


class ClockTime(fields.Field[int]):
    """A time of day as "18:00", kept as minutes from midnight; "24:00" is the end of the day."""

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **_kwargs: Any) -> str:  # noqa: ARG002
        hours, minutes = divmod(value or 0, 60)
        return f"{hours:02}:{minutes:02}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_kwargs: Any) -> int:  # noqa: ARG002
        if value == "24:00":
            return DAY_MINUTES
        try:
            found = time.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValidationError("Not a valid time.") from None
        return found.hour * 60 + found.minute


class TierSchema(Schema):
    """What standing gives from so many points on."""

    tier = fields.String(required=True)
    points = fields.Integer(strict=True, required=True)
    early_days = fields.Integer(strict=True, required=True)
    extension_minutes = fields.Integer(strict=True, required=True)

    @post_load
    def to_tier(self, data: dict[str, Any], **_kwargs: object) -> Tier:
        return Tier(**data)


class StandingSchema(Schema):
    """How standing is reckoned."""

    window_days = fields.Integer(strict=True, required=True)
    mode = fields.String(required=True)
    tiers = fields.List(fields.Nested(TierSchema), required=True)

    @post_load
    def to_standing(self, data: dict[str, Any], **_kwargs: object) -> Standing:
        return Standing(**{**data, "tiers": tuple(data["tiers"])})


class PeakSchema(Schema):
    """An interval of one weekday, 0 Monday to 6 Sunday, half-open."""

    weekday = fields.Integer(strict=True, required=True)
    opens = ClockTime(required=True)
    closes = ClockTime(required=True)

    @post_load
    def to_hours(self, data: dict[str, Any], **_kwargs: object) -> WeeklyHours:
        return WeeklyHours(**data)


class PolicySchema(Schema):
    """The policy of points, whole."""

    posting_days = fields.Integer(strict=True, required=True)
    standing = fields.Nested(StandingSchema, required=True)
    step_minutes = fields.Integer(strict=True, required=True)
    price_off_peak = fields.Integer(strict=True, required=True)
    price_peak = fields.Integer(strict=True, required=True)
    peak = fields.List(fields.Nested(PeakSchema), required=True)
    expiry_days = fields.Integer(strict=True, required=True)
    resident_daily_cap = fields.Integer(strict=True, required=True)
    allow_debt = fields.Boolean(required=True)

    @post_load
    def to_policy(self, data: dict[str, Any], **_kwargs: object) -> PointsPolicy:
        return PointsPolicy(**{**data, "peak": tuple(data["peak"])})
