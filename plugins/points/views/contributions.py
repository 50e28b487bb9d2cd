"""Contributions: the list, one of them with what it gave, and withdrawing it."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.db import Id
from core.errors import NotFound
from core.people.models import Holder
from core.plugins import here
from core.web.guard import requires
from core.web.periods import asked_period
from core.web.request import actor
from core.web.words import say_code
from plugins.points import queries, remains, repeats, rules, withdrawal
from plugins.points.forms import WithdrawalForm, choices_of
from plugins.points.models import State
from plugins.points.queries import READ
from plugins.points.views.base import MOVEMENTS, pages


@pages.get("/contributions")
@requires(READ)
def contributions() -> ResponseReturnValue:
    """What was recorded, the latest day first: `?category=`, `?state=`, `?from=`, `?to=` (days), `?holder=`, `?q=`."""
    asked, period = request.args, asked_period()
    state = State(asked["state"]) if asked.get("state") in set(State) else None
    holder = _holder(asked.get("holder"))
    wanted = queries.ContributionFilter(
        words=asked.get("q", ""),
        category=asked.get("category"),
        state=state,
        holder_id=None if holder is None else holder.id,
        first=period.first,
        last=period.last,
    )
    found = queries.contributions(wanted, by=actor(), limit=MOVEMENTS, cursor=asked.get("cursor"))
    kept: dict[str, Any] = {name: asked.get(name, "") for name in ("q", "category", "state", "from", "to", "holder")}
    more = url_for(".contributions", **kept, cursor=found[MOVEMENTS - 1].id) if len(found) > MOVEMENTS else None
    categories = [(code, category.name) for code, category in rules.book().categories.items()]
    return render_template(
        "points/contributions.html",
        contributions=found[:MOVEMENTS],
        latest_url=url_for(".contributions", **kept) if asked.get("cursor") else None,
        asked=kept,
        holder=holder,
        problem=period.problem,
        filtered=any(kept.values()),
        categories=choices_of(categories, _("all")),
        states=choices_of([(state.value, say_code(f"contribution.{state.value}")) for state in State], _("all")),
        next_url=more,
    )


def _holder(asked: str | None) -> Holder | None:
    try:
        return queries.holder(Id(asked), by=actor()) if asked else None
    except ValueError:
        raise NotFound(what="holder") from None


@pages.get("/contributions/<id:contribution_id>")
@requires(READ)
def contribution(contribution_id: Id) -> ResponseReturnValue:
    """One contribution: what it gave and why, and how to withdraw it."""
    return _contribution_page(contribution_id, WithdrawalForm())


@pages.post("/contributions/<id:contribution_id>/withdrawal")
@requires("points.withdraw")
def withdraw(contribution_id: Id) -> ResponseReturnValue:
    """Take a contribution back, with everything it gave."""
    form = WithdrawalForm()
    if form.submitted():
        with form.refusing():
            withdrawal.withdraw(contribution_id, form.to_request(), by=actor())
            flash(_("The contribution is withdrawn, and so is everything it gave."), "success")
            return redirect(url_for(".contribution", contribution_id=contribution_id), code=303)
    return _contribution_page(contribution_id, form)


def _contribution_page(contribution_id: Id, form: WithdrawalForm) -> ResponseReturnValue:
    found = queries.contribution(contribution_id, by=actor())
    became = remains.fates(contribution_id, by=actor())
    page = render_template(
        "points/contribution.html",
        contribution=found,
        became=became,
        like=repeats.like(found),
        form=form,
        today=here().today(),
    )
    return page, form.status
