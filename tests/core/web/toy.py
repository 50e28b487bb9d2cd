"""A plugin made of doors only, for tests of the floor under them: whatever it is sent, it does in a way of its own.

Each act writes one entry of the audit, "toy.<what>": how often it acted is how many entries there are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template_string, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields, post_load
from wtforms import StringField, TextAreaField

from core.accounts.models import Account, AccountRole
from core.audit.record import record
from core.contract import Actor, NavItem, Piece
from core.db import session
from core.errors import WrongState
from core.faults import checking
from core.hookspecs import Adds
from core.plugins import Permission, Plugin, implements
from core.web.api import IdField, operation
from core.web.forms import Form
from core.web.guard import requires
from core.web.request import actor, reading, writing
from core.web.transactions import runs_in

MOST = 500  # characters of a note

PAGE = """{% extends "base.html" %}{% block title %}Toy{% endblock %}{% block content %}<h1>Toy</h1>
{{ house.form_open(form) }}{{ house.field(form.note) }}{{ house.field(form.name) }}
{{ house.submit("Send") }}{{ house.form_close() }}
{% endblock %}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRequest:
    """A note."""

    note: str
    name: str = ""

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.text("note", most=MOST, required=True, lines=True)
            check.text("name", most=20)


class NoteForm(Form):
    """A note."""

    note = TextAreaField("Note")
    name = StringField("Name")

    def to_request(self) -> NoteRequest:
        """What was typed."""
        return NoteRequest(note=self.note.data or "", name=self.name.data or "")


class NoteIn(Schema):
    """A note."""

    id = fields.UUID(dump_only=True)
    note = fields.String(required=True)
    name = fields.String()
    number = fields.Integer(strict=True)
    at = fields.AwareDateTime(format="iso")
    other_id = IdField()

    @post_load
    def to_request(self, data: dict[str, Any], **_kwargs: object) -> NoteRequest:
        """What the rule takes."""
        return NoteRequest(note=data["note"], name=data.get("name", ""))


class NoteOut(Schema):
    """A note."""

    note = fields.String()


class Doors:
    """What the toy does when it acts; a test puts something of its own here."""

    hook: Callable[[], None] = staticmethod(lambda: None)


def write(request: NoteRequest) -> NoteRequest:
    """The rule: one entry. Some notes mean trouble."""
    record("toy.note", by=actor(), subject=request.note)
    Doors.hook()
    if request.note == "refuse":
        raise WrongState(state="refused")
    if request.note == "fault":
        raise RuntimeError("a fault of ours")
    if request.note == "twin":  # refused by the database when everything is done
        session.add(Account(user_name="li", password_hash="", role=AccountRole.STAFF, stamp=""))
    return request


pages = Blueprint("toy", __name__)
api = Blueprint("toy_api", __name__)


@pages.route("/", methods=["GET", "POST"])
@requires("toy.write")
def note() -> ResponseReturnValue:
    """A form."""
    form = NoteForm()
    if form.submitted():
        with form.refusing():
            write(form.to_request())
            return redirect(url_for("toy.note"), code=303)
    return render_template_string(PAGE, form=form), form.status


@pages.route("/own", methods=["GET", "POST"])
@requires("toy.write")
@runs_in("own")
def own_note() -> ResponseReturnValue:
    """A form whose view opens its own units."""
    form = NoteForm()
    if form.submitted():
        with writing():
            write(form.to_request())
        return redirect(url_for("toy.own_note"), code=303)
    with reading():
        return render_template_string(PAGE, form=form), form.status


@pages.post("/careless")
@requires("toy.write")
def careless() -> ResponseReturnValue:
    """A view that does not look at its form."""
    write(NoteRequest(note="careless"))
    return redirect(url_for("toy.note"), code=303)


@pages.get("/writes")
@requires("toy.write")
def writes() -> ResponseReturnValue:
    """A GET that writes, which is wrong."""
    write(NoteRequest(note="written by a GET"))
    return "written"


@api.get("/writes")
@operation(needs="toy.write", gives=NoteOut)
def writes_too() -> NoteRequest:
    """A GET that writes, which is wrong."""
    return write(NoteRequest(note="written by a GET"))


@api.get("/notes")
@operation(needs="toy.write", gives=NoteOut, lists=True)
def notes() -> Sequence[NoteRequest]:
    """Five notes."""
    return [NoteRequest(note=f"note {number}") for number in range(5)]


@api.post("/notes")
@operation(needs="toy.write", body=NoteIn, gives=NoteOut, status=201)
def post_note(body: NoteRequest) -> NoteRequest:
    """Write a note."""
    return write(body)


@api.post("/notes/bell")
@operation(needs="toy.write")
def bell() -> None:
    """An act that needs no words and answers none."""
    write(NoteRequest(note="bell"))


class ToyPlugin(Plugin):
    """Doors to knock at."""

    name, label, summary = "toy", "Toy", "Doors to knock at."
    pages, api = pages, api
    permissions = (Permission(name="toy.write", label="Write notes", grants={"manager": "all", "resident": "own"}),)

    @implements(Adds.navigation)
    def navigation(self, actor: Actor) -> Sequence[NavItem]:
        """Its entry of the menu."""
        return [NavItem(label="Toy", endpoint="toy.note", order=50, icon="home")]

    @implements(Adds.home_cards)
    def home_cards(self, actor: Actor) -> Sequence[Piece]:
        """One card, in the narrow column."""
        return [Piece(template="unavailable.html", context={"plugin": f"Toy of {actor.name}"}, order=5, aside=True)]
