"""Why a time cannot be booked, in words, and what to do instead: where a tap on a grey place of the timetable leads."""

from __future__ import annotations

from datetime import datetime

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core.contract import HolderKind
from core.db import Id
from core.people.models import Holder
from core.plugins import here
from core.web.guard import requires
from core.web.request import actor
from core.web.words import at_clock, moment, say, span
from plugins.booking import obstacles, quote
from plugins.booking.calendar import BlockKind
from plugins.booking.obstacles import Obstacle
from plugins.booking.views.base import choices, chosen_of, name_of, pages
from plugins.booking.views.day import asked_day
from plugins.booking.views.shapes import Link


@pages.get("/why")
@requires("booking.read")
def why() -> ResponseReturnValue:
    """One time of one room. An address that names none leads to the timetable."""
    by = actor()
    holder = chosen_of(choices(by), request.args.get("holder"), by)
    try:
        room_id = Id(request.args.get("room", ""))
        at = datetime.strptime(request.args.get("start", ""), "%H:%M").time()  # noqa: DTZ007 - a time of day
    except ValueError:
        return redirect(url_for(".timetable"), code=302)
    if holder is None:
        return redirect(url_for(".timetable"), code=302)
    day = asked_day(here().today())
    found = obstacles.at(room_id, datetime.combine(day, at, tzinfo=here().zone), holder, by=by)
    return render_template(
        "booking/why.html",
        found=found,
        title=f"{found.room.name} · {moment(found.starts_at)}",
        reasons=_reasons(found),
        times=_times(found, holder),
        elsewhere=_elsewhere(found, holder),
        open_day=_open_day(found, holder),
        timetable_url=url_for(".timetable", day=day.isoformat(), holder=holder.id, room=room_id),
    )


def _reasons(found: Obstacle) -> list[str]:
    """What stands in the way: who or what has the time, then the rules, in their order."""
    block = found.block
    said = [] if block is None else [_standing(found)]
    taken = block is not None and block.reservation is not None
    known = {"room_taken"} if taken else {"closed"} if block is not None and block.why else set()
    if block is not None and block.kind is BlockKind.BUFFER:
        known = {"room_taken"}
    return [one for one in said if one] + [say(one) for one in found.quote.reasons if one.code not in known]


def _standing(found: Obstacle) -> str:
    block = found.block
    assert block is not None
    time, one = span(block.starts_at, block.ends_at), block.reservation
    if one is not None:
        name = name_of(one.holder, actor())
        if one.holder.kind is HolderKind.CENTRE and one.title:
            name = one.title
        return _("%(holder)s has the room from %(time)s.", holder=name, time=time)
    if block.kind is BlockKind.BUFFER:
        return _("%(time)s is kept free to set up and to clear up.", time=time)
    if block.why:
        return _("The room is closed %(time)s: %(why)s.", time=time, why=block.why)
    return ""


def tap(holder: Holder, room_id: Id, starts_at: datetime, length: int | None = None) -> str:
    """One tap from the card that says what it costs."""
    local = starts_at.astimezone(here().zone)
    day, start = local.date().isoformat(), f"{local:%H:%M}"
    return url_for(
        ".timetable", holder=holder.id, day=day, room=room_id, start=start, minutes=length, _anchor="confirm"
    )


def _is_open(found: Obstacle) -> bool:
    """Whether another time or room of that day could be booked at all."""
    return not {one.code for one in found.quote.reasons} & {"too_early", "invalid"}


def _times(found: Obstacle, holder: Holder) -> list[Link]:
    if not _is_open(found) or any(one.code == "forbidden" for one in found.quote.reasons):
        return []
    return [Link(label=at_clock(one), url=tap(holder, found.room.id, one)) for one in found.times]


def _elsewhere(found: Obstacle, holder: Holder) -> list[Link]:
    if not _is_open(found):
        return []
    return [Link(label=one.name, url=tap(holder, one.id, found.starts_at)) for one in found.elsewhere]


def _open_day(found: Obstacle, holder: Holder) -> Link | None:
    """The last day that is open, where this one is not yet."""
    opens_at = found.quote.opens_at
    if opens_at is None or not any(one.code == "too_early" for one in found.quote.reasons):
        return None
    window = quote.outlook(holder.value(), here().today())
    if window is None:
        return None
    address = url_for(".timetable", day=window.last_day.isoformat(), holder=holder.id, room=found.room.id)
    return Link(label=moment(opens_at), url=address)
