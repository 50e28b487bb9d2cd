"""One transfer with what takes it back; taking it back; correcting an account."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.db import Id
from core.web.guard import requires
from core.web.request import actor
from core.web.words import points as points_in_words
from plugins.points import corrections, queries, reversals, statements, terms, transfers
from plugins.points.act_forms import CorrectionForm, ReversalForm
from plugins.points.views.base import hold_pages, pages

CORRECT = "points.correct"


@pages.get("/transfers/<id:transfer_id>")
@requires(queries.READ)
def transfer(transfer_id: Id) -> ResponseReturnValue:
    """One movement of points: between whom, why, what it takes back and what took it back."""
    view = transfers.view(transfer_id, by=actor())
    return _transfer_page(view, ReversalForm(formdata=None, data={"points": view.left}))


@pages.post("/transfers/<id:transfer_id>")
@requires(CORRECT)
def reverse(transfer_id: Id) -> ResponseReturnValue:
    """Take it back, or some of it."""
    form = ReversalForm()
    if form.submitted():
        with form.refusing():
            made = reversals.reverse(transfer_id, form.to_request(), by=actor())
            flash(_("Taken back: %(points)s.", points=points_in_words(form.points.data)), "success")
            return redirect(url_for(".transfer", transfer_id=made.id), code=303)
    return _transfer_page(transfers.view(transfer_id, by=actor()), form)


def _transfer_page(view: transfers.View, form: ReversalForm) -> ResponseReturnValue:
    page = render_template(
        "points/transfer.html",
        view=view,
        form=form,
        readable=statements.readers(actor()),
        paid_for=hold_pages([view.hold_id]).get(view.hold_id) if view.hold_id else None,
    )
    return page, form.status


@pages.get("/accounts/<id:holder_id>/correction")
@requires(CORRECT)
def correction(holder_id: Id) -> ResponseReturnValue:
    """Add points to an account or take some away."""
    return _correction_page(holder_id, CorrectionForm())


@pages.post("/accounts/<id:holder_id>/correction")
@requires(CORRECT)
def correct(holder_id: Id) -> ResponseReturnValue:
    """Keep the correction."""
    form = CorrectionForm()
    if form.submitted():
        with form.refusing():
            made = corrections.correct(form.to_request(holder_id), by=actor())
            flash(_("The account is corrected."), "success")
            return redirect(url_for(".transfer", transfer_id=made.id), code=303)
    return _correction_page(holder_id, form)


def _correction_page(holder_id: Id, form: CorrectionForm) -> ResponseReturnValue:
    [view] = terms.accounts([queries.holder(holder_id, by=actor()).value()])
    return render_template("points/correction.html", view=view, form=form), form.status
