"""Who has what: the list of holders, and one holder's points with the statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.accounts import access
from core.communities import policy
from core.contract import HolderKind
from core.db import Id
from core.people import closed
from core.people.models import Holder
from core.plugins import here
from core.web.guard import requires
from core.web.request import actor
from core.web.words import say, say_code
from plugins.points import queries, remains, standing, statements, terms
from plugins.points.forms import choices_of
from plugins.points.policy import TIERS, PointsPolicy
from plugins.points.queries import READ
from plugins.points.statements import Wanted
from plugins.points.terms import AccountView
from plugins.points.views.base import LINES, MOST_GROUPS, MOVEMENTS, pages

CLOSED = "closed"  # a kind of holder only for the list
FIRST_LOTS = 5  # of what expires next, on the page of an account

SORTS: Mapping[str, Callable[[AccountView], Any]] = {
    "earned": lambda view: (-view.standing.earned, view.holder.name),
    "available": lambda view: (-view.available, view.holder.name),
    "name": lambda view: view.holder.name,
}


@pages.get("/")
@requires(READ)
def overview() -> ResponseReturnValue:
    """Groups with standing and points, those with the most first; residents by name; one's own for those who may see no more."""
    everyone = access.reach(actor(), READ) == "all"
    asked = request.args.get("kind")
    if everyone and asked == CLOSED:
        return _closed_groups()
    kind = HolderKind.RESIDENT if everyone and asked == "resident" else HolderKind.GROUP
    words, tier = request.args.get("q", ""), request.args.get("tier", "")
    sort = request.args.get("sort", "")
    limit = LINES if kind is HolderKind.RESIDENT else MOST_GROUPS
    found = queries.holders(
        by=actor(), kind=kind if everyone else None, words=words, limit=limit, cursor=request.args.get("cursor")
    )
    more = url_for(".overview", kind=kind.value, q=words, cursor=found[limit - 1].id) if len(found) > limit else None
    views = terms.accounts([holder.value() for holder in found[:limit]])
    if kind is HolderKind.GROUP:
        views = sorted(
            (view for view in views if tier in {"", view.standing.tier}), key=SORTS.get(sort, SORTS["earned"])
        )
    return render_template(
        "points/overview.html",
        views=views,
        everyone=everyone,
        kind=kind.value,
        words=words,
        tier=tier,
        sort=sort,
        tiers=choices_of([(code, say_code(f"tier.{code}")) for code in (*TIERS[::-1], standing.NONE)], _("all")),
        next_url=more,
        gone=() if everyone else _gone(queries.closed_groups(by=actor(), limit=LINES)[:LINES]),
    )


def _closed_groups() -> ResponseReturnValue:
    """Groups that were merged or dissolved: what they had moved on, their statements stay."""
    words = request.args.get("q", "")
    found = queries.closed_groups(by=actor(), words=words, limit=LINES, cursor=request.args.get("cursor"))
    more = url_for(".overview", kind=CLOSED, q=words, cursor=found[LINES - 1].id) if len(found) > LINES else None
    return render_template(
        "points/overview.html", everyone=True, kind=CLOSED, words=words, gone=_gone(found[:LINES]), next_url=more
    )


def _gone(found: Sequence[Holder]) -> Sequence[tuple[Holder, str]]:
    """Each with what became of it."""
    said = closed.words([holder.id for holder in found])
    return [(holder, say(said[holder.id])) for holder in found]


# --- statements ----------------------------------------------------------------------------------------------------


@pages.get("/accounts/<id:holder_id>")
@requires(READ)
def account(holder_id: Id) -> ResponseReturnValue:
    """A holder's points: figures, the latest lines of the statement, what expires next, where standing comes from."""
    holder = queries.holder(holder_id, by=actor())
    [view] = terms.accounts([holder.value()])
    today = here().today()
    statement = statements.page(holder_id, Wanted(), most=MOVEMENTS)
    figures = policy.at(PointsPolicy, today)
    return render_template(
        "points/account.html",
        gifts=figures.gift_monthly_cap > 0,
        closed=closed.words([holder_id]).get(holder_id),
        view=view,
        statement=statement,
        today=today,
        lots=remains.left(holder_id, most=FIRST_LOTS)[:FIRST_LOTS],
        readable=statements.readers(actor()),
        posted=queries.posted(holder_id),
        parts=standing.parts(holder_id, day=today),
        why=[say(reason) for reason in terms.why(view.standing, figures)] if holder.kind is HolderKind.GROUP else [],
        change=terms.change(holder.name, view.standing, figures),
        earlier=url_for(".statement", holder_id=holder_id, before=statement.lines[-1].transfer_id)
        if statement.more
        else None,
    )
