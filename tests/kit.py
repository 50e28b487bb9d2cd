"""The fixed cast and the builders of the whole suite.

Manager Li and staff member Sun work at the centre of Xincheng (`xincheng`), Zhang leads the choir, Chen sings in it, Zhao leads
the folk orchestra. Wang manages another community (`binhe`) and must see nothing of the first.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from flask import session as flask_session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import create_app
from core import clock
from core.accounts import passwords, signin
from core.accounts.models import Account, AccountRole
from core.communities import switching
from core.communities.models import Community
from core.config import Config
from core.contract import Actor, Holder, HolderKind
from core.db import Database, Id, connect, migrate, session, unit
from core.people import models as people
from core.people.initials import initials
from core.plugins import Here, House, enter
from core.web.request import linli_of

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 26, 9, tzinfo=ZONE)  # a Thursday
SLUG, OTHER_SLUG = "xincheng", "binhe"
PASSWORD = "correct-horse"
MEMBER_SINCE = date(2025, 1, 1)
_numbers = itertools.count(1)


@lru_cache(maxsize=1)
def the_app() -> Flask:
    """One app for the whole run: tests give it their database."""
    passwords.use_cheap_hashes()
    return create_app(Config(env="testing", secret_key="testing"), database=connect("sqlite://"))


@dataclass(frozen=True)
class Person:
    """Somebody of the cast: an account, perhaps with a resident."""

    user_name: str
    name: str
    account_id: Id
    resident_id: Id | None


@dataclass(frozen=True)
class Cast:
    """Who is in every test's database."""

    slug: str
    other_slug: str
    centre: Holder
    choir: Holder
    orchestra: Holder
    people: dict[str, Person] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Person:
        """`cast.li`, `cast.sun`, `cast.zhang`, `cast.zhao`, `cast.chen`, `cast.wang`."""
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None


# --- preparing a database ------------------------------------------------------------------------------------------


def prepare(database: Database, house: House) -> None:
    """Tables and cast in an empty database."""
    migrate.upgrade(database, house.installed)
    make_cast(database, house)


def make_cast(database: Database, house: House) -> None:
    """The two communities and everyone of the cast."""
    clock.start_at(NOW, frozen=True)
    with unit(database, write=True):
        session.add_all(
            [
                Community(slug=SLUG, name="新城区社区", zone="Asia/Shanghai", phone="0931-000 0000"),
                Community(slug=OTHER_SLUG, name="滨河社区", zone="Asia/Shanghai"),
            ]
        )
    with unit(database, write=True):
        enter_slug(house, SLUG)
        _fill_first()
        _enable_all(house)
    with unit(database, write=True):
        enter_slug(house, OTHER_SLUG)
        a_centre()
        an_account("wang", AccountRole.MANAGER, a_resident("王主任"))
        a_group("滨河合唱队")
        _enable_all(house)


def _fill_first() -> None:
    a_centre()
    an_account("li", AccountRole.MANAGER, a_resident("李主任"))
    an_account("sun", AccountRole.STAFF, a_resident("孙红梅"))
    zhang, zhao, chen = a_resident("张淑芬", telephone="13900000001"), a_resident("赵国强"), a_resident("陈玉兰")
    an_account("zhang", AccountRole.RESIDENT, zhang)
    an_account("zhao", AccountRole.RESIDENT, zhao)
    an_account("chen", AccountRole.RESIDENT, chen)
    a_group("合唱队", kind="choir", leaders=[zhang], members=[chen])
    a_group("民乐团", kind="orchestra", leaders=[zhao])


def _enable_all(house: House) -> None:
    for plugin in house.installed:
        switching.enable(plugin.name, by=SYSTEM)


def find_cast(database: Database) -> Cast:
    """The cast that `make_cast` made."""
    house = linli_of(the_app()).house
    with unit(database, write=False):
        enter_slug(house, SLUG)
        found = _people()
        holders = {holder.name: holder.value() for holder in session.scalars(select(people.Holder))}
        centre = next(holder for holder in holders.values() if holder.kind is HolderKind.CENTRE)
    with unit(database, write=False):
        enter_slug(house, OTHER_SLUG)
        found |= _people()
    return Cast(SLUG, OTHER_SLUG, centre, holders["合唱队"], holders["民乐团"], found)


def _people() -> dict[str, Person]:
    rows = session.execute(
        select(Account, people.Holder.name).outerjoin(people.Holder, people.Holder.id == Account.resident_id)
    )
    return {
        account.user_name: Person(account.user_name, name or account.user_name, account.id, account.resident_id)
        for account, name in rows
    }


def enter_slug(house: House, slug: str) -> Here:
    """Enter a community in the unit open here."""
    return enter(house, session.scalars(select(Community).where(Community.slug == slug)).one())


# --- builders: each adds rows in the unit open here and returns what is needed to speak of them ---------------------

SYSTEM = Actor(account_id=None, name="linli")


def a_holder(kind: HolderKind, name: str) -> people.Holder:
    """A bare holder."""
    holder = people.Holder(kind=kind, name=name, initials=initials(name, person=kind is HolderKind.RESIDENT))
    session.add(holder)
    session.flush()
    return holder


