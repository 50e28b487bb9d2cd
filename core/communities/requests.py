"""What a new community needs, and what may be changed of one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.faults import Check, checking

RESERVED = frozenset({"api", "static", "verify", "ical", "health"})  # they begin addresses of their own
LONGEST_SLUG = 31  # characters
LONGEST_NAME = 60
LONGEST_PHONE = 30
_SLUG = re.compile(r"[a-z][a-z0-9-]*[a-z0-9]")
_PHONE = re.compile(r"\+?[0-9][0-9 -]*[0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityRequest:
    """A community to be made. `slug` begins its addresses and never changes. `plugins` None: every one installed."""

    slug: str
    name: str
    zone: str = "Asia/Shanghai"
    phone: str = ""  # of the centre: it stands below every page
    plugins: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.text("slug", most=LONGEST_SLUG, required=True)
            _particulars(check)
            if self.slug and not _SLUG.fullmatch(self.slug):
                check.fault("slug", "slug_letters")
            elif self.slug in RESERVED:
                check.fault("slug", "slug_reserved", reserved=", ".join(sorted(RESERVED)))
            try:
                ZoneInfo(self.zone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                check.fault("zone", "not_a_zone", zone=self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticularsRequest:
    """The name of a community, and the telephone number of its centre; empty: none is shown."""

    name: str
    phone: str = ""

    def __post_init__(self) -> None:
        with checking(self) as check:
            _particulars(check)


def _particulars(check: Check) -> None:
    check.text("name", most=LONGEST_NAME, required=True)
    check.text("phone", most=LONGEST_PHONE)
    if check.subject.phone and not _PHONE.fullmatch(check.subject.phone):
        check.fault("phone", "not_a_phone")
