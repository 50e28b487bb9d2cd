"""What both doors build: frozen requests, each with the limits of its fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.db import Id
from core.errors import Invalid
from core.explanations import Explanation, explain
from core.faults import LARGEST_WHOLE, checking

MOST_AT_ONCE = 1_000  # contributions; sheets take more
MOST_ACTS = 1_000
MOST_MINUTES = 100_000  # a group's people added up
MOST_POINTS = 1_000  # of a rule: an award stays below a million
MOST_MEMBERS = 500  # of a group, named for one act
LONGEST_NOTE, LONGEST_REASON, LONGEST_EVIDENCE = 200, 200, 60
LONGEST_WORDS = 500  # of an objection and of the answer to it
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionRequest:
    """A civic act to record: `minutes` or `acts`; neither means one act. Somebody named twice shares once."""

    holder_id: Id
    category: str
    occurred_on: date
    minutes: int | None = None
    acts: int | None = None
    member_ids: tuple[Id, ...] = ()  # of the group, who share in what it gets
    note: str = ""
    evidence: str = ""  # the number of the paper it stands on

    def __post_init__(self) -> None:
        if self.minutes is None and self.acts is None:
            object.__setattr__(self, "acts", 1)
        object.__setattr__(self, "member_ids", tuple(dict.fromkeys(self.member_ids)))
        with checking(self) as check:
            check.day("occurred_on")
            check.whole("acts", most=MOST_ACTS)
            check.whole("minutes", most=MOST_MINUTES)
            check.text("note", most=LONGEST_NOTE)
            check.text("evidence", most=LONGEST_EVIDENCE)
            if len(self.member_ids) > MOST_MEMBERS:
                check.fault("member_ids", "points_how_many", most=MOST_MEMBERS)
            check.text("category", most=40, required=True)
            if "acts" not in check.faults and self.minutes is not None and self.acts is not None:
                check.fault("acts", "points_one_amount")


def contributions(given: Sequence[Mapping[str, Any]]) -> list[ContributionRequest]:
    """Several at once, from the fields of each.

    Raises:
        Invalid: all faults, keyed `items.3.acts`; none given, or too many.
    """
    if not 0 < len(given) <= MOST_AT_ONCE:
        raise Invalid({"items": [explain("points_how_many", most=MOST_AT_ONCE)]})
    made: list[ContributionRequest] = []
    faults: dict[str, Sequence[Explanation]] = {}
    for number, fields in enumerate(given):
        try:
            made.append(ContributionRequest(**fields))
        except Invalid as refusal:
            faults |= {f"items.{number}.{name}": found for name, found in refusal.errors.items()}
    if faults:
        raise Invalid(faults)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalRequest:
    """Why a contribution is withdrawn."""

    reason: str

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.text("reason", most=LONGEST_REASON, required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectionRequest:
    """What somebody says against a contribution that is posted."""

    reason: str

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.text("reason", most=LONGEST_WORDS, required=True, lines=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRequest:
    """What the staff say to objections."""

    upheld: bool
    note: str

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.text("note", most=LONGEST_WORDS, required=True, lines=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalRequest:
    """How much of a transfer is taken back, and why; None: all that is left of it."""

    reason: str
    points: int | None = None

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.whole("points")
            check.text("reason", most=LONGEST_REASON, required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRequest:
    """Points to add to an account or, below zero, to take away."""

    holder_id: Id
    points: int
    reason: str

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.whole("points", least=-LARGEST_WHOLE)
            if self.points == 0:
                check.fault("points", "points_not_zero")
            check.text("reason", most=LONGEST_REASON, required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftRequest:
    """Points that one group offers another."""

    giver_id: Id
    receiver_id: Id
    points: int
    reason: str = ""

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.whole("points")
            check.text("reason", most=LONGEST_REASON)
            if self.giver_id == self.receiver_id:
                check.fault("receiver_id", "points_gift_to_itself")


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest:
    """Points to set aside until they are captured or released."""

    holder_id: Id
    points: int
    reason: str
    expires_at: datetime

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.whole("points")
            check.text("reason", most=LONGEST_REASON, required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRequest:
    """How much of a hold; None: all that is open."""

    points: int | None = None

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.whole("points")


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRequest:
    """A category to make."""

    code: str
    name: str

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.text("name", most=60, required=True)
            if not _CODE.fullmatch(self.code):
                check.fault("code", "points_bad_code")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRequest:
    """A version of a category's rule. Caps None: none."""

    category: str
    per: str
    points: int
    valid_from: date
    member_share: int = 0
    daily_cap: int | None = None
    monthly_cap: int | None = None

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.one_of("per", {"act", "hour"})
            check.whole("points", most=MOST_POINTS)
            check.whole("member_share", least=0, most=100)
            check.whole("daily_cap", most=LARGEST_WHOLE)
            check.whole("monthly_cap", most=LARGEST_WHOLE)
            check.day("valid_from")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRequest:
    """Figures of a policy by their names; those left out stay as they are. `valid_from` absent or not after today: at once."""

    figures: Mapping[str, Any]
    valid_from: date | None

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.day("valid_from")
