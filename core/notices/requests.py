"""What an account wants by e-mail."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.faults import checking
from core.notices.models import BY_MAIL

LONGEST_ADDRESS = 254  # characters; RFC 5321
# Only what every mail server takes; whether anybody reads it, no pattern can tell.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRequest:
    """An address, empty for none, and the kinds of notices that also go there."""

    email: str
    kinds: tuple[str, ...]

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.text("email", most=LONGEST_ADDRESS)
            if self.email and not _ADDRESS.fullmatch(self.email):
                check.fault("email", "not_an_address")
            if not set(self.kinds) <= {kind.value for kind in BY_MAIL}:
                check.fault("kinds", "not_a_choice", choices=", ".join(BY_MAIL))
