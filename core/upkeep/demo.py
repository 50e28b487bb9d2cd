"""`linli demo`: a community of invented people, and a season that its plugins live through day by day under a moved clock.

All of it is one unit: it is there whole or not at all. The sweeps that would have run meanwhile run inside it.
"""

from __future__ import annotations

import random
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask import g
from flask_babel import gettext
from sqlalchemy import select, update

from core import clock
from core.accounts import access, accounts, passwords
from core.accounts.models import AccountRole
from core.accounts.requests import AccountRequest
from core.communities import creation
from core.communities.models import Community
from core.communities.requests import CommunityRequest
from core.db import Id, session, unit
from core.hookspecs import Demo
from core.notices.models import Outbox
from core.people import groups, members, residents
from core.people.models import Role
from core.people.requests import GroupRequest, MemberRequest, ResidentRequest
from core.plugins import Here, here
from core.upkeep.sweeps import in_order
from core.web.request import Linli
from core.web.words import say_code

SLUG, NAME, PHONE = "xincheng", "新城区社区", "0931-000 0000"
WEEKS = 26
SEED = 20260302
RESIDENTS = 60
BORN = range(1944, 1975)  # years
FRESH = timedelta(days=7)  # notices older than that have been read
BY = access.system()


@dataclass(frozen=True, slots=True)
class DemoGroup:
    """A group and who leads it."""

    name: str
    kind: str
    leader: str  # user name
    leader_name: str
    members: int


GROUPS = (
    DemoGroup("合唱队", "choir", "zhang", "张淑芬", 14),
    DemoGroup("民乐团", "orchestra", "zhao", "赵国强", 12),
    DemoGroup("夕阳红舞蹈队", "dance", "wang", "王秀兰", 16),
    DemoGroup("秦腔自乐班", "opera", "ma", "马长河", 8),
    DemoGroup("书画社", "calligraphy", "liu", "刘文清", 9),
    DemoGroup("太极拳队", "sport", "yang", "杨树青", 13),
    DemoGroup("棋友会", "chess", "he", "何立本", 6),
    DemoGroup("移风易俗宣传队", "other", "gao", "高雅琴", 10),
)
STAFF = (("li", "李建华", AccountRole.MANAGER), ("sun", "孙红梅", AccountRole.STAFF))
MEMBER = ("chen", "陈玉兰")  # sings in the choir and has an account
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
_GIVEN = (
    "秀英桂兰建国玉梅志强淑华丽娟永福春花德明凤英国庆爱华素珍长林金凤卫东惠芳成山月娥"
    "保平翠萍文斌雪梅正义彩霞兴旺晓燕万里喜梅振华美玲福生秋菊大勇桂香宝珍新民玉珍耀祖"
)
GIVEN = [_GIVEN[at : at + 2] for at in range(0, len(_GIVEN), 2)]


def make(linli: Linli) -> str:
    """Make the demo, if it is not there; answers who can sign in."""
    with unit(linli.database, write=False):
        there = session.scalar(select(Community.id).where(Community.slug == SLUG)) is not None
    if not there:
        password_hash = passwords.hashed(passwords.DEMO)
        with _own_clock() as present, unit(linli.database, write=True):
            _live(linli, present, password_hash)
    return "\n".join([*_who(there=there), *_where(linli.config.database_url)])


@contextmanager
def _own_clock() -> Iterator[datetime]:
    """Inside, the clock is moved at will; afterwards it is as it was."""
    present, offset, frozen = clock.now(), clock.offset(), clock.is_frozen()
    try:
        yield present
    finally:
        if frozen:
            clock.start_at(present, frozen=True)
        else:
            clock.set_offset(offset)


