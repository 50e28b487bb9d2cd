"""What a wish would cost and what stands in its way: every rule that applies, in the order in which REST names them.

`judge` is pure: the same situation gives the same answer. `ground` reads what it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from core import clock
from core.accounts import access
from core.contract import Actor, Holder, HolderKind, Tariff
from core.db import Id
from core.errors import Invalid
from core.explanations import Explanation, Fact, explain
from core.people import closed
from core.plugins import here
from plugins.booking import ground, occupancy, queries
from plugins.booking.ground import Situation
from plugins.booking.models import Room
from plugins.booking.policy import NoShowRule
from plugins.booking.prices import price_of, terms_of
from plugins.booking.requests import ReservationRequest

GRID = 15 * 60  # seconds: start and length are multiples of a quarter of an hour
OVERRIDABLE = frozenset({"too_early", "too_long", "too_many_people", "extension_not_available", "quota_used"})
NO_TIER = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The answer to a wish. `explanation`: the rules that made it what it is; `reasons`: those that stand in its way."""

    reasons: tuple[Explanation, ...] = ()
    base_minutes: int = 0
    extension_minutes: int = 0
    price_points: int = 0
    tier: str = NO_TIER
    opens_at: datetime | None = None
    tariff: Tariff | None = None
    explanation: tuple[Explanation, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether it could be booked now."""
        return not self.reasons

    @property
    def code(self) -> str | None:
        """The first rule broken."""
        return self.reasons[0].code if self.reasons else None

    @property
    def can_be_overridden(self) -> bool:
        """Whether a manager may set aside all that stands in its way."""
        return bool(self.reasons) and all(reason.code in OVERRIDABLE for reason in self.reasons)

    def without(self, codes: frozenset[str]) -> Quote:
        """The same with some reasons set aside."""
        return replace(self, reasons=tuple(reason for reason in self.reasons if reason.code not in codes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From when on a day may be booked, and why."""

    days: int
    opens_at: datetime
    closed_until: date | None  # no-shows: the early window is closed up to here, inclusive
    tier: str

    @property
    def last_day(self) -> date:
        """The last day that may be booked now."""
        today = here().today()
        opens = datetime.combine(today, self.opens_at.time(), tzinfo=here().zone)
        return today + timedelta(days=self.days - (clock.now() < opens))


def window(day: date, situation: Situation) -> Window:
    """The window opens at 08:00 of the day N days before; no-shows make it everyone's (DOMAIN 3 and 5)."""
    figures = situation.policy
    closed = early_closed_until(situation.record.missed_days, figures.no_shows)
    # A closing that is over neither counts nor is spoken of.
    if closed is not None and closed < situation.now.astimezone(situation.zone).date():
        closed = None
    days = figures.base_early_days
    if situation.kind is HolderKind.GROUP and situation.terms is not None and closed is None:
        days = max(days, situation.terms.early_days or 0)
    hour, minute = divmod(figures.window_opens, 60)
    opens_at = datetime.combine(day - timedelta(days=days), time(hour, minute), tzinfo=situation.zone)
    return Window(days=days, opens_at=opens_at, closed_until=closed, tier=_tier(situation))


def early_closed_until(missed: Sequence[date], rule: NoShowRule) -> date | None:
    """The last day on which the early window is closed by no-shows; None when it never was.

    Each that is at least the `count`th of its own day and the `days` − 1 before closes it until the end of the
    `closed_days`th day after.

    >>> early_closed_until([date(2026, 1, 1), date(2026, 1, 2), date(2026, 3, 1)], NoShowRule())
    datetime.date(2026, 3, 31)
    >>> early_closed_until([date(2026, 1, 1), date(2026, 1, 2), date(2026, 3, 2)], NoShowRule()) is None
    True
    """
    days = sorted(missed)
    closing = [
        day
        for place, day in enumerate(days)
        if sum(day - timedelta(days=rule.days) < other for other in days[: place + 1]) >= rule.count
    ]
    return closing[-1] + timedelta(days=rule.closed_days) if closing else None


# --- judging -------------------------------------------------------------------------------------------------------


def judge(wish: ReservationRequest, situation: Situation, *, setting_aside: bool = False) -> Quote:
    """Say what a wish would cost and what stands in its way.

    Args:
        wish: the room, the holder, the time.
        situation: all that the answer depends on.
        setting_aside: a manager's override drops what it may; an extension granted so costs its steps as usual.
    """
    base, extension = _shares(wish, situation)
    terms = situation.terms
    price = 0
    if extension and terms is not None:
        price = price_of(wish.starts_at + timedelta(minutes=base), extension, terms.tariff, situation.zone)
    opening = None
    if situation.kind is not HolderKind.CENTRE:
        opening = window(wish.starts_at.astimezone(situation.zone).date(), situation)
    found = Quote(
        reasons=(*_reasons_of_time(wish, situation), *_reasons_of_holder(wish, situation, opening)),
        base_minutes=base,
        extension_minutes=extension,
        price_points=price,
        tier=_tier(situation),
        opens_at=None if opening is None else opening.opens_at,
        tariff=None if terms is None else terms.tariff,
        explanation=_explanation(situation, base=base, extension=extension, price=price, opening=opening),
    )
    if extension > _most_extension(situation):
        found = _add(found, explain("extension_not_available", minutes=extension, most=_most_extension(situation)))
    # An override sets rules aside, never facts: a room that is taken, closed hours and missing points stay in the
    # way.
    if setting_aside:
        found = found.without(OVERRIDABLE)
    judged = not any(reason.code == "extension_not_available" for reason in found.reasons)
    if price and judged and terms is not None and price > terms.available_points:
        found = _add(found, explain("not_enough_points", price=price, available=terms.available_points))
    return _add(found, explain("room_taken")) if situation.taken else found


def judge_longer(
    wish: ReservationRequest, situation: Situation, *, base: int, paid: int, tariff: Tariff | None
) -> Quote:
    """The same for a session that has begun and shall go on to the end of the wish; `price_points`: what it costs more.

    Base is fixed at booking, never dealt again: all that is added is extension (DOMAIN 4). The centre's is all base.

    Args:
        wish: the whole session.
        situation: all that the answer depends on.
        base: the base minutes it was booked with.
        paid: the points it cost so far.
        tariff: the prices it was booked under; None: those of now.
    """
    # That it has begun stands in nobody's way, nor does it need notice any more.
    begun = replace(situation, now=min(situation.now, wish.starts_at), notice=0)
    if situation.kind is HolderKind.CENTRE:
        base = wish.minutes
    extension, most, terms = wish.minutes - base, _most_extension(situation), situation.terms
    price = 0
    if extension and terms is not None:
        prices = tariff or terms.tariff
        price = max(0, price_of(wish.starts_at + timedelta(minutes=base), extension, prices, situation.zone) - paid)
    found = Quote(
        reasons=(*_reasons_of_time(wish, begun), *_reasons_of_holder(wish, begun, None)),
        base_minutes=base,
        extension_minutes=extension,
        price_points=price,
        tier=_tier(situation),
    )
    if extension > most:
        found = _add(found, explain("extension_not_available", minutes=extension, most=most))
    elif terms is not None and price and price > terms.available_points:
        found = _add(found, explain("not_enough_points", price=price, available=terms.available_points))
    return _add(found, explain("room_taken")) if situation.taken else found


def set_aside(wish: ReservationRequest, situation: Situation) -> list[str]:
    """The codes of what stands in the way of a wish and its override sets aside."""
    if not wish.override_reason:
        return []
    return [reason.code for reason in judge(wish, situation).reasons if reason.code in OVERRIDABLE]


def _add(quote: Quote, reason: Explanation) -> Quote:
    return replace(quote, reasons=(*quote.reasons, reason))


def _shares(wish: ReservationRequest, situation: Situation) -> tuple[int, int]:
    """Base and extension; together the length. The centre's whole length is base."""
    if situation.kind is HolderKind.CENTRE:
        return wish.minutes, 0
    figures = situation.policy
    left = max(0, figures.base_week_minutes - situation.record.week_minutes)
    base = min(wish.minutes, figures.base_session_minutes, left)
    return base, wish.minutes - base


def _most_extension(situation: Situation) -> int:
    if situation.terms is None or situation.kind is HolderKind.RESIDENT:
        return 0
    return situation.terms.extension_minutes


def _tier(situation: Situation) -> str:
    if situation.terms is None or situation.kind is not HolderKind.GROUP:
        return NO_TIER
    return situation.terms.tier


def _reasons_of_time(wish: ReservationRequest, situation: Situation) -> list[Explanation]:
    """Who may book the room, the grid, the opening hours, the past."""
    found: list[Explanation] = []
    if situation.barred is not None:
        found.append(explain("forbidden", why=situation.barred))
    # Every time zone in use lies whole quarter hours from UTC, so the grid may be asked in UTC.
    if wish.starts_at.timestamp() % GRID or wish.ends_at.timestamp() % GRID:
        found.append(explain("off_grid"))
    if not situation.intervals:
        found.append(explain("closed", why=""))
    elif situation.closures:
        found.append(explain("closed", why=situation.closures[0].reason))
    elif not _is_open(wish, situation):
        found.append(explain("outside_hours", hours=_said(situation.intervals)))
    if wish.starts_at < situation.now:
        found.append(explain("too_late", what="start"))
    elif wish.starts_at < situation.now + timedelta(minutes=situation.notice):
        found.append(explain("too_late", what="notice", minutes=situation.notice))
    return found


def _is_open(wish: ReservationRequest, situation: Situation) -> bool:
    """Whether the session lies in one interval, within one local day."""
    starts = wish.starts_at.astimezone(situation.zone)
    opens = starts.hour * 60 + starts.minute
    # Counted on from the first day's midnight: what goes past 24:00 fits into no interval.
    closes = opens + wish.minutes
    return any(start <= opens and closes <= end for start, end in situation.intervals)


def _said(intervals: Sequence[tuple[int, int]]) -> str:
    """As people write it: 8:00–12:00, 14:00–21:00."""
    return ", ".join(f"{a // 60}:{a % 60:02}–{b // 60}:{b % 60:02}" for a, b in intervals)


def _reasons_of_holder(wish: ReservationRequest, situation: Situation, opening: Window | None) -> list[Explanation]:
    """The window, the longest session, the number of people."""
    found: list[Explanation] = []
    if opening is not None and situation.now < opening.opens_at:
        found.append(explain("too_early", what="window", opens_at=opening.opens_at, days=opening.days))
    if situation.longest is not None and wish.minutes > situation.longest:
        found.append(explain("too_long", minutes=wish.minutes, most=situation.longest))
    if wish.people is not None and wish.people > situation.capacity:
        found.append(explain("too_many_people", people=wish.people, capacity=situation.capacity))
    return found


def _explanation(
    situation: Situation, *, base: int, extension: int, price: int, opening: Window | None
) -> tuple[Explanation, ...]:
    """Why it is as it is, in a few lines with their numbers."""
    setup, clearup = situation.buffers
    buffers = [explain("booking.why.buffers", setup=setup, clearup=clearup)] if setup or clearup else []
    if opening is None:
        return (explain("booking.why.centre"), *buffers)
    figures, terms = situation.policy, situation.terms
    facts: dict[str, Fact] = {"days": opening.days, "opens_at": opening.opens_at}
    if opening.days > figures.base_early_days:
        found = [explain("booking.why.window_early", tier=_tier(situation), **facts)]
    else:
        found = [explain("booking.why.window", **facts)]
    if opening.closed_until is not None:
        found.append(explain("booking.why.window_closed", until=opening.closed_until, count=figures.no_shows.count))
    left = max(0, figures.base_week_minutes - situation.record.week_minutes)
    found.append(explain("booking.why.base", minutes=base, most=figures.base_session_minutes, left=left))
    if extension and terms is not None:
        most = _most_extension(situation)
        found.append(explain("booking.why.extension", minutes=extension, price=price, tier=_tier(situation), most=most))
        tariff = terms.tariff
        steps: dict[str, Fact] = {"step": tariff.step_minutes, "off_peak": tariff.off_peak, "peak": tariff.peak}
        found.append(explain("booking.why.steps", **steps))
        found.append(explain("booking.why.paid", available=terms.available_points, hours=figures.cancel_hours))
    if terms is not None and situation.kind is HolderKind.GROUP:
        found += terms.why
    return (*found, *buffers)


# --- asking ---------------------------------------------------------------------------------------------------------


def outlook(holder: Holder, day: date) -> Window | None:
    """The window of a holder for a day, without any room; None for the centre, which always may."""
    if holder.kind is HolderKind.CENTRE:
        return None
    now = clock.now()
    return window(
        day,
        Situation(
            now=now,
            zone=here().zone,
            policy=ground.figures(),
            capacity=0,
            intervals=(),
            closures=(),
            taken=False,
            kind=holder.kind,
            record=ground.records_of(holder, day, day, now).of(ground.monday(day)),
            terms=terms_of(holder, now),
        ),
    )


def is_taken(wish: ReservationRequest, room: Room) -> bool:
    """Whether somebody has the room, or a part of it, in that time or the buffers beside it; those that are gone no longer do."""
    now, held = clock.now(), room.held(wish.starts_at, wish.ends_at)
    return any(not other.is_gone(now) for other in occupancy.in_the_way(room.id, *held))


def quote(wish: ReservationRequest, *, by: Actor) -> Quote:
    """Answer a wish without booking it, also when it cannot be.

    Raises:
        NotFound: no such room or holder.
        Forbidden: the actor may not reserve for this holder.
    """
    room, holder = queries.room(wish.room_id), queries.holder(wish.holder_id).value()
    access.check(by, "booking.reserve", holder.id)
    if (gone := closed.words([holder.id]).get(holder.id)) is not None:
        return Quote(reasons=(explain("invalid", fault=gone.code), gone))
    return judge(wish, ground.situation(wish, room, holder, taken=is_taken(wish, room), by=by))


def quote_of(*, room_id: Id, holder_id: Id, starts_at: datetime, ends_at: datetime, by: Actor) -> Quote:
    """The same of a wish that may make no sense at all: then the first reason is `invalid`."""
    try:
        wish = ReservationRequest(room_id=room_id, holder_id=holder_id, starts_at=starts_at, ends_at=ends_at)
    except Invalid as error:
        queries.room(room_id)
        access.check(by, "booking.reserve", queries.holder(holder_id).id)
        first = next(fault for faults in error.errors.values() for fault in faults)
        return Quote(reasons=(explain("invalid", fault=first.code),))
    return quote(wish, by=by)
