"""What programs send and get, field by field: ids, days, moments, yes or no, stricter than marshmallow has them."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields

from core.explanations import Explanation
from core.faults import could_be_meant
from core.web.words import as_json, zone

UNKNOWN_ID = "unknown_id"
IMPOSSIBLE_DAY = "impossible_day"
LARGEST_LIMIT = 200
# In an address a plus that nobody escaped arrives as a blank; before an offset nothing else can be meant.
_BARE_PLUS = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d\S*) (\d\d(?::?\d\d)?)")


class IdField(fields.UUID):
    """An opaque id. One that cannot be parsed names nothing: 404, like every unknown one."""

    default_error_messages = {"invalid_uuid": UNKNOWN_ID}


class Day(fields.Date):
    """A day that people could mean: any other would lead out of the calendar sooner or later."""

    default_error_messages = {IMPOSSIBLE_DAY: IMPOSSIBLE_DAY}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        found: date = super()._deserialize(value, attr, data, **kwargs)
        if not could_be_meant(found):
            raise self.make_error(IMPOSSIBLE_DAY)
        return found


class Moment(fields.AwareDateTime):
    """RFC 3339 with offset, on a day that people could mean; answered in the community's zone."""

    default_error_messages = {IMPOSSIBLE_DAY: IMPOSSIBLE_DAY}

    def __init__(self, **options: Any) -> None:
        super().__init__(format="iso", **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return super()._serialize(value and value.astimezone(zone()), attr, obj, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        found: datetime = super()._deserialize(_with_plus(value), attr, data, **kwargs)
        if not could_be_meant(found.date()):
            raise self.make_error(IMPOSSIBLE_DAY)
        return found


def _with_plus(value: Any) -> Any:
    bare = _BARE_PLUS.fullmatch(value) if isinstance(value, str) else None
    return "+".join(bare.groups()) if bare else value


class DayOrMoment(fields.Field[Any]):
    """A day `YYYY-MM-DD`, or a moment with its offset."""

    default_error_messages = {"invalid": "Not a valid date."}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date | datetime:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        kind = Day() if len(value) == len("2026-03-02") else Moment()
        found: date | datetime = kind.deserialize(value, attr, data, **kwargs)
        return found


class Truth(fields.Boolean):
    """`true` or `false` of JSON; no number and no text passes for one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:  # noqa: ARG002
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Explanations(fields.Field[Any]):
    """A list of `{"code", "text", …facts}`, in the caller's language. Only answered."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_kwargs: Any) -> Any:  # noqa: ARG002
        if isinstance(value, Explanation):
            return as_json(value)
        return [as_json(item) for item in value or ()]


class HolderOut(Schema):
    """Whoever holds points or reserves a room."""

    id = fields.UUID()
    kind = fields.Function(lambda holder: str(getattr(holder.kind, "value", holder.kind)))
    name = fields.String()


def check_limit(value: int) -> None:
    """How much of a list may be asked for at once.

    Raises:
        ValidationError: more, or nothing.
    """
    if not 1 <= value <= LARGEST_LIMIT:
        raise ValidationError("not_a_limit")


class ListQuery(Schema):
    """How much of a list, and from where on."""

    limit = fields.Integer(load_default=LARGEST_LIMIT, validate=check_limit)
    cursor = fields.String(load_default=None)
