"""Tables: notices, which of them also go by e-mail, and the community's quiet hours.

A notice is written in the transaction of the act that causes it. Its reader finds it in the inbox at once; what leaves the house
is handed on afterwards.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Id, Scoped, Tenant, link, ref
from core.explanations import Explained, Explanation

A_DAY = 24 * 60  # minutes


class NoticeKind(StrEnum):
    """What a notice is for its reader, who chooses by it what also comes by e-mail."""

    REMINDER = "reminder"  # of something to come; no use once that has begun
    CHANGE = "change"  # in something the reader counts on
    REQUEST = "request"  # somebody waits for an answer
    NEWS = "news"  # all else
    INSIDE = "inside"  # about the house's own e-mail: it stays in the inbox


BY_MAIL = (NoticeKind.REMINDER, NoticeKind.CHANGE, NoticeKind.REQUEST, NoticeKind.NEWS)


class Outbox(Tenant):
    """A notice to a resident, or to an account (a manager may be no resident); once for each key."""

    __tablename__ = "core_outbox"
    __table_args__ = (
        Index(None, "community_id", "sent_at"),
        Index(None, "community_id", "resident_id", "read_at"),
        Index(None, "community_id", "account_id", "read_at"),
        Index(None, "community_id", "about_id"),
        UniqueConstraint("community_id", "key"),
        CheckConstraint("(resident_id IS NULL) <> (account_id IS NULL)", name="one_reader"),
    )

    resident_id: Mapped[Id | None] = ref("core_resident")
    account_id: Mapped[Id | None] = ref("core_account")
    key: Mapped[str | None]
    words: Mapped[Explanation] = mapped_column(Explained)
    kind: Mapped[NoticeKind] = mapped_column(default=NoticeKind.NEWS)
    page: Mapped[str | None]  # the endpoint of the page of what it speaks of
    about_id: Mapped[Id | None]  # the one id in that page's address; no foreign key leads into a plugin
    begins_at: Mapped[datetime | None]  # when what it speaks of begins, or can no longer be answered
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]  # handed on to those who want it by e-mail


class MailState(StrEnum):
    """The life of an e-mail: it waits, then one of the others."""

    WAITING = "waiting"
    SENT = "sent"
    DROPPED = "dropped"  # no longer wanted, or of no more use
    GIVEN_UP = "given_up"


class Mail(Tenant):
    """A notice that goes to an account by e-mail, once. Its text is written when it leaves."""

    __tablename__ = "core_mail"
    __table_args__ = (
        UniqueConstraint("community_id", "notice_id", "account_id"),
        Index(None, "community_id", "state", "due_at"),
        CheckConstraint("tries >= 0", name="tries"),
    )

    notice_id: Mapped[Id] = ref("core_outbox")
    account_id: Mapped[Id] = ref("core_account")
    state: Mapped[MailState] = mapped_column(default=MailState.WAITING)
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)  # whoever sends knows by it whether the mail is still theirs
    taken_until: Mapped[datetime | None]  # real time; until then one sender has it
    settled_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")  # what the server said last

    notice: Mapped[Outbox] = link(notice_id)


class QuietHours(Scoped):
    """When no e-mail leaves, in minutes from local midnight; both the same: it leaves at any time. Absent: the usual ones."""

    __tablename__ = "core_quiet_hours"
    __table_args__ = (
        CheckConstraint(f"begins BETWEEN 0 AND {A_DAY - 1}", name="begins"),
        CheckConstraint(f"ends BETWEEN 0 AND {A_DAY - 1}", name="ends"),
    )

    begins: Mapped[int]
    ends: Mapped[int]
