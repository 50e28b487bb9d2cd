"""What a person may type. A form that fails keeps every field; a refusal of a rule lands on its field or on top."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import g, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import DateField, Field, TimeField

from core.db import savepoint
from core.errors import DomainError, Invalid
from core.explanations import explain
from core.faults import could_be_meant
from core.web.request import Stale
from core.web.words import say, say_error


class Form(FlaskForm):
    """The base of all forms: typed, its CSRF check done once a request (`core.web.csrf`), refusals shown where they belong."""

    class Meta(FlaskForm.Meta):
        csrf = False  # `core.web.csrf` checks every POST of a page before any view runs

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)  # type: ignore[no-untyped-call]  # Flask-WTF has no types
        self.problems: list[str] = []
        self._status = 200

    @property
    def status(self) -> int:
        """Of the page that shows this form: 200 when fresh, 422 when fields are wrong, else the refusal's own."""
        if self._status == 200 and (self.errors or self.problems):
            return 422
        return self._status

    def validate(self, *args: Any, **values: Any) -> bool:
        """Whether everything typed can be read. Nothing is done by a form that is stale (`core.web.csrf`, `core.web.replay`)."""
        good: bool = super().validate(*args, **values)  # type: ignore[no-untyped-call]  # of WTForms
        stale: Stale | None = g.get("stale")
        if stale is not None:
            self.problems.append(stale.shown)
            self._status = stale.status
            return False
        return good

    def submitted(self) -> bool:
        """Whether it was sent and can be read."""
        return request.method == "POST" and self.validate()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Run a rule in a savepoint; its refusal is undone and shown on the form, nothing typed is lost."""
        try:
            with savepoint():
                yield
        except DomainError as error:
            self.refuse(error)

    def refuse(self, error: DomainError) -> None:
        """Show a refusal where it belongs."""
        self._status = error.status
        if not isinstance(error, Invalid):
            self.problems.append(say_error(error))
            return
        for name, faults in error.errors.items():
            sentences = [say(fault) for fault in faults]
            field: Field | None = self._fields.get(FIELD_OF.get(name, name)) or self._fields.get(name)
            if field is None:
                self.problems += sentences
            else:
                field.errors = (*field.errors, *sentences)


FIELD_OF = {"holder_id": "holder", "room_id": "room", "resident_id": "resident"}
"""Fields that forms call by the thing, programs by its id."""


class DayField(DateField):
    """A day; what cannot be read is refused with the sentence that programs get too."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)  # type: ignore[no-untyped-call]  # WTForms has no types

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed.

        Raises:
            ValueError: it is no day.
        """
        try:
            super().process_formdata(valuelist)  # type: ignore[no-untyped-call]  # of WTForms
        except ValueError:
            raise ValueError(gettext("This must be a day like 2026-03-02.")) from None
        if self.data is not None and not could_be_meant(self.data):
            self.data = None  # what was typed is still shown
            raise ValueError(say(explain("impossible_day")))


class ClockField(TimeField):
    """A time of the day; see `DayField`."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)  # type: ignore[no-untyped-call]  # WTForms has no types

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed.

        Raises:
            ValueError: it is no time.
        """
        try:
            super().process_formdata(valuelist)  # type: ignore[no-untyped-call]  # of WTForms
        except ValueError:
            raise ValueError(gettext("This must be a time like 08:00.")) from None


class ActForm(Form):
    """A form with nothing but a button."""


REQUIRED = _l("Fill this in.")
