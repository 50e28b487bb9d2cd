"""One date of a series, it and those that follow, or all: the past stays as it was, and nothing else is touched."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core import clock
from core.audit.models import Entry
from core.communities.models import Community
from core.db import Database, Id, savepoint, session, unit
from core.errors import Forbidden, Invalid, WrongState
from core.plugins import House
from plugins.booking import attendance, charges, hours, occupancy, recurrence, scopes, series
from plugins.booking.models import Claim, Reservation, Room, Series, Side, Skipped, State, Status
from plugins.booking.occupancy import RoomTaken
from plugins.booking.requests import (
    CancellationRequest,
    ChangeRequest,
    HoursRequest,
    OpenInterval,
    ReservationRequest,
    SeriesRequest,
)
from plugins.booking.reserve import TooEarly, TooManyPeople
from plugins.booking.series import Booked
from tests.kit import SLUG, SYSTEM, ZONE, Cast, actor_of, enter_slug
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, a_series, at, refresh, set_clock

COLUMNS = [column.key for column in Reservation.__mapper__.columns]


def thursdays(within: Cast, hall: Room, *, count: int = 5, **more: Any) -> list[Reservation]:
    """Five Thursdays of the centre, 14:00 to 16:00, from 26 November on."""
    wish = a_series(hall, within.centre, "11-26 14:00", "11-26 16:00", f"FREQ=WEEKLY;COUNT={count}", **more)
    return list(series.make(wish, by=SYSTEM).dates)


def change(one: Reservation, scope: str, *, by: Any = SYSTEM, **what: Any) -> Booked:
    return scopes.change(one.id, ChangeRequest(scope=scope, **what), by=by)


def cancel(one: Reservation, scope: str, *, by: Any = SYSTEM, **what: Any) -> Booked:
    return scopes.cancel(one.id, CancellationRequest(scope=scope, **what), by=by)


def times(dates: Sequence[Reservation]) -> list[str]:
    return [f"{one.starts_at.astimezone(ZONE):%m-%d %H:%M}" for one in dates]


def rows() -> dict[Id, dict[str, Any]]:
    """Every reservation, with everything that is kept of it."""
    refresh()
    found = session.scalars(select(Reservation)).all()
    return {one.id: {name: getattr(one, name) for name in COLUMNS} for one in found}


def claims() -> dict[Id | None, tuple[Id, datetime, datetime]]:
    found = session.scalars(select(Claim)).all()
    return {one.reservation_id: (one.id, one.starts_at, one.ends_at) for one in found}


def rules() -> list[tuple[str, str]]:
    """What each series says of itself, the oldest first."""
    found = session.scalars(select(Series).order_by(Series.starts_at, Series.id))
    return [(f"{one.starts_at.astimezone(ZONE):%m-%d %H:%M}", one.rule) for one in found]


def sound() -> bool:
    session.flush()
    return [*occupancy.broken(), *charges.broken(), *series.broken()] == []


# --- what for, and how many ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scope", "touched"), [("this", [2]), ("following", [2, 3, 4]), ("all", [1, 2, 3, 4])])
def test_b12_a_title_changes_nothing_else_of_a_series(within: Cast, hall: Room, scope: str, touched: list[int]) -> None:
    made = thursdays(within, hall)
    cancel(made[3], "this")
    set_clock("12-01 09:00")  # the first is over
    before, held, said = rows(), claims(), rules()
    change(made[2], scope, title="春节  合唱", people=30)
    after = rows()
    for place, one in enumerate(made):
        expected = dict(before[one.id])
        if place in touched and place != 3:  # what is cancelled does not come back, nor is it touched
            expected |= {"title": "春节 合唱", "people": 30}
        assert after[one.id] == expected
    assert (claims(), rules()) == (held, said)


def test_b12_nothing_said_is_nothing_changed(within: Cast, hall: Room) -> None:
    made = thursdays(within, hall, title="书法", people=8)
    before, acts = rows(), session.scalar(select(func.count()).select_from(Entry))
    change(made[1], "all", title="书法")
    assert rows() == before
    assert session.scalar(select(func.count()).select_from(Entry)) == acts


def test_more_people_than_one_of_the_rooms_holds_are_refused_and_nobody_is_touched(within: Cast, hall: Room) -> None:
    made = thursdays(within, hall)
    change(made[2], "this", room_id=a_room("小屋", capacity=10).id)
    before = rows()
    with pytest.raises(TooManyPeople), savepoint():
        change(made[0], "all", people=20)
    assert rows() == before
    change(made[3], "following", people=20)
    assert [rows()[one.id]["people"] for one in made] == [None, None, None, 20, 20]


# --- another time or room --------------------------------------------------------------------------------------------


def test_b11_moving_one_date_touches_no_sibling(within: Cast, hall: Room) -> None:
    made = thursdays(within, hall)
    before, held = rows(), claims()
    change(made[2], "this", starts_at=at("12-11 10:00"), ends_at=at("12-11 11:00"))  # another day, too
    after, now = rows(), claims()
    for one in made:
        if one is not made[2]:
            assert (after[one.id], now[one.id]) == (before[one.id], held[one.id])
    assert after[made[2].id]["series_day"] == date(2026, 12, 10)
    assert rules() == [("11-26 14:00", "FREQ=WEEKLY;BYDAY=TH;COUNT=5")]
    assert sound()


def test_b6_all_keeps_the_past_and_goes_on_as_another_series(within: Cast, hall: Room) -> None:
    made = thursdays(within, hall)
    set_clock("12-01 09:00")
    past = rows()[made[0].id]
    touched = change(made[2], "all", starts_at=at("12-10 15:00"), ends_at=at("12-10 16:30"))
    assert times(touched.dates) == ["12-03 15:00", "12-10 15:00", "12-17 15:00", "12-24 15:00"]
    assert {one.minutes for one in touched.dates} == {90}
    assert rows()[made[0].id] == past
    assert rules() == [
        ("11-26 14:00", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20261126T060000Z"),
        ("12-03 15:00", "FREQ=WEEKLY;BYDAY=TH;COUNT=4"),
    ]
    assert [one["series_day"] for one in rows().values()] == [date(2026, 11, 26) + timedelta(weeks=n) for n in range(5)]
    assert sound()


def test_all_of_a_series_that_has_not_begun_stays_one_series(within: Cast, hall: Room) -> None:
    made, other = thursdays(within, hall, without=("12-10",)), a_room("画室")
    change(made[1], "all", room_id=other.id)
    assert {one["room_id"] for one in rows().values()} == {other.id}
    [kept] = session.scalars(select(Series))
    assert (kept.room_id, kept.exceptions, kept.rule) == (other.id, ["2026-12-10"], "FREQ=WEEKLY;BYDAY=TH;COUNT=5")
    assert sound()


def test_following_splits_a_series_in_two_with_what_was_skipped_and_left_out(within: Cast, hall: Room) -> None:
    a_reservation(hall, within.orchestra, "12-03 15:00", "12-03 16:00")
    made = thursdays(within, hall, count=6, without=("12-17",), skip=True)  # 11-26, 12-10, 12-24, 12-31
    assert times(made) == ["11-26 14:00", "12-10 14:00", "12-24 14:00", "12-31 14:00"]
    touched = change(made[1], "following", ends_at=at("12-10 17:00"))
    assert times(touched.dates) == ["12-10 14:00", "12-24 14:00", "12-31 14:00"]
    first, second = session.scalars(select(Series).order_by(Series.starts_at)).all()
    assert [one.rule for one in (first, second)] == [
        "FREQ=WEEKLY;BYDAY=TH;UNTIL=20261203T060000Z",
        "FREQ=WEEKLY;BYDAY=TH;COUNT=4",
    ]
    assert (first.exceptions, second.exceptions) == ([], ["2026-12-17"])
    assert [(one.series_id, one.day) for one in session.scalars(select(Skipped))] == [(first.id, date(2026, 12, 3))]
    assert [rows()[one.id]["series_id"] for one in made] == [first.id, second.id, second.id, second.id]
    assert sound()


def test_a_date_in_the_gap_of_summer_time_does_not_take_the_others_along(
    within: Cast, hall: Room, booking_house: House
) -> None:
    """Half past two does not exist on 14 March 2027 in New York: that date is an hour later, the others stay."""
    session.scalars(select(Community).where(Community.slug == SLUG)).one().zone = "America/New_York"
    session.flush()
    zone = enter_slug(booking_house, SLUG).zone
    week = tuple(OpenInterval(weekday=weekday, opens=0, closes=1440) for weekday in range(7))
    hours.put(hall.id, HoursRequest(hours=week), by=SYSTEM)
    starts_at = datetime(2027, 3, 7, 2, 30, tzinfo=zone)
    first = ReservationRequest(
        room_id=hall.id, holder_id=within.centre.id, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1)
    )
    rule = recurrence.read("FREQ=WEEKLY;COUNT=3", starts_at=starts_at, zone=zone)
    made = series.make(SeriesRequest(first=first, rule=rule), by=SYSTEM).dates
    for longer in (1, 2):
        assert [f"{one.starts_at.astimezone(zone):%m-%d %H:%M}" for one in made] == [
            "03-07 02:30",
            "03-14 03:30",
            "03-21 02:30",
        ]
        assert {one.minutes for one in made} == {longer * 60}
        if longer == 1:
            change(made[1], "all", ends_at=made[1].starts_at + timedelta(hours=2))
    assert sound()


def test_dates_that_were_moved_by_themselves_stay_where_they_are(within: Cast, hall: Room) -> None:
    made = thursdays(within, hall)
    change(made[3], "this", starts_at=at("12-17 18:00"), ends_at=at("12-17 19:00"))
    before = rows()[made[3].id]
    touched = change(made[1], "all", starts_at=at("12-03 09:00"), ends_at=at("12-03 11:00"))
    assert times(touched.dates) == ["11-26 09:00", "12-03 09:00", "12-10 09:00", "12-24 09:00"]
    assert rows()[made[3].id] == before


def test_one_date_that_cannot_move_refuses_all_and_is_named(within: Cast, hall: Room) -> None:
    made = thursdays(within, hall)
    a_reservation(hall, within.centre, "12-17 16:00", "12-17 17:00")
    before = (rows(), claims(), rules())
    with pytest.raises(RoomTaken) as refusal, savepoint():
        change(made[0], "all", ends_at=at("11-26 16:30"))
    assert [one["starts_at"] for one in refusal.value.facts["dates"]] == [at("12-17 14:00")]
    assert (rows(), claims(), rules()) == before


def test_several_dates_stay_on_their_own_days(within: Cast, hall: Room) -> None:
    made = thursdays(within, hall)
    with pytest.raises(Invalid) as refusal:
        change(made[1], "all", starts_at=at("12-04 14:00"), ends_at=at("12-04 16:00"))
    assert [fault.code for fault in refusal.value.errors["starts_at"]] == ["other_day_of_series"]


def test_b7_of_the_week_and_the_points_only_the_change_counts(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 10)
    wish = a_series(hall, within.choir, "11-26 14:00", "11-26 16:30", "FREQ=WEEKLY;COUNT=2")
    made = series.make(wish, by=actor_of("zhang")).dates
    assert points.available[within.choir.id] == 0
    by = actor_of("zhang")
    change(made[0], "all", by=by, starts_at=at("11-26 15:00"), ends_at=at("11-26 17:30"))
    assert ([one.price_points for one in made], points.available[within.choir.id]) == ([5, 5], 0)
    change(made[0], "all", by=by, ends_at=at("11-26 17:00"))
    assert ([one.price_points for one in made], points.available[within.choir.id]) == ([0, 0], 10)
    assert sound()


def test_what_a_manager_set_aside_is_set_aside_for_a_manager_who_moves_it(within: Cast, hall: Room) -> None:
    wish = a_series(hall, within.choir, "11-26 14:00", "11-26 16:00", "FREQ=WEEKLY;COUNT=4", override_reason="演出")
    made = series.make(wish, by=actor_of("li")).dates
    later = {"starts_at": at("11-26 15:00"), "ends_at": at("11-26 17:00")}
    with pytest.raises(TooEarly), savepoint():
        change(made[0], "all", by=actor_of("zhang"), **later)
    change(made[0], "all", by=actor_of("li"), **later)
    refresh()
    assert [(one.starts_at.astimezone(ZONE).hour, one.overridden) for one in made] == [
        (15, []),
        (15, []),
        (15, ["too_early"]),
        (15, ["too_early"]),
    ]


# --- giving up -------------------------------------------------------------------------------------------------------


def test_b11_cancelling_one_date_touches_no_sibling(within: Cast, hall: Room) -> None:
    made = thursdays(within, hall)
    before, held = rows(), claims()
    cancel(made[1], "this")
    after = rows()
    assert [after[one.id]["status"] for one in made] == ["confirmed", "cancelled", *["confirmed"] * 3]
    assert all(after[one.id] == before[one.id] for one in made if one is not made[1])
    assert claims() == {key: value for key, value in held.items() if key != made[1].id}
    assert sound()


def test_b6_following_keeps_what_was_before_and_ends_the_rule_there(within: Cast, hall: Room) -> None:
    made = thursdays(within, hall)
    gone = cancel(made[2], "following", reason="放假")
    assert times(gone.dates) == ["12-10 14:00", "12-17 14:00", "12-24 14:00"]
    assert rules() == [("11-26 14:00", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20261203T060000Z")]
    assert not series.look(_series_of(made), by=SYSTEM).ended
    with pytest.raises(WrongState):
        cancel(made[2], "following")
    assert sound()


def test_b6_deleting_the_last_date_ends_the_series(within: Cast, hall: Room) -> None:
    made = thursdays(within, hall, count=3)
    set_clock("12-01 09:00")
    cancel(made[1], "this")
    assert not series.look(_series_of(made), by=SYSTEM).ended
    cancel(made[2], "this")
    found = series.look(_series_of(made), by=SYSTEM)
    assert found.ended
    now = at("12-01 09:00")
    assert [one.state(now) for one in found.dates] == [State.ATTENDED, State.CANCELLED, State.CANCELLED]
    assert sound()


def test_b6_all_leaves_what_has_begun(within: Cast, hall: Room) -> None:
    wish = a_series(hall, within.choir, "11-26 14:00", "11-26 15:00", "FREQ=DAILY;COUNT=3")
    made = series.make(wish, by=actor_of("zhang")).dates
    set_clock("14:05")
    attendance.check_in(made[0].id, by=actor_of("zhang"))
    gone = cancel(made[0], "all", by=actor_of("zhang"))
    assert times(gone.dates) == ["11-27 14:00", "11-28 14:00"]
    refresh()
    assert [one.cancelled_late for one in made] == [False, True, False]  # less than a day ahead, and more
    assert made[0].status is Status.CHECKED_IN
    assert sound()


def test_b5_each_date_gives_its_points_back_once_or_takes_them(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 15)
    wish = a_series(hall, within.choir, "11-27 08:00", "11-27 10:30", "FREQ=WEEKLY;COUNT=3")
    made = series.make(wish, by=actor_of("zhang")).dates
    cancel(made[0], "all", by=actor_of("zhang"))  # the first is less than 24 hours ahead
    assert sorted(word for word, _points, _at in points.said) == ["captured", "released", "released"]
    assert points.available[within.choir.id] == 10
    assert sound()


def test_only_staff_cancel_for_the_centre_and_nobody_for_others(within: Cast, hall: Room) -> None:
    wish = a_series(hall, within.choir, "11-26 14:00", "11-26 15:00", "FREQ=DAILY;COUNT=3")
    made = series.make(wish, by=actor_of("zhang")).dates
    for name, side in (("zhao", Side.GROUP), ("zhang", Side.CENTRE)):
        with pytest.raises(Forbidden):
            scopes.cancel(made[0].id, CancellationRequest(scope="all", by=side), by=actor_of(name))
    with pytest.raises(Forbidden):
        change(made[0], "all", by=actor_of("zhao"), title="x")


def test_what_is_no_series_is_its_own_only_date(within: Cast, hall: Room) -> None:
    one, other = (a_reservation(hall, within.centre, f"11-27 {hour}:00", f"11-27 {hour + 1}:00") for hour in (10, 12))
    change(one, "all", title="唱歌")
    cancel(one, "following")
    refresh()
    assert (one.status, one.title, other.status, other.title) == (Status.CANCELLED, "唱歌", Status.CONFIRMED, "")


def _series_of(made: Sequence[Reservation]) -> Id:
    found = made[0].series_id
    assert found is not None
    return found


# --- a model: the life of a series -----------------------------------------------------------------------------------


class Model:
    """Six weeks: when each date starts (quarter hours), what for, whether it is given up; and what its series says."""

    def __init__(self) -> None:
        self.week = 0  # it is 9:00 of that Thursday
        self.starts = dict.fromkeys(range(6), 56)
        self.titles = dict.fromkeys(range(6), "")
        self.gone: set[int] = set()
        self.said = dict.fromkeys(range(6), 56)  # when its series starts
        self.part = dict.fromkeys(range(6), 0)  # which series it is of

    def touched(self, place: int, scope: str) -> list[int]:
        """Those to come that an act is for."""
        standing = [n for n in range(self.week, 6) if n not in self.gone]
        if scope == "this":
            return [n for n in standing if n == place]
        return [n for n in standing if self.part[n] == self.part[place] and (scope == "all" or n >= place)]

    def title(self, place: int, scope: str, value: str) -> bool:
        """Whether there was anything to do it to."""
        touched = self.touched(place, scope)
        self.titles |= dict.fromkeys(touched, value)
        return bool(touched)

    def cancel(self, place: int, scope: str, _value: object) -> bool:
        """The same."""
        touched = self.touched(place, scope)
        self.gone |= set(touched)
        return bool(touched)

    def move(self, place: int, scope: str, value: int) -> bool:
        """The same; dates that were moved by themselves stay, and from the first that goes on it is another series."""
        touched = self.touched(place, scope)
        if scope == "this" or not touched or self.starts[place] == value:
            self.starts |= dict.fromkeys(touched if scope == "this" else [], value)
            return bool(touched)
        like = [n for n in touched if n == place or self.starts[n] == self.said[n]]
        if all(self.starts[n] == value for n in like):
            return False
        part, new = self.part[place], max(self.part.values()) + 1
        rest = [n for n in range(min(like), 6) if self.part[n] == part]
        self.starts |= dict.fromkeys(like, value)
        self.said |= dict.fromkeys(rest, value)
        self.part |= dict.fromkeys(rest, new)
        return True


PLACES, SCOPES = st.integers(0, 5), st.sampled_from(["this", "following", "all"])
ACTS = st.one_of(
    st.tuples(st.just("title"), PLACES, SCOPES, st.sampled_from("甲乙")),
    st.tuples(st.just("cancel"), PLACES, SCOPES, st.none()),
    st.tuples(st.just("move"), PLACES, SCOPES, st.sampled_from([40, 56, 60])),
    st.tuples(st.just("wait"), st.integers(1, 2), st.none(), st.none()),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ACTS, min_size=3, max_size=8))
def test_property_b6_b11_b12_whatever_is_done_to_a_series_is_as_a_small_model_says(
    database: Database, booking_house: House, cast: Cast, acts: list[tuple[str, int, Any, Any]]
) -> None:
    with unit(database, write=True) as work:
        enter_slug(booking_house, SLUG)
        work.commit = False
        set_clock("11-26 09:00")
        made, model = thursdays(cast, a_room(), count=6), Model()
        for name, place, scope, value in acts:
            if name == "wait":
                model.week += place
                clock.start_at(at("11-26 09:00") + timedelta(weeks=model.week), frozen=True)
            else:
                assert _done(name, made[place], place, scope, value) is getattr(model, name)(place, scope, value)
            _assert_as(made, model)


def _done(name: str, one: Reservation, place: int, scope: str, value: Any) -> bool:
    """Whether it was done, or there was nothing to do it to."""
    try:
        with savepoint():
            if name == "title":
                change(one, scope, title=value)
            elif name == "cancel":
                cancel(one, scope)
            else:
                starts_at = at("11-26 00:00") + timedelta(weeks=place, minutes=15 * value)
                change(one, scope, starts_at=starts_at, ends_at=starts_at + timedelta(hours=2))
    except (WrongState, attendance.TooLate):
        return False
    return True


def _assert_as(made: Sequence[Reservation], model: Model) -> None:
    refresh()
    for place, one in enumerate(made):
        starts_at = at("11-26 00:00") + timedelta(weeks=place, minutes=15 * model.starts[place])
        assert (one.starts_at, one.title, one.status is Status.CANCELLED) == (
            starts_at,
            model.titles[place],
            place in model.gone,
        )
    said = {one.id: one.starts_at.astimezone(ZONE) for one in session.scalars(select(Series))}
    parts = [one.series_id for one in made]
    assert [(said[part].hour * 60 + said[part].minute) // 15 for part in parts if part] == list(model.said.values())
    assert len(set(zip(parts, model.part.values(), strict=True))) == len(set(parts)) == len(set(model.part.values()))
    assert sound()
