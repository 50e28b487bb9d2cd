"""What a person may type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, SelectChoice, SelectField, StringField, TelField
from wtforms.validators import InputRequired, Optional

from core.db import Id
from core.errors import NotFound
from core.people.models import Group, Resident, Role
from core.people.requests import (
    GROUP_KINDS,
    DissolutionRequest,
    GroupRequest,
    MemberRequest,
    MergingRequest,
    ResidentRequest,
)
from core.web.forms import REQUIRED, DayField, Form
from core.web.words import say_code


class ResidentForm(Form):
    """Somebody who lives here."""

    name = StringField(_l("Full name"), validators=[InputRequired(REQUIRED)])
    telephone = TelField(_l("Telephone"))
    born_on = DayField(_l("Born on"), validators=[Optional()])

    def to_request(self) -> ResidentRequest:
        """Limits are checked there."""
        return ResidentRequest(name=self.name.data, telephone=self.telephone.data or "", born_on=self.born_on.data)


def kind_name(kind: str) -> str:
    """The words of a kind of group; a code of the community's own speaks for itself."""
    return say_code(f"group_kind.{kind}").removeprefix("group_kind.")


class GroupForm(Form):
    """Residents who do something together."""

    name = StringField(_l("Name of the group"), validators=[InputRequired(REQUIRED)])
    kind = SelectField(_l("Kind"), validate_choice=False, validators=[InputRequired(REQUIRED)])

    @classmethod
    def of(cls, group: Group | None = None) -> GroupForm:
        """The form with the known kinds to choose from, and the group's own if that is another."""
        form = cls(data={"name": group.name, "kind": group.kind} if group else None)
        kinds = dict.fromkeys([*GROUP_KINDS, *([group.kind] if group else [])])
        form.kind.choices = [SelectChoice(kind, kind_name(kind)) for kind in kinds]
        return form

    def to_request(self) -> GroupRequest:
        """Limits are checked there."""
        return GroupRequest(name=self.name.data, kind=self.kind.data)


class MemberForm(Form):
    """Who joins a group."""

    q = HiddenField()  # what was searched for, so that the same residents stand there again
    resident = RadioField(_l("Who joins?"), validate_choice=False, validators=[InputRequired(_l("Choose who joins."))])
    role = SelectField(_l("Role"), validate_choice=False)
    from_day = DayField(_l("First day"), validators=[Optional()])
    to_day = DayField(_l("Last day"), validators=[Optional()])

    def offer(self, residents: Iterable[Resident]) -> None:
        """Let these be chosen from."""
        self.resident.choices = [
            SelectChoice(str(resident.id), f"{resident.name} {resident.telephone}".strip()) for resident in residents
        ]
        self.role.choices = role_choices()

    def to_request(self) -> MemberRequest:
        """Limits are checked there.

        Raises:
            NotFound: what was chosen names nobody.
        """
        try:
            resident_id = Id(self.resident.data)
        except ValueError:
            raise NotFound(what="resident") from None
        return MemberRequest(
            resident_id=resident_id, role=self.role.data, from_day=self.from_day.data, to_day=self.to_day.data
        )


class MergingForm(Form):
    """Which group goes on for one that was entered twice."""

    into_id = HiddenField()
    reason = StringField(_l("Reason"))

    def to_request(self) -> MergingRequest:
        """Limits are checked there.

        Raises:
            NotFound: what was chosen names nobody.
        """
        try:
            into_id = Id(self.into_id.data or "")
        except ValueError:
            raise NotFound(what="group") from None
        return MergingRequest(into_id=into_id, reason=self.reason.data or "")


class DissolutionForm(Form):
    """Why a group is no more."""

    reason = StringField(_l("Reason"))

    def to_request(self) -> DissolutionRequest:
        """Limits are checked there."""
        return DissolutionRequest(reason=self.reason.data or "")


def role_choices() -> Sequence[SelectChoice]:
    """What somebody may be in a group."""
    return [SelectChoice(role.value, say_code(f"role.{role.value}")) for role in Role]