def _live(linli: Linli, present: datetime, password_hash: str) -> None:
    """The community from its first day to the present."""
    request = CommunityRequest(slug=SLUG, name=NAME, phone=PHONE)
    clock.start_at(present - timedelta(weeks=WEEKS + 1), frozen=True)
    g.here = creation.create(linli.house, request)
    monday = here().today() + timedelta(days=7 - here().today().weekday())  # the rules begin with the community
    clock.start_at(_at(here(), monday, time(9)), frozen=True)
    _people(monday, password_hash)
    for day in (monday + timedelta(days=number) for number in range(7 * (WEEKS + 2))):
        opening = _at(here(), day, time(8))
        if opening > present:
            break
        clock.start_at(opening, frozen=True)
        if opening > present - FRESH:
            _sweep()  # reminders come in the morning
        here().relay.tell(Demo.demo, day=day, until=present, seed=SEED)
        clock.start_at(min(_at(here(), day + timedelta(days=1), time(0, 1)), present), frozen=True)
        _sweep()
        session.flush()
        session.expunge_all()
    session.execute(update(Outbox).where(Outbox.at < present - FRESH).values(read_at=Outbox.at))


def _sweep() -> None:
    for plugin, sweep in in_order(here().house):
        if plugin is None or here().relay.has(plugin):
            sweep.run()


def _at(place: Here, day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=place.zone)


# --- who lives there -----------------------------------------------------------------------------------------------


def _people(since: date, password_hash: str) -> None:
    """Residents, groups, accounts. Groups exist long before the season: all their members count from its first day."""
    chance = random.Random(SEED)  # noqa: S311 - invents people, guards nothing
    telephones = iter(range(13_900_000_101, 13_900_001_000))
    joined = since - timedelta(weeks=52)

    def live(name: str) -> Id:
        born_on = date(chance.choice(BORN), chance.randint(1, 12), chance.randint(1, 28))
        request = ResidentRequest(name=name, telephone=str(next(telephones)), born_on=born_on)
        return residents.create(request, by=BY).id

    def sign_up(user_name: str, role: AccountRole, resident_id: Id) -> None:
        request = AccountRequest(user_name=user_name, password=passwords.DEMO, role=role.value, resident_id=resident_id)
        accounts.create(request, password_hash=password_hash, by=BY)

    for user_name, name, role in STAFF:
        sign_up(user_name, role, live(name))
    led = {group.name: live(group.leader_name) for group in GROUPS}
    for group in GROUPS:
        sign_up(group.leader, AccountRole.RESIDENT, led[group.name])
    singer = live(MEMBER[1])
    sign_up(MEMBER[0], AccountRole.RESIDENT, singer)
    others = [live(name) for name in _names(chance, RESIDENTS - len(STAFF) - len(GROUPS) - 1)]
    for number, group in enumerate(GROUPS):
        made = groups.create(GroupRequest(name=group.name, kind=group.kind), by=BY).id
        chosen = chance.sample(others, group.members - 1 - (number == 0)) + ([singer] if number == 0 else [])
        for resident_id, role_in in [(led[group.name], Role.LEADER), *((one, Role.MEMBER) for one in chosen)]:
            members.add(made, MemberRequest(resident_id=resident_id, role=role_in, from_day=joined), by=BY)


def _names(chance: random.Random, count: int) -> list[str]:
    """Invented names, no two alike, none of those with an account."""
    taken = {name for _user, name, _role in STAFF} | {group.leader_name for group in GROUPS} | {MEMBER[1]}
    names: dict[str, None] = {}
    while len(names) < count:
        name = chance.choice(SURNAMES) + chance.choice(GIVEN)
        if name not in taken:
            names[name] = None
    return list(names)


def _who(*, there: bool) -> list[str]:
    """The accounts, for the terminal: nothing in it depends on the server's address."""
    head = gettext("The demo community %(name)s is there already.", name=NAME) if there else NAME
    lines = [head, gettext("Demo accounts, all with the password %(password)s:", password=passwords.DEMO)]
    lines += [f"  {user_name:8} {say_code(f'role.{role.value}')}, {name}" for user_name, name, role in STAFF]
    leader = say_code("role.leader")
    lines += [f"  {group.leader:8} {leader}, {group.name}, {group.leader_name}" for group in GROUPS]
    return [*lines, f"  {MEMBER[0]:8} {say_code('role.member')}, {GROUPS[0].name}, {MEMBER[1]}"]


def _where(url: str) -> list[str]:
    """The line that other commands need to find the demo; a server's address may hold a password and is not shown."""
    if not url.startswith("sqlite:"):
        return []
    return [gettext("For other commands on it, first:"), f"export LINLI_DATABASE_URL={shlex.quote(url)}"]
