"""What a person may type: the acts of many groups on one page, and why a contribution is withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    Field,
    IntegerField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from core.db import Id
from core.errors import DomainError, Invalid, NotFound
from core.explanations import Explanation, explain
from core.people.models import Holder
from core.plugins import here
from core.web.forms import REQUIRED, DayField, Form
from core.web.words import say
from plugins.points import judging, requests
from plugins.points.models import Per
from plugins.points.requests import ContributionRequest, WithdrawalRequest
from plugins.points.rules import Book


class WholeField(IntegerField):
    """A whole number, refused in the same words as over REST."""

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)  # type: ignore[no-untyped-call]  # of WTForms

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed; a blank box is no number."""
        try:
            super().process_formdata([text.strip() for text in valuelist])  # type: ignore[no-untyped-call]  # of WTForms
        except ValueError:
            raise ValueError(say(explain("not_whole"))) from None


@dataclass(frozen=True, slots=True)
class Row:
    """A holder on the page and the box for its number."""

    holder: Holder
    field: Field


class AwardForm(Form):
    """One category, day and note; one number for each holder. Made by `award_form`, which adds the boxes."""

    category = SelectField(_l("What was done"), validate_choice=False, validators=[InputRequired(REQUIRED)])
    day = DayField(_l("On which day"), validators=[InputRequired(REQUIRED)])
    note = StringField(_l("Note (everybody can read it)"))
    evidence = StringField(_l("Number of the paper (if it was long ago)"))

    members = SelectMultipleField(
        _l("Who took part? They share if the rule says so"),
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    once_more = BooleanField(_l("It happened once more: record what is recorded already a second time"))

    holders: Sequence[Holder] = ()
    asks_again = False  # something on it seems to be recorded already

    @property
    def rows(self) -> list[Row]:
        """The holders and their boxes, in order."""
        return [Row(holder, self._fields[_box(holder.id)]) for holder in self.holders]

    @property
    def filled(self) -> list[Row]:
        """Those with a number."""
        return [row for row in self.rows if row.field.data is not None]

    def to_requests(self, book: Book) -> list[ContributionRequest]:
        """A request for each number: acts, or minutes where the category's rule counts hours.

        Raises:
            Invalid: faults keyed as those of a batch.
        """
        category = book.categories.get(self.category.data or "")
        rule = category and book.on(category, self.day.data)
        amount = "minutes" if rule and rule.per is Per.HOUR else "acts"
        common = {
            "category": self.category.data,
            "occurred_on": self.day.data,
            "note": self.note.data or "",
            "evidence": self.evidence.data or "",
            "member_ids": _ids(self.members.data or ()) if "members" in self else (),
        }
        if (late := judging.wants_evidence(self.day.data)) is not None and not (self.evidence.data or "").strip():
            raise Invalid({"evidence": [explain("points_wants_evidence", days=late)]})
        if not self.filled:
            raise Invalid({"": [explain("points_no_number")]})
        return requests.contributions(
            [{"holder_id": row.holder.id, amount: row.field.data, **common} for row in self.filled]
        )

    def refuse(self, error: DomainError) -> None:
        """Show a refusal where it belongs: what is wrong with the day, category or note once, the rest in its row."""
        if not isinstance(error, Invalid):
            super().refuse(error)
            return
        filled, placed = self.filled, dict[str, list[Explanation]]()
        self.asks_again = any(name.endswith(".again") for name in error.errors)
        for name, faults in error.errors.items():
            _items, _dot, place = name.partition("items.")
            number, _dot, field = place.partition(".")
            if common := _PLACES.get(field):
                placed[common] = list(faults)  # every row has the same: said once
            else:
                where = _box(filled[int(number)].holder.id) if number.isdecimal() else name
                placed.setdefault(where, []).extend(faults)
        super().refuse(Invalid(placed))


_PLACES = {
    "category": "category",
    "occurred_on": "day",
    "note": "note",
    "evidence": "evidence",
    "member_ids": "members",
}
"""Fields of a request that all rows have in common, and where the form shows them."""


def _ids(texts: Sequence[str]) -> tuple[Id, ...]:
    """Ids that boxes carried.

    Raises:
        NotFound: one of them is none.
    """
    try:
        return tuple(Id(text) for text in texts)
    except ValueError:
        raise NotFound(what="resident_id") from None


def _box(holder_id: Id) -> str:
    return f"n_{holder_id.hex}"


def award_form(
    holders: Sequence[Holder], book: Book, *, chosen: str = "", members: Sequence[tuple[Id, str]] = ()
) -> AwardForm:
    """The form for these holders.

    Args:
        holders: one box each.
        book: the categories to choose from, with what they give today.
        chosen: the code of the category a fresh form begins with.
        members: of the one group the form is about: who may be named, by id and name.
    """
    boxes = {_box(holder.id): WholeField(holder.name, validators=[Optional()]) for holder in holders}
    made: AwardForm = type("AwardForm", (AwardForm,), {**boxes, "holders": holders})(
        data={"day": here().today(), "category": chosen}
    )
    if members:
        made.members.choices = [SelectChoice(str(member_id), name) for member_id, name in members]
    else:
        del made.members
    made.category.choices = [SelectChoice(code, _choice(book, code)) for code in book.categories]
    return made


def _choice(book: Book, code: str) -> str:
    """A category and what it gives today."""
    name, rule = book.categories[code].name, book.on(book.categories[code], here().today())
    if rule is None:
        return gettext("%(name)s (no rule today)", name=name)
    if rule.per is Per.HOUR:
        return ngettext(
            "%(name)s (%(num)d point an hour; enter minutes)",
            "%(name)s (%(num)d points an hour; enter minutes)",
            rule.points,
            name=name,
        )
    return ngettext("%(name)s (%(num)d point each)", "%(name)s (%(num)d points each)", rule.points, name=name)


class WithdrawalForm(Form):
    """Why a contribution is withdrawn."""

    reason = TextAreaField(_l("Why is it withdrawn?"), validators=[InputRequired(REQUIRED)])

    def to_request(self) -> WithdrawalRequest:
        """Limits are checked there."""
        return WithdrawalRequest(reason=self.reason.data)


def choices_of(pairs: Sequence[tuple[str, Any]], everything: Any) -> list[tuple[str, str]]:
    """Choices of a filter, with everything first."""
    return [("", str(everything)), *((value, str(text)) for value, text in pairs)]
