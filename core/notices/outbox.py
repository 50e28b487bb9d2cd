"""Notices: written down with the act, sent by a sweep. The sender of today writes them to the log."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import delete, select

from core import clock
from core.db import Id, locked, session
from core.explanations import Explanation, pack
from core.notices.models import Outbox

log = logging.getLogger("linli.notices")
KEEP = timedelta(days=90)  # sent notices are swept after this
_BATCH = 500


def notify(resident_id: Id, words: Explanation) -> None:
    """Let a resident know, if and when the present act is kept."""
    session.add(Outbox(resident_id=resident_id, words=words, at=clock.now()))


def send_due() -> int:
    """Send what waits; answers how many were sent. A notice sent twice is better than one lost."""
    waiting = session.scalars(
        locked(select(Outbox).where(Outbox.sent_at.is_(None)).order_by(Outbox.at).limit(_BATCH))
    ).all()
    for notice in waiting:
        log.info("notice to %s: %s", notice.resident_id, pack(notice.words))
        notice.sent_at = clock.now()
    session.execute(delete(Outbox).where(Outbox.sent_at < clock.now() - KEEP))
    return len(waiting)
