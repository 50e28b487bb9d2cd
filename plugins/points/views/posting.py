"""What is posted in public: the list with days left, objecting, and the staff's decision."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.accounts import access
from core.accounts.signin import is_staff
from core.contract import HolderKind
from core.db import Id
from core.people.models import Holder
from core.plugins import here
from core.web.guard import public, requires
from core.web.request import actor
from plugins.points import objections
from plugins.points.act_forms import DecisionForm, ObjectionForm
from plugins.points.models import State
from plugins.points.views.base import MOVEMENTS, check_open, pages

DECIDED = 10  # objections of late, below what is posted


def name_of(holder: Holder) -> str:
    """A holder as the public reads it: of residents strangers see the family name alone."""
    if holder.kind is HolderKind.RESIDENT and actor() is access.NOBODY:
        return f"{holder.name[:1]}＊＊"
    return holder.name


@pages.get("/posting")
@public
def posting() -> ResponseReturnValue:
    """What does not count yet, what counts soonest first, with the days that are left to object."""
    check_open("public_posting")
    found = objections.posted(limit=MOVEMENTS, cursor=request.args.get("cursor"))
    more = url_for(".posting", cursor=found[MOVEMENTS - 1].id) if len(found) > MOVEMENTS else None
    return render_template(
        "points/posting.html",
        found=found[:MOVEMENTS],
        decided=objections.decided(most=DECIDED),
        first_url=url_for(".posting") if request.args.get("cursor") else None,
        next_url=more,
        today=here().today(),
        name_of=name_of,
    )


@pages.get("/posting/<id:contribution_id>")
@public
def posted(contribution_id: Id) -> ResponseReturnValue:
    """One contribution as the public reads it, with what was said against it and the answers."""
    check_open("public_posting")
    return _page(contribution_id, ObjectionForm(), DecisionForm())


@pages.post("/posting/<id:contribution_id>")
@requires("points.object")
def object_to(contribution_id: Id) -> ResponseReturnValue:
    """Object."""
    form = ObjectionForm()
    if form.submitted():
        with form.refusing():
            objections.object_to(contribution_id, form.to_request(), by=actor())
            flash(_("Your objection is kept. These points do not count until the staff have decided."), "success")
            return redirect(url_for(".posted", contribution_id=contribution_id), code=303)
    return _page(contribution_id, form, DecisionForm(formdata=None))


@pages.post("/posting/<id:contribution_id>/decision")
@requires("points.decide")
def decide(contribution_id: Id) -> ResponseReturnValue:
    """Decide on the objections."""
    form = DecisionForm()
    if form.submitted():
        with form.refusing():
            found = objections.decide(contribution_id, form.to_request(), by=actor())
            withdrawn = found.state is State.WITHDRAWN
            flash(
                _("Decided: the contribution is withdrawn.") if withdrawn else _("Decided: the points will count."),
                "success",
            )
            return redirect(url_for(".posted", contribution_id=contribution_id), code=303)
    return _page(contribution_id, ObjectionForm(formdata=None), form)


def _page(contribution_id: Id, form: ObjectionForm, decision: DecisionForm) -> ResponseReturnValue:
    by = actor()
    found = objections.public(contribution_id)
    said = objections.of(contribution_id)
    page = render_template(
        "points/posted.html",
        item=found,
        said=said,
        form=form,
        decision=decision,
        may_object=objections.may_object(found, said, by=by),
        may_decide=found.state is State.OBJECTED and access.allows(by, "points.decide"),
        stranger=by is access.NOBODY,
        names=is_staff(by),
        person=objections.person(by),
        today=here().today(),
        name_of=name_of,
    )
    return page, max(form.status, decision.status)
