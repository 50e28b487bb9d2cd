"""Accounts: made, found, given a new password. Passwords arrive hashed: that is slow and belongs outside a unit that writes."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.accounts import access
from core.accounts.models import Account, AccountRole
from core.accounts.requests import AccountRequest
from core.audit.record import record
from core.contract import Actor
from core.db import Id, locked, savepoint, session
from core.errors import DomainError, Forbidden, Invalid, NotFound
from core.explanations import explain
from core.faults import clean
from core.faults import words as searched
from core.people.models import Holder, Resident
from core.people.queries import residents

ACCOUNTS = "core.accounts"
OFFERED = 20  # accounts of a demo on its sign-in page: every role among them


class UserNameTaken(DomainError):
    """Somebody here has this user name already. Facts: user_name."""

    code, status = "user_name_taken", 409


def create(request: AccountRequest, *, password_hash: str, by: Actor) -> Account:
    """Make an account.

    Args:
        request: who it is for; its password was hashed before.
        password_hash: of that password, from `passwords.hashed`.
        by: who makes it.

    Raises:
        Forbidden: `by` may not, or makes a manager without being one.
        NotFound: no such resident lives here.
        UserNameTaken: another account has the name; the name's own key decides, not a look beforehand.
    """
    role = AccountRole(request.role)
    _check(by, role)
    if request.resident_id is not None:
        _resident(request.resident_id)
    account = Account(
        user_name=request.user_name,
        password_hash=password_hash,
        role=role,
        resident_id=request.resident_id,
        stamp=_stamp(),
    )
    try:
        with savepoint():
            session.add(account)
    except IntegrityError as error:
        raise UserNameTaken(user_name=request.user_name) from error
    after = {"role": role.value, "resident_id": request.resident_id}
    record("core.account_created", by=by, subject=account.user_name, subject_id=account.id, after=after)
    return account


def set_password(account_id: Id, *, password_hash: str, by: Actor) -> Account:
    """Give an account a new password: one's own, or as its manager. Every session of it ends, a lock is lifted.

    Raises:
        NotFound, Forbidden.
    """
    account = session.scalar(locked(select(Account).where(Account.id == account_id)))
    if account is None:
        raise NotFound(what="account", id=account_id)
    if account.id != by.account_id:
        _check(by, account.role)
    account.password_hash, account.stamp = password_hash, _stamp()
    account.failures, account.locked_until = 0, None
    record("core.password_changed", by=by, subject=account.user_name, subject_id=account.id)
    return account


def remember(account_id: Id, *, locale: str | None = None, large_print: bool | None = None) -> None:
    """What the pages of an account look like, from now on and on every device. None leaves it as it is."""
    account = own(account_id)
    account.locale = locale or account.locale
    account.large_print = account.large_print if large_print is None else large_print


def own(account_id: Id) -> Account:
    """The account that asks."""
    return session.scalars(select(Account).where(Account.id == account_id)).one()


def known(account_id: Id, *, by: Actor) -> Account:
    """An account of this community, for who may make accounts.

    Raises:
        NotFound, Forbidden.
    """
    access.check(by, ACCOUNTS)
    account = session.scalar(select(Account).where(Account.id == account_id))
    if account is None:
        raise NotFound(what="account", id=account_id)
    return account


def _check(by: Actor, role: AccountRole) -> None:
    """Who makes accounts makes managers only as one: the right to make accounts must not grow into all rights."""
    access.check(by, ACCOUNTS)
    if role is AccountRole.MANAGER and by.account_id is not None and AccountRole.MANAGER not in by.roles:
        raise Forbidden(permission=ACCOUNTS)


def _resident(resident_id: Id) -> None:
    if session.scalar(select(Resident.id).where(Resident.id == resident_id)) is None:
        raise NotFound(what="resident_id", id=resident_id)


def _stamp() -> str:
    return secrets.token_hex(16)


# --- what pages read -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An account in the list."""

    id: Id
    user_name: str
    name: str
    role: str
    locked: bool


def listed(words: str = "", *, by: Actor, limit: int, after: str = "") -> Sequence[Listed]:
    """Accounts by user name, one more than `limit` if there are more. `words`: in the user name or the resident's name.

    Raises:
        Forbidden: `by` may not make accounts.
    """
    access.check(by, ACCOUNTS)
    statement = select(Account, Holder.name).outerjoin(Holder, Holder.id == Account.resident_id)
    for word in searched(words):
        found = Account.user_name.icontains(word, autoescape=True), Holder.name.icontains(word, autoescape=True)
        statement = statement.where(or_(*found, Holder.initials.istartswith(word, autoescape=True)))
    rows = session.execute(statement.where(Account.user_name > after).order_by(Account.user_name).limit(limit + 1))
    now = clock.real_now()
    return [
        Listed(
            id=account.id,
            user_name=account.user_name,
            name=name or "",
            role=account.role.value,
            locked=account.locked_until is not None and account.locked_until > now,
        )
        for account, name in rows
    ]


def names(account_ids: Iterable[Id | None]) -> Mapping[Id | None, str]:
    """What people call accounts: the resident's name, else the user name; None, the installation itself, has none."""
    wanted = {one for one in account_ids if one is not None}
    if not wanted:
        return {}
    rows = session.execute(
        select(Account.id, Account.user_name, Holder.name)
        .outerjoin(Holder, Holder.id == Account.resident_id)
        .where(Account.id.in_(wanted))
    )
    return {account_id: name or user_name for account_id, user_name, name in rows}


def for_demo() -> Sequence[Listed]:
    """The accounts of a demo, offered on its sign-in page: the first ones made."""
    rows = session.execute(
        select(Account, Holder.name)
        .outerjoin(Holder, Holder.id == Account.resident_id)
        .order_by(Account.created_at, Account.id)
        .limit(OFFERED)
    )
    return [
        Listed(id=account.id, user_name=account.user_name, name=name or "", role=account.role.value, locked=False)
        for account, name in rows
    ]


def resident_named(words: str, *, by: Actor) -> Id | None:
    """The one resident these words find; None for no words.

    Raises:
        Invalid: they find nobody, or several.
    """
    if not clean(words):
        return None
    found = residents(words, by=by, limit=1)
    if len(found) != 1:
        raise Invalid({"resident": [explain("several_found" if found else "nobody_found", words=clean(words))]})
    return found[0].id
