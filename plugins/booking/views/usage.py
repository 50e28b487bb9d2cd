"""What rooms were used for: by weekday and hour as a heat map, by room, by who had them, by floor area; and as a workbook."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.plugins import here
from core.sheets import writing
from core.web import downloads
from core.web.guard import requires
from core.web.periods import Period, asked_period, between
from core.web.request import actor
from plugins.booking import usage
from plugins.booking.views.base import pages
from plugins.booking.views.usage_tables import (
    Grids,
    heat_of,
    holders_of,
    hours_of,
    purposes_of,
    rooms_of,
    summary,
    weekdays,
)

MOST_HOLDERS = 200  # a community has eight groups; beyond this the page would be no page
DAY = timedelta(days=1)
TERMS = (3, 9)  # the months in which terms begin: of half a year each, so that none lies between them


@pages.get("/statistics")
@requires(usage.READ)
def show_usage() -> ResponseReturnValue:
    """Occupancy and hours of a period (`?from=`, `?to=`, days; this month), of all rooms or one (`?room=`)."""
    period = _asked()
    found = usage.of(*_days(period), by=actor())
    chosen = next((one for one in found.rooms if str(one.room.id) == request.args.get("room")), None)
    grids = Grids.of(found, chosen)
    return render_template(
        "booking/usage.html",
        period=period,
        periods=_periods(period),
        figures=summary(found),
        rooms=[("", _("All rooms together")), *((str(one.room.id), one.room.name) for one in found.rooms)],
        chosen=chosen,
        heat=heat_of(grids),
        sections=[
            rooms_of(found, period),
            holders_of(found, limit=MOST_HOLDERS),
            weekdays(grids),
            hours_of(grids),
            purposes_of(found),
        ],
    )


@pages.get("/statistics.xlsx")
@requires(usage.READ)
def get_usage() -> Response:
    """The same figures as a workbook, a sheet for each table, each whole."""
    period = _asked()
    found = usage.of(*_days(period), by=actor())
    chosen = next((one for one in found.rooms if str(one.room.id) == request.args.get("room")), None)
    grids = Grids.of(found, chosen)
    sections = [rooms_of(found, period), holders_of(found), weekdays(grids), hours_of(grids), purposes_of(found)]
    sheets = [section.sheet() for section in sections]
    sheets.insert(2, heat_of(grids).sheet())
    name = f"{_('Use of rooms')} {period.first}_{period.last}.xlsx"
    return downloads.download(writing.book(sheets, zone=here().zone), name, downloads.XLSX)


# --- periods -------------------------------------------------------------------------------------------------------


def _asked() -> Period:
    """The period of the request; without one this month so far."""
    asked, today = asked_period(), here().today()
    month = (today.replace(day=1), today)
    if asked.first is None and asked.last is None:
        return Period(first=month[0], last=month[1], problem=asked.problem)
    first = asked.first or (asked.last or today).replace(day=1)
    last = asked.last or max(today, first)
    if (last - first).days > usage.LONGEST:
        return Period(
            first=month[0], last=month[1], problem=_("At most %(years)d years at once.", years=usage.LONGEST // 366)
        )
    return Period(first=first, last=last)


def _days(period: Period) -> tuple[date, date]:
    assert period.first is not None
    assert period.last is not None
    return period.first, period.last


def term_of(day: date) -> date:
    """The first day of the term a day lies in.

    >>> [f"{term_of(date(2026, month, 26)):%Y-%m-%d}" for month in (2, 3, 8, 9)]
    ['2025-09-01', '2026-03-01', '2026-03-01', '2026-09-01']
    """
    spring, autumn = TERMS
    if spring <= day.month < autumn:
        return date(day.year, spring, 1)
    return date(day.year - (day.month < spring), autumn, 1)


def _periods(shown: Period) -> list[dict[str, Any]]:
    """The usual ones, as links: the week whole, longer ones so far, for hardly anything is reserved months ahead."""
    today = here().today()
    monday = today - timedelta(days=today.weekday())
    usual = (
        (_("This week"), (monday, monday + 6 * DAY)),
        (_("This month"), (today.replace(day=1), today)),
        (_("This term"), (term_of(today), today)),
        (_("This year"), (date(today.year, 1, 1), today)),
    )
    room: dict[str, Any] = {"room": chosen} if (chosen := request.args.get("room")) else {}
    return [
        {
            "label": label,
            "url": url_for(".show_usage", **between(first, last), **room),
            "active": (first, last) == (shown.first, shown.last),
        }
        for label, (first, last) in usual
    ]
