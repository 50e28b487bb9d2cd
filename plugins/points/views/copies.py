"""The page on which anybody may check a signed copy of a statement."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import TextAreaField

from core.accounts import limits
from core.errors import DomainError
from core.web.forms import Form
from core.web.guard import public
from core.web.request import linli
from core.web.transactions import runs_in
from plugins.points import copies
from plugins.points.copies import Verdict
from plugins.points.views.base import pages
from plugins.points.views.statements import period_words

SHOWN = 200  # lines of a copy on the page


class CopyForm(Form):
    """A copy: its file, or its text."""

    file = FileField(_l("File (.json)"))
    text = TextAreaField(_l("Or its text"))


@pages.get("/verify")
@public
def verify() -> ResponseReturnValue:
    """Whether a signed copy is genuine: send its file or paste its text."""
    return _page(CopyForm(), None)


@pages.post("/verify")
@public
@runs_in("read")
@limits.public_form
def check_copy() -> ResponseReturnValue:
    """Say whether it is, and what it says."""
    form, verdict = CopyForm(), None
    if form.submitted():
        sent = (
            form.file.data.read(copies.LARGEST + 1)
            if form.file.data
            else (form.text.data or "").encode("utf-8", "replace")
        )
        if not sent.strip():
            form.problems.append(_("Choose the file, or paste its text."))
        else:
            try:
                verdict = copies.check(copies.read(sent), secret=linli().config.secret_key)
            except DomainError as error:
                form.refuse(error)
    return _page(form, verdict)


def _page(form: CopyForm, verdict: Verdict | None) -> ResponseReturnValue:
    told = copies.said(verdict.copy) if verdict and verdict.copy else None
    period = period_words(told.first, told.last) if told else ""
    page = render_template("points/verify.html", form=form, verdict=verdict, told=told, period=period, shown=SHOWN)
    return page, form.status
