"""What a person may type about what was recorded: objections, decisions, corrections, reversals, gifts."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from core.db import Id
from core.errors import Invalid
from core.explanations import explain
from core.people.models import Holder
from core.web.forms import REQUIRED, Form
from plugins.points.forms import WholeField
from plugins.points.requests import (
    CorrectionRequest,
    DecisionRequest,
    GiftRequest,
    ObjectionRequest,
    ReversalRequest,
)

UPHELD, DISMISSED = "upheld", "dismissed"


class ObjectionForm(Form):
    """What is said against a contribution."""

    reason = TextAreaField(_l("What is wrong with it?"), validators=[InputRequired(REQUIRED)])

    def to_request(self) -> ObjectionRequest:
        """Limits are checked there."""
        return ObjectionRequest(reason=self.reason.data)


class DecisionForm(Form):
    """What the staff say to the objections."""

    decision = RadioField(
        _l("Decision"),
        choices=[
            SelectChoice(DISMISSED, _l("It was right: the points will count")),  # type: ignore[arg-type]  # lazy
            SelectChoice(UPHELD, _l("The objection is right: withdraw the contribution")),  # type: ignore[arg-type]
        ],
        validators=[InputRequired(REQUIRED)],
    )
    note = TextAreaField(_l("Why? Everybody can read it"), validators=[InputRequired(REQUIRED)])

    def to_request(self) -> DecisionRequest:
        """Limits are checked there."""
        return DecisionRequest(upheld=self.decision.data == UPHELD, note=self.note.data)


class CorrectionForm(Form):
    """Points to add or, with a minus sign, to take away."""

    points = WholeField(_l("Points to add, or with a minus sign to take away"), validators=[InputRequired(REQUIRED)])
    reason = StringField(_l("Why?"), validators=[InputRequired(REQUIRED)])

    def to_request(self, holder_id: Id) -> CorrectionRequest:
        """Limits are checked there."""
        return CorrectionRequest(holder_id=holder_id, points=self.points.data, reason=self.reason.data)


class ReversalForm(Form):
    """How much of a transfer is taken back."""

    points = WholeField(_l("How many points?"), validators=[InputRequired(REQUIRED)])
    reason = StringField(_l("Why?"), validators=[InputRequired(REQUIRED)])

    def to_request(self) -> ReversalRequest:
        """Limits are checked there."""
        return ReversalRequest(points=self.points.data, reason=self.reason.data)


class GiftForm(Form):
    """Points for another group."""

    receiver = SelectField(_l("For which group?"), validate_choice=False, validators=[InputRequired(REQUIRED)])
    points = WholeField(_l("How many points?"), validators=[InputRequired(REQUIRED)])
    reason = StringField(_l("What for?"))

    def offer_to(self, groups: Sequence[Holder]) -> None:
        """Set the groups to choose from."""
        self.receiver.choices = [SelectChoice("", ""), *(SelectChoice(str(group.id), group.name) for group in groups)]

    def to_request(self, giver_id: Id) -> GiftRequest:
        """Limits are checked there.

        Raises:
            Invalid: no group was chosen.
        """
        try:
            receiver_id = Id(self.receiver.data)
        except ValueError:
            raise Invalid({"receiver": [explain("points_gift_not_a_group")]}) from None
        return GiftRequest(
            giver_id=giver_id, receiver_id=receiver_id, points=self.points.data, reason=self.reason.data or ""
        )
