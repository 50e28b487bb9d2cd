"""Shortening, going on and moving in rooms with rules of their own: buffers follow, and the whole is judged where it goes."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.db import Database, Id, savepoint, session, unit
from core.errors import DomainError, Forbidden
from core.plugins import House
from plugins.booking import attendance, charges, lengths, moving, occupancy
from plugins.booking.models import Claim, Occupancy, Reservation, Room
from plugins.booking.occupancy import RoomTaken
from plugins.booking.requests import ChangeRequest, EndRequest
from tests.kit import SLUG, SYSTEM, ZONE, Cast, actor_of, enter_slug
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, at, refresh, rule, set_clock


def to(starts: str, ends: str, room: Room | None = None) -> ChangeRequest:
    return ChangeRequest(room_id=None if room is None else room.id, starts_at=at(starts), ends_at=at(ends))


def until(text: str) -> EndRequest:
    return EndRequest(ends_at=at(text))


def held(one: Reservation) -> tuple[Id, str, str, int]:
    """Which room, from when to when, and in how many quarters of an hour of spaces."""
    claim = session.scalars(select(Claim).where(Claim.reservation_id == one.id)).one()
    rows = session.scalars(select(func.count()).where(Occupancy.claim_id == claim.id)).one()
    starts, ends = (f"{moment.astimezone(ZONE):%H:%M}" for moment in (claim.starts_at, claim.ends_at))
    return claim.room_id, starts, ends, rows


def sound() -> None:
    refresh()
    assert [*occupancy.broken(), *charges.broken()] == []


@pytest.fixture
def buffered(within: Cast, points: FakePoints) -> Room:
    """A hall with half an hour to set up and a quarter to clear up; the choir has gold and 100 points."""
    points.give(within.choir, "gold", 100)
    return rule(a_room(), setup_minutes=30, clearup_minutes=15)


def begun(room: Room, cast: Cast, starts: str, ends: str) -> Reservation:
    made = a_reservation(room, cast.choir, starts, ends)
    set_clock(starts)
    attendance.check_in(made.id, by=SYSTEM)
    return made


# --- shorter -------------------------------------------------------------------------------------------------------


def test_b2_shortening_frees_the_tail_and_the_clear_up_comes_sooner(within: Cast, buffered: Room) -> None:
    one = a_reservation(buffered, within.choir, "11-27 10:00", "11-27 12:00")
    assert held(one) == (buffered.id, "09:30", "12:15", 11)
    lengths.shorten(one.id, until("11-27 11:00"), by=actor_of("zhang"))
    assert held(one) == (buffered.id, "09:30", "11:15", 7)
    with pytest.raises(RoomTaken), savepoint():
        a_reservation(buffered, within.orchestra, "11-27 11:30", "11-27 12:30")  # to set up from 11:00
    a_reservation(buffered, within.orchestra, "11-27 11:45", "11-27 12:30")
    sound()


def test_shortening_keeps_the_buffers_it_was_booked_under(within: Cast, buffered: Room) -> None:
    one = begun(buffered, within, "10:00", "12:00")
    rule(buffered, setup_minutes=60, clearup_minutes=120)
    set_clock("11:00")
    lengths.shorten(one.id, until("11:00"), by=actor_of("zhang"))
    assert held(one) == (buffered.id, "09:30", "11:15", 7)
    sound()


# --- longer --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ends", "free"), [("12:15", True), ("12:30", False), ("13:00", False)])
def test_b4_going_on_needs_the_time_to_clear_up_after_it_too(
    within: Cast, buffered: Room, points: FakePoints, ends: str, *, free: bool
) -> None:
    # The orchestra sets up from 12:30; up to 12:15 the choir may stay and clear up.
    other = a_reservation(buffered, within.orchestra, "13:00", "14:00")
    one = begun(buffered, within, "10:00", "12:00")
    found = lengths.longer(one, by=actor_of("zhang"), minutes=(at(ends) - at("12:00")).seconds // 60)
    assert found is not None
    assert found.quote.allowed == free
    if free:
        lengths.extend(one.id, until(ends), by=actor_of("zhang"))
        assert held(one) == (buffered.id, "09:30", "12:30", 12)
        assert points.available[within.choir.id] == 95
    else:
        with pytest.raises(RoomTaken):
            lengths.extend(one.id, until(ends), by=actor_of("zhang"))
        assert held(one) == (buffered.id, "09:30", "12:15", 11)
        assert (one.ends_at, one.price_points, points.available[within.choir.id]) == (at("12:00"), 0, 100)
    assert held(other) == (buffered.id, "12:30", "14:15", 7)
    sound()


def test_b9_going_on_in_a_half_meets_the_set_up_of_the_whole(within: Cast, points: FakePoints) -> None:
    points.give(within.choir, "gold", 100)
    whole = rule(a_room("大厅", spaces=("east", "west")), setup_minutes=60)
    east = rule(a_room("大厅东", spaces=("east",)), clearup_minutes=15)
    a_reservation(whole, within.centre, "14:00", "15:00")
    one = begun(east, within, "10:00", "12:00")
    with pytest.raises(RoomTaken), savepoint():
        lengths.extend(one.id, until("13:00"), by=SYSTEM)
    lengths.extend(one.id, until("12:45"), by=SYSTEM)
    assert held(one) == (east.id, "10:00", "13:00", 12)
    sound()


def test_the_longest_session_binds_who_goes_on_and_notice_does_not(within: Cast, buffered: Room) -> None:
    one = begun(buffered, within, "10:00", "12:00")
    rule(buffered, longest_minutes=150, notice_minutes=24 * 60)
    with pytest.raises(DomainError) as refusal, savepoint():
        lengths.extend(one.id, until("12:45"), by=actor_of("zhang"))
    assert (refusal.value.code, refusal.value.facts["most"]) == ("too_long", 150)
    assert one.ends_at == at("12:00")
    lengths.extend(one.id, until("12:30"), by=actor_of("zhang"))
    assert held(one) == (buffered.id, "09:30", "12:45", 13)  # with the buffers it was booked under
    sound()


def test_in_a_room_of_the_staff_only_they_let_a_session_go_on(within: Cast, buffered: Room) -> None:
    one = begun(rule(buffered, who="staff"), within, "10:00", "12:00")
    with pytest.raises(Forbidden) as refusal:
        lengths.extend(one.id, until("12:30"), by=actor_of("zhang"))
    assert refusal.value.facts["why"] == "staff_only"
    lengths.extend(one.id, until("12:30"), by=actor_of("sun"))
    assert one.ends_at == at("12:30")


# --- elsewhere -----------------------------------------------------------------------------------------------------


def test_b2_a_move_takes_the_buffers_of_the_room_it_goes_to(within: Cast, buffered: Room) -> None:
    studio = rule(a_room("画室"), clearup_minutes=60)
    one = a_reservation(buffered, within.choir, "11-27 10:00", "11-27 11:00")
    moving.change(one.id, ChangeRequest(room_id=studio.id), by=actor_of("zhang"))
    assert held(one) == (studio.id, "10:00", "12:00", 8)
    [told] = [line for line in one.explanation if line.code == "booking.why.buffers"]
    assert told.facts == {"setup": 0, "clearup": 60}
    a_reservation(buffered, within.orchestra, "11-27 10:00", "11-27 11:00")
    moving.change(one.id, ChangeRequest(starts_at=at("11-27 10:30")), by=actor_of("zhang"))
    assert held(one) == (studio.id, "10:30", "12:00", 6)
    sound()


def test_b1_a_move_within_its_own_buffers_takes_todays_buffers_of_the_room(within: Cast, buffered: Room) -> None:
    one = a_reservation(buffered, within.choir, "11-27 10:00", "11-27 11:00")
    rule(buffered, setup_minutes=15, clearup_minutes=30)
    moving.change(one.id, ChangeRequest(title="合练"), by=actor_of("zhang"))
    assert held(one) == (buffered.id, "09:30", "11:15", 7)
    moving.change(one.id, to("11-27 10:15", "11-27 11:15"), by=actor_of("zhang"))
    assert held(one) == (buffered.id, "10:00", "11:45", 7)
    sound()


@pytest.mark.parametrize(("starts", "ends", "free"), [("11:15", "12:15", True), ("11:30", "12:30", False)])
def test_b2_a_move_needs_the_new_rooms_buffers_beside_it(
    within: Cast, buffered: Room, starts: str, ends: str, *, free: bool
) -> None:
    studio = rule(a_room("画室"), clearup_minutes=45)
    a_reservation(studio, within.orchestra, "11-27 13:00", "11-27 14:00")
    one = a_reservation(buffered, within.choir, "11-27 10:00", "11-27 11:00")
    wish = to(f"11-27 {starts}", f"11-27 {ends}", studio)
    assert moving.quote_of(one.id, wish, by=actor_of("zhang")).code == (None if free else "room_taken")
    if free:
        moving.change(one.id, wish, by=actor_of("zhang"))
        assert held(one)[:3] == (studio.id, "11:15", "13:00")
    else:
        with pytest.raises(RoomTaken):
            moving.change(one.id, wish, by=actor_of("zhang"))
        assert held(one) == (buffered.id, "09:30", "11:15", 7)
    sound()


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"who": "staff"}, "forbidden"),
        ({"longest_minutes": 90}, "too_long"),
        ({"notice_minutes": 3 * 24 * 60}, "too_late"),
    ],
)
def test_the_rules_of_the_room_it_goes_to_are_judged_and_a_refused_move_changes_nothing(
    within: Cast, buffered: Room, points: FakePoints, rules: dict[str, Any], code: str
) -> None:
    studio = rule(a_room("画室"), **rules)
    one = a_reservation(buffered, within.choir, "11-27 10:00", "11-27 12:30")
    before = {column.key: getattr(one, column.key) for column in Reservation.__mapper__.column_attrs}
    wish = ChangeRequest(room_id=studio.id)
    assert moving.quote_of(one.id, wish, by=actor_of("zhang")).code == code
    with pytest.raises(DomainError) as refusal:
        moving.change(one.id, wish, by=actor_of("zhang"))
    assert refusal.value.code == code
    assert {column.key: getattr(one, column.key) for column in Reservation.__mapper__.column_attrs} == before
    assert (held(one), points.said) == ((buffered.id, "09:30", "12:45", 13), [])
    sound()


def test_many_rules_of_the_new_room_are_told_in_one_answer(within: Cast, buffered: Room) -> None:
    small = rule(a_room("小屋", closes=12, capacity=10), who="groups", longest_minutes=90)
    one = a_reservation(buffered, within.choir, "11-27 10:00", "11-27 12:30", people=20)
    found = moving.quote_of(one.id, ChangeRequest(room_id=small.id), by=actor_of("zhang"))
    assert [reason.code for reason in found.reasons] == ["outside_hours", "too_long", "too_many_people"]


def test_rules_that_came_later_bind_a_move_and_not_a_title(within: Cast, buffered: Room) -> None:
    one = a_reservation(buffered, within.choir, "11-27 10:00", "11-27 12:00")
    rule(buffered, who="staff", longest_minutes=60)
    moving.change(one.id, ChangeRequest(title="合练"), by=actor_of("zhang"))
    with pytest.raises(Forbidden), savepoint():
        moving.change(one.id, to("11-27 14:00", "11-27 15:00"), by=actor_of("zhang"))
    with pytest.raises(DomainError) as refusal, savepoint():
        moving.change(one.id, to("11-27 14:00", "11-27 16:00"), by=actor_of("sun"))
    assert refusal.value.code == "too_long"
    moving.change(one.id, to("11-27 14:00", "11-27 15:00"), by=actor_of("sun"))
    assert held(one)[1:3] == ("14:00", "15:00")  # the room asks for none any more


def test_b9_moving_between_a_half_and_the_whole_takes_both_with_their_buffers(within: Cast, points: FakePoints) -> None:
    points.give(within.choir, "gold", 100)
    whole = rule(a_room("大厅", spaces=("east", "west")), setup_minutes=60)
    east, west = rule(a_room("大厅东", spaces=("east",)), clearup_minutes=15), a_room("大厅西", spaces=("west",))
    one = a_reservation(east, within.choir, "11-27 10:00", "11-27 11:00")
    moving.change(one.id, ChangeRequest(room_id=whole.id), by=SYSTEM)
    assert held(one) == (whole.id, "09:00", "11:00", 16)
    with pytest.raises(RoomTaken), savepoint():
        a_reservation(west, within.orchestra, "11-27 09:00", "11-27 09:30")
    moving.change(one.id, ChangeRequest(room_id=west.id), by=SYSTEM)
    assert held(one) == (west.id, "10:00", "11:00", 4)
    a_reservation(east, within.orchestra, "11-27 10:00", "11-27 11:00")
    sound()


# --- any order of acts, against a small model ----------------------------------------------------------------------

SPACES = {"大厅": {"east", "west"}, "大厅东": {"east"}, "大厅西": {"west"}}
NAMES = st.sampled_from(sorted(SPACES))
ACTS = st.one_of(
    st.tuples(st.just("move"), st.integers(0, 2), NAMES, st.integers(0, 30), st.integers(1, 6)),
    st.tuples(st.just("shorten"), st.integers(0, 2), st.integers(1, 6)),
    st.tuples(st.just("rule"), NAMES, st.integers(0, 4), st.integers(0, 4)),
)


@dataclass
class Session:
    """Where a session is and when, in quarters of an hour from 8 o'clock, with the buffers it has."""

    room: str
    starts: int
    ends: int
    buffers: tuple[int, int] = (0, 0)

    def meets(self, other: "Session") -> bool:
        """Whether both hold a space at once."""
        (setup, clearup), (its_setup, its_clearup) = self.buffers, other.buffers
        apart = self.ends + clearup <= other.starts - its_setup or other.ends + its_clearup <= self.starts - setup
        return bool(SPACES[self.room] & SPACES[other.room]) and not apart


