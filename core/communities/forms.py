"""What a person may type about the community."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import StringField, TelField
from wtforms.validators import InputRequired

from core.communities.requests import ParticularsRequest
from core.plugins import here
from core.web.forms import REQUIRED, Form


class ParticularsForm(Form):
    """The community's name, and how its centre is reached."""

    name = StringField(_l("Name of the community"), validators=[InputRequired(REQUIRED)])
    phone = TelField(_l("Telephone of the centre"))

    @classmethod
    def of_here(cls) -> ParticularsForm:
        """The form as the community is now, or as it was sent."""
        return cls(data={"name": here().name, "phone": here().phone})

    def to_request(self) -> ParticularsRequest:
        """Limits are checked there."""
        return ParticularsRequest(name=self.name.data or "", phone=self.phone.data or "")
