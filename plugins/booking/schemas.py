"""What a program may send and get about the policy and reservations; rooms have schemas of their own."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from marshmallow import Schema, fields, post_load

from core import clock
from core.db import Id
from core.errors import Invalid
from core.explanations import explain
from core.plugins import here
from core.web.api import Day, DayOrMoment, Explanations, HolderOut, IdField, ListQuery, Moment
from core.web.fields import Truth
from plugins.booking import board, ground
from plugins.booking.models import Side
from plugins.booking.policy import BookingPolicy, NoShowRule
from plugins.booking.requests import (
    Between,
    CancellationRequest,
    ChangeRequest,
    EndRequest,
    ForgivenessRequest,
    Listing,
    PolicyChange,
    Scope,
)


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
        """As the policy keeps it."""
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
    series_confirm_days = fields.Integer(strict=True, load_default=0)  # kept since there are series
    public_board = Truth(load_default=True)  # versions that were kept before there was a board have none

    @post_load
    def to_policy(self, data: dict[str, Any], **_kwargs: object) -> BookingPolicy:
        """As the rules read it."""
        return BookingPolicy(**data)


class PolicyOut(PolicySchema):
    """The figures, and the day from which they count (null: the defaults)."""

    valid_from = fields.Date()


class PolicyKeptOut(PolicyOut):
    """The figures, and the day from which they count; `explanation`, if there is one: that nothing was changed."""

    explanation = Explanations()


class PlanQuery(Schema):
    """The day on which what is taken back was to take effect."""

    valid_from = Day(required=True)


class PolicyIn(PolicySchema):
    """New figures; `valid_from` absent or not after today: at once."""

    series_confirm_days = fields.Integer(strict=True, load_default=lambda: ground.figures().series_confirm_days)
    public_board = Truth(load_default=board.is_public)  # left out they stay as they are
    valid_from = fields.Date(load_default=None, allow_none=True)
    explanation = Explanations(dump_only=True)  # what a PUT answered may be put back

    @post_load
    def to_policy(self, data: dict[str, Any], **_kwargs: object) -> Any:
        """As the act wants it."""
        valid_from = data.pop("valid_from")
        return PolicyChange(policy=BookingPolicy(**data), valid_from=valid_from)


class PolicyQuery(Schema):
    """Of which day."""

    on = Day(load_default=None)


# --- reservations --------------------------------------------------------------------------------------------------


def _moment(edge: date | datetime | None, *, default: date, end: bool) -> datetime:
    """Where an edge lies: days are inclusive, moments are themselves (and so half-open)."""
    if isinstance(edge, datetime):
        return edge
    day = edge or default
    return datetime.combine(day + timedelta(days=1) if end else day, time.min, tzinfo=here().zone)


class BetweenQuery(Schema):
    """`from` and `to`: days, both inclusive, or moments, half-open. Default: today."""

    since = DayOrMoment(data_key="from", load_default=None)
    until = DayOrMoment(data_key="to", load_default=None)
    room_id = IdField(load_default=None)

    @post_load
    def to_between(self, data: dict[str, Any], **_kwargs: object) -> Any:
        """As the timetable is asked."""
        return self.between(data)

    def between(self, data: dict[str, Any]) -> Between:
        """Where both edges lie in the community's zone."""
        since, until = data["since"], data["until"]
        starts_at = _moment(since, default=here().today(), end=False)
        local = starts_at.astimezone(here().zone).date()
        return Between(
            starts_at=starts_at, ends_at=_moment(until, default=local, end=True), room_id=data.get("room_id")
        )


class QuoteQuery(Schema):
    """A wish."""

    room_id = IdField(required=True)
    holder_id = IdField(required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)


class QuoteOut(Schema):
    """What it would cost, and all that stands in its way."""

    allowed = fields.Boolean()
    code = fields.String(allow_none=True)
    reasons = Explanations()
    base_minutes = fields.Integer()
    extension_minutes = fields.Integer()
    price_points = fields.Integer()
    tier = fields.String()
    opens_at = Moment(allow_none=True)
    explanation = Explanations()


