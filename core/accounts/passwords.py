"""Passwords: argon2id. Hashing takes about 0.2 s on purpose: never inside a unit that writes."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

LEAST, MOST = 8, 200  # characters
DEMO = "linli-demo"  # of every account of a demo community; the sign-in page of a demo offers them


class _Hashing:
    hasher = PasswordHasher()
    nobody = ""  # what a wrong user name is checked against, so that it takes as long as a right one


def use_cheap_hashes() -> None:
    """For tests: a hash in a millisecond."""
    _Hashing.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    _Hashing.nobody = ""


def hashed(password: str) -> str:
    """The hash to keep."""
    return _Hashing.hasher.hash(password)


def matches(password: str, password_hash: str | None) -> bool:
    """Whether it is the password; None (no such account) takes as long and is never."""
    if password_hash is None:
        _Hashing.nobody = _Hashing.nobody or hashed("nobody")
    try:
        _Hashing.hasher.verify(password_hash or _Hashing.nobody, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return password_hash is not None
