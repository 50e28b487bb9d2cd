"""Pages of points: award, contributions, accounts and their statements, the rules to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from babel import Locale
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from core.accounts import access
from core.communities import policy
from core.contract import HolderKind, WeeklyHours
from core.db import Id
from core.errors import DomainError, NotFound
from core.people import queries as people
from core.people.models import Holder
from core.plugins import here
from core.web.guard import requires
from core.web.request import actor
from core.web.transactions import runs_in
from core.web.words import say, say_code
from plugins.points import awards, queries, rules, standing, terms, withdrawal
from plugins.points.forms import AwardForm, WithdrawalForm, award_form, choices_of
from plugins.points.models import State
from plugins.points.policy import DAY_MINUTES, TIERS, PointsPolicy
from plugins.points.queries import READ
from plugins.points.terms import AccountView

pages = Blueprint("points", __name__, template_folder="templates")
AWARD = "points.award"
LINES = 50  # of a list on one page
MOVEMENTS = 20  # of a statement or of contributions on one page: a telephone shows each as a block
MOST_GROUPS = 200  # a community has eight; beyond this the page would be no page


# --- who has what --------------------------------------------------------------------------------------------------

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
    kind = HolderKind.RESIDENT if everyone and request.args.get("kind") == "resident" else HolderKind.GROUP
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
    )


# --- awarding ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What a number on the award page would make: points, and standing before and after. `words`: a cap or a fault."""

    points: int | None = None
    after: int | None = None
    tier: str = ""
    words: str = ""


@pages.get("/award")
@requires(AWARD)
def award() -> ResponseReturnValue:
    """Award points to many groups on one page, or (`?holder=`) to one holder."""
    book = rules.book()
    return _award_page(award_form(_candidates(), book, chosen=next(iter(book.categories), "")), {})


@pages.post("/award")
@requires(AWARD)
def record() -> ResponseReturnValue:
    """Record what was typed."""
    book = rules.book()
    form = award_form(_candidates(), book)
    if form.submitted():
        with form.refusing():
            made = awards.record_many(form.to_requests(book), by=actor())
            flash(_recorded(len(made), made[0].credits_on), "success")
            return redirect(url_for(".contributions"), code=303)
    return _award_page(form, {})


def _recorded(count: int, credits_on: date) -> str:
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
    form = award_form(_candidates(), book)
    gains: dict[Id, Gain] = {}
    if form.submitted() and form.filled:
        try:
            asked = form.to_requests(book)
            found = zip(form.filled, awards.preview(asked), strict=True)
        except DomainError as error:
            form.refuse(error)
        else:
            stood = standing.of([holder.id for holder in form.holders], day=here().today())
            gains = {row.holder.id: _gain(stood[row.holder.id], verdict, form.day.data) for row, verdict in found}
    if request.headers.get("HX-Request"):
        return render_template("points/_gains.html", **_sums(form, gains), form=form)
    return _award_page(form, gains)


def _gain(stood: standing.Standing, verdict: awards.Verdict, day: date) -> Gain:
    capped = verdict.reason.code not in {"award_acts", "award_minutes"}
    words = say(verdict.reason) if capped else ""
    counts = stood.members is None and day > here().today() - timedelta(days=stood.window_days)
    if not counts or not verdict.points:
        return Gain(points=verdict.points, words=words)
    after = stood.earned + verdict.points
    tier = policy.at(PointsPolicy, here().today()).standing.of(after)
    risen = tier.tier if tier and tier.tier != stood.tier else ""
    return Gain(points=verdict.points, after=after, tier=risen, words=words)


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


# --- contributions -------------------------------------------------------------------------------------------------