@dataclass
class Model:
    """What three sessions hold; nothing more."""

    sessions: list[Session]
    buffers: dict[str, tuple[int, int]] = field(default_factory=lambda: dict.fromkeys(SPACES, (0, 0)))

    def act(self, act: tuple[Any, ...]) -> bool:
        """Do it, or nothing; answers whether it may be done."""
        match act:
            case ("rule", room, setup, clearup):
                self.buffers[room] = (setup, clearup)
            case ("shorten", which, length):
                mine = self.sessions[which]
                if length >= mine.ends - mine.starts:
                    return False
                mine.ends = mine.starts + length
            case ("move", which, room, starts, length):
                mine, there = self.sessions[which], Session(room, starts, starts + length, self.buffers[room])
                if (mine.room, mine.starts, mine.ends) == (there.room, there.starts, there.ends):
                    return True  # it is there already, and nothing of it changes
                if any(there.meets(other) for other in self.sessions if other is not mine):
                    return False
                self.sessions[which] = there
        return True


def _do(act: tuple[Any, ...], rooms: dict[str, Room], made: list[Reservation]) -> None:
    quarter, opens = timedelta(minutes=15), at("11-27 08:00")
    match act:
        case ("rule", name, setup, clearup):
            rule(rooms[name], setup_minutes=setup * 15, clearup_minutes=clearup * 15)
        case ("shorten", which, length):
            ends = EndRequest(ends_at=made[which].starts_at + length * quarter)
            lengths.shorten(made[which].id, ends, by=SYSTEM)
        case ("move", which, name, starts, length):
            begins = opens + starts * quarter
            wish = ChangeRequest(room_id=rooms[name].id, starts_at=begins, ends_at=begins + length * quarter)
            allowed = moving.quote_of(made[which].id, wish, by=SYSTEM).allowed
            try:
                moving.change(made[which].id, wish, by=SYSTEM)
            except RoomTaken:
                assert not allowed
                raise
            assert allowed


