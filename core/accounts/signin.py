"""Who is asking: a session of a browser, a token of a program, and the holders that an account may speak for."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select

from core.accounts import access
from core.accounts.models import Account, AccountRole, Token
from core.contract import Actor
from core.db import Id, session
from core.errors import NotFound
from core.notices.models import Outbox
from core.people.models import Holder, Membership, Resident, Role
from core.plugins import here

SECRET_BYTES = 32

# Accounts, the name of the resident and each group led; built once, for one of them is asked in every request.
_LEADS = and_(
    Membership.resident_id == Account.resident_id,
    Membership.role == Role.LEADER,
    Membership.from_day <= bindparam("today"),
    or_(Membership.to_day.is_(None), Membership.to_day >= bindparam("today")),
)
_WHOLE = (
    select(Account, Holder.name, Membership.group_id)
    .outerjoin(Holder, Holder.id == Account.resident_id)
    .outerjoin(Membership, _LEADS)
)
# Every page says how many notices are unread: two counts, each along its own index, in the statement that is asked anyway.
_UNREAD = [
    select(func.count())
    .select_from(Outbox)
    .where(Outbox.read_at.is_(None), reader)
    .correlate(Account)
    .scalar_subquery()
    for reader in (Outbox.account_id == Account.id, Outbox.resident_id == Account.resident_id)
]
_ACCOUNT = _WHOLE.add_columns((_UNREAD[0] + _UNREAD[1]).label("unread")).where(Account.id == bindparam("account_id"))
_ACCOUNT_BY_TOKEN = (
    _WHOLE.add_columns(Token.scopes)
    .join(Token, Token.account_id == Account.id)
    .where(Token.secret_hash == bindparam("secret_hash"), Token.revoked_at.is_(None))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """An account that asks, with what pages remember for it."""

    actor: Actor
    session_key: str
    user_name: str
    locale: str | None
    large_print: bool
    unread: int = 0  # notices


def resume(key: str) -> SignedIn | None:
    """The account of a session key `<slug>|<account id>|<stamp>`; None when it is another community's or out of date."""
    slug, _bar, rest = key.partition("|")
    account_id, _bar, stamp = rest.partition("|")
    if slug != here().slug:
        return None
    try:
        rows = session.execute(_ACCOUNT, {"account_id": Id(account_id), "today": here().today()}).all()
    except ValueError:
        return None
    # A new password gives the account a new stamp, and so ends all its sessions.
    if not rows or not secrets.compare_digest(rows[0].Account.stamp, stamp):
        return None
    return _signed_in(rows, unread=rows[0].unread)


def by_token(text: str) -> SignedIn | None:
    """The account of a token `<slug>.<secret>` of this community, limited to the token's scopes; None if it is none."""
    slug, _dot, secret = text.partition(".")
    if slug != here().slug:
        return None
    rows = session.execute(_ACCOUNT_BY_TOKEN, {"secret_hash": _hash(secret), "today": here().today()}).all()
    if not rows:
        return None
    scopes = None if rows[0].scopes is None else frozenset(rows[0].scopes)
    return _signed_in(rows, scopes=scopes)


def create_token(account: Account, *, scopes: list[str] | None = None) -> str:
    """Make a token; the answer is shown once and never again."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    session.add(Token(account_id=account.id, secret_hash=_hash(secret), scopes=scopes))
    session.flush()
    return f"{here().slug}.{secret}"


def signed_in(account: Account) -> SignedIn:
    """What an account may be taken for: its roles, itself, and the groups it leads today."""
    return _signed_in(session.execute(_ACCOUNT, {"account_id": account.id, "today": here().today()}).all())


def _signed_in(rows: Sequence[Any], *, scopes: frozenset[str] | None = None, unread: int = 0) -> SignedIn:
    """Of the rows of `_WHOLE`, one for each group led."""
    account: Account = rows[0].Account
    own: set[Id | None] = {row.group_id for row in rows} | {account.resident_id}
    actor = Actor(
        account_id=account.id,
        name=rows[0].name or account.user_name,
        resident_id=account.resident_id,
        roles=frozenset({account.role.value}),
        holders=frozenset(one for one in own if one is not None),
        scopes=scopes,
    )
    return SignedIn(
        actor=actor,
        session_key=f"{here().slug}|{account.id}|{account.stamp}",
        user_name=account.user_name,
        locale=account.locale,
        large_print=account.large_print,
        unread=unread,
    )


def on_behalf(actor: Actor, resident_id: Id) -> Actor:
    """The same actor, acting for a resident; both names are kept.

    Raises:
        Forbidden: only staff act for others.
        NotFound: no such resident lives here.
    """
    access.check(actor, "core.on_behalf")
    if session.scalar(select(Resident.id).where(Resident.id == resident_id)) is None:
        raise NotFound(what="resident", id=resident_id)
    return replace(actor, on_behalf_of=resident_id)


def is_staff(actor: Actor) -> bool:
    """Whether the actor works for the centre."""
    return bool(actor.roles & {AccountRole.MANAGER.value, AccountRole.STAFF.value})


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