@pages.get("/contributions")
@requires(READ)
def contributions() -> ResponseReturnValue:
    """What was recorded, the latest day first."""
    asked = request.args
    state = State(asked["state"]) if asked.get("state") in set(State) else None
    wanted = queries.ContributionFilter(words=asked.get("q", ""), category=asked.get("category"), state=state)
    found = queries.contributions(wanted, by=actor(), limit=MOVEMENTS, cursor=asked.get("cursor"))
    kept: dict[str, Any] = {name: asked.get(name, "") for name in ("q", "category", "state")}
    more = url_for(".contributions", **kept, cursor=found[MOVEMENTS - 1].id) if len(found) > MOVEMENTS else None
    categories = [(code, category.name) for code, category in rules.book().categories.items()]
    return render_template(
        "points/contributions.html",
        contributions=found[:MOVEMENTS],
        latest_url=url_for(".contributions", **kept) if asked.get("cursor") else None,
        asked=kept,
        categories=choices_of(categories, _("all")),
        states=choices_of([(state.value, say_code(f"contribution.{state.value}")) for state in State], _("all")),
        next_url=more,
    )


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
    return render_template("points/contribution.html", contribution=found, form=form, today=here().today()), form.status


# --- statements ----------------------------------------------------------------------------------------------------


@pages.get("/accounts/<id:holder_id>")
@requires(READ)
def account(holder_id: Id) -> ResponseReturnValue:
    """A holder's points: figures, the latest lines of the statement (`?before=`), where standing comes from, what will change."""
    holder = queries.holder(holder_id, by=actor())
    [view] = terms.accounts([holder.value()])
    today = here().today()
    before = _transfer(request.args.get("before"))
    statement, more = queries.latest(holder_id, most=MOVEMENTS, before=before)
    figures = policy.at(PointsPolicy, today)
    return render_template(
        "points/account.html",
        view=view,
        statement=statement,
        today=today,
        posted=() if before else queries.posted(holder_id),
        parts=standing.parts(holder_id, day=today),
        why=[say(reason) for reason in terms.why(view.standing, figures)] if holder.kind is HolderKind.GROUP else [],
        change=_change(view, figures),
        earlier=url_for(".account", holder_id=holder_id, before=statement.lines[0].transfer_id) if more else None,
        latest=url_for(".account", holder_id=holder_id) if before else None,
    )


def _transfer(text: str | None) -> Id | None:
    try:
        return Id(text) if text else None
    except ValueError:
        return None


def _change(view: AccountView, figures: PointsPolicy) -> dict[str, object] | None:
    """What will change by itself, in figures for the sentence; `missing`: what to earn so that the tier stays."""
    change = view.standing.next
    if change is None:
        return None
    falls = change.tier != view.standing.tier
    kept = figures.standing.of(view.standing.earned)
    return {
        "on": change.on,
        "leave": view.standing.earned - change.earned,
        "earned": change.earned,
        "tier": say_code(f"tier.{change.tier}"),
        "missing": kept.points - change.earned if falls and kept else None,
    }


# --- rules ---------------------------------------------------------------------------------------------------------


@pages.get("/rules")
@requires(None)
def rulebook() -> ResponseReturnValue:
    """How points are earned and what they give, in plain words."""
    today, book = here().today(), rules.book()
    in_force = [(category, book.on(category, today)) for category in book.categories.values()]
    coming = [rule for versions in book.versions.values() for rule in versions if rule.valid_from > today]
    since, figures = policy.version_at(PointsPolicy, today)
    return render_template(
        "points/rules.html", in_force=in_force, coming=coming, since=since, policy=figures, peak=_busy(figures)
    )


def _busy(figures: PointsPolicy) -> list[tuple[str, str]]:
    """The peak hours in words: days in a row that have the same hours, and those hours."""
    runs: list[list[WeeklyHours]] = []
    for hours in sorted(figures.peak, key=lambda hours: (hours.opens, hours.closes, hours.weekday)):
        last = runs[-1][-1] if runs else None
        if last and (last.opens, last.closes, last.weekday + 1) == (hours.opens, hours.closes, hours.weekday):
            runs[-1].append(hours)
        else:
            runs.append([hours])
    return [(_days(run[0].weekday, run[-1].weekday), _hours(run[0])) for run in runs]


def _days(first: int, last: int) -> str:
    names = (get_locale() or Locale("en")).days["format"]["wide"]
    return str(names[first]) if first == last else f"{names[first]} – {names[last]}"


def _hours(hours: WeeklyHours) -> str:
    if (hours.opens, hours.closes) == (0, DAY_MINUTES):
        return _("all day")
    return f"{_clock(hours.opens)}–{_clock(hours.closes)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"
