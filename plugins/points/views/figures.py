"""Figures of all points together: charts with their tables, each also as a sheet; and the ranking of groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from babel import Locale
from babel.dates import format_skeleton
from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from core.accounts import access
from core.communities import policy
from core.contract import HolderKind
from core.db import Id
from core.errors import Forbidden
from core.plugins import here
from core.sheets import writing
from core.sheets.writing import Cell, Column, Holds
from core.web import downloads
from core.web.figures import Figure, Line, Section
from core.web.guard import public, requires
from core.web.periods import Period, asked_period, between
from core.web.request import actor
from core.web.words import say_code, short_day
from plugins.points import figures, queries
from plugins.points.figures import Moved, OfHolder
from plugins.points.models import State
from plugins.points.policy import PointsPolicy
from plugins.points.queries import READ
from plugins.points.views.base import MOST_GROUPS, check_open, pages

ALWAYS = ("earned", "spent", "expired")  # columns, and bars of the charts; others where anything is in them
OTHERS = ("taken_back", "corrected", "moved")


@pages.get("/figures")
@requires(READ)
def show_figures() -> ResponseReturnValue:
    """What all points did: by month, by group (`?who=resident`: by resident), by category; `?from=`, `?to=` (days)."""
    period = _asked()
    return render_template(
        "points/figures.html",
        sections=[_months(period), _holders(period, _who(), limit=MOST_GROUPS), _categories(period)],
        period=period,
        who=_who().value,
    )


@pages.get("/figures/<any(months, groups, residents, categories):table>.xlsx")
@requires(READ)
def get_figures(table: str) -> Response:
    """One of the tables as a sheet, whole."""
    makers: Mapping[str, Callable[[Period], Section]] = {
        "months": _months,
        "groups": lambda period: _holders(period, HolderKind.GROUP),
        "residents": lambda period: _holders(period, HolderKind.RESIDENT),
        "categories": _categories,
    }
    period = _asked()
    section = makers[table](period)
    content = writing.book([section.sheet()], zone=here().zone)
    name = f"{section.title} {period.first}_{period.last}.xlsx"
    return downloads.download(content, name, downloads.XLSX)


def _asked() -> Period:
    """The period of the request; without one a year up to today. Only for those who may see everybody's points.

    Raises:
        Forbidden: one may see less.
    """
    if access.reach(actor(), READ) != "all":
        raise Forbidden(permission=READ)
    asked, today = asked_period(), here().today()
    last = asked.last or max(today, asked.first or today)
    first = asked.first or figures.year_before(last)
    problem = asked.problem
    if sum(1 for _span in figures.spans(first, last)) > figures.MOST_MONTHS:
        first, problem = (
            figures.year_before(last),
            _("At most %(years)d years at once.", years=figures.MOST_MONTHS // 12),
        )
    return Period(first=first, last=last, problem=problem)


def _days(period: Period) -> tuple[date, date]:
    assert period.first is not None
    assert period.last is not None
    return period.first, period.last


def _who() -> HolderKind:
    return HolderKind.RESIDENT if request.args.get("who") == "resident" else HolderKind.GROUP


# --- movements: by month, by holder --------------------------------------------------------------------------------


def _labels(names: Sequence[str]) -> list[str]:
    words = {
        "earned": _("Earned"),
        "spent": _("Spent"),
        "expired": _("Expired"),
        "taken_back": _("Taken back"),
        "corrected": _("Corrected"),
        "moved": _("Moved"),
    }
    return [words[name] for name in names]


def _used(moved: Sequence[Moved]) -> list[str]:
    """The columns of a table: those that hold anything."""
    return [*ALWAYS, *(name for name in OTHERS if any(getattr(one, name) for one in moved))]


def _months(period: Period) -> Section:
    first, last = _days(period)
    found = _begun(figures.months(first, last))
    names = _used([month.moved for month in found])
    several = len(found) > 1

    def line(month: figures.Month) -> Line:
        url = url_for(".show_figures", **between(month.first, month.last), _anchor="holders") if several else "#holders"
        numbers = [Figure(value=getattr(month.moved, name), url=url, sign=True) for name in names]
        cut = month.first.day > 1 or (month.last + timedelta(days=1)).day > 1
        return Line(
            name=_said(month.first, "yMMM"),
            short=_said(month.first, "MMM"),
            url=url,
            soft=f"{short_day(month.first)} – {short_day(month.last)}" if cut else "",
            figures=[*numbers, Figure(value=month.closing)],
        )

    total = [sum(getattr(month.moved, name) for month in found) for name in names]
    closing = Figure(value=found[-1].closing)
    return Section(
        name="months",
        title=_("Points by month"),
        how=_(
            "Movements of the accounts of groups and residents, by the day they belong to. What groups give each other changes "
            "nothing here; what goes to the centre's treasury is gone. Each month leads to the groups and residents behind it."
        ),
        columns=[_("Month"), *_labels(names), _("All have at the end")],
        bars=[1, 2, 3],
        lines=[line(month) for month in found],
        total=Line(name=_("Together"), figures=[*(Figure(value=value, sign=True) for value in total), closing]),
        across=False,
    )


def _begun(months: Sequence[figures.Month]) -> Sequence[figures.Month]:
    """From the first month on in which anybody had or got anything; the last one where that is none."""
    begins = next((at for at, month in enumerate(months) if month.closing or month.moved != Moved()), len(months) - 1)
    return months[begins:]


def _said(day: date, skeleton: str) -> str:
    return str(format_skeleton(skeleton, day, locale=get_locale() or Locale("en")))


def _holders(period: Period, kind: HolderKind, *, limit: int | None = None) -> Section:
    first, last = _days(period)
    groups = kind is HolderKind.GROUP
    found = figures.holders(first, last, kind, limit=limit)
    count, whole = figures.together(first, last, kind)
    names = _used([whole, *(one.moved for one in found)])

    def line(one: OfHolder) -> Line:
        return Line(
            name=one.name,
            url=url_for(".account", holder_id=one.holder_id),
            figures=[
                Figure(value=getattr(one.moved, name), url=_statement(one.holder_id, period, name), sign=True)
                for name in names
            ],
        )

    return Section(
        name="groups" if groups else "residents",
        title=_("Points by group") if groups else _("Points by resident"),
        how=_("The same movements, one by one. Each number leads to the lines of the statement that it sums up."),
        columns=[_("Group") if groups else _("Resident"), *_labels(names)],
        bars=[1, 2, 3],
        lines=[line(one) for one in found],
        total=Line(name=_("Together"), figures=[Figure(value=getattr(whole, name), sign=True) for name in names])
        if count
        else None,
        hidden=count - len(found),
        tabs=[
            {
                "label": label,
                "url": url_for(".show_figures", **period.arguments, who=who.value, _anchor="holders"),
                "active": who is kind,
            }
            for label, who in ((_("Groups"), HolderKind.GROUP), (_("Residents"), HolderKind.RESIDENT))
        ],
    )


def _statement(holder_id: Id, period: Period, name: str) -> str:
    """The lines that a number of a holder sums up."""
    kinds = ",".join(figures.kinds_of(name))
    return url_for(".statement", holder_id=holder_id, **period.arguments, kind=kinds)


# --- contributions: by category ------------------------------------------------------------------------------------


def _categories(period: Period) -> Section:
    first, last = _days(period)

    def figure(code: str, value: int, *states: State) -> Figure:
        state: dict[str, Any] = {"state": states[0].value if len(states) == 1 else "waiting"}
        return Figure(value=value, url=url_for(".contributions", category=code, **state, **period.arguments))

    lines = [
        Line(
            name=one.name,
            url=url_for(".contributions", category=one.code, **period.arguments),
            figures=[
                figure(one.code, one.contributions, State.CREDITED),
                figure(one.code, one.credited, State.CREDITED),
                figure(one.code, one.posted, State.POSTED, State.OBJECTED),
            ],
        )
        for one in figures.categories(first, last)
    ]
    sums = [sum(line.figures[column].value or 0 for line in lines) for column in range(3)]
    total = Line(name=_("Together"), figures=[Figure(value=value) for value in sums])
    return Section(
        name="categories",
        title=_("Points by what was done"),
        how=_(
            "Contributions of these days, by the day they happened, with the shares of members and less what was taken back; so "
            "the sum may differ from what was credited in these days. Each number leads to the contributions behind it."
        ),
        columns=[_("What was done"), _("Contributions"), _("Points that count"), _("Posted still")],
        bars=[2, 3],
        lines=lines,
        total=total if lines else None,
    )


# --- ranking -------------------------------------------------------------------------------------------------------


@pages.get("/ranking")
@public
def ranking() -> ResponseReturnValue:
    """The groups by standing, each with what it is made up of."""
    check_open("public_ranking")
    today = here().today()
    rule = policy.at(PointsPolicy, today).standing
    return render_template(
        "points/ranking.html",
        places=figures.ranking(today),
        rule=rule,
        today=today,
        readable=_readable(),
    )


def _readable() -> Callable[[Id], bool]:
    """Whether one may look at the account of a group: decided once for all of them."""
    by = actor()
    reach = access.reach(by, READ)
    own = queries.own(by) if reach == "own" else frozenset[Id]()
    return lambda holder_id: reach == "all" or holder_id in own


@pages.get("/ranking.xlsx")
@public
def get_ranking() -> Response:
    """The ranking as a sheet."""
    check_open("public_ranking")
    today = here().today()
    columns = [
        Column(_("Place"), Holds.WHOLE, 8),
        Column(_("Group"), width=28),
        Column(_("Standing"), width=12),
        Column(_("Points"), Holds.WHOLE, 10),
        Column(_("Made up of"), width=60),
    ]
    rows: list[list[Cell]] = [
        [
            one.place,
            one.name,
            say_code(f"tier.{one.standing.tier}"),
            one.standing.earned,
            "; ".join(f"{part.name} {part.points}" for part in one.parts),
        ]
        for one in figures.ranking(today)
    ]
    content = writing.workbook(_("Ranking of groups"), columns, rows, zone=here().zone)
    return downloads.download(content, f"{_('Ranking of groups')} {today}.xlsx", downloads.XLSX)
