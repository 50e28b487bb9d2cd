"""A season of rehearsals, for a demo: rooms with hours, the centre's own activities, groups that come, cancel and forget."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from core import clock
from core.accounts import access
from core.contract import HolderKind
from core.db import Id, savepoint, session
from core.errors import DomainError
from core.people.models import Holder
from core.plugins import here
from plugins.booking import attendance, closures, hours, reserve, rooms, series
from plugins.booking.models import Item, Purpose, Reservation, Room, Status, Who
from plugins.booking.recurrence import Kind, Rule
from plugins.booking.requests import (
    CancellationRequest,
    ClosureRequest,
    HoursRequest,
    OnConflict,
    OpenInterval,
    ReservationRequest,
    RoomRequest,
    SeriesRequest,
)

BY = access.system("李建华")
OPENS, CLOSES = 8 * 60, 21 * 60
AHEAD = timedelta(days=7)  # what everyone may book
HALL, WRITING, CHESS, FITNESS, PAINTING = "排练厅", "书法室", "棋牌室", "健身室", "绘画室"
OFFICE = "办公会议室"  # the smallest of all, as it should be
ROOMS = (
    RoomRequest(name=HALL, capacity=40, equipment=(Item(name="音响"), Item(name="椅子", count=40)), floor_area=120),
    RoomRequest(name=WRITING, capacity=16, floor_area=45),
    RoomRequest(name=CHESS, capacity=24, floor_area=60),
    RoomRequest(name=FITNESS, capacity=12, floor_area=50),
    RoomRequest(name=PAINTING, capacity=16, floor_area=45),
    RoomRequest(name=OFFICE, capacity=8, floor_area=18, purpose=Purpose.OFFICE.value, who=Who.STAFF.value),
)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A group's usual time; `longer` minutes are wished for beyond two hours, where points allow it."""

    holder: str
    room: str
    weekday: int
    starts: time
    minutes: int
    longer: int = 0
    title: str = ""


CENTRE = ""  # the centre's own activities
FIXED = Rehearsal("合唱队", HALL, 3, time(8), 120, title="新年音乐会排练")  # a series, for longer than the season
LONGER = timedelta(weeks=8)  # than the season the series goes on
REHEARSALS = (
    Rehearsal("民乐团", HALL, 3, time(14), 120, longer=30),
    Rehearsal("民乐团", HALL, 0, time(18, 30), 120, longer=30),
    Rehearsal("合唱队", HALL, 1, time(9), 120, longer=60),
    Rehearsal("夕阳红舞蹈队", HALL, 2, time(19), 120),
    Rehearsal("夕阳红舞蹈队", PAINTING, 4, time(14), 120, longer=30),
    Rehearsal("秦腔自乐班", HALL, 5, time(14), 120),
    Rehearsal("书画社", WRITING, 1, time(14), 120),
    Rehearsal("太极拳队", FITNESS, 2, time(8), 90),
    Rehearsal("棋友会", CHESS, 4, time(9), 120),
    Rehearsal("移风易俗宣传队", PAINTING, 0, time(9), 90),
    Rehearsal(CENTRE, WRITING, 3, time(9), 120, title="书法活动"),
    Rehearsal(CENTRE, CHESS, 3, time(8), 540, title="棋牌开放"),
    Rehearsal(CENTRE, PAINTING, 5, time(15), 120, title="绘画班"),
    Rehearsal(CENTRE, OFFICE, 0, time(8), 60, title="工作例会"),
)


def live(day: date, until: datetime, seed: int) -> None:
    """Book a week ahead, then live through the day: check in, cancel, forget."""
    chance = random.Random(f"{seed}:{day}")  # noqa: S311 - invents a day, guards nothing
    fresh = session.scalar(select(Room.id).limit(1)) is None
    if fresh:
        _open()
    holders = dict(session.execute(select(Holder.name, Holder.id)).all())
    holders[CENTRE] = session.scalars(select(Holder.id).where(Holder.kind == HolderKind.CENTRE)).one()
    places = dict(session.execute(select(Room.name, Room.id)).all())
    if fresh and FIXED.holder in holders:
        _repeat(
            FIXED, until.astimezone(here().zone).date(), room_id=places[FIXED.room], holder_id=holders[FIXED.holder]
        )
    for usual in REHEARSALS:
        ahead = day + AHEAD
        if usual.weekday == ahead.weekday() and usual.holder in holders:
            _book(usual, ahead, room_id=places[usual.room], holder_id=holders[usual.holder])
    _come(day, until, chance)


def _open() -> None:
    """The rooms, open every day, and one that is closed for repairs at the end of the season's first week."""
    week = tuple(OpenInterval(weekday=weekday, opens=OPENS, closes=CLOSES) for weekday in range(7))
    for wish in ROOMS:
        room = rooms.create(wish, by=BY)
        hours.put(room.id, HoursRequest(hours=week), by=BY)
        if wish.name == FITNESS:
            day = here().today() + timedelta(days=5)
            wished = ClosureRequest(starts_at=_at(day, time(8)), ends_at=_at(day, time(12)), reason="器材检修")
            closures.close(room.id, wished, by=BY)


def _at(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=here().zone)


def _book(usual: Rehearsal, day: date, *, room_id: Id, holder_id: Id) -> None:
    """As long as wished, or else the base time, or not at all."""
    starts_at = _at(day, usual.starts)
    for minutes in dict.fromkeys((usual.minutes + usual.longer, usual.minutes)):
        wish = ReservationRequest(
            room_id=room_id,
            holder_id=holder_id,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=minutes),
            title=usual.title,
        )
        try:
            with savepoint():
                reserve.reserve(wish, by=BY)
        except DomainError:
            continue
        return


def _repeat(usual: Rehearsal, season_ends: date, *, room_id: Id, holder_id: Id) -> None:
    """The same time every week, by the manager's word; once after the season's end the room is closed, and it is skipped."""
    first, shut = (
        start + timedelta(days=(usual.weekday - start.weekday()) % 7)
        for start in (here().today(), season_ends + timedelta(days=8))
    )
    closed = ClosureRequest(starts_at=_at(shut, time(8)), ends_at=_at(shut, time(12)), reason="灯光检修")
    closures.close(room_id, closed, by=BY)
    wish = ReservationRequest(
        room_id=room_id,
        holder_id=holder_id,
        starts_at=_at(first, usual.starts),
        ends_at=_at(first, usual.starts) + timedelta(minutes=usual.minutes),
        title=usual.title,
        override_reason="整季固定排练",
    )
    rule = Rule(kind=Kind.WEEKLY, weekdays=(usual.weekday,), until=season_ends + LONGER)
    series.make(SeriesRequest(first=wish, rule=rule, on_conflict=OnConflict.SKIP.value), by=BY)


def _come(day: date, until: datetime, chance: random.Random) -> None:
    """Most come in time; now and then somebody cancels in the morning, or forgets."""
    today = session.scalars(
        select(Reservation)
        .where(Reservation.day == day, Reservation.status == Status.CONFIRMED, Reservation.check_in_until.is_not(None))
        .order_by(Reservation.starts_at, Reservation.id)
    ).all()
    for one in today:
        fate = chance.random()
        if one.starts_at > until:
            break
        if fate < 0.04 and one.starts_at > clock.now():
            reserve.cancel(one.id, CancellationRequest(reason="队员有事"), by=BY)
        elif fate < 0.93:
            clock.start_at(max(one.starts_at, clock.now()), frozen=True)
            attendance.check_in(one.id, by=BY)
