"""Page: who did what, for whom, and when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.audit import queries
from core.audit.forms import AuditForm
from core.explanations import explain
from core.faults import could_be_meant
from core.plugins import here
from core.web.guard import requires
from core.web.request import actor
from core.web.words import day, moment, say, say_code

pages = Blueprint("audit", __name__)
A_PAGE = 50  # entries
_DAY_FACT = re.compile(r"(?:\w+_)?(?:at|on|day|from|to|until)")  # what facts that keep days and moments are called
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d.*)?")


@pages.get("/audit")
@requires("core.audit")
def entries() -> ResponseReturnValue:
    """The latest acts first."""
    form = AuditForm(request.args)
    form.validate()
    wanted = queries.Filter(words=form.q.data or "", from_=form.day.data, to=form.day.data)
    found = queries.entries(wanted, by=actor(), limit=A_PAGE, cursor=request.args.get("cursor"))
    shown = [
        (entry, _subject(entry.subject), [_said(change) for change in queries.changes(entry) if _for_people(change)])
        for entry in found[:A_PAGE]
    ]
    kept = {"q": form.q.data or None, "day": form.day.data}
    more = url_for("audit.entries", **kept, cursor=found[A_PAGE - 1].id) if len(found) > A_PAGE else None
    return render_template("audit/entries.html", form=form, shown=shown, more=more), form.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A change in the reader's words."""

    label: str
    before: str
    after: str


def _for_people(change: queries.Change) -> bool:
    """Ids are for programs: what they stand for is named beside them."""
    return not change.name.endswith("_id")


def _subject(subject: str) -> str:
    """Plugins and permissions are kept by their code, which never changes; people read their label."""
    house = here().house
    labels = {code: known.label for kept in (house.by_name, house.permissions) for code, known in kept.items()}
    return ", ".join(str(labels.get(part, part)) for part in subject.split(", "))


def _said(change: queries.Change) -> Said:
    """In words, as far as there are any; what has none speaks for itself.

    Names have sentences `fact.<name>`, values that are codes `<name>.<value>`; values with a unit are told by `value.<name>`.
    """
    permission, _space, role = change.name.partition(" ")
    known = here().house.permissions.get(permission)
    if known is not None:
        before, after = (say_code(f"reach.{reach}") for reach in (change.before, change.after))
        return Said(label=f"{known.label}: {say_code(f'role.{role}')}", before=before, after=after)
    name = change.name.rpartition(".")[2]
    return Said(
        label=_known(f"fact.{name}", name), before=_value(name, change.before), after=_value(name, change.after)
    )


def _value(name: str, value: str) -> str:
    """A code in words, a moment or day as people say it, anything else as it is."""
    if value and f"value.{name}" in here().house.sentences:
        return say(explain(f"value.{name}", value=value))
    said = _said_day(value) if _DAY_FACT.fullmatch(name) and _DAY.fullmatch(value) else None
    if said is not None:
        return said
    return _known(f"{name}.{value}", _known(f"fact_is.{value}", value))


def _said_day(value: str) -> str | None:
    """A day or moment in words; None for a text that is none after all, or that no calendar of people has."""
    try:
        found = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
    except ValueError:
        return None
    if not could_be_meant(found.date() if isinstance(found, datetime) else found):
        return None
    return moment(found) if isinstance(found, datetime) else day(found)


def _known(code: str, otherwise: str) -> str:
    return say_code(code) if code in here().house.sentences else otherwise
