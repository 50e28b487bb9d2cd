"""The only clock. Tests and demos move it; security time-outs read the real one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


class _Clock:
    """Real time plus an offset, or one frozen moment."""

    offset = timedelta(0)
    frozen: datetime | None = None


_clock = _Clock()


def now() -> datetime:
    """The present moment, aware, in UTC, to the microsecond."""
    return _clock.frozen or real_now() + _clock.offset


def real_now() -> datetime:
    """Real time, for what guards against attackers: lockouts, throttles, leases."""
    return datetime.now(UTC)


def today(zone: ZoneInfo) -> date:
    """The present day in a zone."""
    return now().astimezone(zone).date()


def start_at(moment: datetime, *, frozen: bool = False) -> None:
    """Let the clock run from `moment` on, or stand still there."""
    _clock.offset = moment - real_now()
    _clock.frozen = moment.astimezone(UTC) if frozen else None


def set_offset(offset: timedelta) -> None:
    """Let the clock run at real time plus `offset`: how one server gives all its workers the same time."""
    _clock.offset, _clock.frozen = offset, None


def offset() -> timedelta:
    """How far the running clock is from real time."""
    return _clock.offset


def advance(by: timedelta) -> None:
    """Move on, whether the clock runs or stands."""
    if _clock.frozen is None:
        _clock.offset += by
    else:
        _clock.frozen += by


def reset() -> None:
    """Real time again."""
    set_offset(timedelta(0))


def is_moved() -> bool:
    """Whether the clock shows another time than the real one; a banner says so."""
    return _clock.frozen is not None or abs(_clock.offset) > timedelta(seconds=1)


def is_frozen() -> bool:
    """Whether the clock stands still."""
    return _clock.frozen is not None
