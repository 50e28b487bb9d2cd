"""What both doors build: a new account, a new password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from core.accounts.models import AccountRole
from core.accounts.passwords import LEAST, MOST
from core.db import Id
from core.faults import Check, checking

LONGEST_USER_NAME = 40  # characters
USER_NAME = re.compile(r"[a-z0-9._-]+")  # what an elder can be told over the telephone and a keyboard always has
ROLES = frozenset(role.value for role in AccountRole)


def check_password(check: Check, password: str) -> None:
    """A password is taken as it is typed; only its length matters (NIST SP 800-63B: no rules of composition)."""
    if len(password) < LEAST:
        check.fault("password", "too_short_text", least=LEAST)
    elif len(password) > MOST:
        check.fault("password", "too_long_text", most=MOST, length=len(password))


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRequest:
    """A new account. User names are kept in small letters: telephones like to begin with a capital."""

    user_name: str
    password: str = field(repr=False)
    role: str
    resident_id: Id | None = None

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.text("user_name", most=LONGEST_USER_NAME, required=True)
            object.__setattr__(self, "user_name", self.user_name.lower())
            if self.user_name and not USER_NAME.fullmatch(self.user_name):
                check.fault("user_name", "user_name_letters")
            check_password(check, self.password)
            check.one_of("role", ROLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRequest:
    """A new password."""

    password: str = field(repr=False)

    def __post_init__(self) -> None:
        with checking(self) as check:
            check_password(check, self.password)
