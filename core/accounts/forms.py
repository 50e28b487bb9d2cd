"""What a person may type about accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from core.accounts.grants import REACHES, Right
from core.accounts.models import AccountRole
from core.accounts.requests import AccountRequest, PasswordRequest
from core.db import Id
from core.errors import Invalid
from core.explanations import explain
from core.web.forms import REQUIRED, Form
from core.web.words import say_code


class SignInForm(Form):
    """User name and password."""

    user_name = StringField(_l("User name"), validators=[InputRequired(REQUIRED)])
    password = PasswordField(_l("Password"), validators=[InputRequired(REQUIRED)])


class AccountForm(Form):
    """A new account."""

    user_name = StringField(_l("User name"), validators=[InputRequired(REQUIRED)])
    password = PasswordField(_l("Password"), validators=[InputRequired(REQUIRED)])
    role = SelectField(_l("Role"))
    resident = StringField(_l("For which resident"))

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.role.choices = [SelectChoice(role.value, say_code(f"role.{role.value}")) for role in reversed(AccountRole)]

    def to_request(self, resident_id: Id | None) -> AccountRequest:
        """What was typed, with the limits of each field."""
        return AccountRequest(
            user_name=self.user_name.data or "",
            password=self.password.data or "",
            role=self.role.data or "",
            resident_id=resident_id,
        )


class ResetForm(Form):
    """A new password for somebody else."""

    password = PasswordField(_l("New password"), validators=[InputRequired(REQUIRED)])

    def to_request(self) -> PasswordRequest:
        """What was typed."""
        return PasswordRequest(password=self.password.data or "")


class PasswordForm(Form):
    """A new password of one's own."""

    present = PasswordField(_l("Current password"), validators=[InputRequired(REQUIRED)])
    password = PasswordField(_l("New password"), validators=[InputRequired(REQUIRED)])
    again = PasswordField(_l("New password once more"), validators=[InputRequired(REQUIRED)])

    def to_request(self) -> PasswordRequest:
        """What was typed, the same both times."""
        request = PasswordRequest(password=self.password.data or "")
        if self.again.data != self.password.data:
            raise Invalid({"again": [explain("passwords_differ")]})
        return request


def grants_form(rights: Sequence[Right]) -> Form:
    """One choice for each permission and role."""
    choices = [SelectChoice(reach, say_code(f"reach.{reach}")) for reach in REACHES]
    fields = {
        f"{right.permission} {role}": SelectField(
            f"{right.label}: {say_code(f'role.{role}')}", choices=choices, default=reach
        )
        for right in rights
        for role, reach in right.reaches.items()
    }
    made: Form = type("GrantsForm", (Form,), fields)()
    return made
