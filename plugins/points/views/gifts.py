"""Giving points: a group's offers and those it got; offering, accepting, declining, taking back."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.accounts import access
from core.communities import policy
from core.contract import HolderKind
from core.db import Id
from core.plugins import here
from core.web.forms import ActForm
from core.web.guard import requires
from core.web.request import actor
from plugins.points import gifts, queries, terms
from plugins.points.act_forms import GiftForm
from plugins.points.models import Gift
from plugins.points.policy import PointsPolicy
from plugins.points.views.base import LINES, pages


@pages.get("/accounts/<id:holder_id>/gifts")
@requires(queries.READ)
def gifts_of(holder_id: Id) -> ResponseReturnValue:
    """What a group gave and got, what waits for an answer, and the form to give."""
    return _page(holder_id, GiftForm())


@pages.post("/accounts/<id:holder_id>/gifts")
@requires(gifts.GIVE)
def give(holder_id: Id) -> ResponseReturnValue:
    """Offer points to another group."""
    form = GiftForm()
    form.offer_to(gifts.groups(but=holder_id))
    if form.submitted():
        with form.refusing():
            made = gifts.offer(form.to_request(holder_id), by=actor())
            flash(_("Offered. The points move when %(name)s accepts them.", name=made.receiver.name), "success")
            return redirect(url_for(".gifts_of", holder_id=holder_id), code=303)
    return _page(holder_id, form)


@pages.post("/accounts/<id:holder_id>/gifts/<id:gift_id>/acceptance")
@requires(gifts.GIVE)
def accept_gift(holder_id: Id, gift_id: Id) -> ResponseReturnValue:
    """Accept an offer."""
    return _answer(holder_id, gift_id, gifts.accept, _("Accepted. The points are there."))


@pages.post("/accounts/<id:holder_id>/gifts/<id:gift_id>/refusal")
@requires(gifts.GIVE)
def decline_gift(holder_id: Id, gift_id: Id) -> ResponseReturnValue:
    """Decline an offer."""
    return _answer(holder_id, gift_id, gifts.decline, _("Declined. Nothing has moved."))


@pages.post("/accounts/<id:holder_id>/gifts/<id:gift_id>/cancellation")
@requires(gifts.GIVE)
def take_back_gift(holder_id: Id, gift_id: Id) -> ResponseReturnValue:
    """Take an offer back."""
    return _answer(holder_id, gift_id, gifts.take_back, _("The offer is taken back."))


def _answer(holder_id: Id, gift_id: Id, act: Callable[..., Gift], done: str) -> ResponseReturnValue:
    form = ActForm()
    if form.submitted():
        with form.refusing():
            act(gift_id, by=actor())
            flash(done, "success")
            return redirect(url_for(".gifts_of", holder_id=holder_id), code=303)
    shown = GiftForm(formdata=None)
    shown.problems = form.problems
    return _page(holder_id, shown, form.status)


def _page(holder_id: Id, form: GiftForm, status: int | None = None) -> ResponseReturnValue:
    by = actor()
    holder = queries.holder(holder_id, by=by).value()
    [view] = terms.accounts([holder])
    is_group = holder.kind is HolderKind.GROUP
    form.offer_to(gifts.groups(but=holder_id))
    cap = policy.at(PointsPolicy, here().today()).gift_monthly_cap
    page = render_template(
        "points/gifts.html",
        view=view,
        form=form,
        found=gifts.listed(holder_id, by=by, limit=LINES)[:LINES],
        cap=cap,
        given=gifts.given_in(holder_id, here().today()),
        is_group=is_group,
        may_give=is_group and cap > 0 and access.allows(by, gifts.GIVE, holder_id),
        may_answer=access.allows(by, gifts.GIVE, holder_id),
    )
    return page, status or form.status
