"""Signing in by user name and password, in three steps, so that no lock is held while the password is verified (0.2 s).

`find` in a unit that reads, `passwords.matches` in none, `settle` in a unit that writes and is kept whatever came out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from core import clock
from core.accounts import access, signin
from core.accounts.models import Account
from core.audit.record import record
from core.db import Id, locked, session
from core.errors import DomainError
from core.faults import clean

MOST_FAILURES = 5  # in a row
REST = timedelta(minutes=15)  # of real time


class WrongPassword(DomainError):
    """User name and password do not belong together, or the account rests. One answer for all: it tells no user names."""

    code, status = "wrong_password", 401


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """Whom somebody wants to be taken for."""

    account_id: Id | None  # None: there is no such account
    password_hash: str | None


def find(user_name: str) -> Knock:
    """The account of a user name, if there is one."""
    account = session.scalar(select(Account).where(Account.user_name == clean(user_name).lower()))
    if account is None:
        return Knock(account_id=None, password_hash=None)
    return Knock(account_id=account.id, password_hash=account.password_hash)


def settle(knock: Knock, *, good: bool) -> signin.SignedIn | None:
    """Count a failure, or let in. None: not let in; the unit is to be kept all the same.

    The row is locked, so knocks that were verified side by side are counted one after the other, and a right password that
    was verified before the account was locked or its password changed does not open any more.
    """
    if knock.account_id is None:
        return None
    account = session.scalars(locked(select(Account).where(Account.id == knock.account_id))).one()
    # Real time, whatever the clock of the installation shows: a frozen clock must not lock anybody out for ever.
    if account.locked_until is not None and account.locked_until > clock.real_now():
        return None
    if not good or account.password_hash != knock.password_hash:
        _fail(account)
        return None
    account.failures, account.locked_until = 0, None
    return signin.signed_in(account)


def _fail(account: Account) -> None:
    account.failures += 1
    if account.failures < MOST_FAILURES:
        return
    account.failures, account.locked_until = 0, clock.real_now() + REST
    record("core.account_locked", by=access.system(), subject=account.user_name, subject_id=account.id)