@given(st.lists(ACTS, min_size=3, max_size=14))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_property_b1_b2_b9_whatever_moves_or_shrinks_holds_what_a_small_model_says(
    database: Database, booking_house: House, cast: Cast, acts: list[tuple[Any, ...]]
) -> None:
    with unit(database, write=True) as work:
        enter_slug(booking_house, SLUG)
        work.commit = False
        rooms = {name: a_room(name, spaces=tuple(sorted(spaces))) for name, spaces in SPACES.items()}
        made = [a_reservation(rooms["大厅"], cast.centre, f"11-27 {n}:00", f"11-27 {n + 1}:00") for n in (10, 12, 14)]
        model = Model([Session("大厅", start, start + 4) for start in (8, 16, 24)])
        for act in acts:
            try:
                with savepoint():
                    _do(act, rooms, made)
                done = True
            except DomainError:
                done = False
                refresh()
            assert done == model.act(act)
        sound()
        for one, kept in zip(made, model.sessions, strict=True):
            (setup, clearup), opens = kept.buffers, int(at("11-27 08:00").timestamp()) // occupancy.QUARTER_SECONDS
            mine = select(Occupancy.quarter).join(Claim).where(Claim.reservation_id == one.id)
            should = set(range(opens + kept.starts - setup, opens + kept.ends + clearup))
            assert set(session.scalars(mine)) == should
