"""Rules and policies in plain words: what each figure is called, what it says, and what leaders are told of a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from babel import Locale
from flask_babel import get_locale, gettext, ngettext
from flask_babel import lazy_gettext as _l

from core.contract import WeeklyHours
from core.web import words
from plugins.points import changes
from plugins.points.policy import DAY_MINUTES

LABELS: Mapping[str, Any] = {
    "posting_days": _l("Awards are posted for"),
    "evidence_after_days": _l("A paper is asked for after"),
    "resident_daily_cap": _l("Most a day for one resident"),
    "expiry_days": _l("Points last"),
    "allow_debt": _l("Spent points may be taken back"),
    "gift_monthly_cap": _l("Most a group may give away in a month"),
    "window_days": _l("Standing counts the last"),
    "mode": _l("Standing counts points"),
    "bronze_points": _l("Bronze needs"),
    "bronze_early_days": _l("Bronze books ahead"),
    "bronze_extension_minutes": _l("Bronze stays longer by up to"),
    "silver_points": _l("Silver needs"),
    "silver_early_days": _l("Silver books ahead"),
    "silver_extension_minutes": _l("Silver stays longer by up to"),
    "gold_points": _l("Gold needs"),
    "gold_early_days": _l("Gold books ahead"),
    "gold_extension_minutes": _l("Gold stays longer by up to"),
    "step_minutes": _l("Staying longer is paid in steps of"),
    "price_peak": _l("A step at busy times costs"),
    "price_off_peak": _l("A step at other times costs"),
    "peak": _l("Busy times"),
    "public_posting": _l("The list of posted awards"),
    "public_ranking": _l("The ranking of groups"),
    "public_rules": _l("The rules"),
    "per": _l("Counted"),
    "points": _l("Points"),
    "member_share": _l("Each member named gets"),
    "daily_cap": _l("At most a day"),
    "monthly_cap": _l("At most a month"),
}


def label(name: str) -> str:
    """What a figure is called."""
    return str(LABELS[name])


def said(name: str, value: Any) -> str:
    """What a figure says, with its unit; a dash where there is none."""
    if value is None:
        return gettext("no limit") if name.endswith("_cap") else "–"
    if name in _SAID:
        return _SAID[name](value)
    return next(say(value) for end, say in _BY_END.items() if name.endswith(end))


def _days(value: int) -> str:
    return ngettext("%(num)d day", "%(num)d days", value)


def _switch(value: bool) -> str:  # noqa: FBT001 - the value of a figure
    return gettext("anyone may read it") if value else gettext("only who has signed in may read it")


_SAID: Mapping[str, Callable[[Any], str]] = {
    "allow_debt": lambda value: gettext("yes") if value else gettext("no"),
    "mode": lambda value: gettext("for each member") if value == "per_member" else gettext("of the whole group"),
    "per": lambda value: gettext("by the hour") if value == "hour" else gettext("each time"),
    "peak": lambda value: said_hours(changes.unpacked(value)),
    "member_share": lambda value: (
        gettext("%(percent)d %% of the group's points", percent=value) if value else gettext("none")
    ),
    "gift_monthly_cap": lambda value: words.points(value) if value else gettext("nothing"),
    "step_minutes": words.minutes,
    "price_peak": words.points,
    "price_off_peak": words.points,
}
_BY_END: Mapping[str, Callable[[Any], str]] = {
    "days": _days,
    "minutes": words.minutes,
    "cap": words.points,
    "points": words.points,
    **dict.fromkeys(changes.SWITCHES, _switch),
}


# --- hours of the week ---------------------------------------------------------------------------------------------


def busy(hours: Sequence[WeeklyHours]) -> list[tuple[str, str]]:
    """Hours of the week in words: days in a row that have the same hours, and those hours."""
    runs: list[list[WeeklyHours]] = []
    for one in sorted(hours, key=lambda one: (one.opens, one.closes, one.weekday)):
        last = runs[-1][-1] if runs else None
        if last and (last.opens, last.closes, last.weekday + 1) == (one.opens, one.closes, one.weekday):
            runs[-1].append(one)
        else:
            runs.append([one])
    return [
        (_weekdays(run[0].weekday, run[-1].weekday), _span(run[0]))
        for run in sorted(runs, key=lambda run: run[0].weekday)
    ]


def said_hours(hours: Sequence[WeeklyHours]) -> str:
    """Hours of the week in one line."""
    return joined([f"{days} {span}" for days, span in busy(hours)]) or gettext("never")


def _weekdays(first: int, last: int) -> str:
    names = (get_locale() or Locale("en")).days["format"]["wide"]
    return str(names[first]) if first == last else f"{names[first]} – {names[last]}"


def _span(hours: WeeklyHours) -> str:
    if (hours.opens, hours.closes) == (0, DAY_MINUTES):
        return gettext("all day")
    return f"{changes.clock(hours.opens)}–{changes.clock(hours.closes)}"


# --- rules and changes ---------------------------------------------------------------------------------------------


def joined(parts: Sequence[str]) -> str:
    """One after the other, as the language strings them together."""
    return reduce(lambda one, more: gettext("%(one)s; %(more)s", one=one, more=more), parts) if parts else ""


def rule(figures: Mapping[str, Any]) -> str:
    """A rule of these figures in words: 20 points each time; at most 60 a day."""
    return joined(rule_parts(figures))


def rule_parts(figures: Mapping[str, Any]) -> list[str]:
    """What it gives, then what members get and the limits, where there are any."""
    points, share = figures["points"], figures["member_share"]
    hourly = figures["per"] == "hour"
    parts = [
        ngettext("%(num)d point an hour", "%(num)d points an hour", points)
        if hourly
        else ngettext("%(num)d point each time", "%(num)d points each time", points)
    ]
    if share:
        parts.append(gettext("each member named gets %(percent)d %% of them", percent=share))
    if cap := figures["daily_cap"]:
        parts.append(gettext("at most %(cap)d a day", cap=cap))
    if cap := figures["monthly_cap"]:
        parts.append(gettext("at most %(cap)d a month", cap=cap))
    return parts


def change(name: str, facts: Mapping[str, Any]) -> str:
    """One change in one line, from the facts that `changes.as_facts` makes; days in them are words already."""
    before, after = (said(name, facts[f"{name}_{when}"]) for when in ("before", "after"))
    if f"{name}_until" not in facts:
        return gettext("%(what)s: %(before)s → %(after)s", what=label(name), before=before, after=after)
    return gettext(
        "%(what)s: %(before)s → %(after)s, from %(day)s on %(then)s",
        what=label(name),
        before=before,
        after=after,
        day=facts[f"{name}_until"],
        then=said(name, facts[f"{name}_then"]),
    )


def _changes(facts: Mapping[str, Any]) -> str:
    return joined([change(name, facts) for name in changes.ORDER if f"{name}_after" in facts])


def _policy_changed(facts: Mapping[str, Any]) -> str:
    return gettext(
        "The rules of points change on %(day)s. %(changes)s", day=facts["valid_from"], changes=_changes(facts)
    )


def _policy_taken_back(facts: Mapping[str, Any]) -> str:
    return gettext(
        "What was to change in the rules of points on %(day)s is taken back: it does not happen. %(changes)s",
        day=facts["valid_from"],
        changes=_changes(facts),
    )


def stays(found: Sequence[changes.Change]) -> str:
    """What holds when a version is taken back, one figure after the other."""
    return joined(
        [gettext("%(what)s: %(figure)s", what=label(one.name), figure=said(one.name, one.after)) for one in found]
    )


def _figure_ends(facts: Mapping[str, Any]) -> str:
    name = facts["figure"]
    return gettext(
        "%(what)s: %(after)s; from %(day)s on %(then)s, as a version says that is kept for that day.",
        what=label(name),
        after=said(name, facts["after"]),
        day=facts["day"],
        then=said(name, facts["then"]),
    )


def _rule_changed(facts: Mapping[str, Any]) -> str:
    before, after = (rule({name: facts[f"{name}_{when}"] for name in changes.RULE}) for when in ("before", "after"))
    return gettext(
        "%(category)s gives something else from %(day)s on: %(after)s. Before: %(before)s.",
        category=facts["category"],
        day=facts["valid_from"],
        after=after,
        before=before,
    )


def _rule_made(facts: Mapping[str, Any]) -> str:
    after = rule({name: facts[f"{name}_after"] for name in changes.RULE})
    return gettext(
        "%(category)s gives points from %(day)s on: %(after)s.",
        category=facts["category"],
        day=facts["valid_from"],
        after=after,
    )


def _rule_taken_back(facts: Mapping[str, Any]) -> str:
    after = {name: facts[f"{name}_after"] for name in changes.RULE if f"{name}_after" in facts}
    return gettext(
        "What %(category)s was to give from %(day)s on is taken back. It gives then, as before: %(after)s.",
        category=facts["category"],
        day=facts["valid_from"],
        after=rule(after) if after else gettext("no points for this"),
    )


SENTENCES: Mapping[str, Any] = {
    "points_policy_changed": _policy_changed,
    "points_policy_taken_back": _policy_taken_back,
    "points_figure_ends": _figure_ends,
    "points_rule_taken_back": _rule_taken_back,
    "points_rule_changed": _rule_changed,
    "points_rule_made": _rule_made,
    "points_tier_gives_less": _l("At least %(least)d, as %(tier)s gives: a higher standing never gives less."),
    "points_peak_cheaper": _l("At least %(least)d, the price at other times: busy times never cost less."),
    "points_hours_overlap": _l("Some of these hours overlap. Write what belongs together as one, like 18:00–21:00."),
    "points_day_above_month": _l("At most %(most)d, as much as in a whole month. Lower this, or raise the month."),
    "points_hours_unreadable": _l("Write it like 18:00–21:00; several with a comma between."),
    "mode.total": _l("of the whole group"),
    "mode.per_member": _l("for each member"),
    **{f"fact.{name}": LABELS[name] for name in changes.ORDER},
}
