"""Series: every date is judged by itself, all are booked in one act or none, and what could not be had is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select

from core.audit.models import Entry
from core.contract import Holder, HolderKind, NotEnoughPoints
from core.db import Database, savepoint, session, unit
from core.errors import DomainError, Forbidden, Invalid, NotFound
from core.plugins import House
from plugins.booking import charges, closures, occupancy, quote, recurrence, reserve, series
from plugins.booking.dealing import Answer
from plugins.booking.models import Charge, Claim, Occupancy, Reservation, Room, Series, Skipped
from plugins.booking.occupancy import RoomTaken
from plugins.booking.recurrence import EndlessRecurrence, TooManyDates
from plugins.booking.requests import ClosureRequest, OnConflict, ReservationRequest, SeriesRequest
from plugins.booking.reserve import Closed, TooEarly
from plugins.booking.series import Booked
from tests.kit import SLUG, SYSTEM, ZONE, Cast, a_resident, actor_of, enter_slug
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, a_series, a_wish, at, rule, set_clock


def days(made: Booked) -> list[str]:
    return [f"{one.starts_at.astimezone(ZONE):%m-%d %H:%M}" for one in made.dates]


def sound() -> bool:
    session.flush()
    return [*occupancy.broken(), *charges.broken(), *series.broken()] == []


def count(table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


THURSDAYS = "FREQ=WEEKLY;BYDAY=TH;COUNT=4"


# --- making --------------------------------------------------------------------------------------------------------


def test_the_centre_books_every_thursday_but_one_in_one_act(within: Cast, hall: Room) -> None:
    wish = a_series(hall, within.centre, "11-26 14:00", "11-26 16:00", THURSDAYS, without=("12-03",), title="书法活动")
    made = series.make(wish, by=actor_of("li"))
    assert days(made) == ["11-26 14:00", "12-10 14:00", "12-17 14:00"]
    assert {(one.title, one.base_minutes, one.price_points) for one in made.dates} == {("书法活动", 120, 0)}
    assert {one.series_id for one in made.dates} == {made.series.id if made.series else None}
    assert [one.series_day for one in made.dates] == [one.day for one in made.dates]
    kept = session.scalars(select(Series)).one()
    assert (kept.exceptions, kept.rule) == (["2026-12-03"], "FREQ=WEEKLY;BYDAY=TH;COUNT=4")
    entry = session.scalars(select(Entry).where(Entry.act == "booking.series")).one()
    assert (entry.actor, entry.subject_id, entry.after["dates"]) == ("李主任", kept.id, 3)
    assert sound()


def test_of_a_refused_series_nothing_is_left(within: Cast, hall: Room) -> None:
    a_reservation(hall, within.orchestra, "12-03 15:00", "12-03 16:00")
    before = [count(table) for table in (Reservation, Claim, Occupancy, Series)]
    with pytest.raises(RoomTaken) as refusal:
        series.make(a_series(hall, within.centre, "11-26 14:00", "11-26 16:00", THURSDAYS), by=SYSTEM)
    [told] = refusal.value.facts["dates"]
    assert (told["starts_at"], told["code"]) == (at("12-03 14:00"), "room_taken")
    assert [one["starts_at"] for one in told["alternatives"]] == [
        at("12-03 13:00"),
        at("12-03 12:45"),
        at("12-03 12:30"),
    ]
    assert [count(table) for table in (Reservation, Claim, Occupancy, Series)] == before


def test_what_is_skipped_is_kept_with_its_reasons(within: Cast, hall: Room) -> None:
    a_reservation(hall, within.orchestra, "12-03 15:00", "12-03 16:00")
    closed = ClosureRequest(starts_at=at("12-10 00:00"), ends_at=at("12-11 00:00"), reason="检修")
    closures.close(hall.id, closed, by=SYSTEM)
    made = series.make(a_series(hall, within.centre, "11-26 14:00", "11-26 16:00", THURSDAYS, skip=True), by=SYSTEM)
    assert days(made) == ["11-26 14:00", "12-17 14:00"]
    assert [(one.day.isoformat(), [why.code for why in one.reasons]) for one in session.scalars(select(Skipped))] == [
        ("2026-12-03", ["room_taken"]),
        ("2026-12-10", ["closed"]),
    ]
    assert [one.day for one in made.skipped] == [date(2026, 12, 3), date(2026, 12, 10)]
    assert sound()


def test_a_series_of_which_nothing_can_be_had_is_refused_though_dates_may_be_skipped(within: Cast, hall: Room) -> None:
    closed = ClosureRequest(starts_at=at("11-26 00:00"), ends_at=at("12-25 00:00"), reason="检修")
    closures.close(hall.id, closed, by=SYSTEM)
    with pytest.raises(Closed) as refusal:
        series.make(a_series(hall, within.centre, "11-26 14:00", "11-26 16:00", THURSDAYS, skip=True), by=SYSTEM)
    assert len(refusal.value.facts["dates"]) == 4
    assert count(Series) == 0


def test_a_date_outside_the_window_is_refused_or_skipped_as_asked(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "silver", 0)  # 14 days ahead: up to 10 December
    zhang = actor_of("zhang")
    with pytest.raises(TooEarly) as refusal:
        series.make(a_series(hall, within.choir, "11-26 14:00", "11-26 16:00", THURSDAYS), by=zhang)
    assert [one["starts_at"] for one in refusal.value.facts["dates"]] == [at("12-17 14:00")]
    wish = a_series(hall, within.choir, "11-26 14:00", "11-26 16:00", THURSDAYS, skip=True)
    made = series.make(wish, by=zhang)
    assert days(made) == ["11-26 14:00", "12-03 14:00", "12-10 14:00"]
    [skipped] = session.scalars(select(Skipped))
    assert [why.code for why in skipped.reasons] == ["too_early"]


def test_a_manager_sets_the_window_aside_for_the_whole_series(within: Cast, hall: Room) -> None:
    why = "春节演出排练"
    wish = a_series(hall, within.choir, "11-26 14:00", "11-26 16:00", THURSDAYS, override_reason=why)
    for name in ("zhang", "sun"):
        with pytest.raises(Forbidden):
            series.make(wish, by=actor_of(name))
    made = series.make(wish, by=actor_of("li"))
    assert [one.overridden for one in made.dates] == [[], [], ["too_early"], ["too_early"]]
    assert {one.override_reason for one in made.dates} == {"春节演出排练"}


def test_b7_the_week_is_dealt_out_date_by_date(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 100)
    a_reservation(hall, within.choir, "11-26 09:00", "11-26 10:00")  # an hour of this week
    made = series.make(
        a_series(hall, within.choir, "11-26 14:00", "11-26 16:00", "FREQ=DAILY;COUNT=6"), by=actor_of("zhang")
    )
    # 240 minutes a week: 60 are used, then 120 and 60; Saturday and Sunday are all longer, and peak; then a week begins anew.
    assert [(one.base_minutes, one.extension_minutes, one.price_points) for one in made.dates] == [
        *((120, 0, 0), (60, 60, 10), (0, 120, 40), (0, 120, 40)),
        *((120, 0, 0), (120, 0, 0)),
    ]
    assert points.available[within.choir.id] == 10
    assert sound()


def test_points_are_dealt_out_date_by_date_too(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 10)
    wish = a_series(hall, within.choir, "11-26 14:00", "11-26 16:30", "FREQ=WEEKLY;COUNT=4")
    with pytest.raises(NotEnoughPoints) as refusal:
        series.make(wish, by=actor_of("zhang"))
    assert [one["starts_at"] for one in refusal.value.facts["dates"]] == [at("12-10 14:00"), at("12-17 14:00")]
    assert points.available[within.choir.id] == 10
    wish = a_series(hall, within.choir, "11-26 14:00", "11-26 16:30", "FREQ=WEEKLY;COUNT=4", skip=True)
    made = series.make(wish, by=actor_of("zhang"))
    assert ([one.price_points for one in made.dates], points.available[within.choir.id]) == ([5, 5], 0)
    assert count(Charge) == 2
    assert sound()


def test_sessions_nobody_came_to_are_cleared_out_of_the_way(within: Cast, hall: Room) -> None:
    missed = a_reservation(hall, within.orchestra, "14:00", "16:00")
    set_clock("14:20")
    wish = a_series(hall, within.centre, "11-26 14:30", "11-26 16:00", "FREQ=DAILY;COUNT=2")
    assert days(series.make(wish, by=SYSTEM)) == ["11-26 14:30", "11-27 14:30"]
    assert session.scalar(select(Claim).where(Claim.reservation_id == missed.id)) is None
    assert sound()


def test_halls_that_share_a_space_and_buffers_stand_in_the_way_of_a_series_as_of_a_session(within: Cast) -> None:
    whole, east = a_room("大厅", spaces=("east", "west")), rule(a_room("大厅东", spaces=("east",)), setup_minutes=30)
    a_reservation(east, within.orchestra, "12-03 16:15", "12-03 17:00")
    with pytest.raises(RoomTaken) as refusal:
        series.make(a_series(whole, within.centre, "11-26 14:00", "11-26 16:00", THURSDAYS), by=SYSTEM)
    assert [one["starts_at"] for one in refusal.value.facts["dates"]] == [at("12-03 14:00")]
    with pytest.raises(RoomTaken):
        reserve.reserve(a_wish(whole, within.centre, "12-03 14:00", "12-03 16:00"), by=SYSTEM)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("FREQ=WEEKLY", EndlessRecurrence),
        ("FREQ=DAILY;COUNT=401", TooManyDates),
        ("FREQ=SECONDLY;COUNT=3", Invalid),
        ("FREQ=WEEKLY;UNTIL=20261101", Invalid),
    ],
)
def test_rules_that_are_none_are_refused(within: Cast, hall: Room, text: str, refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        series.make(a_series(hall, within.centre, "11-26 14:00", "11-26 16:00", text), by=SYSTEM)


def test_only_for_ones_own_group_and_never_in_another_community(within: Cast, hall: Room) -> None:
    wish = a_series(hall, within.orchestra, "11-26 14:00", "11-26 16:00", THURSDAYS)
    for act in (series.make, series.preview):
        with pytest.raises(Forbidden):
            act(wish, by=actor_of("zhang"))
    nobodys = a_resident()
    nobodys = Holder(id=hall.id, kind=HolderKind.GROUP, name=nobodys.name)  # an id that is no holder's
    with pytest.raises(NotFound):
        series.make(a_series(hall, nobodys, "11-26 14:00", "11-26 16:00", THURSDAYS), by=SYSTEM)


# --- a preview -----------------------------------------------------------------------------------------------------


def test_a_preview_says_what_making_it_does(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 15)
    a_reservation(hall, within.orchestra, "12-03 15:00", "12-03 16:00")
    wish = a_series(hall, within.choir, "11-26 14:00", "11-26 16:30", THURSDAYS, skip=True)
    shown = series.preview(wish, by=actor_of("zhang"))
    assert [(one.answer.quote.code, one.answer.quote.price_points) for one in shown] == [
        (None, 5),
        ("room_taken", 5),
        (None, 5),
        (None, 5),
    ]
    made = series.make(wish, by=actor_of("zhang"))
    assert [one.starts_at for one in made.dates] == [one.answer.wish.starts_at for one in shown if one.allowed]
    assert [one.explanation for one in made.dates] == [one.answer.explanation for one in shown if one.allowed]


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    found: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    engine = database.writer
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_fifty_two_dates_are_shown_in_the_statements_of_one(
    within: Cast, hall: Room, points: FakePoints, database: Database
) -> None:
    points.give(within.choir, "gold", 1000)
    for week in range(20):
        taken = wish_at(hall, within.centre, at("11-26 15:00") + timedelta(weeks=week), 60)
        reserve.reserve(taken, by=SYSTEM)
    session.flush()
    session.expire_all()
    by = actor_of("li")
    one = a_wish(hall, within.choir, "11-27 14:00", "11-27 16:00")
    quote.quote(one, by=by)
    with counted(database) as of_one:
        quote.quote(one, by=by)
    text, why = "FREQ=WEEKLY;COUNT=52", "春节演出排练"
    many = a_series(hall, within.choir, "11-26 14:00", "11-26 16:00", text, skip=True, override_reason=why)
    with counted(database) as of_many:
        shown = series.preview(many, by=by)
    assert (len(shown), sum(not date_.allowed for date_ in shown)) == (52, 20)
    assert all(date_.alternatives for date_ in shown if not date_.allowed)
    assert len(of_many) <= len(of_one)
    with counted(database) as of_making:
        made = series.make(many, by=by)
    assert len(made.dates) == 32
    assert len(of_making) <= 3 * len(of_one)


# --- a model: one session after the other --------------------------------------------------------------------------

SLOTS = st.lists(st.tuples(st.integers(0, 9), st.integers(32, 60), st.integers(2, 8)), max_size=6)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {
            "taken": SLOTS,
            "start": st.integers(32, 60),
            "length": st.integers(2, 18),
            "text": st.sampled_from(
                ["FREQ=DAILY;COUNT=8", "FREQ=WEEKLY;BYDAY=MO,TH,SA;COUNT=6", "FREQ=DAILY;INTERVAL=2;COUNT=5"]
            ),
            "available": st.integers(0, 60),
            "tier": st.sampled_from(["none", "bronze", "gold"]),
        }
    )
)
def test_property_a_series_with_skipped_dates_is_what_booking_them_one_by_one_gives(
    database: Database, booking_house: House, cast: Cast, points: FakePoints, case: dict[str, Any]
) -> None:
    with unit(database, write=True) as work:
        enter_slug(booking_house, SLUG)
        work.commit = False
        points.empty()
        points.give(cast.choir, case["tier"], case["available"])
        hall = a_room()
        for day, quarter, quarters in case["taken"]:
            starts_at = at("11-27 00:00") + timedelta(days=day, minutes=15 * quarter)
            _booked(wish_at(hall, cast.centre, starts_at, 15 * quarters))
        first = wish_at(
            hall, cast.choir, at("11-27 00:00") + timedelta(minutes=15 * case["start"]), 15 * case["length"]
        )
        rule_ = recurrence.read(case["text"], starts_at=first.starts_at, zone=ZONE)
        many = SeriesRequest(first=first, rule=rule_, on_conflict=OnConflict.SKIP.value)
        with savepoint() as singly:
            expected = [_booked(one) for one in many.wishes(ZONE).values()]
            singly.rollback()
        points.empty()
        points.give(cast.choir, case["tier"], case["available"])
        shown = series.preview(many, by=SYSTEM)
        assert [one.answer.quote.code or _terms(one.answer) for one in shown] == expected
        if any(one.allowed for one in shown):
            made = series.make(many, by=SYSTEM)
            assert [_kept(one) for one in made.dates] == [one for one in expected if not isinstance(one, str)]
        assert sound()


def _terms(answer: Answer) -> object:
    return (answer.quote.base_minutes, answer.quote.price_points, answer.explanation)


def _kept(made: Reservation) -> object:
    return (made.base_minutes, made.price_points, made.explanation)


def _booked(wish: ReservationRequest) -> object:
    """What was booked, or the code of the refusal."""
    try:
        with savepoint():
            return _kept(reserve.reserve(wish, by=SYSTEM))
    except DomainError as error:
        return error.code


def wish_at(room: Room, holder: Holder, starts_at: datetime, minutes: int) -> ReservationRequest:
    ends_at = starts_at + timedelta(minutes=minutes)
    return ReservationRequest(room_id=room.id, holder_id=holder.id, starts_at=starts_at, ends_at=ends_at)
