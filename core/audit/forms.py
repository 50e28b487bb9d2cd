"""What a person may look for in the audit."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Optional

from core.web.forms import DayField, Form


class AuditForm(Form):
    """Words of names, and a day."""

    q = StringField(_l("Name of somebody, or what it was done to"))
    day = DayField(_l("Day"), validators=[Optional()])
