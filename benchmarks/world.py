"""The community that is measured: ten rooms, four hundred days of history, groups of gold standing that may book.

People, points, rooms and hours are made by the product's own acts under a moved clock; the history of reservations is written
as it would be found after the sweeps: claims of the past are gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from uuid_utils.compat import uuid7

from app import create_app
from benchmarks import databases
from core import clock
from core.accounts import access, accounts, passwords, signin
from core.accounts.models import Account, AccountRole
from core.accounts.requests import AccountRequest
from core.communities import creation
from core.communities.models import Community
from core.communities.requests import CommunityRequest
from core.config import Config
from core.contract import Holder
from core.db import Id, migrate, session, unit
from core.explanations import explain
from core.people import groups, members, residents
from core.people.models import Role
from core.people.requests import GroupRequest, MemberRequest, ResidentRequest
from core.plugins import Here, House, enter
from core.web.request import Linli, linli_of
from plugins.booking import hours, occupancy, rooms
from plugins.booking.models import Claim, ClaimKind, Occupancy, Reservation, RoomSpace, Status
from plugins.booking.requests import HoursRequest, OpenInterval, RoomRequest
from plugins.points import awards, posting
from plugins.points.requests import ContributionRequest

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 26, 9, tzinfo=ZONE)  # a Thursday
TODAY = NOW.date()
SHOWN = TODAY + timedelta(days=1)  # the day whose timetable is looked at
SLUG, SECRET = "xincheng", "benchmark"
OPENS, CLOSES = 8 * 60, 18 * 60 + 30  # 21 half hours
STARTS = (8 * 60, 10 * 60 + 30, 13 * 60, 15 * 60 + 30)  # four sessions a day, also of 150 minutes
BASE_MINUTES = 120
BY = access.system()


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a world is. `groups` book one after the other, `racers` at once."""

    rooms: int = 10
    history: int = 16_000  # reservations stored
    groups: int = 140
    racers: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A community in a database, and what is needed to knock at its doors."""

    url: str
    linli: Linli
    app: Flask
    browser_key: str  # of the session of the choir's leader
    token: str  # of the manager's program
    rooms: Sequence[Id]
    choir: Id
    groups: Sequence[Id]
    racers: Sequence[Id]

    def client(self) -> FlaskClient:
        """The browser of the choir's leader, signed in."""
        return client_of(self.app, self.browser_key)

    def cookie(self) -> str:
        """What that browser sends with each request."""
        return cookie_of(self.app, self.browser_key)


def client_of(app: Flask, browser_key: str) -> FlaskClient:
    """A browser with the session of somebody signed in."""
    client = app.test_client()
    with client.session_transaction() as kept:
        kept.update({"_user_id": browser_key, "_fresh": True})
    return client


def cookie_of(app: Flask, browser_key: str) -> str:
    """What such a browser sends with each request."""
    name = str(app.config["SESSION_COOKIE_NAME"])
    cookie = client_of(app, browser_key).get_cookie(name)
    assert cookie is not None
    return f"{name}={cookie.value}"


def enter_slug(house: House) -> Here:
    """Enter the community in the unit open here."""
    return enter(house, session.scalars(select(Community).where(Community.slug == SLUG)).one())


def found(url: str) -> Flask:
    """An app on a new database, with its tables."""
    app = create_app(Config(env="testing", secret_key=SECRET, database_url=url))
    linli = linli_of(app)
    migrate.upgrade(linli.database, linli.house.installed)
    return app


def build(url: str, size: Size) -> World:
    """A community that has lived for more than a year; the clock stands at NOW afterwards."""
    passwords.use_cheap_hashes()
    app = found(url)
    linli = linli_of(app)
    with unit(linli.database, write=True):
        clock.start_at(NOW - timedelta(days=60), frozen=True)
        creation.create(linli.house, CommunityRequest(slug=SLUG, name="新城区社区"))
        made = [_room(number) for number in range(size.rooms)]
        choir, *holders = [_group(number) for number in range(1 + size.groups + size.racers)]
        award([choir, *holders])
        _account("li", AccountRole.MANAGER)
        _account("zhang", AccountRole.RESIDENT, leads=choir)
    with unit(linli.database, write=True):
        enter_slug(linli.house)
        clock.start_at(NOW - timedelta(days=30), frozen=True)
        posting.credit_due()
    clock.start_at(NOW, frozen=True)
    with unit(linli.database, write=True):
        enter_slug(linli.house)
        li, zhang = session.scalars(select(Account).order_by(Account.user_name)).all()
        token, key = signin.create_token(li), signin.signed_in(zhang).session_key
        live(made, holders[: size.groups], size.history)
    databases.settle(url)
    ids = [holder.id for holder in holders]
    return World(
        url=url, linli=linli, app=app, browser_key=key, token=token,
        rooms=made, choir=choir.id, groups=ids[: size.groups], racers=ids[size.groups :],
    )  # fmt: skip


def _room(number: int) -> Id:
    room = rooms.create(RoomRequest(name=f"排练厅 {number + 1}", capacity=60), by=BY)
    week = tuple(OpenInterval(weekday=weekday, opens=OPENS, closes=CLOSES) for weekday in range(7))
    hours.put(room.id, HoursRequest(hours=week), by=BY)
    return room.id


def _group(number: int) -> Holder:
    return groups.create(GroupRequest(name=f"第{number + 1}合唱队", kind="choir"), by=BY).holder.value()


