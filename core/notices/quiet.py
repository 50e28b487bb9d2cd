"""Quiet hours: when no e-mail leaves, save what cannot wait. The community's own row, or else 21:00 to 7:00."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core.accounts import access
from core.audit.record import record
from core.contract import Actor
from core.db import locked, session
from core.faults import checking
from core.notices.models import A_DAY, QuietHours

QUIET_HOURS = "core.quiet_hours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """From when to when, in minutes from local midnight; mostly across it. Both the same: there are none."""

    begins: int = 21 * 60
    ends: int = 7 * 60

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.whole("begins", least=0, most=A_DAY - 1)
            check.whole("ends", least=0, most=A_DAY - 1)

    def end_of(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet hours end that a moment lies in, always after it; None: it lies in none.

        Clocks that are set back pass the end twice: what lies before the second is quiet until then.

        >>> Hours().end_of(datetime.fromisoformat("2026-11-26T21:00+08:00"), ZoneInfo("Asia/Shanghai")).isoformat()
        '2026-11-27T07:00:00+08:00'
        """
        local = moment.astimezone(zone)
        minute = local.hour * 60 + local.minute
        across = self.begins > self.ends
        late, early = minute >= self.begins, minute < self.ends
        if self.begins == self.ends or not ((late or early) if across else (late and early)):
            return None
        day = local.date() + timedelta(days=1 if across and late else 0)
        end = datetime.combine(day, time(self.ends // 60, self.ends % 60), tzinfo=zone)
        # Compared as moments: two of one zone would be compared by what their clocks show.
        return end if end.timestamp() > moment.timestamp() else end.replace(fold=1)


def hours() -> Hours:
    """Those of the community."""
    row = session.scalar(select(QuietHours))
    return Hours() if row is None else Hours(begins=row.begins, ends=row.ends)


def put(new: Hours, *, by: Actor) -> None:
    """Set them, from now on.

    Raises:
        Forbidden: `by` may not.
    """
    access.check(by, QUIET_HOURS)
    row = session.scalar(locked(select(QuietHours)))
    before = Hours() if row is None else Hours(begins=row.begins, ends=row.ends)
    if row is None:
        session.add(QuietHours(begins=new.begins, ends=new.ends))
    else:
        row.begins, row.ends = new.begins, new.ends
    if new != before:
        said = [{"begins": _clock(one.begins), "ends": _clock(one.ends)} for one in (before, new)]
        record("core.quiet_hours", by=by, subject="", before=said[0], after=said[1])


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"
