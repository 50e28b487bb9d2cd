"""A holder's points as they were at a past moment."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from core import clock
from core.db import Id
from core.errors import Invalid
from core.explanations import explain
from core.faults import could_be_meant
from core.plugins import here
from core.web.guard import requires
from core.web.periods import between
from core.web.request import actor
from core.web.words import say
from plugins.points import ledger, past, queries, remains, statements
from plugins.points.queries import READ
from plugins.points.views.base import hold_pages, pages


@pages.get("/accounts/<id:holder_id>/past")
@requires(READ)
def past_account(holder_id: Id) -> ResponseReturnValue:
    """What it had and where it stood at the end of a day, or (`?at=14:30`) at a time of it."""
    holder = queries.holder(holder_id, by=actor()).value()
    typed = request.args.get("day", ""), request.args.get("at", "")
    found, problem = None, ""
    try:
        found = past.account(holder, at=_moment(*typed))
    except ValueError:
        problem = say(explain("points_not_a_moment"))
    except Invalid as error:
        problem = say(error.errors["at"][0])
    holds = remains.aside_at(holder_id, found.at) if found else ()
    page = render_template(
        "points/past.html",
        holder=holder,
        found=found,
        holds=holds,
        urls=hold_pages([one.hold_id for one in holds]),
        readable=statements.readers(actor()),
        balance_url=_lines(holder_id, found.at, whole_day=not typed[1]) if found else None,
        problem=problem,
        day=typed[0] or here().today(),
        at=typed[1],
    )
    return page, 422 if problem else 200


def _lines(holder_id: Id, at: datetime, *, whole_day: bool) -> str:
    """The lines of the statement that a balance sums up; at a time of a day those of the day, each with its time and balance."""
    day = ledger.day_of(at)
    return url_for(".statement", holder_id=holder_id, **between(None if whole_day else day, day))


def _moment(day_text: str, time_text: str) -> datetime:
    """The moment asked for, in the community's zone; a whole day means its end, today means now.

    Raises:
        ValueError: it is none.
    """
    day = date.fromisoformat(day_text) if day_text else here().today()
    if not could_be_meant(day):
        raise ValueError(day_text)
    if time_text:
        return datetime.combine(day, time.fromisoformat(time_text).replace(tzinfo=None), tzinfo=here().zone)
    if day == here().today():
        return clock.now()
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=here().zone) - timedelta(microseconds=1)
