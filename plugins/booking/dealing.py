"""Wishes of one holder for one room, answered one after the other: each as if those before it were booked already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from core.contract import Actor, Holder
from core.db import Id
from core.explanations import Explanation, explain
from plugins.booking import ground, occupancy, queries, quote
from plugins.booking.ground import Ground, monday
from plugins.booking.models import Reservation, Room
from plugins.booking.occupancy import Holding
from plugins.booking.quote import Quote
from plugins.booking.requests import ReservationRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A wish and what it comes to. `overridden`: codes an override sets aside; `gone`: sessions to be cleared away first."""

    wish: ReservationRequest
    quote: Quote
    overridden: Sequence[str] = ()
    gone: Sequence[Id] = ()

    @property
    def explanation(self) -> tuple[Explanation, ...]:
        """Why it is as it is, with what was set aside."""
        why = [explain("booking.why.override", reason=self.wish.override_reason)] if self.overridden else []
        return (*self.quote.explanation, *why)


class Dealer:
    """Deals a holder's weeks, points and the room's time out to one wish after the other."""

    def __init__(self, found: Ground, held: Sequence[Holding], moving: Mapping[Id, int]) -> None:
        """Begin with nothing dealt.

        Args:
            found: what all answers have in common.
            held: what holds the room, or a part of it, in all that time.
            moving: reservations that are to move, and so are in nobody's way, each with the points set aside for it.
        """
        self.ground, self.moving = found, moving
        self._held: dict[date, list[Holding]] = defaultdict(list)
        for one in held:
            if one.reservation_id not in moving:
                self._hold(one)
        self._used: dict[date, int] = defaultdict(int)
        self._spent = 0

    def answer(self, wish: ReservationRequest, *, instead: Reservation | None = None) -> Answer:
        """What a wish comes to now.

        `instead`: the reservation that moves there; of its week, and of its points, only the change counts (B7).
        """
        week = monday(self.ground.day(wish))
        used, spent = self._used[week], self._spent
        if instead is not None:
            used -= instead.base_minutes if instead.week == week else 0
            spent -= self.moving[instead.id]
        near = self.near(*self.ground.room.held(wish.starts_at, wish.ends_at))
        taken = any(not one.gone for one in near)
        situation = self.ground.situation(wish, taken=taken, used=used, spent=spent)
        found = quote.judge(wish, situation, setting_aside=bool(wish.override_reason))
        return Answer(
            wish=wish,
            quote=found,
            overridden=quote.set_aside(wish, situation),
            gone=[one.reservation_id for one in near if one.gone and one.reservation_id is not None],
        )

    def deal(self, answer: Answer, *, instead: Reservation | None = None) -> None:
        """It is booked, or moved there: the next is answered accordingly."""
        found, wish = answer.quote, answer.wish
        self._used[monday(self.ground.day(wish))] += found.base_minutes
        self._spent += found.price_points
        if instead is not None:
            self._used[instead.week] -= instead.base_minutes
            self._spent -= self.moving[instead.id]
        starts_at, ends_at = self.ground.room.held(wish.starts_at, wish.ends_at)
        self._hold(Holding(reservation_id=None, starts_at=starts_at, ends_at=ends_at, gone=False))

    def near(self, starts_at: datetime, ends_at: datetime) -> list[Holding]:
        """What holds the room between two moments."""
        found = {id(one): one for day in _days(starts_at, ends_at) for one in self._held[day]}
        return [one for one in found.values() if one.starts_at < ends_at and starts_at < one.ends_at]

    def _hold(self, one: Holding) -> None:
        for day in _days(one.starts_at, one.ends_at):
            self._held[day].append(one)


def _days(starts_at: datetime, ends_at: datetime) -> Iterator[date]:
    """The days of UTC that a time touches: by them what is held is found again."""
    first, last = starts_at.astimezone(UTC).date(), ends_at.astimezone(UTC).date()
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def dealer(
    wishes: Sequence[ReservationRequest], room: Room, holder: Holder, *, by: Actor, moving: Sequence[Id] = ()
) -> Dealer:
    """Read what wishes depend on: the same statements for one and for hundreds."""
    found = ground.read(wishes, room, holder, by=by)
    starts_at, ends_at = room.held(min(wish.starts_at for wish in wishes), max(wish.ends_at for wish in wishes))
    held = occupancy.holdings(room.id, starts_at, ends_at, now=found.now)
    return Dealer(found, held, queries.held_of(moving) if moving else {})


def answers(wishes: Sequence[ReservationRequest], room: Room, holder: Holder, *, by: Actor) -> list[Answer]:
    """What each of them comes to, in the order of time."""
    dealing = dealer(wishes, room, holder, by=by)
    found = []
    for wish in wishes:
        found.append(answer := dealing.answer(wish))
        if answer.quote.allowed:
            dealing.deal(answer)
    return found