def a_centre(name: str = "文化活动中心") -> Holder:
    """The centre of the community."""
    return a_holder(HolderKind.CENTRE, name).value()


def a_resident(name: str | None = None, **fields: Any) -> Holder:
    """A resident."""
    holder = a_holder(HolderKind.RESIDENT, name or f"居民{next(_numbers)}")
    session.add(people.Resident(id=holder.id, **fields))
    session.flush()
    return holder.value()


def a_group(
    name: str | None = None, *, kind: str = "choir", leaders: Iterable[Holder] = (), members: Iterable[Holder] = ()
) -> Holder:
    """A group with its people, all in it since MEMBER_SINCE."""
    holder = a_holder(HolderKind.GROUP, name or f"团队{next(_numbers)}")
    session.add(people.Group(id=holder.id, kind=kind))
    session.flush()
    for role, residents in ((people.Role.LEADER, leaders), (people.Role.MEMBER, members)):
        for resident in residents:
            session.add(
                people.Membership(group_id=holder.id, resident_id=resident.id, role=role, from_day=MEMBER_SINCE)
            )
    session.flush()
    return holder.value()


def an_account(user_name: str, role: AccountRole, resident: Holder | None = None) -> Account:
    """An account with the password PASSWORD."""
    account = Account(
        user_name=user_name,
        password_hash=passwords.hashed(PASSWORD),
        role=role,
        resident_id=resident and resident.id,
        stamp=f"stamp-{user_name}",
    )
    session.add(account)
    session.flush()
    return account


def actor_of(user_name: str) -> Actor:
    """Who an account is for the rules, in the unit open here."""
    return signin.signed_in(session.scalars(select(Account).where(Account.user_name == user_name)).one()).actor


# --- both doors ----------------------------------------------------------------------------------------------------


class Browser:
    """A browser of somebody signed in. Paths are below the community: `browser.get("/points/award")`."""

    def __init__(self, client: FlaskClient, slug: str, *, locale: str = "en") -> None:
        self.client, self.slug, self.locale = client, slug, locale

    def get(self, path: str, **options: Any) -> TestResponse:
        """Look at a page."""
        return self.client.get(f"/{self.slug}{path}", headers={"Accept-Language": self.locale}, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form, with the token of this browser's session."""
        sent = {"csrf_token": self.csrf_token()} | (data or {})
        return self.client.post(f"/{self.slug}{path}", data=sent, headers={"Accept-Language": self.locale}, **options)

    def csrf_token(self) -> str:
        """A token as a page of this session would carry."""
        with self.client.session_transaction() as session_, self.client.application.test_request_context():
            flask_session.update(session_)
            token = str(generate_csrf())
            session_.update(flask_session)
        return token


class BrowserOf:
    """`browser_of("li")`."""

    def __init__(self, app: Flask, cast: Cast) -> None:
        self.app, self.cast = app, cast

    def __call__(self, user_name: str | None, *, locale: str = "en", slug: str | None = None) -> Browser:
        """A browser of somebody of the cast, or of nobody."""
        client = self.app.test_client()
        at = slug or (OTHER_SLUG if user_name == "wang" else SLUG)
        if user_name is not None:
            person = self.cast.people[user_name]
            home = OTHER_SLUG if user_name == "wang" else SLUG
            with client.session_transaction() as kept:
                kept["_user_id"] = f"{home}|{person.account_id}|stamp-{user_name}"
                kept["_fresh"] = True
        return Browser(client, at, locale=locale)


class Client:
    """A program with a token. Paths are below the community's API: `program.post("/points/contributions", {...})`."""

    def __init__(self, client: FlaskClient, slug: str, token: str | None) -> None:
        self.client, self.slug, self.token = client, slug, token

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """One request; header names with underscores."""
        sent = {"Accept-Language": "en"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        options = {} if body is None else {"json": body}
        return self.client.open(f"/api/v1/{self.slug}{path}", method=method, headers=sent, **options)

    def get(self, path: str, **headers: str) -> TestResponse:
        """GET."""
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        """POST as JSON."""
        return self.call("POST", path, {} if body is None else body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> TestResponse:
        """PUT as JSON."""
        return self.call("PUT", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> TestResponse:
        """PATCH as JSON."""
        return self.call("PATCH", path, body, **headers)


class ProgramOf:
    """`program_of("li")`."""

    def __init__(self, app: Flask, cast: Cast) -> None:
        self.app, self.cast = app, cast

    def __call__(self, user_name: str | None, *, slug: str | None = None, scopes: list[str] | None = None) -> Client:
        """A program with a token of somebody of the cast, or without one."""
        home = OTHER_SLUG if user_name == "wang" else SLUG
        token = None
        if user_name is not None:
            with unit(linli_of(self.app).database, write=True):
                enter_slug(linli_of(self.app).house, home)
                account = session.scalars(select(Account).where(Account.user_name == user_name)).one()
                token = signin.create_token(account, scopes=scopes)
        return Client(self.app.test_client(), slug or home, token)
