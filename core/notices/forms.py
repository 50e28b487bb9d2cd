"""What a person may choose: what comes by e-mail; for managers the quiet hours."""

from __future__ import annotations

from datetime import time
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField
from wtforms.validators import InputRequired

from core.notices.models import BY_MAIL
from core.notices.quiet import Hours
from core.notices.requests import MailRequest
from core.web.forms import REQUIRED, ClockField, Form


class MailForm(Form):
    """An address and what goes there."""

    email = EmailField(_l("E-mail address"))
    reminder = BooleanField(_l("Reminders of what is to come"))
    change = BooleanField(_l("Changes of what you count on"))
    request = BooleanField(_l("Questions that wait for your answer"))
    news = BooleanField(_l("Everything else"))

    def to_request(self) -> MailRequest:
        """What was chosen."""
        chosen = tuple(kind.value for kind in BY_MAIL if self[kind.value].data)
        return MailRequest(email=self.email.data or "", kinds=chosen)


class QuietForm(Form):
    """Two times of the day."""

    begins = ClockField(_l("From"), validators=[InputRequired(REQUIRED)])
    ends = ClockField(_l("Until"), validators=[InputRequired(REQUIRED)])

    @classmethod
    def of(cls, hours: Hours) -> QuietForm:
        """With what is set."""
        return cls(begins=_time(hours.begins), ends=_time(hours.ends))

    def to_request(self) -> Hours:
        """What was typed."""
        return Hours(begins=_minute(self.begins.data), ends=_minute(self.ends.data))


def _time(minute: int) -> time:
    return time(minute // 60, minute % 60)


def _minute(found: Any) -> int:
    return int(found.hour) * 60 + int(found.minute)
