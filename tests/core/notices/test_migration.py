"""The fourth revision of the core: back and forth with notices, letters and addresses in the tables, on both databases."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, select, text

from core import clock
from core.accounts.models import Account
from core.db import Database, migrate, session, unit
from core.notices import inbox, mails, outbox, quiet
from core.notices.models import BY_MAIL, NoticeKind
from core.notices.outbox import About
from core.notices.quiet import Hours
from core.plugins import House
from tests import kit
from tests.core.db.test_migrate import empty, empty_address  # noqa: F401 - pytest finds them here
from tests.core.notices.kit import REAL, with_address
from tests.kit import SLUG, actor_of, enter_slug

KEPT = (
    "SELECT id, resident_id, account_id, key, words, at, sent_at FROM core_outbox ORDER BY id",
    "SELECT id, user_name, role, resident_id, stamp FROM core_account ORDER BY id",
)


def rows(database: Database, statement: str) -> list[Any]:
    assert isinstance(database.writer, Engine)
    with database.writer.begin() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def test_notices_and_accounts_stay_and_older_ones_are_unread_news(empty: Database, house: House) -> None:  # noqa: F811
    kit.prepare(empty, house)
    cast = kit.find_cast(empty)
    with unit(empty, write=True):
        enter_slug(house, SLUG)
        with_address("zhang", kinds=(NoticeKind.CHANGE,))
        quiet.put(Hours(begins=0, ends=60), by=actor_of("li"))
        assert cast.zhang.resident_id is not None
        for kind in (NoticeKind.CHANGE, NoticeKind.INSIDE):
            clock.advance(timedelta(minutes=1))
            outbox.notify(cast.zhang.resident_id, REAL, about=About(kind=kind, page="people.group", id=cast.choir.id))
        mails.sweep()
        inbox.read(inbox.notices(by=actor_of("zhang"), limit=1)[0].id, by=actor_of("zhang"))
    assert rows(empty, "SELECT count(*) FROM core_mail") == [(1,)]
    kept = [rows(empty, one) for one in KEPT]
    assert migrate.downgrade(empty, migrate.CORE, "0003") != []
    assert [rows(empty, one) for one in KEPT] == kept
    assert len(migrate.upgrade(empty, house.installed)) == 1
    assert [rows(empty, one) for one in KEPT] == kept
    assert migrate.check(empty, migrate.CORE) == []
    with unit(empty, write=True):
        enter_slug(house, SLUG)
        found = inbox.notices(by=actor_of("zhang"), limit=9)
        assert [(one.kind, one.page, one.read_at) for one in found] == [(NoticeKind.NEWS, None, None)] * 2
        account = session.scalars(select(Account).where(Account.user_name == "zhang")).one()
        assert (account.email, account.mail_kinds) == (None, list(BY_MAIL))
        assert quiet.hours() == Hours()
