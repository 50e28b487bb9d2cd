"""`linli demo`: invented people and a season, there whole or not at all; the second time it only says who can sign in."""

import re

import pytest
from flask import Flask
from sqlalchemy import func, select

from core import clock
from core.accounts import passwords
from core.accounts.models import Account, AccountRole
from core.communities.models import Community
from core.db import Database, session, unit
from core.hookspecs import Demo
from core.notices.models import Outbox
from core.people.models import Group, Holder, Membership, Resident, Role
from core.people.requests import GROUP_KINDS
from core.plugins import House, Relay
from core.upkeep import demo
from core.web.request import linli_of
from tests import kit
from tests.core.upkeep.conftest import Linli

SLUG = "demo"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two weeks instead of a season, beside the cast's community."""
    monkeypatch.setattr(demo, "WEEKS", 2)
    monkeypatch.setattr(demo, "SLUG", SLUG)


def test_it_prints_who_can_sign_in_and_they_can(linli: Linli, app: Flask, database: Database, house: House) -> None:
    printed = linli("demo")
    assert printed.exit_code == 0, printed.output
    names = re.findall(r"^  (\w+)", printed.output, re.MULTILINE)
    assert {"li", "sun", "zhang", "zhao", "wang", "chen"} <= set(names)
    assert passwords.DEMO in printed.output
    assert "http" not in printed.output
    url = linli_of(app).config.database_url
    assert (f"export LINLI_DATABASE_URL={url}" in printed.output.splitlines()) == url.startswith("sqlite:")
    with unit(database, write=False):
        kit.enter_slug(house, SLUG)
        accounts = {account.user_name: account for account in session.scalars(select(Account))}
        assert accounts.keys() == set(names)
        assert passwords.matches(passwords.DEMO, accounts["chen"].password_hash)
        assert (accounts["li"].role, accounts["sun"].role) == (AccountRole.MANAGER, AccountRole.STAFF)


def test_a_community_stands_there_and_every_rule_holds(linli: Linli, database: Database, house: House) -> None:
    linli("demo")
    with unit(database, write=False):
        kit.enter_slug(house, SLUG)
        assert session.scalar(select(func.count()).select_from(Resident)) == demo.RESIDENTS
        assert session.scalar(select(func.count()).select_from(Group)) == len(demo.GROUPS) == 8
        led = select(func.count()).select_from(Membership).where(Membership.role == Role.LEADER)
        assert session.scalar(led) == len(demo.GROUPS)
        assert set(session.scalars(select(Group.kind))) == set(GROUP_KINDS)  # each has words in every language
        names = session.scalars(select(Holder.name)).all()
        assert len(names) == len(set(names))
        told = session.execute(select(Outbox.words, Outbox.read_at, Outbox.at)).all()
        assert "booking.day_before" in {words.code for words, _read_at, _at in told}
        assert all((read_at is None) == (at >= clock.now() - demo.FRESH) for _words, read_at, at in told)
    assert linli("check").output == "ok\n"


def test_the_second_time_it_is_there_already_and_nothing_changes(
    linli: Linli, database: Database, house: House
) -> None:
    first = linli("demo").output.splitlines()

    def size() -> tuple[int | None, ...]:
        with unit(database, write=False):
            kit.enter_slug(house, SLUG)
            return tuple(
                session.scalar(select(func.count()).select_from(model)) for model in (Holder, Account, Membership)
            )

    before = size()
    second = linli("demo").output.splitlines()
    assert second[0] == "The demo community 新城区社区 is there already."
    assert second[1:] == first[1:]
    assert size() == before


def test_the_clock_is_as_it_was_and_half_a_demo_is_none(
    linli: Linli, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell, told = Relay.tell, [0]

    def fail_on_the_third_day(self: Relay, hook: object, **facts: object) -> None:
        told[0] += hook is Demo.demo
        if told[0] == 3:
            raise KeyboardInterrupt
        tell(self, hook, **facts)  # type: ignore[arg-type]  # hooks of any signature

    monkeypatch.setattr(Relay, "tell", fail_on_the_third_day)
    assert linli("demo").exit_code == 1
    assert clock.now() == kit.NOW
    with unit(database, write=False):
        assert session.scalar(select(Community.id).where(Community.slug == SLUG)) is None
