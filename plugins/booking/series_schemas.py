"""What a program may send and get about sessions that repeat."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_dump, post_load

from core import clock
from core.errors import Invalid
from core.explanations import explain
from core.plugins import here
from core.web.api import Day, Explanations, HolderOut, Moment
from plugins.booking import recurrence, wording
from plugins.booking.requests import OnConflict, ReservationRequest, SeriesRequest
from plugins.booking.schemas import OccurrenceOut, ReservationOut, RoomName, WishIn


class ReservationIn(WishIn):
    """A wish for a room; with `recurrence` for many days, each of them judged by itself."""

    recurrence = fields.String(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "RRULE of RFC 5545: daily, weekly on weekdays, monthly by date or nth weekday; it ends"
        },
    )
    exceptions = fields.List(Day(), load_default=list, metadata={"description": "days of the rule that are left out"})
    on_conflict = fields.String(
        load_default=OnConflict.REFUSE.value, metadata={"enum": [choice.value for choice in OnConflict]}
    )

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> Any:
        """As the act wants it."""
        text, exceptions, on_conflict = (data.pop(name) for name in ("recurrence", "exceptions", "on_conflict"))
        first = ReservationRequest(**data)
        if text is None:
            if exceptions:
                raise Invalid({"recurrence": [explain("required")]})
            return first
        rule = recurrence.read(text, starts_at=first.starts_at, zone=here().zone)
        return SeriesRequest(first=first, rule=rule, exceptions=frozenset(exceptions), on_conflict=on_conflict)


class SeriesIn(ReservationIn):
    """A wish that repeats."""

    recurrence = fields.String(required=True)


class AlternativeOut(Schema):
    """Another time of the same length, the same day in the same room."""

    starts_at = Moment()
    ends_at = Moment()


class DateOut(Schema):
    """A date of a wish that repeats: what it would come to, as if those before it were booked."""

    starts_at = Moment(attribute="answer.wish.starts_at")
    ends_at = Moment(attribute="answer.wish.ends_at")
    allowed = fields.Boolean()
    code = fields.String(attribute="answer.quote.code", allow_none=True)
    reasons = Explanations(attribute="answer.quote.reasons")
    base_minutes = fields.Integer(attribute="answer.quote.base_minutes")
    extension_minutes = fields.Integer(attribute="answer.quote.extension_minutes")
    price_points = fields.Integer(attribute="answer.quote.price_points")
    explanation = Explanations(attribute="answer.explanation")
    alternatives = fields.List(fields.Nested(AlternativeOut))


class PreviewOut(Schema):
    """Every date, whether all can be had, and what those that can would cost together."""

    allowed = fields.Boolean()
    price_points = fields.Integer()
    dates = fields.List(fields.Nested(DateOut))


class SkippedOut(Schema):
    """A date that could not be had."""

    starts_at = Moment(attribute="answer.wish.starts_at")
    ends_at = Moment(attribute="answer.wish.ends_at")
    code = fields.String(attribute="answer.quote.code")
    reasons = Explanations(attribute="answer.quote.reasons")
    alternatives = fields.List(fields.Nested(AlternativeOut))


class BookedOut(ReservationOut):
    """The first date, with all that were booked or changed, and those that were skipped."""

    OWN = frozenset({"dates", "skipped"})

    state = fields.Function(lambda made: made.first.state(clock.now()).value, metadata={"type": "string"})
    occurrences = fields.List(fields.Nested(OccurrenceOut), attribute="dates")
    skipped = fields.List(fields.Nested(SkippedOut))

    @post_dump(pass_original=True)
    def of_a_series(self, data: dict[str, Any], made: Any, **_kwargs: object) -> dict[str, Any]:
        """What was skipped is told of a series alone."""
        return data if made.series is not None else {name: value for name, value in data.items() if name != "skipped"}

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """What is not the act's own is the first date's."""
        return super().get_attribute(obj if attr in self.OWN else obj.first, attr, default)


class SeriesDateOut(Schema):
    """A date of a series that was booked, whatever became of it. `day`: which day of the series it is."""

    id = fields.UUID()
    day = fields.Date(attribute="series_day")
    state = fields.Function(lambda one: one.state(clock.now()).value, metadata={"type": "string"})
    room = fields.Nested(RoomName)
    starts_at = Moment()
    ends_at = Moment()
    price_points = fields.Integer()


class SkippedDayOut(Schema):
    """A day of a series that could not be had, and why."""

    day = fields.Date()
    reasons = Explanations()


class SeriesOut(Schema):
    """A series: how it was wished for, and what became of each date. `ended`: nothing of it is still to come."""

    id = fields.UUID(attribute="series.id")
    room = fields.Nested(RoomName, attribute="series.room")
    holder = fields.Nested(HolderOut, attribute="series.holder")
    starts_at = Moment(attribute="series.starts_at")
    ends_at = Moment(attribute="series.ends_at")
    recurrence = fields.String(attribute="series.rule")
    exceptions = fields.List(fields.String(), attribute="series.exceptions")
    text = fields.Function(lambda look: wording.series_of(look.series), metadata={"type": "string"})
    ended = fields.Boolean()
    dates = fields.List(fields.Nested(SeriesDateOut))
    skipped = fields.List(fields.Nested(SkippedDayOut))