class WishIn(Schema):
    """A wish for a room at one time."""

    room_id = IdField(required=True)
    holder_id = IdField(required=True)
    starts_at = Moment(required=True)
    ends_at = Moment(required=True)
    title = fields.String(load_default="")
    people = fields.Integer(strict=True, load_default=None, allow_none=True)
    override_reason = fields.String(load_default="")


class RoomName(Schema):
    """Which room."""

    id = fields.UUID()
    name = fields.String()


class OccurrenceOut(Schema):
    """One date."""

    id = fields.UUID()
    starts_at = Moment()
    ends_at = Moment()


class ReservationOut(Schema):
    """A reservation."""

    id = fields.UUID()
    state = fields.Function(lambda one: one.state(clock.now()).value, metadata={"type": "string"})
    room = fields.Nested(RoomName)
    holder = fields.Nested(HolderOut)
    starts_at = Moment()
    ends_at = Moment()
    base_minutes = fields.Integer()
    extension_minutes = fields.Integer()
    price_points = fields.Integer()
    tier = fields.String()
    title = fields.String()
    people = fields.Integer(allow_none=True)
    override_reason = fields.String()
    overridden = fields.List(fields.String())
    cancel_until = Moment()
    shorten_until = Moment()
    check_in_from = Moment(allow_none=True)
    check_in_until = Moment(allow_none=True)
    explanation = Explanations()
    series_id = fields.UUID(allow_none=True)
    confirm_until = Moment(allow_none=True)
    occurrences: fields.Field[Any] = fields.Function(
        lambda one: [OccurrenceOut().dump(one)], metadata={"type": "array"}
    )


class EntryOut(Schema):
    """A reservation as everyone may see it."""

    id = fields.UUID()
    state = fields.Function(lambda one: one.state.value, metadata={"type": "string"})
    room = fields.Nested(RoomName)
    holder = fields.Nested(HolderOut, allow_none=True)
    starts_at = Moment()
    ends_at = Moment()


class ReservationsQuery(ListQuery):
    """Of which holder and room, of which local days, both inclusive."""

    holder_id = IdField(load_default=None)
    room_id = IdField(load_default=None)
    since = Day(data_key="from", load_default=None)
    until = Day(data_key="to", load_default=None)

    @post_load
    def to_listing(self, data: dict[str, Any], **_kwargs: object) -> Listing:
        """As the list is asked."""
        cursor = data.pop("cursor")
        try:
            return Listing(after=cursor and Id(cursor), **data)
        except ValueError:
            raise Invalid({"cursor": [explain("not_a_cursor")]}) from None


class EndIn(Schema):
    """When the session shall end instead."""

    ends_at = Moment(required=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> EndRequest:
        """As the act wants it."""
        return EndRequest(**data)


class ChangeIn(Schema):
    """What shall be different; the rest stays. `scope`: of a series this date, it and those that follow, or all to come."""

    room_id = IdField()
    starts_at = Moment()
    ends_at = Moment()
    title = fields.String()
    people = fields.Integer(strict=True, allow_none=True)
    scope = fields.String(load_default=Scope.THIS.value, metadata={"enum": [scope.value for scope in Scope]})

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> ChangeRequest:
        """As the act wants it."""
        return ChangeRequest(**data)


class CancellationIn(Schema):
    """Who gives it up. Only staff may say "centre"."""

    by = fields.Enum(Side, by_value=True, load_default=Side.GROUP)
    reason = fields.String(load_default="")
    scope = fields.String(load_default=Scope.THIS.value, metadata={"enum": [scope.value for scope in Scope]})

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> CancellationRequest:
        """As the act wants it."""
        return CancellationRequest(**data)


class ForgivenessIn(Schema):
    """Why it shall not count."""

    reason = fields.String(required=True)

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> ForgivenessRequest:
        """As the act wants it."""
        return ForgivenessRequest(**data)
