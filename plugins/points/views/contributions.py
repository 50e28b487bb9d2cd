"""Contributions: the list, one of them with what it gave, and withdrawing it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.contract import HolderKind
from core.db import Id
from core.errors import NotFound
from core.people.models import Holder
from core.plugins import here
from core.sheets import writing
from core.sheets.writing import Cell, Column, Holds
from core.web import downloads
from core.web.guard import requires
from core.web.periods import Period, asked_period, between
from core.web.request import actor
from core.web.words import say, say_code
from plugins.points import changes, queries, remains, repeats, rules, withdrawal, wording
from plugins.points.forms import WithdrawalForm, choices_of
from plugins.points.models import Award, Contribution, State
from plugins.points.queries import READ
from plugins.points.statements import MOST_LINES
from plugins.points.views.base import MOVEMENTS, pages

WAITING = "waiting"  # a state only for the list: what does not count yet
WHO = (HolderKind.GROUP, HolderKind.RESIDENT)
KEPT = (
    "q",
    "category",
    "state",
    "who",
    "holder",
    "from",
    "to",
)  # what the address of the list may ask for; days inclusive


@pages.get("/contributions")
@requires(READ)
def contributions() -> ResponseReturnValue:
    """What was recorded, the latest day first, as `KEPT` says; of a holder or a kind of holders only what they got of it."""
    asked, period = request.args, asked_period()
    holder = _holder(asked.get("holder"))
    wanted = _wanted(period, holder)
    found = queries.contributions(wanted, by=actor(), limit=MOVEMENTS, cursor=asked.get("cursor"))
    kept: dict[str, Any] = {name: asked.get(name, "") for name in KEPT}
    filtered = any(kept.values())
    more = url_for(".contributions", **kept, cursor=found[MOVEMENTS - 1].id) if len(found) > MOVEMENTS else None
    categories = [(code, category.name) for code, category in rules.book().categories.items()]
    return render_template(
        "points/contributions.html",
        contributions=[(one, wanted.of(one)) for one in found[:MOVEMENTS]],
        together=queries.together(wanted, by=actor()) if filtered and found else None,
        latest_url=url_for(".contributions", **kept) if asked.get("cursor") else None,
        asked=kept,
        holder=holder,
        problem=period.problem,
        filtered=filtered,
        categories=choices_of(categories, _("all")),
        states=choices_of([*_state_choices()], _("all")),
        kinds=choices_of([("group", _("groups")), ("resident", _("residents"))], _("all")),
        next_url=more,
    )


@pages.get("/contributions.xlsx")
@requires(READ)
def get_contributions() -> Response:
    """The same list as a sheet, with why each award is what it is: so many of the latest lines as a sheet takes."""
    wanted = _wanted(asked_period(), _holder(request.args.get("holder")))
    columns = [
        Column(_("Who"), width=24),
        Column(_("What"), width=24),
        Column(_("Note"), width=40),
        Column(_("Day"), Holds.DAY, 12),
        Column(_("Points for"), width=24),
        Column(_("Points"), Holds.WHOLE, 10),
        Column(_("Worth now"), Holds.WHOLE, 10),
        Column(_("State"), width=12),
        Column(_("Why"), width=60),
    ]
    rows: list[list[Cell]] = [
        [
            one.holder.name,
            one.category.name,
            one.note,
            one.occurred_on,
            award.holder.name,
            award.points,
            award.left,
            say_code(f"contribution.{one.state.value}"),
            say(award.reason),
        ]
        for one in queries.contributions(wanted, by=actor(), limit=MOST_LINES)[:MOST_LINES]
        for award in wanted.of(one)
    ]
    content = writing.workbook(_("Contributions"), columns, rows, zone=here().zone)
    return downloads.download(content, f"{_('Contributions')} {here().today()}.xlsx", downloads.XLSX)


def _wanted(period: Period, holder: Holder | None) -> queries.ContributionFilter:
    """What the address asks for."""
    asked = request.args
    return queries.ContributionFilter(
        words=asked.get("q", ""),
        category=asked.get("category"),
        states=_states(asked.get("state", "")),
        holder_id=None if holder is None else holder.id,
        kind=HolderKind(asked["who"]) if asked.get("who") in WHO else None,
        first=period.first,
        last=period.last,
    )


def _states(asked: str) -> Sequence[State]:
    """Those that an address asks for; none: all."""
    if asked == WAITING:
        return (State.POSTED, State.OBJECTED)
    return (State(asked),) if asked in set(State) else ()


def _state_choices() -> Iterator[tuple[str, str]]:
    yield from ((state.value, say_code(f"contribution.{state.value}")) for state in State)
    yield WAITING, _("posted or objected to")


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
    rule = rules.book().of(found)
    page = render_template(
        "points/contribution.html",
        contribution=found,
        became=became,
        like=repeats.like(found),
        rule=rule,
        rule_words=wording.rule(changes.rule_figures(rule)) if rule else "",
        capped=_capped_by,
        form=form,
        today=here().today(),
    )
    return page, form.status


def _capped_by(award: Award, contribution: Contribution) -> str | None:
    """What a cap had counted already when it made an award smaller: all of the holder in the time that the cap is for."""
    code, day = award.reason.code, contribution.occurred_on
    if code not in {"award_day_cap", "award_month_cap", "award_resident_cap"}:
        return None
    first = last = day
    if code == "award_month_cap":
        first, last = day.replace(day=1), (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    chosen: dict[str, Any] = {} if code == "award_resident_cap" else {"category": contribution.category.code}
    return url_for(".contributions", holder=award.holder_id, **between(first, last), **chosen)
