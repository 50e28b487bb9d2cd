"""The figures of booking. Each is a default; a community's manager may change it from a day on."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.faults import checking

A_DAY = 24 * 60  # minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class NoShowRule:
    """The `count`th no-show within `days` closes the early window until the end of the `closed_days`th day after."""

    count: int = 3
    days: int = 60
    closed_days: int = 30

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.whole("count", least=1, most=100)
            check.whole("days", least=1, most=730)
            check.whole("closed_days", least=0, most=730)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingPolicy:
    """What everyone gets, and the cut-offs."""

    base_session_minutes: int = 120
    base_week_minutes: int = 240
    base_early_days: int = 7
    window_opens: int = 8 * 60  # minutes from local midnight
    cancel_hours: int = 24
    shorten_hours: int = 2
    check_in_before: int = 30  # minutes
    check_in_after: int = 15
    no_shows: NoShowRule = field(default_factory=NoShowRule)
    series_confirm_days: int = 0  # ahead must a series be confirmed whose last date went unused; 0: never
    public_board: bool = True  # the board of today's sessions, which strangers may read

    def __post_init__(self) -> None:
        with checking(self) as check:
            check.whole("base_session_minutes", least=0, most=A_DAY)
            check.whole("base_week_minutes", least=0, most=7 * A_DAY)
            check.whole("base_early_days", least=0, most=730)
            check.whole("window_opens", least=0, most=A_DAY - 1)
            check.whole("cancel_hours", least=0, most=24 * 60)
            check.whole("shorten_hours", least=0, most=24 * 60)
            check.whole("check_in_before", least=0, most=A_DAY)
            check.whole("check_in_after", least=0, most=A_DAY)
            check.whole("series_confirm_days", least=0, most=60)
