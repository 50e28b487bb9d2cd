"""The tables of what rooms were used for: by weekday and hour, by room, by who had them, by floor area."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from core.contract import HolderKind
from core.sheets.writing import Holds
from core.web.figures import Figure, Heat, HeatRow, Line, Section
from core.web.periods import Period
from core.web.words import hours, percent, say_code, short_weekdays
from plugins.booking import usage
from plugins.booking.usage import Grid, OfHolder, OfRoom, Usage

# --- the whole in a few numbers ------------------------------------------------------------------------------------


def summary(found: Usage) -> list[tuple[str, str, str]]:
    """The whole in a few numbers: value, label, and what stands below."""
    sums = _Sums(found.holders)
    return [
        (
            percent(found.share),
            _("of the open time in use"),
            _("%(hours)s hours open", hours=hours(_total(found.open))),
        ),
        (hours(sums.minutes), _("hours reserved"), ngettext("%(num)d session", "%(num)d sessions", sums.sessions)),
        (
            percent(usage.share(sums.extension_minutes, sums.minutes)),
            _("of it beyond base time"),
            ngettext("in %(num)d session", "in %(num)d sessions", sums.extended),
        ),
        (
            percent(usage.share(sums.missed, sums.due)),
            _("no-shows"),
            _("%(missed)d of %(due)d sessions", missed=sums.missed, due=sums.due),
        ),
    ]


class _Sums:
    """The figures of several holders together."""

    def __init__(self, holders: Sequence[OfHolder]) -> None:
        def total(of: Callable[[OfHolder], int]) -> int:
            return sum(map(of, holders))

        self.sessions, self.minutes = total(lambda one: one.sessions), total(lambda one: one.minutes)
        self.extension_minutes, self.extended = (
            total(lambda one: one.extension_minutes),
            total(lambda one: one.extended),
        )
        self.due, self.missed = total(lambda one: one.due), total(lambda one: one.missed)
        self.forgiven = total(lambda one: one.forgiven)

    def line(self, name: str, url: str = "") -> Line:
        """As a row of the table of holders."""
        return Line(
            name=name,
            url=url,
            soft=_("%(num)d forgiven", num=self.forgiven) if self.forgiven else "",
            figures=[
                Figure(value=self.sessions),
                Figure(value=self.minutes),
                Figure(value=self.extension_minutes),
                Figure(value=usage.share(self.extension_minutes, self.minutes)),
                Figure(value=self.missed),
                Figure(value=usage.share(self.missed, self.due)),
            ],
        )


# --- weekdays and hours --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Grids:
    """Open time and use by weekday and hour, of all rooms together or of one, and which hours there is anything to say of."""

    open: Grid
    used: Grid
    of_what: str

    @classmethod
    def of(cls, found: Usage, chosen: OfRoom | None) -> Grids:
        """Of the room that was asked for, else of all."""
        if chosen is None:
            return cls(open=found.open, used=found.used, of_what=_("All rooms together"))
        return cls(open=chosen.hours(chosen.open), used=chosen.hours(chosen.used), of_what=chosen.room.name)

    @property
    def hours(self) -> range:
        """From the first open hour to the last."""
        opened = [hour for hour in range(24) if any(row[hour] for row in self.open)]
        return range(opened[0], opened[-1] + 1) if opened else range(0)

    def at_hour(self, hour: int) -> tuple[int, int]:
        """Open minutes and those in use, of that hour on all days."""
        return sum(row[hour] for row in self.open), sum(row[hour] for row in self.used)

    def on(self, weekday: int) -> tuple[int, int]:
        """The same of a weekday."""
        return sum(self.open[weekday]), sum(self.used[weekday])


def _total(grid: Grid) -> int:
    return sum(map(sum, grid))


def _clock(hour: int) -> str:
    return f"{hour}:00"


def heat_of(grids: Grids) -> Heat:
    """Each hour of each weekday."""
    return Heat(
        title=_("By weekday and hour"),
        how=_("How many percent of the open time were in use. %(what)s.", what=grids.of_what),
        corner=_("Hour"),
        columns=list(short_weekdays()),
        rows=[
            HeatRow(
                name=_clock(hour),
                shares=[usage.share(grids.used[day][hour], grids.open[day][hour]) for day in range(7)],
            )
            for hour in grids.hours
        ],
    )


def _figures(open_minutes: int, used_minutes: int) -> list[Figure]:
    return [
        Figure(value=open_minutes),
        Figure(value=used_minutes),
        Figure(value=usage.share(used_minutes, open_minutes)),
    ]


TIME = (Holds.HOURS, Holds.HOURS, Holds.SHARE)


def _time_columns(first: str) -> list[str]:
    return [first, _("Hours open"), _("Hours in use"), _("In use")]


def weekdays(grids: Grids) -> Section:
    """The weekdays."""
    names = short_weekdays()
    return Section(
        name="weekdays",
        title=_("By weekday"),
        how=_("Open time and what of it was in use. %(what)s.", what=grids.of_what),
        columns=_time_columns(_("Weekday")),
        holds=TIME,
        bars=[3],
        lines=[Line(name=names[day], figures=_figures(*grids.on(day))) for day in range(7)] if grids.hours else [],
        total=Line(name=_("Together"), figures=_figures(_total(grids.open), _total(grids.used))),
    )


def hours_of(grids: Grids) -> Section:
    """The hours of the day."""
    return Section(
        name="hours",
        title=_("By hour of the day"),
        how=_("The hour that begins then, on all days. %(what)s.", what=grids.of_what),
        columns=_time_columns(_("Hour")),
        holds=TIME,
        bars=[3],
        lines=[Line(name=_clock(hour), figures=_figures(*grids.at_hour(hour))) for hour in grids.hours],
    )


# --- rooms, holders, floor area ------------------------------------------------------------------------------------


def rooms_of(found: Usage, period: Period) -> Section:
    """The rooms; each leads to its own hours."""

    def line(one: OfRoom) -> Line:
        return Line(
            name=one.room.name,
            url=url_for(".show_usage", **period.arguments, room=one.room.id),
            figures=[
                Figure(value=one.sessions),
                Figure(value=one.minutes),
                Figure(value=one.open_minutes),
                Figure(value=one.share),
            ],
        )

    sums = (sum(one.sessions for one in found.rooms), sum(one.minutes for one in found.rooms), _total(found.open))
    return Section(
        name="rooms",
        title=_("By room"),
        how=_("Sessions of each room, and how much of its open time it was in use."),
        columns=[_("Room"), _("Sessions"), _("Hours reserved"), _("Hours open"), _("In use")],
        holds=(Holds.WHOLE, Holds.HOURS, Holds.HOURS, Holds.SHARE),
        bars=[4],
        lines=[line(one) for one in found.rooms],
        total=Line(name=_("Together"), figures=[*(Figure(value=value) for value in sums), Figure(value=found.share)]),
        why=[
            _("Sessions count from their start to their end, without the time to set up and to clear up."),
            _(
                "Cancelled sessions count nowhere; missed ones are no-shows and nothing else. Those still to come count."
            ),
            _(
                "Open time: the opening hours as they were on each day, from the day the room was made, without closures."
            ),
            _("A session outside the opening hours counts among the hours reserved, and not in what was in use."),
            _(
                "A hall that can be divided is in use as far as its parts are: a session of the whole uses all of them, one of a "
                "part uses that part. Together each part counts once, however many rooms take it."
            ),
        ],
    )


def holders_of(found: Usage, *, limit: int | None = None) -> Section:
    """Groups and the centre, those with most hours first, and residents in one line."""
    named = [one for one in found.holders if one.holder.kind is not HolderKind.RESIDENT]
    residents = [one for one in found.holders if one.holder.kind is HolderKind.RESIDENT]
    lines = [
        _Sums([one]).line(one.holder.name, url_for(".reservations", holder=one.holder.id)) for one in named[:limit]
    ]
    if residents:
        lines.append(_Sums(residents).line(ngettext("%(num)d resident", "%(num)d residents", len(residents))))
    return Section(
        name="holders",
        title=_("By who had them"),
        how=_("Groups, the centre's own activities, and residents together."),
        columns=[
            _("Held by"),
            _("Sessions"),
            _("Hours reserved"),
            _("Beyond base time"),
            _("Share beyond base time"),
            _("No-shows"),
            _("Share of no-shows"),
        ],
        holds=(Holds.WHOLE, Holds.HOURS, Holds.HOURS, Holds.SHARE, Holds.WHOLE, Holds.SHARE),
        bars=[2],
        wide=True,
        lines=lines,
        total=_Sums(found.holders).line(_("Together")),
        hidden=max(0, len(named) - limit) if limit else 0,
        why=[
            _("Missed sessions are not among the sessions and hours, but apart."),
            _("No-shows are counted of the sessions whose time to check in is over; the centre's own need none."),
            _("A no-show that was forgiven is still one: nobody came."),
        ],
    )


def purposes_of(found: Usage) -> Section:
    """Floor area by what it serves."""
    area = sum(one.area for one in found.purposes)
    use = sum(one.square_metre_minutes for one in found.purposes)

    def line(name: str, its_area: float, its_use: float, unknown: int) -> Line:
        soft = ngettext("%(num)d without floor area", "%(num)d without floor area", unknown)
        return Line(
            name=name,
            soft=soft if unknown else "",
            figures=[
                Figure(value=round(its_area)),
                Figure(value=usage.share(its_area, area)),
                Figure(value=round(its_use / 60)),
                Figure(value=usage.share(its_use, use)),
            ],
        )

    unknown = sum(one.unknown for one in found.purposes)
    return Section(
        name="purposes",
        title=_("Floor area for service"),
        how=_("The offices smallest, the service largest: how much of the floor serves the people who come."),
        columns=[
            _("What it serves"),
            _("Floor area in m²"),
            _("Share of area"),
            _("m² × hours reserved"),
            _("Share of use"),
        ],
        holds=(Holds.WHOLE, Holds.SHARE, Holds.WHOLE, Holds.SHARE),
        bars=[],
        lines=[
            line(say_code(f"purpose.{one.purpose.value}"), one.area, one.square_metre_minutes, one.unknown)
            for one in found.purposes
        ]
        if area
        else [],
        total=line(_("Together"), area, use, unknown),
        why=[
            _(
                "What a room serves, and its floor area, is said on the page of the room. Area that nobody entered is left out."
            ),
            _(
                "Each part of a hall that can be divided counts once; what it serves is said by the smallest room it belongs to."
            ),
        ],
    )
