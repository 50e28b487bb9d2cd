"""What hangs in the house: the board for a screen in the hall, read without signing in, and the page that leads to it."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.plugins import here
from core.web.forms import ActForm
from core.web.guard import public, requires
from core.web.request import actor
from core.web.words import at_clock, day, near, span
from plugins.booking import board as boards
from plugins.booking import queries
from plugins.booking.views.base import pages

FEW, SOME = 9, 13  # lines in large type, in middling type; more in small type


@pages.get("/board")
@public
def board() -> ResponseReturnValue:
    """What is on now and comes today; where it is not public strangers are told so, and the screen goes on asking."""
    if not boards.may_read(actor()):
        return render_template("booking/board.html", board=None), 404
    found = boards.board()
    today = found.day == here().today()
    return render_template(
        "booking/board.html",
        board=found,
        at=at_clock(found.at),
        day=day(found.day),
        near="" if today else near(found.day),
        today=today,
        size="few" if len(found.lines) <= FEW else "some" if len(found.lines) <= SOME else "many",
        zone=here().zone.key,
        span=span,
    )


@pages.get("/views")
@requires("booking.read")
def more() -> ResponseReturnValue:
    """The ways to look at the rooms, on a screen and on paper."""
    return _more(ActForm(formdata=None))


def _more(form: ActForm) -> ResponseReturnValue:
    return render_template(
        "booking/more.html", is_public=boards.is_public(), rooms=queries.rooms(), form=form
    ), form.status


@pages.post("/board/<any(public, hidden):shown>")
@requires("booking.policy")
def switch_board(shown: str) -> ResponseReturnValue:
    """Show the board to everybody, or to those alone who have signed in."""
    form = ActForm()
    if form.submitted():
        with form.refusing():
            boards.make_public(shown == "public", by=actor())
            said = (
                _("Everybody can read the board.")
                if shown == "public"
                else _("Only who has signed in reads the board.")
            )
            flash(said, "success")
            return redirect(url_for(".more"), code=303)
    return _more(form)
