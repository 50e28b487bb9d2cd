"""Sessions that repeat: each date is judged by itself, all are made in one act or none, and what could not be had is told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, select
from sqlalchemy.orm import joinedload

from core import clock
from core.accounts import access
from core.audit.record import record
from core.contract import Actor
from core.contract import Holder as HolderValue
from core.db import Conflict, Id, savepoint, session
from core.errors import DomainError, Invalid, NotFound
from core.explanations import Explanation, explain
from core.people import closed
from core.people.models import Holder
from core.plugins import here
from plugins.booking import calendar, dealing, notices, occupancy, queries, reserve
from plugins.booking.dealing import Answer, Dealer
from plugins.booking.models import Reservation, Room, Series, Skipped, State, Status
from plugins.booking.occupancy import RoomTaken
from plugins.booking.requests import OnConflict, SeriesRequest

TRIES = 3  # each time somebody else was quicker in between


@dataclass(frozen=True, slots=True, kw_only=True)
class Date:
    """A day of a series: what it comes to, and the nearest other times if somebody else has that one."""

    day: date
    answer: Answer
    alternatives: Sequence[Mapping[str, datetime]] = ()

    @property
    def allowed(self) -> bool:
        """Whether it can be had."""
        return self.answer.quote.allowed

    def told(self) -> dict[str, object]:
        """As a refusal names it."""
        wish, found = self.answer.wish, self.answer.quote
        return {
            "starts_at": wish.starts_at,
            "ends_at": wish.ends_at,
            "code": found.code,
            "reasons": list(found.reasons),
            "alternatives": list(self.alternatives),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What an act has booked or changed: the first date and all of them, what was skipped, and the series if it is one."""

    first: Reservation
    dates: Sequence[Reservation]
    skipped: Sequence[Date] = ()
    series: Series | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A series as it stands: every date that was booked, whatever became of it, and the days that could not be had."""

    series: Series
    dates: Sequence[Reservation]
    skipped: Sequence[Skipped]

    @property
    def ended(self) -> bool:
        """Whether nothing of it is still to come."""
        now = clock.now()
        return not any(
            one.ends_at > now and one.state(now) in {State.CONFIRMED, State.CHECKED_IN} for one in self.dates
        )


def look(series_id: Id, *, by: Actor) -> Look:
    """One series, for whoever may see its reservations; three statements, however long it is.

    Raises:
        NotFound: there is none of that id.
        Forbidden: it is somebody else's.
    """
    found = find(series_id)
    access.check(by, "booking.read", found.holder_id)
    whole = (joinedload(Reservation.room, innerjoin=True), joinedload(Reservation.holder, innerjoin=True))
    dates = select(Reservation).where(Reservation.series_id == series_id).options(*whole)
    skipped = select(Skipped).where(Skipped.series_id == series_id).order_by(Skipped.day)
    return Look(
        series=found,
        dates=session.scalars(dates.order_by(Reservation.series_day)).all(),
        skipped=session.scalars(skipped).all(),
    )


def find(series_id: Id) -> Series:
    """A series with its room and holder.

    Raises:
        NotFound: there is none of that id.
    """
    named = select(Series).options(joinedload(Series.room, innerjoin=True), joinedload(Series.holder, innerjoin=True))
    found = session.scalar(named.where(Series.id == series_id))
    if found is None:
        raise NotFound(what="series_id")
    return found


def to_come(holders: Collection[Id], *, now: datetime) -> Sequence[Series]:
    """Series of holders of which something is still to come, with their rooms, the oldest first."""
    running = select(Reservation.series_id).where(
        Reservation.holder_id.in_(holders),
        Reservation.series_id.is_not(None),
        Reservation.ends_at > now,
        Reservation.status.in_([Status.CONFIRMED, Status.CHECKED_IN]),
        ~Reservation.gone_at(now),
    )
    named = select(Series).options(joinedload(Series.room, innerjoin=True))
    return session.scalars(named.where(Series.id.in_(running)).order_by(Series.starts_at, Series.id)).all()


def preview(wish: SeriesRequest, *, by: Actor) -> list[Date]:
    """What each date would come to, without booking any: the statements of one quote, however many dates.

    Raises:
        NotFound: no such room or holder.
        Forbidden: the actor may not reserve for this holder, or set rules aside.
        Invalid: the holder is a group that is no more; or no date is left.
        TooManyDates: there are more than a series may have.
    """
    first = wish.first
    room, holder = queries.room(first.room_id), queries.holder(first.holder_id)
    access.check(by, "booking.reserve", holder.id)
    if (gone := closed.words([holder.id]).get(holder.id)) is not None:
        raise Invalid({"holder_id": [gone]})
    if first.override_reason:
        access.check(by, "booking.override")
    return _judged(wish, room, holder.value(), by=by)


def make(wish: SeriesRequest, *, by: Actor) -> Booked:
    """Book every date, in one act: all of them, or with "skip" all that can be had; what could not is kept with its reasons.

    Raises:
        DomainError: the first rule that stands in the way of the first date that cannot be had, with all `reasons` and
            all such `dates`; with "skip" only if there is nothing left to book.
        NotFound, Forbidden, Invalid, TooManyDates: as a preview.
    """
    room, holder = reserve.lock(wish.first, by=by)
    for _try in range(TRIES):
        dates = _judged(wish, room, holder.value(), by=by)
        refused = [one for one in dates if not one.allowed]
        if refused and (wish.on_conflict == OnConflict.REFUSE or len(refused) == len(dates)):
            raise refusal(refused, by=by)
        try:
            with savepoint():
                return _put(wish, dates, room, holder, by=by)
        except RoomTaken:  # somebody was quicker: the key itself said so; who it was is seen by looking again
            continue
    raise Conflict("others were quicker, time and again")


def refusal(refused: Sequence[Date], *, by: Actor) -> DomainError:
    """The first of some dates that cannot be had as an error that names them all."""
    first = refused[0].answer
    error = reserve.refusal(first.quote, first.wish, by=by)
    error.facts["dates"] = [one.told() for one in refused]
    return error


def broken() -> Iterator[Explanation]:
    """Days of a series that were skipped and booked all the same."""
    both = (Reservation.series_id == Skipped.series_id, Reservation.series_day == Skipped.day)
    for series_id, day in session.execute(select(Skipped.series_id, Skipped.day).join(Reservation, and_(*both))):
        yield explain("booking.bad_series", series=series_id, day=day)


def _judged(wish: SeriesRequest, room: Room, holder: HolderValue, *, by: Actor) -> list[Date]:
    """Every date, each as if those before it were booked already."""
    wishes = wish.wishes(here().zone)
    dealer = dealing.dealer(list(wishes.values()), room, holder, by=by)
    found = []
    for day, one in wishes.items():
        answer = dealer.answer(one)
        if answer.quote.allowed:
            dealer.deal(answer)
        found.append(date_of(dealer, day, answer))
    return found


def date_of(dealer: Dealer, day: date, answer: Answer) -> Date:
    """A day and its answer, with other times if somebody else has that one."""
    return Date(day=day, answer=answer, alternatives=_alternatives(answer, dealer))


def _alternatives(answer: Answer, dealer: Dealer) -> list[dict[str, datetime]]:
    """Other times of that day and room, as `calendar.alternatives` finds them, out of what has been read for all dates."""
    codes = {reason.code for reason in answer.quote.reasons}
    if "room_taken" not in codes or "forbidden" in codes:
        return []
    ground, room = dealer.ground, dealer.ground.room
    begins, ends = calendar.day_of(answer.wish)
    begins = max(begins, ground.now + timedelta(minutes=ground.notice))
    if begins >= ends:
        return []
    near = dealer.near(*room.held(begins, ends))
    taken = {at for one in near if not one.gone for at in occupancy.quarters(one.starts_at, one.ends_at)}
    closed = [one for one in ground.closures if one.starts_at < ends and begins < one.ends_at]
    stretches = calendar.free_then(
        room, begins, ends, weekly=ground.hours, taken=taken, closed=closed, minutes=answer.wish.minutes
    )
    return calendar.nearest(answer.wish, stretches)


def _put(wish: SeriesRequest, dates: Sequence[Date], room: Room, holder: Holder, *, by: Actor) -> Booked:
    """Write down the series, its sessions and what was skipped."""
    first, zone = dates[0].answer.wish, here().zone
    series = Series(
        room_id=room.id,
        holder_id=holder.id,
        starts_at=wish.first.starts_at,
        ends_at=wish.first.ends_at,
        rule=wish.rule.text(first.starts_at.astimezone(zone).time(), zone),
        exceptions=sorted(day.isoformat() for day in wish.exceptions),
    )
    session.add(series)
    session.flush()
    possible, skipped = [one for one in dates if one.allowed], [one for one in dates if not one.allowed]
    places = [(series.id, one.day) for one in possible]
    made = reserve.put([one.answer for one in possible], room, holder, places=places)
    session.add_all(Skipped(series_id=series.id, day=one.day, reasons=one.answer.quote.reasons) for one in skipped)
    session.flush()
    record(
        "booking.series",
        by=by,
        subject=f"{holder.name} · {room.name} · {first.starts_at.astimezone(zone):%Y-%m-%d %H:%M}",
        subject_id=series.id,
        after={
            "recurrence": series.rule,
            "exceptions": series.exceptions,
            "dates": len(made),
            "skipped": [one.day.isoformat() for one in skipped],
            "minutes": made[0].minutes,
            "price_points": sum(one.price_points for one in made),
            "overridden": sorted({code for one in made for code in one.overridden}),
        },
    )
    notices.booked(made, by=by)
    return Booked(first=made[0], dates=made, skipped=skipped, series=series)
