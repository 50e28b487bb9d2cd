"""Rules of recurrence in plain words: every Thursday until 24 Dec, but not on 3 Dec."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

from babel import Locale
from babel.lists import format_list
from flask_babel import get_locale, gettext, ngettext
from flask_babel import lazy_gettext as _l

from core.plugins import here
from core.web.words import short_day
from plugins.booking.models import Series
from plugins.booking.recurrence import Kind, Rule

_NTH: Mapping[int, Any] = {
    1: _l("the first %(weekday)s"),
    2: _l("the second %(weekday)s"),
    3: _l("the third %(weekday)s"),
    4: _l("the fourth %(weekday)s"),
    5: _l("the fifth %(weekday)s"),
    -1: _l("the last %(weekday)s"),
    -2: _l("the second to last %(weekday)s"),
    -3: _l("the third to last %(weekday)s"),
    -4: _l("the fourth to last %(weekday)s"),
    -5: _l("the fifth to last %(weekday)s"),
}


def series(rule: Rule, exceptions: Collection[date] = ()) -> str:
    """A rule with its end and what is left out, as a line of its own."""
    said = _kind(rule)
    if rule.until is not None:
        said = gettext("%(rule)s until %(day)s", rule=said, day=short_day(rule.until))
    elif rule.count is not None:
        said = ngettext("%(rule)s, %(num)d time", "%(rule)s, %(num)d times", rule.count, rule=said)
    if exceptions:
        days = _listed(short_day(day) for day in sorted(exceptions))
        said = gettext("%(rule)s, but not on %(days)s", rule=said, days=days)
    return said[:1].upper() + said[1:]


def series_of(one: Series) -> str:
    """The same of a series."""
    return series(one.recurrence(here().zone), one.left_out)


def _kind(rule: Rule) -> str:
    # "every day" is no plural of "every 3 days": languages without plurals say them differently, too.
    apart = rule.interval
    if rule.kind is Kind.DAILY:
        return gettext("every day") if apart == 1 else gettext("every %(num)d days", num=apart)
    if rule.kind is Kind.WEEKLY:
        days = _listed(weekday(one) for one in rule.weekdays)
        if apart == 1:
            return gettext("every %(days)s", days=days)
        return gettext("every %(num)d weeks on %(days)s", num=apart, days=days)
    ordered = sorted(rule.dates, key=_from_the_end), sorted(rule.nth, key=lambda pair: _from_the_end(pair[0]))
    days = _listed([*map(_date, ordered[0]), *(_nth(*pair) for pair in ordered[1])])
    if apart == 1:
        return gettext("every month on %(days)s", days=days)
    return gettext("every %(num)d months on %(days)s", num=apart, days=days)


def _from_the_end(n: int) -> tuple[bool, int]:
    """In the order of a month: those counted from its end come last."""
    return n < 0, n


def _listed(parts: Iterable[str]) -> str:
    return format_list(list(parts), locale=get_locale() or Locale("en"))


def weekday(number: int) -> str:
    """星期四 · Thursday, for 3."""
    return str((get_locale() or Locale("en")).days["format"]["wide"][number])


def _date(number: int) -> str:
    if number > 0:
        return gettext("day %(num)d", num=number)
    return gettext("the last day") if number == -1 else gettext("day %(num)d from the end", num=-number)


def _nth(n: int, day: int) -> str:
    return str(_NTH[n]) % {"weekday": weekday(day)}
