"""Tables: accounts, tokens, and changed grants."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Id, Scoped, Tenant, ref
from core.notices.models import BY_MAIL


class AccountRole(StrEnum):
    """What an account is in its community. Leading a group follows from membership, not from here."""

    MANAGER = "manager"
    STAFF = "staff"
    RESIDENT = "resident"


class Account(Tenant):
    """A user name and a password in one community; `stamp` changes with the password and ends every session."""

    __tablename__ = "core_account"
    __table_args__ = (UniqueConstraint("community_id", "user_name"),)

    user_name: Mapped[str]
    password_hash: Mapped[str]
    role: Mapped[AccountRole]
    resident_id: Mapped[Id | None] = ref("core_resident")
    stamp: Mapped[str]
    locale: Mapped[str | None]
    large_print: Mapped[bool] = mapped_column(default=False)
    failures: Mapped[int] = mapped_column(default=0)  # sign-ins refused in a row
    locked_until: Mapped[datetime | None]  # real time
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    # Only the page that sets them and the sweep that writes letters ask for these; every request loads the account.
    email: Mapped[str | None] = mapped_column(deferred=True)
    mail_kinds: Mapped[list[str]] = mapped_column(
        deferred=True, default=lambda: [kind.value for kind in BY_MAIL]
    )  # of notices, if there is an address


class Token(Tenant):
    """A bearer token for programs: `<slug>.<secret>`; only the secret's SHA-256 is kept (it is 256 random bits)."""

    __tablename__ = "core_token"
    __table_args__ = (UniqueConstraint("community_id", "secret_hash"),)

    account_id: Mapped[Id] = ref("core_account")
    secret_hash: Mapped[str]
    scopes: Mapped[list[str] | None]  # permissions it is limited to; None: all of the account's
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    revoked_at: Mapped[datetime | None]


class Grant(Scoped):
    """What a manager changed: `reach` of a permission for a role, "none" takes it away. Absent: the permission's default."""

    __tablename__ = "core_grant"

    role: Mapped[AccountRole] = mapped_column(primary_key=True)
    permission: Mapped[str] = mapped_column(primary_key=True)
    reach: Mapped[str]
