"""Tables: categories and their rules; contributions and awards; the ledger with its accounts, lots and holds."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.contract import Hold as HoldValue
from core.contract import HoldState
from core.db import Id, Scoped, Tenant, link, links, ref
from core.explanations import Explained, Explanation
from core.people.models import Holder


class Category(Tenant):
    """A kind of civic act. Programs and sheets know it by its code."""

    __tablename__ = "points_category"
    __table_args__ = (UniqueConstraint("community_id", "code"), UniqueConstraint("community_id", "name"))

    code: Mapped[str]
    name: Mapped[str]  # sheets know it by its name: so no two alike


class Per(StrEnum):
    """What a rule counts."""

    ACT = "act"
    HOUR = "hour"


class Rule(Tenant):
    """What a category earns from a day on. The latest (`valid_from`, `seq`) not after a day is in force on it.

    Never changed; until its day comes it may be taken back.
    """

    __tablename__ = "points_rule"
    __table_args__ = (
        UniqueConstraint("community_id", "category_id", "valid_from", "seq"),
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("taken_back_on < valid_from", name="taken_back"),
    )

    category_id: Mapped[Id] = ref("points_category")
    per: Mapped[Per]
    points: Mapped[int]
    member_share: Mapped[int]  # percent of the group's points that each member named gets
    daily_cap: Mapped[int | None]
    monthly_cap: Mapped[int | None]
    valid_from: Mapped[date]
    seq: Mapped[int]
    account_id: Mapped[Id | None] = ref("core_account")
    at: Mapped[datetime]
    taken_back_on: Mapped[date | None]
    taken_back_by: Mapped[Id | None] = ref("core_account")
    category: Mapped[Category] = link(category_id, lazy="joined", innerjoin=True)


class State(StrEnum):
    """Where a contribution, and so each of its awards, stands."""

    POSTED = "posted"
    OBJECTED = "objected"
    CREDITED = "credited"
    WITHDRAWN = "withdrawn"


class Contribution(Tenant):
    """A civic act, recorded once for each `key`."""

    __tablename__ = "points_contribution"
    __table_args__ = (
        UniqueConstraint("community_id", "key"),
        Index(None, "community_id", "occurred_on", "id"),
        Index(None, "community_id", "state", "credits_on"),
        CheckConstraint("(minutes IS NULL) <> (acts IS NULL)", name="one_amount"),
    )

    key: Mapped[str]
    source: Mapped[str]  # the plugin that told, or "staff"
    category_id: Mapped[Id] = ref("points_category")
    holder_id: Mapped[Id] = ref("core_holder")
    occurred_on: Mapped[date]
    minutes: Mapped[int | None]
    acts: Mapped[int | None]
    note: Mapped[str]
    evidence: Mapped[str] = mapped_column(default="")  # the number of the paper it stands on
    state: Mapped[State]
    recorded_at: Mapped[datetime]
    credits_on: Mapped[date]  # credited as of 00:00 of this day; the day of recording: at once
    account_id: Mapped[Id | None] = ref("core_account")
    recorded_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]
    withdrawn_reason: Mapped[str | None]
    category: Mapped[Category] = link(category_id, lazy="joined", innerjoin=True)
    holder: Mapped[Holder] = link(holder_id, lazy="joined", innerjoin=True)
    awards: Mapped[list[Award]] = links(lambda: Award.contribution_id, viewonly=True, order_by=lambda: Award.id)
    objections: Mapped[list[Objection]] = links(
        lambda: Objection.contribution_id, viewonly=True, order_by=lambda: (Objection.at, Objection.id)
    )


class Award(Tenant):
    """What a contribution gives one holder. `state` is the contribution's, repeated here where caps and standing count."""

    __tablename__ = "points_award"
    __table_args__ = (
        UniqueConstraint("community_id", "contribution_id", "holder_id"),
        Index(None, "community_id", "holder_id", "day"),
        Index(None, "community_id", "transfer_id"),
        CheckConstraint("points >= 0", name="points"),
        CheckConstraint("reversed >= 0 AND reversed <= points", name="reversed"),
    )

    contribution_id: Mapped[Id] = ref("points_contribution")
    holder_id: Mapped[Id] = ref("core_holder")
    category_id: Mapped[Id] = ref("points_category")
    day: Mapped[date]  # the contribution's own
    points: Mapped[int]
    reversed: Mapped[int] = mapped_column(default=0)  # of them taken back one by one; standing counts the rest
    reason: Mapped[Explanation] = mapped_column(Explained)
    state: Mapped[State]
    transfer_id: Mapped[Id | None] = ref("points_transfer")  # that credited it
    holder: Mapped[Holder] = link(holder_id, lazy="joined", innerjoin=True)

    @property
    def left(self) -> int:
        """What it is worth now or, while posted, will be: what was taken back is off."""
        return 0 if self.state is State.WITHDRAWN else self.points - self.reversed