def _account(user_name: str, role: AccountRole, *, leads: Holder | None = None) -> None:
    resident_id = None
    if leads is not None:
        resident_id = residents.create(ResidentRequest(name="张淑芬"), by=BY).id
        members.add(leads.id, MemberRequest(resident_id=resident_id, role=Role.LEADER), by=BY)
    request = AccountRequest(user_name=user_name, password="benchmark", role=role.value, resident_id=resident_id)  # noqa: S106
    accounts.create(request, password_hash=passwords.hashed(request.password), by=BY)


def award(holders: Sequence[Holder]) -> None:
    """Each group does enough good for gold, and to pay for half hours."""
    record = [
        ContributionRequest(holder_id=holder.id, category="performance", occurred_on=clock.today(ZONE), acts=25)
        for holder in holders
    ]
    awards.record_many(record, by=BY)


# --- history -------------------------------------------------------------------------------------------------------


def live(made: Sequence[Id], holders: Sequence[Holder], count: int) -> None:
    """So many reservations: two in each room on the day shown, all others before today, four a room and day."""
    shown = [_session(room, SHOWN, start, past=False) for room, start in product(made, STARTS[::2])]
    past = (
        _session(room, TODAY - timedelta(days=days), start, past=True)
        for days in range(1, 10_000)
        for room, start in product(made, STARTS)
    )
    rows = [*shown[:count], *(next(past) for _number in range(count - len(shown)))]
    for number, row in enumerate(rows):
        row["holder_id"] = holders[number % len(holders)].id
    session.execute(insert(Reservation), rows)
    _claim(shown[:count])


def moment(day: date, minutes: int) -> datetime:
    """So many minutes after a day's midnight."""
    return datetime.combine(day, time(), tzinfo=ZONE) + timedelta(minutes=minutes)


def _session(room_id: Id, day: date, start: int, *, past: bool) -> dict[str, object]:
    begins = moment(day, start)
    return {
        "id": uuid7(),
        "room_id": room_id,
        "starts_at": begins,
        "ends_at": begins + timedelta(minutes=BASE_MINUTES),
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "status": Status.CHECKED_IN if past else Status.CONFIRMED,
        "base_minutes": BASE_MINUTES,
        "extension_minutes": 0,
        "price_points": 0,
        "tier": "gold",
        "title": "排练",
        "people": 24,
        "explanation": (explain("booking.why.window", days=7, opens_at=begins - timedelta(days=7)),),
        "booked_at": begins - timedelta(days=7),
        "cancel_until": begins - timedelta(hours=24),
        "shorten_until": begins - timedelta(hours=2),
        "check_in_from": begins - timedelta(minutes=30),
        "check_in_until": begins + timedelta(minutes=15),
        "checked_in_at": begins if past else None,
    }


def _claim(rows: Sequence[dict[str, object]]) -> None:
    """What is still to come holds its room."""
    spaces = dict(session.execute(select(RoomSpace.room_id, RoomSpace.space_id)).all())
    claims, quarters = [], []
    for row in rows:
        claim = {"id": uuid7(), "kind": ClaimKind.RESERVATION, "reservation_id": row["id"]}
        claims.append(claim | {name: row[name] for name in ("room_id", "starts_at", "ends_at")})
        room_id, starts_at, ends_at = row["room_id"], row["starts_at"], row["ends_at"]
        assert isinstance(room_id, Id)
        assert isinstance(starts_at, datetime)
        assert isinstance(ends_at, datetime)
        quarters += [
            {"space_id": spaces[room_id], "quarter": quarter, "claim_id": claim["id"]}
            for quarter in occupancy.quarters(starts_at, ends_at)
        ]
    session.execute(insert(Claim), claims)
    session.execute(insert(Occupancy), quarters)


# --- what can still be booked --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A free time that a group may book half an hour beyond the base, for points."""

    room_id: Id
    holder_id: Id
    starts_at: datetime

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=BASE_MINUTES + 30)

    def body(self) -> dict[str, object]:
        """As a program sends it."""
        return {
            "room_id": str(self.room_id),
            "holder_id": str(self.holder_id),
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "title": "排练",
            "people": 24,
        }


def slots(world: World) -> Iterator[Slot]:
    """Free times in all rooms but the first, day by day; each group twice a week, which is its base time."""
    used: dict[date, int] = {}
    for ahead in range(4, 22):  # from Monday on: this week is used
        day = TODAY + timedelta(days=ahead)
        week = day - timedelta(days=day.weekday())
        for room_id, start in product(world.rooms[1:], STARTS):
            number = used[week] = used.get(week, -1) + 1
            yield Slot(room_id=room_id, holder_id=world.groups[number // 2], starts_at=moment(day, start))


def own_slots(world: World) -> Iterator[Slot]:
    """Free times for the choir, one in each of three weeks."""
    for ahead in (6, 13, 20):
        starts_at = moment(TODAY + timedelta(days=ahead), STARTS[2])
        yield Slot(room_id=world.rooms[0], holder_id=world.choir, starts_at=starts_at)


def contested() -> Iterator[datetime]:
    """Times in the first room, two in each of three weeks: whoever wins two may still afford the next."""
    for ahead in (4, 11, 18, 5, 12, 19):
        yield moment(TODAY + timedelta(days=ahead), STARTS[0])
