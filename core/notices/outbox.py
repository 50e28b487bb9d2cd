"""Notices: written down with the act that causes them, once for each key and reader, taken back when they are no longer so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.db import Id, locked, savepoint, session
from core.explanations import Explanation
from core.notices import recipients
from core.notices.models import Mail, NoticeKind, Outbox
from core.notices.recipients import Recipient

KEEP = timedelta(days=90)  # notices are swept after this, their keys with them: what may come again comes sooner
_AT_ONCE = 5_000  # keys in one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a notice speaks of.

    `page`: the endpoint of its page, whose address has no other argument than `id`. `begins_at`: when it begins, or can no
    longer be answered: a change of what begins before the quiet hours end cannot wait for their end.
    """

    kind: NoticeKind = NoticeKind.NEWS
    page: str | None = None
    id: Id | None = None
    begins_at: datetime | None = None


ANYTHING = About()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Words for one reader. `key`: with it the reader is told at most once."""

    to: Recipient
    words: Explanation
    key: str | None = None
    about: About = ANYTHING

    @property
    def own_key(self) -> str | None:
        """The key of this reader alone."""
        return self.key and f"{self.key}:{self.to.id}"


def notify(resident_id: Id, words: Explanation, key: str | None = None, about: About = ANYTHING) -> None:
    """Let a resident know, if and when the present act is kept; with a key at most once."""
    send([Notice(to=Recipient(resident_id=resident_id), words=words, key=key, about=about)])


def notify_account(account_id: Id, words: Explanation, key: str | None = None, about: About = ANYTHING) -> None:
    """As `notify`, for an account that belongs to no resident."""
    send([Notice(to=Recipient(account_id=account_id), words=words, key=key, about=about)])


def to_managers(words: Explanation, key: str | None = None, about: About = ANYTHING) -> None:
    """Let every manager know."""
    send([Notice(to=one, words=words, key=key, about=about) for one in recipients.managers()])


def to_leaders(group_id: Id, words: Explanation, key: str | None = None, about: About = ANYTHING) -> None:
    """Let those know who lead a group today."""
    readers = recipients.leaders([group_id])[group_id]
    send([Notice(to=one, words=words, key=key, about=about) for one in readers])


def send(notices: Iterable[Notice]) -> int:
    """Write many notices down in a fixed number of statements for each some thousand; answers how many were new.

    What was told before under the same key is left out, also when another unit tells it at this moment.
    """
    keyed: dict[str, Notice] = {}
    plain: list[Notice] = []
    for notice in notices:
        if key := notice.own_key:
            keyed[key] = notice
        else:
            plain.append(notice)
    session.add_all(_row(notice) for notice in plain)
    in_order = [keyed[key] for key in sorted(keyed)]  # one order everywhere: no deadlock
    parts = (in_order[begin : begin + _AT_ONCE] for begin in range(0, len(in_order), _AT_ONCE))
    return len(plain) + sum(_send_once(part) for part in parts)


def told(key: str) -> Sequence[Recipient]:
    """Who was told something under a key that begins so, as long as notices are kept; each once."""
    rows = session.execute(
        select(Outbox.resident_id, Outbox.account_id).where(Outbox.key.startswith(key, autoescape=True)).distinct()
    )
    return [Recipient(resident_id=resident, account_id=account) for resident, account in rows]


def _send_once(notices: Sequence[Notice]) -> int:
    fresh = _unknown(notices)
    while fresh:
        try:
            with savepoint():
                session.add_all(_row(notice) for notice in fresh)
        except IntegrityError:  # another unit told some of them meanwhile
            rest = _unknown(fresh)
            if len(rest) == len(fresh):
                raise
            fresh = rest
        else:
            break
    return len(fresh)


def _unknown(notices: Sequence[Notice]) -> list[Notice]:
    known = set(session.scalars(select(Outbox.key).where(Outbox.key.in_([notice.own_key for notice in notices]))))
    return [notice for notice in notices if notice.own_key not in known]


def _row(notice: Notice) -> Outbox:
    return Outbox(
        resident_id=notice.to.resident_id,
        account_id=notice.to.account_id,
        key=notice.own_key,
        words=notice.words,
        kind=notice.about.kind,
        page=notice.about.page,
        about_id=notice.about.id,
        begins_at=notice.about.begins_at,
        at=clock.now(),
    )


def withdraw(about_id: Id, kind: NoticeKind) -> None:
    """Take back what was told of this kind about something that is no longer so, with what of it waits to be mailed."""
    void = select(Outbox.id).where(Outbox.about_id == about_id, Outbox.kind == kind)
    _forget(session.scalars(locked(void.order_by(Outbox.id))).all())  # locked: nobody addresses them meanwhile


def forget_old() -> None:
    """Sweep what was handed on long ago."""
    old = select(Outbox.id).where(Outbox.sent_at < clock.now() - KEEP)
    _forget(session.scalars(old.order_by(Outbox.id).limit(_AT_ONCE)).all())


def _forget(notice_ids: Sequence[Id]) -> None:
    if notice_ids:
        session.execute(delete(Mail).where(Mail.notice_id.in_(notice_ids)))
        session.execute(delete(Outbox).where(Outbox.id.in_(notice_ids)))