class Objection(Tenant):
    """What one person says against a contribution that is posted, once; and what the staff said to it."""

    __tablename__ = "points_objection"
    __table_args__ = (
        UniqueConstraint("community_id", "contribution_id", "person"),
        CheckConstraint("(upheld IS NULL) = (decided_at IS NULL)", name="decided"),
    )

    contribution_id: Mapped[Id] = ref("points_contribution")
    person: Mapped[str]  # "resident:<id>" or, of an account without one, "account:<id>"
    name: Mapped[str]  # of whoever objected, as it was
    reason: Mapped[str]
    account_id: Mapped[Id | None] = ref("core_account")
    at: Mapped[datetime]
    upheld: Mapped[bool | None]  # None: not decided yet
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    note: Mapped[str | None]  # the staff's words


class AccountKind(StrEnum):
    """Whose points an account counts. All but OWN belong to the centre: where points come from and go to."""

    OWN = "own"
    ISSUE = "issue"
    SPENT = "spent"
    EXPIRED = "expired"


class Account(Tenant):
    """Points of one holder. `balance` and `held` are kept beside the lines and the holds, in the same transaction."""

    __tablename__ = "points_account"
    __table_args__ = (UniqueConstraint("community_id", "holder_id", "kind"), CheckConstraint("held >= 0", name="held"))

    holder_id: Mapped[Id] = ref("core_holder")
    kind: Mapped[AccountKind]
    balance: Mapped[int] = mapped_column(BigInteger, default=0)  # below 0: a debt
    held: Mapped[int] = mapped_column(BigInteger, default=0)  # of open holds, covered or not
    lots: Mapped[int] = mapped_column(default=0)  # how many were made: the next one's number


class Kind(StrEnum):
    """What a transfer is."""

    EARNED = "earned"
    SPENT = "spent"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REVERSED = "reversed"
    CORRECTED = "corrected"
    GIVEN = "given"
    MOVED = "moved"  # of a group that was merged or dissolved


class Transfer(Tenant):
    """One movement between accounts, once for each `key`. Never changed; its lines sum to zero."""

    __tablename__ = "points_transfer"
    __table_args__ = (UniqueConstraint("community_id", "key"), Index(None, "community_id", "reverses_id"))

    key: Mapped[str]
    kind: Mapped[Kind]
    reason: Mapped[Explanation] = mapped_column(Explained)
    at: Mapped[datetime]  # the moment it belongs to, however late it was posted
    posted_at: Mapped[datetime]
    reverses_id: Mapped[Id | None] = ref("points_transfer")


class Line(Scoped):
    """What a transfer does to one account."""

    __tablename__ = "points_line"
    __table_args__ = (Index(None, "community_id", "account_id", "at"), CheckConstraint("points <> 0", name="points"))

    transfer_id: Mapped[Id] = ref("points_transfer", primary_key=True)
    account_id: Mapped[Id] = ref("points_account", primary_key=True)
    at: Mapped[datetime]  # the transfer's
    points: Mapped[int]


class Lot(Tenant):
    """Points of one credit that expire together: points = remaining + uses. Spent by `expires_on`, then `seq`."""

    __tablename__ = "points_lot"
    __table_args__ = (
        UniqueConstraint("community_id", "account_id", "seq"),
        Index(None, "community_id", "account_id", "remaining"),
        Index(None, "community_id", "expires_on", "remaining"),
        Index(None, "community_id", "contribution_id"),
        CheckConstraint("held >= 0 AND held <= remaining AND remaining <= points", name="amounts"),
    )

    account_id: Mapped[Id] = ref("points_account")
    seq: Mapped[int]
    transfer_id: Mapped[Id] = ref("points_transfer")  # that credited it
    contribution_id: Mapped[Id | None] = ref("points_contribution")
    expires_on: Mapped[date]  # usable until the end of this day
    points: Mapped[int]
    remaining: Mapped[int]
    held: Mapped[int] = mapped_column(default=0)  # of what remains, set aside by open holds


