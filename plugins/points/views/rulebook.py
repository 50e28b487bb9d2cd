"""The rules as they stand: how points are earned and what they give, in plain words."""

from __future__ import annotations

from babel import Locale
from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from core.communities import policy
from core.contract import WeeklyHours
from core.plugins import here
from core.web.guard import requires
from plugins.points import rules
from plugins.points.policy import DAY_MINUTES, PointsPolicy
from plugins.points.views.base import pages


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
