"""Awarding points: many groups on one page, what the numbers would make, and recording them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from core.communities import policy
from core.contract import HolderKind
from core.db import Id
from core.errors import DomainError, NotFound
from core.explanations import Explanation
from core.people import queries as people
from core.people.models import Holder
from core.plugins import here
from core.web.guard import requires
from core.web.request import actor
from core.web.transactions import runs_in
from core.web.words import say
from plugins.points import awards, judging, queries, repeats, rules, standing
from plugins.points.forms import AwardForm, award_form
from plugins.points.policy import PointsPolicy
from plugins.points.requests import MOST_MEMBERS
from plugins.points.rules import Book
from plugins.points.views.base import MOST_GROUPS, pages

AWARD = "points.award"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What a number on the award page would make: points, and standing before and after. `words`: what is to be noticed."""

    points: int | None = None
    after: int | None = None
    tier: str = ""
    words: Sequence[str] = ()


@pages.get("/award")
@requires(AWARD)
def award() -> ResponseReturnValue:
    """Award points to many groups on one page, or (`?holder=`) to one holder."""
    book = rules.book()
    return _award_page(_form(book, chosen=next(iter(book.categories), "")), {})


@pages.post("/award")
@requires(AWARD)
def record() -> ResponseReturnValue:
    """Record what was typed."""
    book = rules.book()
    form = _form(book)
    if form.submitted():
        with form.refusing():
            asked = form.to_requests(book)
            if not form.once_more.data:
                awards.refuse_repeats(asked, by=actor())
            made = awards.record_many(asked, by=actor())
            flash(recorded(len(made.ids), made.credits_on), "success")
            return redirect(url_for(".contributions"), code=303)
    return _award_page(form, {})


def recorded(count: int, credits_on: date) -> str:
    """What is said when contributions were recorded."""
    if credits_on <= here().today():
        return ngettext(
            "%(num)d contribution recorded; its points count from now on.",
            "%(num)d contributions recorded; their points count from now on.",
            count,
        )
    days = (credits_on - here().today()).days - 1
    return ngettext(
        "%(num)d contribution recorded and posted for %(days)s days.",
        "%(num)d contributions recorded and posted for %(days)s days.",
        count,
        days=days,
    )


@pages.post("/award/preview")
@requires(AWARD)
@runs_in("read")
def preview() -> ResponseReturnValue:
    """What the numbers would make: the page again, or for htmx only what changes on it."""
    book = rules.book()
    form = _form(book)
    gains: dict[Id, Gain] = {}
    if form.submitted() and form.filled:
        try:
            asked = form.to_requests(book)
            found = zip(form.filled, awards.preview(asked), strict=True)
        except DomainError as error:
            form.refuse(error)
        else:
            stood = standing.of([holder.id for holder in form.holders], day=here().today())
            again = repeats.before(asked)
            gains = {
                row.holder.id: _gain(stood[row.holder.id], verdict, form.day.data, again.get(place))
                for place, (row, verdict) in enumerate(found)
            }
    if request.headers.get("HX-Request"):
        return render_template("points/_gains.html", **_sums(form, gains), form=form)
    return _award_page(form, gains)


def _gain(stood: standing.Standing, verdict: judging.Verdict, day: date, again: Explanation | None) -> Gain:
    capped = verdict.reason if verdict.reason.code not in {"award_acts", "award_minutes"} else None
    words = [say(one) for one in (again, capped) if one is not None]
    counts = stood.members is None and day > here().today() - timedelta(days=stood.window_days)
    if not counts or not verdict.points:
        return Gain(points=verdict.points, words=words)
    after = stood.earned + verdict.points
    tier = policy.at(PointsPolicy, here().today()).standing.of(after)
    risen = tier.tier if tier and tier.tier != stood.tier else ""
    return Gain(points=verdict.points, after=after, tier=risen, words=words)


def _form(book: Book, *, chosen: str = "") -> AwardForm:
    """The form for the groups, or for one holder; of one group its members may be named."""
    holders = _candidates()
    members: Sequence[tuple[Id, str]] = ()
    if len(holders) == 1 and request.args.get("holder") and holders[0].kind is HolderKind.GROUP:
        found = people.members(holders[0].id, by=actor(), limit=MOST_MEMBERS)[:MOST_MEMBERS]
        members = list(dict.fromkeys((one.resident_id, one.name) for one in found))
    return award_form(holders, book, chosen=chosen, members=members)


def _candidates() -> Sequence[Holder]:
    """The groups, or the one holder asked for."""
    if asked := request.args.get("holder"):
        try:
            return [queries.holder(Id(asked), by=actor())]
        except ValueError:
            raise NotFound(what="holder") from None
    return [group.holder for group in people.groups(by=actor(), limit=MOST_GROUPS)[:MOST_GROUPS]]


def _sums(form: AwardForm, gains: Mapping[Id, Gain]) -> dict[str, object]:
    problems = [*form.problems, *(error for field in form for error in field.errors)]
    return {
        "gains": gains,
        "stood": standing.of([holder.id for holder in form.holders], day=here().today()),
        "total": sum(gain.points or 0 for gain in gains.values()),
        "posting_days": policy.at(PointsPolicy, here().today()).posting_days,
        "problems": problems,
    }


def _award_page(form: AwardForm, gains: Mapping[Id, Gain]) -> ResponseReturnValue:
    ids = [holder.id for holder in form.holders]
    return render_template(
        "points/award.html",
        form=form,
        counts=people.member_counts(here().today(), ids),
        holder=request.args.get("holder"),
        **_sums(form, gains),
    ), form.status
