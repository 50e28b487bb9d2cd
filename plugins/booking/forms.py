"""What a person may type, or tap."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional

from core.db import Id
from core.errors import Invalid, NotFound
from core.explanations import Explanation, explain
from core.plugins import here
from core.web.forms import REQUIRED, DayField, Form
from plugins.booking.models import Hours, Item, Purpose, Reservation, Room, Side, Who
from plugins.booking.requests import (
    EARLIEST,
    LATEST,
    CancellationRequest,
    ChangeRequest,
    ClosureRequest,
    EndRequest,
    ForgivenessRequest,
    HoursRequest,
    OpenInterval,
    ReservationRequest,
    RoomRequest,
    Scope,
)

_INTERVAL = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_COUNTED = re.compile(r"(.+?)(?:\s*[×✕]\s*|\s+[xX*]?\s*)(\d{1,9})")  # 椅子 40, 椅子 ×40, chairs x 40
_SAME = str.maketrans(
    {"：": ":", "，": ",", "、": ",", "；": ",", ";": ",", "–": "-", "—": "-", "～": "-", "~": "-", "至": "-"}
)


def to_id(text: str | None, what: str) -> Id:
    """An id that a page carried.

    Raises:
        NotFound: it is none.
    """
    try:
        return Id(text or "")
    except ValueError:
        raise NotFound(what=what) from None


def to_moment(text: str | None, field: str) -> datetime:
    """A moment that a page carried.

    Raises:
        Invalid: it is none, or has no offset.
    """
    try:
        found = datetime.fromisoformat((text or "").replace(" ", "+"))
    except ValueError:
        found = datetime.min  # noqa: DTZ901 - only to be refused
    if found.tzinfo is None:
        raise Invalid({field: [explain("unreadable_field", message="Not a valid datetime.")]})
    return found


class WholeField(IntegerField):
    """A whole number; anything else is refused in the words that programs get too."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)  # type: ignore[no-untyped-call]  # WTForms has no types

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed."""
        try:
            super().process_formdata(valuelist)  # type: ignore[no-untyped-call]  # of WTForms
        except ValueError:
            raise ValueError(_("This must be a whole number.")) from None


class BookForm(Form):
    """The confirm card: everything was chosen by tapping; a title and a number of people may be added."""

    room = HiddenField()
    holder = HiddenField()
    starts_at = HiddenField()
    ends_at = HiddenField()
    title = StringField(_l("What for"), validators=[Optional()])
    people = WholeField(_l("How many people"), validators=[Optional()])
    override_reason = StringField(_l("Why the rule is set aside"), validators=[Optional()])

    def to_request(self) -> ReservationRequest:
        """What programs send, too."""
        return ReservationRequest(
            room_id=to_id(self.room.data, "room_id"),
            holder_id=to_id(self.holder.data, "holder_id"),
            starts_at=to_moment(self.starts_at.data, "starts_at"),
            ends_at=to_moment(self.ends_at.data, "ends_at"),
            title=self.title.data or "",
            people=self.people.data,
            override_reason=self.override_reason.data or "",
        )


class ScopedForm(Form):
    """An act on one date, and perhaps on the other dates of its series."""

    scope = RadioField(_l("Which dates"), default=Scope.THIS.value, validate_choice=False)

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.offer(
            {
                Scope.THIS: _("This date only"),
                Scope.FOLLOWING: _("This one and those that follow"),
                Scope.ALL: _("All that are still to come"),
            }
        )

    def offer(self, texts: Mapping[Scope, str]) -> None:
        """What may be chosen, in these words."""
        self.scope.choices = [SelectChoice(scope.value, text) for scope, text in texts.items()]

    @property
    def chosen(self) -> str:
        """The choice; this date where there is none to choose."""
        return self.scope.data or Scope.THIS.value


class MoveForm(ScopedForm):
    """Another time or room: everything was chosen before."""

    room = HiddenField()
    starts_at = HiddenField()
    ends_at = HiddenField()

    def to_request(self) -> ChangeRequest:
        """What programs send, too."""
        return ChangeRequest(
            room_id=to_id(self.room.data, "room_id"),
            starts_at=to_moment(self.starts_at.data, "starts_at"),
            ends_at=to_moment(self.ends_at.data, "ends_at"),
            scope=self.chosen,
        )


class DetailsForm(ScopedForm):
    """What a reservation is for, and how many come."""

    title = StringField(_l("What for"), validators=[Optional()])
    people = WholeField(_l("How many people"), validators=[Optional()])

    @classmethod
    def of(cls, found: Reservation) -> DetailsForm:
        """As it is."""
        return cls(formdata=None, title=found.title, people=found.people)

    def to_request(self) -> ChangeRequest:
        """What programs send, too."""
        return ChangeRequest(title=self.title.data or "", people=self.people.data, scope=self.chosen)


class LongerForm(Form):
    """One tap: the session goes on until then."""

    ends_at = HiddenField()

    def to_request(self) -> EndRequest:
        """What programs send, too."""
        return EndRequest(ends_at=to_moment(self.ends_at.data, "ends_at"))


class ShortenForm(Form):
    """An earlier end."""

    ends_at = SelectField(_l("New end"), validate_choice=False, validators=[InputRequired(REQUIRED)])

    def offer(self, ends: list[tuple[str, str]]) -> ShortenForm:
        """The ends that may be chosen, as moments and as people say them."""
        self.ends_at.choices = [SelectChoice(value, said) for value, said in ends]
        return self

    def to_request(self) -> EndRequest:
        """What programs send, too."""
        return EndRequest(ends_at=to_moment(self.ends_at.data, "ends_at"))


class CancelForm(Form):
    """Giving a reservation up."""

    by = HiddenField(default=Side.GROUP.value)
    scope = HiddenField(default=Scope.THIS.value)
    reason = StringField(_l("Reason"), validators=[Optional()])

    def to_request(self) -> CancellationRequest:
        """What programs send, too."""
        try:
            side = Side(self.by.data or Side.GROUP.value)
        except ValueError:
            choices = ", ".join(side.value for side in Side)
            raise Invalid({"by": [explain("not_a_choice", choices=choices)]}) from None
        return CancellationRequest(by=side, reason=self.reason.data or "", scope=self.scope.data or Scope.THIS.value)


class ForgiveForm(Form):
    """A no-show that shall not count."""

    reason = StringField(_l("Why it shall not count"), validators=[InputRequired(REQUIRED)])

    def to_request(self) -> ForgivenessRequest:
        """What programs send, too."""
        return ForgivenessRequest(reason=self.reason.data or "")


class RoomForm(Form):
    """A room: new, or as it shall be."""

    name = StringField(_l("Name of the room"), validators=[InputRequired(REQUIRED)])
    capacity = WholeField(_l("Holds how many people"), validators=[InputRequired(REQUIRED)])
    equipment = TextAreaField(_l("Equipment"), validators=[Optional()])
    floor_area = WholeField(_l("Floor area in m²"), validators=[Optional()])
    purpose = RadioField(_l("What it serves"), default=Purpose.SERVICE.value, validate_choice=False)
    who = RadioField(_l("Who may book it"), default=Who.ANYONE.value, validate_choice=False)
    setup_minutes = WholeField(_l("Minutes to set up before each session"), validators=[Optional()])
    clearup_minutes = WholeField(_l("Minutes to clear up after each session"), validators=[Optional()])
    longest_minutes = WholeField(_l("Longest session, in minutes"), validators=[Optional()])
    notice_minutes = WholeField(_l("To be booked so many minutes ahead"), validators=[Optional()])
    spaces = StringField(_l("Spaces it takes"), validators=[Optional()])

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.purpose.choices = [
            SelectChoice(Purpose.SERVICE.value, _("The people who come")),
            SelectChoice(Purpose.OFFICE.value, _("The centre's own desks: an office")),
        ]
        self.who.choices = [
            SelectChoice(Who.ANYONE.value, _("Everybody: residents and groups")),
            SelectChoice(Who.GROUPS.value, _("Groups only")),
            SelectChoice(Who.STAFF.value, _("The centre's staff only, for whomever they like")),
        ]

    def show(self, room: Room) -> None:
        """Write a room into the fields."""
        for name in ("name", "capacity", "floor_area", "longest_minutes"):
            self[name].data = getattr(room, name)
        for name in ("setup_minutes", "clearup_minutes", "notice_minutes"):
            self[name].data = getattr(room, name) or None
        self.who.data, self.purpose.data = room.who.value, room.purpose.value
        self.equipment.data = "\n".join(f"{item.name} {item.count}" for item in room.equipment)

    def to_request(self) -> RoomRequest:
        """What programs send, too. Spaces are codes with blanks or commas between, equipment one thing a line."""
        codes = tuple((self.spaces.data or "").translate(_SAME).replace(",", " ").split())
        lines = (self.equipment.data or "").splitlines()
        try:
            return RoomRequest(
                name=self.name.data or "",
                capacity=self.capacity.data or 0,
                equipment=tuple(_item(line.strip()) for line in lines if line.strip()),
                floor_area=self.floor_area.data,
                purpose=self.purpose.data or Purpose.SERVICE.value,
                spaces=codes or None,
                who=self.who.data or Who.ANYONE.value,
                setup_minutes=self.setup_minutes.data or 0,
                clearup_minutes=self.clearup_minutes.data or 0,
                longest_minutes=self.longest_minutes.data,
                notice_minutes=self.notice_minutes.data or 0,
            )
        except Invalid as error:
            found: dict[str, list[Explanation]] = {}
            for name, faults in error.errors.items():
                found.setdefault(name.partition(".")[0], []).extend(faults)
            raise Invalid(found) from None


def _item(line: str) -> Item:
    """A line like 椅子 40; without a number there is one."""
    counted = _COUNTED.fullmatch(line)
    return Item(name=line) if counted is None else Item(name=counted[1], count=int(counted[2]))


class HoursForm(Form):
    """A week: one line a day, like 8:00–12:00, 14:00–21:00."""

    day0 = StringField(_l("Monday"), validators=[Optional()])
    day1 = StringField(_l("Tuesday"), validators=[Optional()])
    day2 = StringField(_l("Wednesday"), validators=[Optional()])
    day3 = StringField(_l("Thursday"), validators=[Optional()])
    day4 = StringField(_l("Friday"), validators=[Optional()])
    day5 = StringField(_l("Saturday"), validators=[Optional()])
    day6 = StringField(_l("Sunday"), validators=[Optional()])

    def lines(self) -> list[StringField]:
        """The seven fields, Monday first."""
        return [self[f"day{weekday}"] for weekday in range(7)]

    def show(self, hours: list[Hours]) -> None:
        """Write the present week into the fields."""
        for weekday, line in enumerate(self.lines()):
            line.data = ", ".join(said(row.opens, row.closes) for row in hours if row.weekday == weekday)

    def to_request(self) -> HoursRequest:
        """What programs send, too; faults land on the line of their day."""
        found: list[OpenInterval] = []
        for weekday, line in enumerate(self.lines()):
            found += _intervals(weekday, line.data or "")
        try:
            return HoursRequest(hours=tuple(found))
        except Invalid as error:
            by_day = {
                f"day{found[int(name.partition('.')[2])].weekday}" if "." in name else name: faults
                for name, faults in error.errors.items()
            }
            raise Invalid(by_day) from None


def said(opens: int, closes: int) -> str:
    """As people write it: 8:00–12:00."""
    return f"{opens // 60}:{opens % 60:02}–{closes // 60}:{closes % 60:02}"


def _intervals(weekday: int, text: str) -> list[OpenInterval]:
    found = []
    for part in filter(None, (piece.strip() for piece in text.translate(_SAME).split(","))):
        match = _INTERVAL.fullmatch(part)
        if match is None:
            raise Invalid({f"day{weekday}": [explain("hours_unreadable")]})
        a, b, c, d = (int(number) for number in match.groups())
        if b > 59 or d > 59:
            raise Invalid({f"day{weekday}": [explain("hours_unreadable")]})
        found.append(OpenInterval(weekday=weekday, opens=a * 60 + b, closes=c * 60 + d))
    return found


class ClosureForm(Form):
    """A time in which a room is closed."""

    first_day = DayField(_l("First day"), validators=[InputRequired(REQUIRED)])
    from_time = StringField(_l("From"), default="0:00", validators=[InputRequired(REQUIRED)])
    last_day = DayField(_l("Last day"), validators=[InputRequired(REQUIRED)])
    to_time = StringField(_l("Until"), default="24:00", validators=[InputRequired(REQUIRED)])
    reason = TextAreaField(_l("Reason"), validators=[InputRequired(REQUIRED)])

    def to_request(self) -> ClosureRequest:
        """Local days and times become aware moments here, and nowhere after; faults of moments land on their day."""
        try:
            return ClosureRequest(
                starts_at=_local(self.first_day, self.from_time),
                ends_at=_local(self.last_day, self.to_time),
                reason=self.reason.data or "",
            )
        except Invalid as error:
            days = {"starts_at": self.first_day.name, "ends_at": self.last_day.name}
            raise Invalid({days.get(name, name): faults for name, faults in error.errors.items()}) from None


def _local(of_day: DayField, of_time: StringField) -> datetime:
    day: date | None = of_day.data
    text: str | None = of_time.data
    hours, _colon, minutes = (text or "").translate(_SAME).strip().partition(":")
    if not (
        hours.isdecimal() and minutes.isdecimal() and int(hours) * 60 + int(minutes) <= 24 * 60 and int(minutes) < 60
    ):
        raise Invalid({of_time.name: [explain("unreadable_field", message="Not a valid time.")]})
    assert day is not None  # the validator has seen to it
    earliest, latest = EARLIEST.date(), LATEST.date()
    if not earliest <= day <= latest:
        raise Invalid({of_day.name: [explain("impossible_day", earliest=earliest, latest=latest)]})
    return datetime.combine(day, time.min, tzinfo=here().zone) + timedelta(minutes=int(hours) * 60 + int(minutes))
