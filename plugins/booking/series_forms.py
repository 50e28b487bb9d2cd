"""What a person chooses so that a session repeats, in plain fields, and the one tap after the dates have been shown."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, SelectChoice, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from core.errors import Invalid
from core.explanations import Explanation
from core.plugins import here
from core.web.forms import REQUIRED, DayField, Form
from core.web.words import at_clock
from plugins.booking import recurrence, wording
from plugins.booking.forms import WholeField, to_id, to_moment
from plugins.booking.recurrence import Kind, Rule
from plugins.booking.requests import OnConflict, ReservationRequest, SeriesRequest

TIMES = [f"{minute // 60}:{minute % 60:02}" for minute in range(0, 24 * 60 + 1, 15)]
WEEKLY, DAILY, ON_DATE, ON_NTH, ON_LAST = "weekly", "daily", "date", "nth", "last"
FIELD_OF = {
    "starts_at": "starts",
    "ends_at": "ends",
    "interval": "every",
    "count": "times",
    "until": "last_day",
    "recurrence": "last_day",
}


class SeriesForm(Form):
    """Which room, when first, how often, until when."""

    holder = SelectField(_l("For whom"), validate_choice=False)
    room = SelectField(_l("Which room"), validate_choice=False)
    first_day = DayField(_l("First day"), validators=[InputRequired(REQUIRED)])
    starts = SelectField(_l("From"), choices=[SelectChoice(one) for one in TIMES[:-1]], default="14:00")
    ends = SelectField(_l("Until"), choices=[SelectChoice(one) for one in TIMES[1:]], default="16:00")
    how = RadioField(_l("How it repeats"), default=WEEKLY, validate_choice=False)
    weekdays = SelectMultipleField(
        _l("On which weekdays"),
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    every = WholeField(_l("Every how many weeks, days or months"), validators=[Optional()])
    last_day = DayField(_l("Last day"), validators=[Optional()])
    times = WholeField(_l("Or how many times"), validators=[Optional()])
    title = StringField(_l("What for"), validators=[Optional()])
    people = WholeField(_l("How many people"), validators=[Optional()])
    override_reason = StringField(_l("Why the rule is set aside"), validators=[Optional()])

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.how.choices = [
            SelectChoice(WEEKLY, _("Every week")),
            SelectChoice(DAILY, _("Every day")),
            SelectChoice(ON_DATE, _("Every month on the date of the first day")),
            SelectChoice(ON_NTH, _("Every month on the weekday of the first day, like the second Friday")),
            SelectChoice(ON_LAST, _("Every month on the last such weekday")),
        ]
        self.weekdays.choices = [SelectChoice(str(number), wording.weekday(number)) for number in range(7)]

    def offer(self, holders: list[tuple[str, str]], rooms: list[tuple[str, str]]) -> SeriesForm:
        """For whom and which room there is a choice."""
        self.holder.choices = [SelectChoice(*one) for one in holders]
        self.room.choices = [SelectChoice(*one) for one in rooms]
        return self

    def show(self, wish: SeriesRequest) -> None:
        """Write a wish into the fields."""
        first, rule, zone = wish.first, wish.rule, here().zone
        starts_at, length = first.starts_at.astimezone(zone), first.ends_at - first.starts_at
        self.holder.data, self.room.data = str(first.holder_id), str(first.room_id)
        self.first_day.data, self.starts.data = starts_at.date(), at_clock(starts_at)
        end = starts_at.hour * 60 + starts_at.minute + int(length.total_seconds()) // 60
        self.ends.data = f"{end // 60}:{end % 60:02}"
        self.how.data = _how(rule)
        self.weekdays.data = [str(number) for number in rule.weekdays]
        self.every.data = rule.interval if rule.interval > 1 else None
        self.last_day.data, self.times.data = rule.until, rule.count
        self.title.data, self.people.data, self.override_reason.data = first.title, first.people, first.override_reason

    def to_request(self) -> SeriesRequest:
        """What programs send, too; faults land on the fields that people see."""
        day: date | None = self.first_day.data
        assert day is not None  # the validator has seen to it
        starts, ends = _minute(self.starts.data), _minute(self.ends.data)
        at = time(*divmod(min(starts, 24 * 60 - 1), 60))
        starts_at = recurrence.moment(day, at, here().zone)
        try:
            first = ReservationRequest(
                room_id=to_id(self.room.data, "room_id"),
                holder_id=to_id(self.holder.data, "holder_id"),
                starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=ends - starts),
                title=self.title.data or "",
                people=self.people.data,
                override_reason=self.override_reason.data or "",
            )
            return SeriesRequest(first=first, rule=self._rule(day), on_conflict=OnConflict.SKIP.value)
        except Invalid as error:
            raise _on_fields(error) from None

    def _rule(self, day: date) -> Rule:
        weekdays = {int(number) for number in self.weekdays.data or () if number in {str(n) for n in range(7)}}
        kinds: dict[str, dict[str, Any]] = {
            WEEKLY: {"kind": Kind.WEEKLY, "weekdays": tuple(weekdays) or (day.weekday(),)},
            DAILY: {"kind": Kind.DAILY},
            ON_DATE: {"kind": Kind.MONTHLY, "dates": (day.day,)},
            ON_NTH: {"kind": Kind.MONTHLY, "nth": (((day.day - 1) // 7 + 1, day.weekday()),)},
            ON_LAST: {"kind": Kind.MONTHLY, "nth": ((-1, day.weekday()),)},
        }
        how = kinds.get(self.how.data or WEEKLY, kinds[WEEKLY])
        apart = 1 if self.every.data is None else self.every.data
        return Rule(interval=apart, count=self.times.data, until=self.last_day.data, **how)


def _how(rule: Rule) -> str:
    if rule.kind is not Kind.MONTHLY:
        return WEEKLY if rule.kind is Kind.WEEKLY else DAILY
    if rule.dates:
        return ON_DATE
    return ON_LAST if rule.nth[0][0] < 0 else ON_NTH


def _minute(text: str | None) -> int:
    return TIMES.index(text) * 15 if text in TIMES else 0


def _on_fields(error: Invalid) -> Invalid:
    found: dict[str, list[Explanation]] = {}
    for name, faults in error.errors.items():
        found.setdefault(FIELD_OF.get(name, name), []).extend(faults)
    return Invalid(found)


class ConfirmSeriesForm(Form):
    """The one tap after the dates have been shown; those that are not ticked are left out."""

    room = HiddenField()
    holder = HiddenField()
    starts_at = HiddenField()
    ends_at = HiddenField()
    recurrence = HiddenField()
    title = HiddenField()
    people = HiddenField()
    override_reason = HiddenField()
    on_conflict = HiddenField()
    kept = SelectMultipleField(validate_choice=False)

    def show(self, wish: SeriesRequest, on_conflict: OnConflict) -> None:
        """Carry a wish."""
        first, zone = wish.first, here().zone
        starts_at = first.starts_at.astimezone(zone)
        self.room.data, self.holder.data = str(first.room_id), str(first.holder_id)
        self.starts_at.data, self.ends_at.data = starts_at.isoformat(), first.ends_at.astimezone(zone).isoformat()
        self.recurrence.data = wish.rule.text(starts_at.time(), zone)
        self.title.data, self.people.data = first.title, "" if first.people is None else str(first.people)
        self.override_reason.data, self.on_conflict.data = first.override_reason, on_conflict.value

    def to_request(self) -> SeriesRequest:
        """What programs send, too."""
        people = self.people.data or ""
        first = ReservationRequest(
            room_id=to_id(self.room.data, "room_id"),
            holder_id=to_id(self.holder.data, "holder_id"),
            starts_at=to_moment(self.starts_at.data, "starts_at"),
            ends_at=to_moment(self.ends_at.data, "ends_at"),
            title=self.title.data or "",
            people=int(people) if people.isdecimal() and len(people) < 7 else None,
            override_reason=self.override_reason.data or "",
        )
        zone = here().zone
        rule = recurrence.read(self.recurrence.data or "", starts_at=first.starts_at, zone=zone)
        kept = set(self.kept.data or ())
        days = rule.days(first.starts_at.astimezone(zone).date())
        left_out = frozenset(day for day in days if day.isoformat() not in kept)
        return SeriesRequest(
            first=first, rule=rule, exceptions=left_out, on_conflict=self.on_conflict.data or OnConflict.REFUSE.value
        )
