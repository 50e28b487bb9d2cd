"""Reservations of groups that are no more: merged ones go on with the other, those of dissolved ones are cancelled."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from core.audit.models import Entry
from core.communities import switching
from core.db import Database, session, unit
from core.errors import Invalid, WrongState
from core.hookspecs import Keeps
from core.people import dissolving, merging
from core.people.requests import DissolutionRequest, MergingRequest
from core.plugins import House, here
from plugins.booking import attendance, occupancy, parties, queries, quote, reserve
from plugins.booking.models import Charge, ChargeState, Claim, Reservation, Room, Side, State, Status
from plugins.booking.policy import NoShowRule
from plugins.booking.requests import CancellationRequest
from plugins.points import holds, moving
from plugins.points.models import Account, AccountKind
from tests import kit
from tests.kit import SYSTEM, Cast, ProgramOf, actor_of, enter_slug
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, a_wish, at, refresh, set_clock
from tests.plugins.booking.test_races import Race
from tests.plugins.points.kit import a_policy, a_rule, an_act, assert_sound, figures


def dissolve(cast: Cast) -> None:
    dissolving.dissolve(cast.choir.id, DissolutionRequest(), by=actor_of("li"))
    refresh()


def merge(cast: Cast) -> None:
    """The orchestra was the choir."""
    merging.merge(cast.orchestra.id, MergingRequest(into_id=cast.choir.id), by=actor_of("li"))
    refresh()


def sound() -> bool:
    return here().relay.collect(Keeps.invariants) == []


# --- merging -------------------------------------------------------------------------------------------------------


def test_l13_all_reservations_move_past_ones_too_and_weeks_and_no_shows_follow(within: Cast, hall: Room) -> None:
    past = a_reservation(hall, within.orchestra, "11-27 10:00", "11-27 12:00")
    set_clock("11-28 09:00")
    attendance.sweep()
    to_come = a_reservation(hall, within.orchestra, "12-01 10:00", "12-01 12:00")
    a_reservation(hall, within.choir, "12-02 10:00", "12-02 11:00")
    merge(within)
    assert {one.holder_id for one in session.scalars(select(Reservation))} == {within.choir.id}
    week, now = date(2026, 11, 30), at("11-28 09:00")
    found = queries.records(within.choir.id, weeks=(week, week), today=date(2026, 11, 28), now=now, rule=NoShowRule())
    record = found.of(week)
    assert (record.week_minutes, record.missed_days) == (180, (date(2026, 11, 27),))
    assert (past.state(at("11-28 09:00")), to_come.status) == (State.MISSED, Status.CONFIRMED)
    assert sound()
    set_clock("12-01 09:50")
    attendance.check_in(to_come.id, by=actor_of("zhang"))  # who leads the choir may
    # half an hour of the week is left: what is longer is extension
    assert quote.quote(a_wish(hall, within.choir, "12-03 10:00", "12-03 12:00"), by=SYSTEM).base_minutes == 60


def test_p2_merging_and_dissolving_reach_booking_that_is_off(
    within: Cast, hall: Room, booking_house: House, points: FakePoints
) -> None:
    points.give(within.choir, "gold", 30)
    theirs = a_reservation(hall, within.orchestra, "12-01 10:00", "12-01 12:00")
    ours = a_reservation(hall, within.choir, "11-29 10:00", "11-29 12:30")
    switching.disable("booking", by=SYSTEM)
    enter_slug(booking_house, kit.SLUG)
    merge(within)
    assert theirs.holder_id == within.choir.id
    dissolve(within)
    assert {theirs.status, ours.status} == {Status.CANCELLED}
    assert points.available[within.choir.id] == 30
    assert sound()


# --- dissolving ----------------------------------------------------------------------------------------------------


def test_l14_what_is_to_come_is_cancelled_by_the_centre_and_points_come_back_before_they_are_moved(
    within: Cast, hall: Room, points: FakePoints
) -> None:
    points.give(within.choir, "gold", 30)
    soon = a_reservation(hall, within.choir, "11-26 14:00", "11-26 16:15")  # less than 24 hours before: still all back
    later = a_reservation(hall, within.choir, "11-29 10:00", "11-29 12:30")
    others = a_reservation(hall, within.orchestra, "11-29 14:00", "11-29 15:00")
    assert points.available[within.choir.id] == 15
    dissolve(within)
    for one in (soon, later):
        assert (one.status, one.cancelled_by, one.cancelled_late) == (Status.CANCELLED, Side.CENTRE, False)
    assert others.status is Status.CONFIRMED
    assert points.available[within.choir.id] == 30
    assert set(session.scalars(select(Charge.state))) == {ChargeState.RELEASED}
    assert [claim.reservation_id for claim in session.scalars(select(Claim))] == [others.id]
    written = session.scalars(select(Entry).where(Entry.act == "booking.cancel")).all()
    assert {entry.actor for entry in written} == {actor_of("li").name}
    assert sound()


def test_what_has_begun_or_was_checked_in_stays(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 30)
    begun = a_reservation(hall, within.choir, "11-26 10:00", "11-26 12:30")
    here_already = a_reservation(hall, within.choir, "11-26 13:00", "11-26 14:00")
    set_clock("12:45")
    attendance.check_in(here_already.id, by=SYSTEM)
    set_clock("10:00")
    dissolve(within)
    assert (begun.status, here_already.status) == (Status.CONFIRMED, Status.CHECKED_IN)
    set_clock("11:00")
    attendance.sweep()
    refresh()
    assert begun.status is Status.MISSED
    assert points.said[-1] == ("captured", 5, at("10:15"))
    assert sound()


def test_with_points_off_the_release_stays_due_and_is_settled_when_it_is_on(
    within: Cast, hall: Room, points: FakePoints, booking_house: House
) -> None:
    points.give(within.choir, "gold", 30)
    a_reservation(hall, within.choir, "11-29 10:00", "11-29 12:30")
    switching.disable("points", by=SYSTEM)
    enter_slug(booking_house, kit.SLUG)
    dissolve(within)
    assert session.scalars(select(Charge.state)).one() is ChargeState.RELEASE_DUE
    assert points.said == []
    set_clock("11-30 09:00")
    switching.enable("points", by=SYSTEM)
    refresh()
    assert session.scalars(select(Charge.state)).one() is ChargeState.RELEASED
    assert points.said == [("released", 10, at("11-26 09:00"))]
    assert sound()


# --- afterwards ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("close", "code"), [(dissolve, "group_dissolved"), (merge, "group_merged")])
def test_nothing_can_be_booked_any_more(within: Cast, hall: Room, close: Callable[[Cast], None], code: str) -> None:
    close(within)
    gone = within.choir if code == "group_dissolved" else within.orchestra
    wish = a_wish(hall, gone, "12-01 10:00", "12-01 12:00")
    with pytest.raises(Invalid) as refusal:
        reserve.reserve(wish, by=SYSTEM)
    assert [fault.code for fault in refusal.value.errors["holder_id"]] == [code]
    found = quote.quote(wish, by=SYSTEM)
    assert (found.allowed, [reason.code for reason in found.reasons]) == (False, ["invalid", code])
    assert gone.id not in {holder.id for holder in parties.choices_of(None)}


def test_a_reservation_cancelled_so_is_no_more_to_be_cancelled(within: Cast, hall: Room) -> None:
    one = a_reservation(hall, within.choir, "12-01 10:00", "12-01 12:00")
    dissolve(within)
    assert occupancy.in_the_way(hall.id, one.starts_at, one.ends_at) == []
    with pytest.raises(WrongState):
        reserve.cancel(one.id, CancellationRequest(by=Side.CENTRE), by=SYSTEM)


def test_both_doors_refuse_with_the_sentence_of_the_groups_page(
    call: ProgramOf, browse: kit.BrowserOf, cast: Cast
) -> None:
    li, choir = call("li"), str(cast.choir.id)
    room = li.post("/booking/rooms", {"name": "排练厅", "capacity": 40}).get_json()["id"]
    week = [{"weekday": day, "opens": "08:00", "closes": "22:00"} for day in range(7)]
    li.put(f"/booking/rooms/{room}/hours", {"hours": week})
    times = {"starts_at": at("12-01 10:00").isoformat(), "ends_at": at("12-01 12:00").isoformat()}
    wish = {"room_id": room, "holder_id": choir, **times}
    made = li.post("/booking/reservations", wish).get_json()
    assert li.post(f"/groups/{choir}/dissolution").status_code == 201
    assert li.get(f"/booking/reservations/{made['id']}").get_json()["state"] == "cancelled"
    refused = li.post("/booking/reservations", wish)
    assert (refused.status_code, refused.get_json()["code"]) == (422, "invalid")
    assert refused.get_json()["errors"]["holder_id"][0] in browse("li").get(f"/groups/{choir}").text


# --- with the bundled points ---------------------------------------------------------------------------------------


def test_l14_booking_acts_before_points_so_that_nothing_waits_for_a_sweep(house: House, inside: Cast) -> None:
    assert [plugin.name for plugin in house.installed].index("booking") < [
        plugin.name for plugin in house.installed
    ].index("points")
    a_policy()
    a_rule()
    an_act(inside.choir, 320)
    hall = a_room()
    a_reservation(hall, inside.choir, "11-29 10:00", "11-29 12:30")
    assert figures(inside.choir) == (320, 10)
    dissolve(inside)
    assert (figures(inside.choir), figures(inside.centre)) == ((0, 0), (320, 0))
    assert_sound()
    assert holds.release_vanished() == 0
    assert session.scalars(select(Account.held).where(Account.kind == AccountKind.OWN)).all() == [0, 0]


@pytest.mark.race
@pytest.mark.parametrize("cancels", [True, False])
def test_l14_b5_dissolving_against_a_check_in_or_a_cancellation(
    real_database: Database,
    house: House,
    cancels: bool,  # noqa: FBT001
) -> None:
    cast = kit.find_cast(real_database)
    with unit(real_database, write=True):
        enter_slug(house, kit.SLUG)
        a_policy()
        a_rule()
        an_act(cast.choir, 320)
        booked = a_reservation(a_room(), cast.choir, "11-26 10:00", "11-26 12:30").id
    set_clock("09:45")
    race = Race(real_database, house)

    def dissolve_it() -> None:
        dissolving.dissolve(cast.choir.id, DissolutionRequest(), by=SYSTEM)

    def other() -> None:
        if cancels:  # by the group, too late: its points are taken
            reserve.cancel(booked, CancellationRequest(), by=SYSTEM)
        else:
            attendance.check_in(booked, by=SYSTEM)

    answers = race.all([dissolve_it, other])
    assert answers[0] == "done"
    assert answers[1] in {"done", "wrong_state"}
    with unit(real_database, write=True):
        enter_slug(house, kit.SLUG)
        moving.collect_closed()
    with unit(real_database, write=False):
        enter_slug(house, kit.SLUG)
        assert_sound()
        left = 315 if answers[1] == "done" else 320
        assert (figures(cast.choir), figures(cast.centre)) == ((0, 0), (left, 0))


@pytest.mark.race
def test_l13_merging_against_a_check_in_and_a_new_reservation(real_database: Database, house: House) -> None:
    cast = kit.find_cast(real_database)
    with unit(real_database, write=True):
        enter_slug(house, kit.SLUG)
        a_policy()
        a_rule()
        an_act(cast.orchestra, 320)
        room = a_room()
        booked = a_reservation(room, cast.orchestra, "11-26 10:00", "11-26 12:30").id
        wish = a_wish(room, cast.orchestra, "11-29 10:00", "11-29 12:30")
    set_clock("09:45")
    merge_it = MergingRequest(into_id=cast.choir.id)
    answers = Race(real_database, house).all(
        [
            lambda: merging.merge(cast.orchestra.id, merge_it, by=SYSTEM),
            lambda: attendance.check_in(booked, by=SYSTEM),
            lambda: reserve.reserve(wish, by=SYSTEM),
        ]
    )
    assert answers[:2] == ["done", "done"]
    assert answers[2] in {"done", "invalid"}
    with unit(real_database, write=False):
        enter_slug(house, kit.SLUG)
        assert_sound()
        assert set(session.scalars(select(Reservation.holder_id))) == {cast.choir.id}
        assert (figures(cast.orchestra), figures(cast.choir)) == ((0, 0), (315, 10 if answers[2] == "done" else 0))