class Use(Scoped):
    """How much of a lot a spending, an expiry or a reversal took; by the lot's own credit: what of it repaid a debt."""

    __tablename__ = "points_use"
    __table_args__ = (Index(None, "community_id", "lot_id"), CheckConstraint("points > 0", name="points"))

    transfer_id: Mapped[Id] = ref("points_transfer", primary_key=True)
    lot_id: Mapped[Id] = ref("points_lot", primary_key=True)
    points: Mapped[int]


class Hold(Tenant):
    """Points set aside, once for each `key`: captured + released ≤ points."""

    __tablename__ = "points_hold"
    __table_args__ = (
        UniqueConstraint("community_id", "key"),
        Index(None, "community_id", "account_id", "open"),
        Index(None, "community_id", "open", "until"),
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("captured >= 0 AND released >= 0 AND captured + released <= points", name="parts"),
        CheckConstraint("open = points - captured - released", name="open"),
    )

    account_id: Mapped[Id] = ref("points_account")
    holder_id: Mapped[Id] = ref("core_holder")
    key: Mapped[str]
    points: Mapped[int]
    captured: Mapped[int] = mapped_column(default=0)
    released: Mapped[int] = mapped_column(default=0)
    open: Mapped[int]  # neither captured nor released
    reason: Mapped[Explanation] = mapped_column(Explained)
    until: Mapped[datetime | None]
    made_at: Mapped[datetime]
    holder: Mapped[Holder] = link(holder_id)

    @property
    def state(self) -> HoldState:
        """Open while any of it is; then captured if any of it was."""
        if self.open:
            return HoldState.OPEN
        return HoldState.CAPTURED if self.captured else HoldState.RELEASED

    def value(self) -> HoldValue:
        """As it crosses a hook."""
        return HoldValue(
            id=self.id,
            holder_id=self.holder_id,
            points=self.points,
            captured=self.captured,
            released=self.released,
            state=self.state,
            until=self.until,
        )


class SetAside(Scoped):
    """How much of a lot an open hold has. Less than the hold's open points when a withdrawal took what it had."""

    __tablename__ = "points_set_aside"
    __table_args__ = (Index(None, "community_id", "lot_id"), CheckConstraint("points > 0", name="points"))

    hold_id: Mapped[Id] = ref("points_hold", primary_key=True)
    lot_id: Mapped[Id] = ref("points_lot", primary_key=True)
    points: Mapped[int]


class HoldPart(Scoped):
    """A capture or a release of a hold, in order: what was held at a moment of the past."""

    __tablename__ = "points_hold_part"
    __table_args__ = (CheckConstraint("points > 0", name="points"),)

    hold_id: Mapped[Id] = ref("points_hold", primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]  # the moment it belongs to
    points: Mapped[int]
    transfer_id: Mapped[Id | None] = ref("points_transfer")  # None: released


class GiftState(StrEnum):
    """Where an offer of points stands."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TAKEN_BACK = "taken_back"


class Gift(Tenant):
    """Points that one group offers another. They move when the other's leader accepts."""

    __tablename__ = "points_gift"
    __table_args__ = (
        Index(None, "community_id", "giver_id", "state", "month"),
        Index(None, "community_id", "receiver_id", "state"),
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("giver_id <> receiver_id", name="other"),
        CheckConstraint("(state = 'accepted') = (transfer_id IS NOT NULL)", name="moved"),
    )

    giver_id: Mapped[Id] = ref("core_holder")
    receiver_id: Mapped[Id] = ref("core_holder")
    points: Mapped[int]
    reason: Mapped[str]
    state: Mapped[GiftState]
    offered_at: Mapped[datetime]
    offered_by: Mapped[str]
    account_id: Mapped[Id | None] = ref("core_account")
    month: Mapped[date | None]  # the first day of the calendar month in which it was accepted: the cap counts by it
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    transfer_id: Mapped[Id | None] = ref("points_transfer")
    giver: Mapped[Holder] = link(giver_id, lazy="joined", innerjoin=True)
    receiver: Mapped[Holder] = link(receiver_id, lazy="joined", innerjoin=True)
