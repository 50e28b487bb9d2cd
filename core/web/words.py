"""Words: explanations said in the reader's language, and dates, times and amounts as people say them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache, wraps
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from flask import Flask, g, has_app_context, has_request_context, request
from flask_babel import Babel, Domain, get_translations, gettext, ngettext
from flask_login import current_user
from jinja2 import pass_context
from jinja2.runtime import Context

from core import clock
from core.errors import DomainError, Invalid
from core.explanations import Explanation, plain
from core.plugins import Sentence
from core.web.request import is_api, linli

LOCALES = {"zh-Hans": "zh_Hans_CN", "en": "en"}
_PARSED = {code: Locale.parse(name) for code, name in LOCALES.items()}
LOCALE_COOKIE, LARGE_COOKIE = "linli_locale", "linli_large"


# --- language ------------------------------------------------------------------------------------------------------


def locale_code() -> str:
    """`zh-Hans` or `en`: what the account remembers, else a cookie, else what the browser or program asks for."""
    code: str | None = g.get("locale_code")
    if code is None:
        code = g.locale_code = _choose_locale()
    return code


def _choose_locale() -> str:
    if not is_api():
        remembered = getattr(current_user, "locale", None) or request.cookies.get(LOCALE_COOKIE)
        if remembered in LOCALES:
            return str(remembered)
    asked = request.accept_languages.best_match(["zh-Hans", "zh-CN", "zh", "en", "en-US", "en-GB"], default="zh-Hans")
    return "en" if asked.startswith("en") else "zh-Hans"


def init(app: Flask, translations: list[str]) -> None:
    """Hang the words on the app; `translations` are the folders of the core and of each plugin."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(translations)
    _Babel(  # type: ignore[no-untyped-call]  # of Flask-Babel
        app,
        default_locale="zh_Hans_CN",
        locale_selector=lambda: LOCALES[locale_code()] if has_request_context() else None,
    )
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of jinja2.ext.i18n
        gettext=lambda words: _catalogue().ugettext(words),
        ngettext=lambda one, more, number: _catalogue().ungettext(one, more, number),
        newstyle=True,
    )
    for name, function in FILTERS.items():
        app.jinja_env.filters[name] = _said_anew(function)


class _Catalogues(Domain):
    """The reader's catalogue is found once a request: a page of many words asks for it at each of them."""

    def get_translations(self) -> Any:
        """The catalogue; of an app that does nothing for anybody, none."""
        if not has_app_context():
            return super().get_translations()  # type: ignore[no-untyped-call]  # of Flask-Babel
        found = g.get("catalogue")
        if found is None:
            found = g.catalogue = super().get_translations()  # type: ignore[no-untyped-call]
        return found


class _Babel(Babel):
    @cached_property
    def domain_instance(self) -> Domain:
        """Where all words come from."""
        return _Catalogues(domain=self.domain)  # type: ignore[no-untyped-call]


def _catalogue() -> Any:
    found = g.get("catalogue")
    return get_translations() if found is None else found


def _said_anew(function: Callable[..., str]) -> Callable[..., str]:
    """Asked at every rendering: Jinja would say a constant (`"role.staff" | say_code`) once, in the first reader's language."""

    @pass_context
    @wraps(function)
    def said(_context: Context, *values: Any) -> str:
        return function(*values)

    return said


# --- explanations --------------------------------------------------------------------------------------------------


def say(explanation: Explanation) -> str:
    """The sentence of an explanation in the reader's language. A code without a sentence is a fault of ours."""
    sentences = linli().house.sentences
    return _fill(sentences[explanation.code], explanation.facts)


def say_kept(explanation: Explanation) -> str:
    """As `say`, of what was written down long ago: a plugin may be gone meanwhile, or say it by other facts."""
    try:
        return say(explanation)
    except KeyError:
        return gettext("This cannot be said any more: the part of Linli that wrote it is gone.")


def say_code(code: str) -> str:
    """The words of a code that has no facts: a state, a role, an act of the audit. Unknown codes speak for themselves."""
    sentence = linli().house.sentences.get(code)
    return code if sentence is None else _fill(sentence, {})


def say_error(error: DomainError) -> str:
    """The sentence of a refusal; of faulty fields their first one."""
    if isinstance(error, Invalid):
        faults = [fault for found in error.errors.values() for fault in found]
        if len(error.errors) == 1 and faults:
            return say(faults[0])
    return say(error.explanation())


def as_json(explanation: Explanation) -> dict[str, Any]:
    """`{"code", "text", …facts}` as REST answers it; moments in the community's zone."""
    facts = {name: _told(fact) for name, fact in explanation.facts.items()}
    return {**plain(facts), "code": explanation.code, "text": say(explanation)}


def _told(fact: Any) -> Any:
    """A fact as REST answers it: explanations with their text, moments in the community's zone, also inside of lists."""
    if isinstance(fact, Explanation):
        return as_json(fact)
    if isinstance(fact, Mapping):
        return {name: _told(item) for name, item in fact.items()}
    return [_told(item) for item in fact] if isinstance(fact, list | tuple) else _local(fact)


def _fill(sentence: Sentence, facts: Mapping[str, Any]) -> str:
    said = {name: _say_fact(name, fact) for name, fact in facts.items()}
    if callable(sentence) and not hasattr(sentence, "_func"):  # a function from facts, not a lazy string
        return str(sentence({**facts, **{name: text for name, text in said.items() if not isinstance(text, int)}}))
    return str(sentence) % said if said else str(sentence).replace("%%", "%")


