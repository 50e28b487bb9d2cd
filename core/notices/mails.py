"""E-mail of notices: who gets which, one sender for each at a time, later again when it fails, given up after some days.

A sender takes a mail in a unit of its own, talks to the network outside of any, and settles it in another one. Whoever dies in
between leaves it to the next: a mail sent twice is better than one lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, Executable, and_, or_, select, update
from sqlalchemy.orm import undefer

from core import clock
from core.accounts.models import Account
from core.db import Id, locked, session
from core.explanations import Explanation, explain
from core.notices import outbox, quiet
from core.notices.models import Mail, MailState, NoticeKind, Outbox
from core.notices.outbox import About
from core.people.models import Holder
from core.plugins import here

U = TypeVar("U", bound=Executable)

HOLD = timedelta(minutes=10)  # real time; longer than any sender waits for a server
GIVE_UP = timedelta(days=3)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=2)
CANNOT_WAIT = (NoticeKind.CHANGE, NoticeKind.REQUEST)
LONGEST_ERROR = 300  # characters
_BATCH = 500  # notices


def sweep() -> int:
    """Hand on what waits, as a mail for every account of its reader that wants one; forget what is old.

    Answers how many notices were handed on.
    """
    waiting = session.scalars(
        locked(select(Outbox).where(Outbox.sent_at.is_(None)).order_by(Outbox.at, Outbox.id).limit(_BATCH))
    ).all()
    if waiting:
        _address(waiting)
    for notice in waiting:
        notice.sent_at = clock.now()
    session.flush()
    _drop_late()
    outbox.forget_old()
    return len(waiting)


def _drop_late() -> None:
    now = clock.now()
    waiting = select(Mail.id).join(Outbox, Outbox.id == Mail.notice_id).where(Mail.state == MailState.WAITING)
    late = session.scalars(waiting.where(_late(now))).all()
    if late:
        dropped = update(Mail).where(Mail.id.in_(late), Mail.state == MailState.WAITING)
        session.execute(_quietly(dropped.values(state=MailState.DROPPED, settled_at=now)))


def _address(notices: Sequence[Outbox]) -> None:
    residents = {one.resident_id for one in notices if one.resident_id}
    accounts = {one.account_id for one in notices if one.account_id}
    wanting = session.scalars(
        select(Account)
        .where(Account.email.is_not(None), or_(Account.resident_id.in_(residents), Account.id.in_(accounts)))
        .options(undefer(Account.mail_kinds))
    ).all()
    now = clock.now()
    session.add_all(
        Mail(notice_id=notice.id, account_id=account.id, made_at=now, due_at=now)
        for notice in notices
        for account in wanting
        if (notice.account_id or notice.resident_id) in {account.id, account.resident_id}
        and notice.kind.value in account.mail_kinds
    )


# --- taking --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A mail that one sender has: what it says, and to whom. `tries`: by which it is known that it is still theirs."""

    id: Id
    tries: int
    notice_id: Id
    words: Explanation
    at: datetime
    address: str
    name: str
    locale: str | None


def take() -> Taken | None:
    """The next mail that is due, for the caller alone as long as `HOLD`; None: nothing is due, or others are at it.

    In the quiet hours only what cannot wait is due.
    """
    now, real = clock.now(), clock.real_now()
    wanted = select(Mail.id).join(Outbox, Outbox.id == Mail.notice_id).where(*_free(now, real), ~_late(now))
    if (end := quiet.hours().end_of(now, here().zone)) is not None:
        wanted = wanted.where(Outbox.kind.in_(CANNOT_WAIT), Outbox.begins_at <= end)
    for _try in range(_BATCH):
        mail_id = session.scalar(wanted.order_by(Mail.due_at, Mail.id).limit(1))
        if mail_id is None:
            break
        mine = update(Mail).where(Mail.id == mail_id, *_free(now, real))  # whoever was quicker has it
        mine = mine.values(tries=Mail.tries + 1, taken_until=real + HOLD).returning(Mail.id)
        if session.scalar(_quietly(mine)) is not None and (taken := _whole(mail_id)) is not None:
            return taken
    return None


def _whole(mail_id: Id) -> Taken | None:
    """With what its reader wants now; dropped when that is no mail of this kind any more."""
    mail, notice, account, name = session.execute(
        select(Mail, Outbox, Account, Holder.name)
        .join(Outbox, Outbox.id == Mail.notice_id)
        .join(Account, Account.id == Mail.account_id)
        .outerjoin(Holder, Holder.id == Account.resident_id)
        .where(Mail.id == mail_id)
        .options(undefer(Account.email), undefer(Account.mail_kinds))
        .execution_options(populate_existing=True)
    ).one()
    if account.email is None or notice.kind.value not in account.mail_kinds:
        mail.state, mail.settled_at = MailState.DROPPED, clock.now()
        return None
    return Taken(
        id=mail.id,
        tries=mail.tries,
        notice_id=notice.id,
        words=notice.words,
        at=notice.at,
        address=account.email,
        name=name or account.user_name,
        locale=account.locale,
    )


def _free(now: datetime, real: datetime) -> tuple[ColumnElement[bool], ...]:
    free = or_(Mail.taken_until.is_(None), Mail.taken_until < real)
    return Mail.state == MailState.WAITING, Mail.due_at <= now, free


def _late(now: datetime) -> ColumnElement[bool]:
    """A reminder of what has begun: the quiet hours or a server were in its way. The inbox still speaks of it."""
    return and_(Outbox.kind == NoticeKind.REMINDER, Outbox.begins_at.is_not(None), Outbox.begins_at <= now)


def _quietly(statement: U) -> U:
    """No row of these is in the session yet."""
    return statement.execution_options(synchronize_session=False)


# --- settling ------------------------------------------------------------------------------------------------------


def sent(taken: Taken) -> None:
    """The server has it."""
    if (mail := _still(taken)) is not None:
        mail.state, mail.settled_at, mail.taken_until, mail.error = MailState.SENT, clock.now(), None, ""


def failed(taken: Taken, error: str, *, final: bool) -> None:
    """It did not go: later again, after growing pauses; given up after some days or when there is no such address.

    Managers read of that, once a day for each account.
    """
    mail, now = _still(taken), clock.now()
    if mail is None:
        return
    mail.error, mail.taken_until = " ".join(error.split())[:LONGEST_ERROR], None
    if not final and now < mail.made_at + GIVE_UP:
        mail.due_at = now + pause(mail.tries)
        return
    mail.state, mail.settled_at = MailState.GIVEN_UP, now
    words = explain("mail_given_up", name=taken.name, address=taken.address, error=mail.error)
    outbox.to_managers(words, f"core.mail:{mail.account_id}:{here().today()}", About(kind=NoticeKind.INSIDE))


def pause(tries: int) -> timedelta:
    """How long after so many tries the next one comes.

    >>> [pause(tries).seconds // 60 for tries in (1, 2, 3, 4, 5)]
    [5, 15, 45, 120, 120]
    """
    return min(FIRST_PAUSE * int(3 ** min(tries - 1, 10)), LONGEST_PAUSE)


def _still(taken: Taken) -> Mail | None:
    """The mail, if nobody took it meanwhile and it was not withdrawn."""
    mine = Mail.id == taken.id, Mail.tries == taken.tries, Mail.state == MailState.WAITING
    return session.scalar(locked(select(Mail).where(*mine)))
