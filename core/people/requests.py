"""What both doors build: frozen values with the limits of each field."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from core.db import Id
from core.faults import checking
from core.people.models import Role
from core.plugins import here

LONGEST_NAME = 60  # characters
LONGEST_TELEPHONE = 30
LONGEST_REASON = 200
GROUP_KINDS = ("orchestra", "choir", "dance", "opera", "calligraphy", "chess", "sport", "other")  # and any code a–z
_KIND = re.compile(r"[a-z]{1,30}")
_TELEPHONE = re.compile(r"\+?[0-9]{3,20}")
_A_DAY = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")  # no number is written so: it slipped in from another column
_BETWEEN_DIGITS = str.maketrans("", "", " -()（）\u2010\u2011\u2013")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentRequest:
    """Somebody who lives here. A telephone is kept as digits, so that its end can be searched for."""

    name: str
    telephone: str = ""
    born_on: date | None = None

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.text("name", most=LONGEST_NAME, required=True)
            check.text("telephone", most=LONGEST_TELEPHONE)
            digits = self.telephone.translate(_BETWEEN_DIGITS)
            if "telephone" not in check.faults and self.telephone and not _is_telephone(self.telephone, digits):
                check.fault("telephone", "not_a_telephone")
            object.__setattr__(self, "telephone", digits)
            check.day("born_on")
            if "born_on" not in check.faults and self.born_on is not None and self.born_on > here().today():
                check.fault("born_on", "born_in_the_future")


def _is_telephone(written: str, digits: str) -> bool:
    return _TELEPHONE.fullmatch(digits) is not None and _A_DAY.fullmatch(written) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRequest:
    """Residents who do something together."""

    name: str
    kind: str

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.text("name", most=LONGEST_NAME, required=True)
            check.text("kind", most=30, required=True)
            if "kind" not in check.faults and not _KIND.fullmatch(self.kind):
                check.fault("kind", "not_a_group_kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class MergingRequest:
    """A group that was entered twice goes on as another."""

    into_id: Id
    reason: str = ""

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.text("reason", most=LONGEST_REASON)


@dataclass(frozen=True, slots=True, kw_only=True)
class DissolutionRequest:
    """A group is no more."""

    reason: str = ""

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.text("reason", most=LONGEST_REASON)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRequest:
    """A resident in a group from a day (absent: today) to a day, both inclusive (absent: until further notice)."""

    resident_id: Id
    role: Role = Role.MEMBER
    from_day: date | None = None
    to_day: date | None = None

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.one_of("role", {role.value for role in Role})
            if "role" not in check.faults:
                object.__setattr__(self, "role", Role(self.role))  # a program sends its value
            check.day("from_day")
            check.day("to_day")
            object.__setattr__(self, "from_day", self.from_day or here().today())
            if not check.faults.keys() & {"from_day", "to_day"} and self.to_day and self.to_day < self.first_day:
                check.fault("to_day", "ends_before_it_begins")

    @property
    def first_day(self) -> date:
        """The day from which the resident counts as a member."""
        assert self.from_day is not None  # filled in above
        return self.from_day
