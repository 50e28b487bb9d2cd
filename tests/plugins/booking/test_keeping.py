"""A series whose last date went unused is asked whether it goes on: one tap keeps the next date, else it is freed."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from core.db import session
from core.errors import Forbidden, WrongState
from core.notices.models import Outbox
from plugins.booking import attendance, charges, keeping, moving, occupancy, rules, series
from plugins.booking.attendance import TooLate
from plugins.booking.models import Reservation, Room, Side, State, Status
from plugins.booking.policy import BookingPolicy
from plugins.booking.requests import CancellationRequest, ChangeRequest, ForgivenessRequest, PolicyChange
from plugins.booking.reserve import cancel
from tests.kit import SYSTEM, Cast, actor_of
from tests.plugins.booking.kit import FakePoints, a_reservation, a_series, at, refresh, set_clock


def switch(days: int) -> None:
    rules.put(PolicyChange(policy=BookingPolicy(series_confirm_days=days)), by=SYSTEM)


def rehearsals(within: Cast, hall: Room, text: str = "FREQ=WEEKLY;COUNT=4", **more: Any) -> list[Reservation]:
    """Four Thursdays of the choir from today on, 14:00 to 16:00."""
    wish = a_series(hall, within.choir, "11-26 14:00", "11-26 16:00", text, override_reason="演出", **more)
    return list(series.make(wish, by=actor_of("li")).dates)


def sweep() -> int:
    found = attendance.sweep(), keeping.sweep()
    refresh()
    return found[1]


def told(code: str) -> int:
    return sum(one.words.code == code for one in session.scalars(select(Outbox)))


def asked(made: list[Reservation]) -> list[bool]:
    return [one.confirm_until is not None for one in made]


def test_it_is_off_where_nobody_switched_it_on(within: Cast, hall: Room) -> None:
    made = rehearsals(within, hall)
    set_clock("11-27 09:00")
    assert (sweep(), asked(made)) == (0, [False] * 4)


def test_the_next_date_of_an_unused_series_is_asked_for_once_and_kept_by_one_tap(within: Cast, hall: Room) -> None:
    switch(7)
    made = rehearsals(within, hall)
    set_clock("14:15")
    assert sweep() == 0  # they may still come
    set_clock("14:16")
    assert (sweep(), sweep(), asked(made)) == (1, 0, [False, True, False, False])
    assert made[1].confirm_until == at("12-02 14:00")  # as long as cancelling is free
    assert told("booking.series_asked") == 1
    with pytest.raises(Forbidden):
        keeping.confirm(made[1].id, by=actor_of("zhao"))
    keeping.confirm(made[1].id, by=actor_of("zhang"))
    with pytest.raises(WrongState):
        keeping.confirm(made[1].id, by=actor_of("zhang"))
    set_clock("12-02 15:00")
    assert (sweep(), made[1].status) == (0, Status.CONFIRMED)


def test_b10_what_nobody_answers_for_is_freed_as_of_its_moment_however_late_the_sweep(
    within: Cast, hall: Room, points: FakePoints
) -> None:
    switch(7)
    points.give(within.choir, "gold", 15)
    wish = a_series(hall, within.choir, "11-26 14:00", "11-26 16:30", "FREQ=WEEKLY;COUNT=3")
    made = series.make(wish, by=actor_of("zhang")).dates
    set_clock("11-27 09:00")
    sweep()
    set_clock("12-03 09:00")
    with pytest.raises(TooLate):
        keeping.confirm(made[1].id, by=actor_of("zhang"))
    assert (sweep(), sweep()) == (1, 0)
    freed = made[1]
    assert (freed.status, freed.cancelled_by, freed.cancelled_late) == (Status.CANCELLED, Side.CENTRE, False)
    assert freed.cancelled_at == at("12-02 14:00")
    assert points.said[-1] == ("released", 5, at("12-02 14:00"))
    assert told("booking.series_freed") == 1
    a_reservation(hall, within.orchestra, "12-03 14:00", "12-03 15:00")
    assert [*occupancy.broken(), *charges.broken(), *series.broken()] == []


def test_b10_what_nobody_answered_for_stands_in_no_way_and_is_no_no_show_though_no_sweep_has_run(
    within: Cast, hall: Room
) -> None:
    switch(7)
    made = rehearsals(within, hall)
    set_clock("11-27 09:00")
    sweep()
    switch(0)  # who was asked before must still answer
    set_clock("12-02 15:00")
    assert made[1].state(at("12-02 15:00")) is State.CANCELLED
    with pytest.raises(TooLate):
        cancel(made[1].id, CancellationRequest(), by=actor_of("zhang"))
    other = a_reservation(hall, within.orchestra, "12-03 15:00", "12-03 15:30")
    set_clock("12-03 14:00")
    with pytest.raises(TooLate):
        attendance.check_in(made[1].id, by=actor_of("zhang"))
    set_clock("12-05 09:00")  # late
    attendance.sweep()
    assert sweep() == 1
    assert [one.state(at("12-05 09:00")).value for one in made] == ["missed", "cancelled", "confirmed", "confirmed"]
    assert (made[1].cancelled_at, other.status) == (at("12-02 14:00"), Status.MISSED)
    assert told("booking.no_show") == 2  # the one of 26 November, and the orchestra's
    assert [*occupancy.broken(), *charges.broken(), *series.broken()] == []


def test_whoever_moves_a_date_that_is_asked_for_will_use_it(within: Cast, hall: Room) -> None:
    switch(7)
    made = rehearsals(within, hall)
    set_clock("11-27 09:00")
    sweep()
    moving.change(made[1].id, ChangeRequest(ends_at=at("12-03 15:30")), by=actor_of("li"))
    set_clock("12-02 15:00")
    assert (sweep(), asked(made), told("booking.series_asked")) == (0, [False] * 4, 0)


def test_the_one_after_a_freed_date_is_asked_for_too_until_somebody_comes(within: Cast, hall: Room) -> None:
    switch(7)
    made = rehearsals(within, hall)
    for clock in ("11-27 09:00", "12-02 15:00"):
        set_clock(clock)
        sweep()
    assert [one.status.value for one in made] == ["missed", "cancelled", "confirmed", "confirmed"]
    set_clock("12-03 14:30")
    assert (sweep(), asked(made)[2]) == (1, True)  # the last that counted is still the one nobody came to
    keeping.confirm(made[2].id, by=actor_of("zhang"))
    set_clock("12-10 14:00")
    attendance.check_in(made[2].id, by=actor_of("zhang"))
    set_clock("12-11 09:00")
    assert (sweep(), asked(made)) == (0, [False, True, False, False])


def test_who_is_forgiven_comes_or_cancels_in_time_is_not_asked(within: Cast, hall: Room) -> None:
    switch(7)
    made = rehearsals(within, hall)
    set_clock("14:16")
    attendance.forgive(made[0].id, ForgivenessRequest(reason="停电"), by=actor_of("li"))
    assert (sweep(), asked(made)) == (0, [False] * 4)
    set_clock("12-03 09:00")
    cancel(made[1].id, CancellationRequest(), by=actor_of("zhang"))  # too late: it went unused
    set_clock("12-03 15:00")
    assert (sweep(), asked(made)) == (1, [False, False, True, False])


def test_whom_there_is_no_time_to_ask_keeps_the_date_and_the_centre_is_never_asked(within: Cast, hall: Room) -> None:
    switch(7)
    daily = rehearsals(within, hall, "FREQ=DAILY;COUNT=2")
    own = series.make(a_series(hall, within.centre, "11-26 10:00", "11-26 12:00", "FREQ=WEEKLY;COUNT=3"), by=SYSTEM)
    set_clock("11-26 20:00")  # tomorrow at two: not a day is left to answer
    assert (sweep(), asked([*daily, *own.dates])) == (0, [False] * 5)


def test_the_policy_keeps_the_figure_and_refuses_nonsense(within: Cast) -> None:
    switch(10)
    kept = rules.at().policy
    assert (kept.series_confirm_days, replace(kept, series_confirm_days=0)) == (10, BookingPolicy())