def _say_fact(name: str, fact: Any) -> Any:
    if isinstance(fact, datetime):
        return moment(fact)
    if isinstance(fact, date):
        return day(fact)
    if isinstance(fact, str):
        known = linli().house.sentences.get(f"{name}.{fact}")
        return str(known) if known is not None else fact
    return fact


# --- days, times, amounts ------------------------------------------------------------------------------------------


def zone() -> ZoneInfo:
    """The zone of the present community."""
    found: ZoneInfo = g.here.zone
    return found


def _local(value: Any) -> Any:
    return value.astimezone(zone()) if isinstance(value, datetime) and value.tzinfo else value


def _locale() -> Locale:
    return _PARSED[locale_code()]


def short_weekdays() -> Sequence[str]:
    """周一 … 周日 · Mon … Sun, from Monday."""
    names = _locale().days["format"]["abbreviated"]
    return [str(names[weekday]) for weekday in range(7)]


def short_day(value: date) -> str:
    """11月26日 · 26 Nov; with the year when it is not this one."""
    return _short_day(_date(value), locale_code(), clock.today(zone()).year)


def full_day(value: date) -> str:
    """2026年11月26日 · 26 Nov 2026: for paper that is kept."""
    return _short_day(_date(value), locale_code(), None)


def day(value: date) -> str:
    """11月26日 星期四 · Thu 26 Nov."""
    return _day(_date(value), locale_code(), clock.today(zone()).year)


def _date(value: date) -> date:
    local = _local(value)
    return local.date() if isinstance(local, datetime) else local


# Pages say the same few days again and again.
@lru_cache(maxsize=2_000)
def _short_day(value: date, code: str, this_year: int | None) -> str:
    if code == "zh-Hans":
        text = f"{value.month}月{value.day}日"
        return text if value.year == this_year else f"{value.year}年{text}"
    text = f"{value.day} {_PARSED[code].months['format']['abbreviated'][value.month]}"
    return text if value.year == this_year else f"{text} {value.year}"


@lru_cache(maxsize=2_000)
def _day(value: date, code: str, this_year: int) -> str:
    chinese, short = code == "zh-Hans", _short_day(value, code, this_year)
    weekday = _PARSED[code].days["format"]["wide" if chinese else "abbreviated"][value.weekday()]
    return f"{short} {weekday}" if chinese else f"{weekday} {short}"


def at_clock(value: datetime) -> str:
    """8:00, 14:30: the time of day in the community's zone."""
    local = _local(value)
    return f"{local.hour}:{local.minute:02}"


def moment(value: datetime) -> str:
    """11月26日 星期四 14:00 · Thu 26 Nov 14:00."""
    return f"{day(value)} {at_clock(value)}"


def span(starts_at: datetime, ends_at: datetime) -> str:
    """14:00–16:30; an end at midnight is 24:00."""
    end = at_clock(ends_at)
    return f"{at_clock(starts_at)}–{'24:00' if end == '0:00' else end}"


def near(value: date) -> str:
    """今天, 明天, 昨天, 本周四, 下周四 · today, tomorrow, yesterday, this Thursday, next Thursday; "" when further away."""
    found, today = _date(value), clock.today(zone())
    if (gap := (found - today).days) in {0, 1, -1}:
        return gettext("today") if gap == 0 else gettext("tomorrow") if gap == 1 else gettext("yesterday")
    monday = today - timedelta(days=today.weekday())
    name = _locale().days["format"]["wide"][found.weekday()].removeprefix("星期")
    if 0 <= (found - monday).days < 7 and gap > 0:
        return gettext("this %(weekday)s", weekday=name)
    if 7 <= (found - monday).days < 14:
        return gettext("next %(weekday)s", weekday=name)
    return ""


def when(starts_at: datetime, ends_at: datetime) -> str:
    """明天 14:00–16:30; further away with the day instead."""
    return f"{near(starts_at) or short_day(starts_at)} {span(starts_at, ends_at)}"


def minutes(value: int) -> str:
    """2 小时 30 分钟 · 2 h 30 min."""
    hours, rest = divmod(value, 60)
    said_hours = ngettext("%(num)d hour", "%(num)d hours", hours) if hours else ""
    said_rest = gettext("%(num)d min", num=rest) if rest or not hours else ""
    return " ".join(part for part in (said_hours, said_rest) if part)


def hours(value: float) -> str:
    """Minutes as hours, for columns of figures: 1.5, 12, 0.25.

    >>> hours(90), hours(720), hours(0)
    ('1.5', '12', '0')
    """
    return f"{value / 60:.2f}".rstrip("0").rstrip(".")


def percent(value: float | None) -> str:
    """A share of one: 45%; small ones with a decimal; a dash where there is no whole.

    >>> percent(0.454), percent(0.004), percent(0), percent(None)
    ('45%', '0.4%', '0%', '–')
    """
    if value is None:
        return "–"
    return f"{value * 100:.1f}%" if 0 < value < 0.01 else f"{value * 100:.0f}%"


def points(value: int) -> str:
    """5 分 · 5 points."""
    return ngettext("%(num)d point", "%(num)d points", value)


def signed(value: int) -> str:
    """+20, −10, with a true minus."""
    return f"+{value}" if value > 0 else f"−{-value}" if value < 0 else "0"


FILTERS: Mapping[str, Callable[..., str]] = {
    "day": day,
    "short_day": short_day,
    "full_day": full_day,
    "clock": at_clock,
    "moment": moment,
    "near": near,
    "minutes": minutes,
    "hours": hours,
    "percent": percent,
    "points": points,
    "signed": signed,
    "say": say,
    "say_code": say_code,
}
