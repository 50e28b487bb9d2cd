"""Where an account reads mail, and what of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import undefer

from core.accounts.models import Account
from core.audit.record import record
from core.contract import Actor
from core.db import locked, session
from core.notices.models import Mail, MailState
from core.notices.requests import MailRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an account has chosen. `failed_at`: when a mail to it was last given up, if none has arrived since."""

    email: str
    kinds: frozenset[str]
    failed_at: datetime | None


def of(by: Actor) -> Wanted:
    """Of whoever asks."""
    account = _account(by)
    last = session.execute(
        select(Mail.state, Mail.settled_at)
        .where(Mail.account_id == account.id, Mail.state.in_((MailState.SENT, MailState.GIVEN_UP)))
        .order_by(Mail.settled_at.desc())
        .limit(1)
    ).one_or_none()
    failed_at = last.settled_at if last is not None and last.state is MailState.GIVEN_UP else None
    return Wanted(email=account.email or "", kinds=frozenset(account.mail_kinds), failed_at=failed_at)


def put(request: MailRequest, *, by: Actor) -> None:
    """Choose, for the account that asks."""
    account = _account(by)
    before = {"mail_kinds": account.mail_kinds if account.email else []}
    account.email, account.mail_kinds = request.email or None, list(request.kinds)
    after = {"mail_kinds": account.mail_kinds if account.email else []}
    record("core.mail_chosen", by=by, subject=account.user_name, subject_id=account.id, before=before, after=after)


def _account(by: Actor) -> Account:
    wanted = select(Account).where(Account.id == by.account_id)
    return session.scalars(locked(wanted.options(undefer(Account.email), undefer(Account.mail_kinds)))).one()
