"""Notices: written once for each key and reader, whoever writes them at the same moment; kept long enough."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from core import clock
from core.accounts.models import AccountRole
from core.db import Conflict, Database, Id, session, unit
from core.explanations import explain
from core.notices import mails, outbox, recipients
from core.notices.models import Outbox
from core.notices.outbox import Notice
from core.notices.recipients import Recipient
from core.people.models import Membership, Role
from core.plugins import House
from tests import kit
from tests.kit import NOW, SLUG, Cast, an_account, enter_slug
from tests.statements import statements

WORDS = explain("core.test")


def told() -> list[tuple[Id | None, Id | None]]:
    """Resident and account of every notice."""
    session.flush()
    return [(row.resident_id, row.account_id) for row in session.scalars(select(Outbox).order_by(Outbox.id))]


def test_a_key_is_told_once_to_each_reader_and_no_key_every_time(inside: Cast) -> None:
    zhang, chen = inside.zhang.resident_id, inside.chen.resident_id
    assert zhang is not None
    assert chen is not None
    for _time in range(2):
        outbox.notify(zhang, WORDS, key="k")
        outbox.notify(chen, WORDS, "k")
        outbox.notify(chen, WORDS)
    assert sorted(map(str, told())) == sorted(map(str, [(zhang, None), *[(chen, None)] * 3]))


def test_an_account_without_a_resident_is_told_too(inside: Cast) -> None:
    account = an_account("operator", AccountRole.MANAGER)
    outbox.notify_account(account.id, WORDS, key="k")
    outbox.notify_account(account.id, WORDS, key="k")
    assert told() == [(None, account.id)]


def test_every_manager_is_told_once_and_nobody_else(inside: Cast) -> None:
    operator = an_account("operator", AccountRole.MANAGER)
    outbox.to_managers(WORDS, "k")
    outbox.to_managers(WORDS, "k")
    assert sorted(map(str, told())) == sorted(map(str, [(inside.li.resident_id, None), (None, operator.id)]))


def test_leaders_of_today_are_told_not_members_nor_former_or_coming_leaders(inside: Cast) -> None:
    today = NOW.date()
    for resident, begins, ends in (
        (inside.sun.resident_id, today - timedelta(days=9), today - timedelta(days=1)),
        (inside.li.resident_id, today + timedelta(days=1), None),
        (inside.zhao.resident_id, today, today),
    ):
        assert resident is not None
        session.add(
            Membership(group_id=inside.choir.id, resident_id=resident, role=Role.LEADER, from_day=begins, to_day=ends)
        )
    outbox.to_leaders(inside.choir.id, WORDS, "k")
    assert {resident for resident, _account in told()} == {inside.zhang.resident_id, inside.zhao.resident_id}


def test_a_manager_who_leads_the_group_is_told_once(inside: Cast) -> None:
    assert inside.li.resident_id is not None
    session.add(
        Membership(
            group_id=inside.choir.id,
            resident_id=inside.li.resident_id,
            role=Role.LEADER,
            from_day=NOW.date(),
            to_day=None,
        )
    )
    outbox.to_managers(WORDS, "k")
    outbox.to_leaders(inside.choir.id, WORDS, "k")
    assert sorted(map(str, told())) == sorted(
        map(str, [(inside.li.resident_id, None), (inside.zhang.resident_id, None)])
    )


@pytest.mark.usefixtures("inside")
def test_many_notices_take_as_many_statements_as_one(database: Database) -> None:
    readers = [Recipient(resident_id=kit.a_resident().id) for _number in range(40)]
    counts = []
    for part in (readers[:1], readers[1:]):
        with statements(database.writer) as sent:
            assert outbox.send(Notice(to=one, words=WORDS, key="k") for one in part) == len(part)
        counts.append(len(sent))
    assert counts[0] == counts[1] == 2
    assert outbox.send(Notice(to=one, words=WORDS, key="k") for one in readers) == 0


def test_a_sent_notice_and_its_key_stay_for_ninety_days(inside: Cast) -> None:
    assert inside.chen.resident_id is not None
    outbox.notify(inside.chen.resident_id, WORDS, "k")
    assert mails.sweep() == 1
    clock.advance(outbox.KEEP)
    assert mails.sweep() == 0
    outbox.notify(inside.chen.resident_id, WORDS, "k")
    assert len(told()) == 1
    clock.advance(timedelta(seconds=1))
    mails.sweep()
    assert told() == []


@pytest.mark.race
def test_a_key_written_by_eight_at_once_is_told_once(real_database: Database, house: House) -> None:
    start, cast = Barrier(8), kit.find_cast(real_database)
    groups = [cast.choir.id, cast.orchestra.id]

    def tell(_number: int) -> int:
        start.wait()
        for _try in range(50):
            try:
                with unit(real_database, write=True):
                    enter_slug(house, SLUG)
                    led = recipients.leaders(groups)
                    return outbox.send(
                        Notice(to=one, words=WORDS, key=f"{group}:{day}")
                        for group in groups
                        for day in range(5)
                        for one in (*led[group], *recipients.managers())
                    )
            except Conflict:
                continue
        raise AssertionError("always a conflict")

    with ThreadPoolExecutor(8) as pool:
        new = list(pool.map(tell, range(8)))
    with unit(real_database, write=False):
        enter_slug(house, SLUG)
        assert len(told()) == sum(new) == 20
