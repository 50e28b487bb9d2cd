"""Notices: written down with the act, sent by a sweep. The sender of today writes them to the log."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.db import Id, locked, savepoint, session
from core.explanations import Explanation, pack
from core.notices import recipients
from core.notices.models import Outbox
from core.notices.recipients import Recipient

log = logging.getLogger("linli.notices")
KEEP = timedelta(days=90)  # sent notices are swept after this, their keys with them: what may come again comes sooner
_BATCH = 500
_AT_ONCE = 5_000  # keys in one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Words for one reader. `key`: with it the reader is told at most once."""

    to: Recipient
    words: Explanation
    key: str | None = None

    @property
    def own_key(self) -> str | None:
        """The key of this reader alone."""
        return self.key and f"{self.key}:{self.to.id}"


def notify(resident_id: Id, words: Explanation, key: str | None = None) -> None:
    """Let a resident know, if and when the present act is kept; with a key at most once."""
    send([Notice(to=Recipient(resident_id=resident_id), words=words, key=key)])


def notify_account(account_id: Id, words: Explanation, key: str | None = None) -> None:
    """As `notify`, for an account that belongs to no resident."""
    send([Notice(to=Recipient(account_id=account_id), words=words, key=key)])


def to_managers(words: Explanation, key: str | None = None) -> None:
    """Let every manager know."""
    send([Notice(to=one, words=words, key=key) for one in recipients.managers()])


def to_leaders(group_id: Id, words: Explanation, key: str | None = None) -> None:
    """Let those know who lead a group today."""
    send([Notice(to=one, words=words, key=key) for one in recipients.leaders([group_id])[group_id]])


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
        at=clock.now(),
    )


def send_due() -> int:
    """Send what waits; answers how many were sent. A notice sent twice is better than one lost."""
    waiting = session.scalars(
        locked(select(Outbox).where(Outbox.sent_at.is_(None)).order_by(Outbox.at).limit(_BATCH))
    ).all()
    for notice in waiting:
        log.info("notice to %s: %s", notice.resident_id or notice.account_id, pack(notice.words))
        notice.sent_at = clock.now()
    session.execute(delete(Outbox).where(Outbox.sent_at < clock.now() - KEEP))
    return len(waiting)
