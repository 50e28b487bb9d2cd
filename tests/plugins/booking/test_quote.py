"""What a wish costs and what stands in its way."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.contract import HolderKind, VenueTerms
from core.db import Id
from core.errors import Forbidden, Invalid, NotFound
from plugins.booking import quote
from plugins.booking.ground import Situation
from plugins.booking.models import Closure, Reservation, Room, Status
from plugins.booking.policy import BookingPolicy, NoShowRule
from plugins.booking.queries import Record
from plugins.booking.quote import Quote
from plugins.booking.requests import ReservationRequest
from tests.kit import NOW, ZONE, Cast, a_group, a_resident, actor_of
from tests.plugins.booking.kit import (
    TARIFF,
    TIERS,
    FakePoints,
    a_reservation,
    a_room,
    a_wish,
    at,
    set_clock,
)

NOBODYS = Id(int=1)


def a_situation(
    *,
    tier: str = "gold",
    available: int = 1000,
    used: int = 0,
    kind: HolderKind = HolderKind.GROUP,
    missed: tuple[date, ...] = (),
    points: bool = True,
) -> Situation:
    """A hall of 40, open from 8 to 24 o'clock."""
    early, extension = TIERS[tier]
    terms = VenueTerms(
        holder_id=NOBODYS,
        tier=tier,
        early_days=early,
        extension_minutes=extension,
        tariff=TARIFF,
        available_points=available,
        why=(),
    )
    return Situation(
        now=NOW,
        zone=ZONE,
        policy=BookingPolicy(),
        capacity=40,
        intervals=[(8 * 60, 24 * 60)],
        closures=[],
        taken=False,
        kind=kind,
        record=Record(week_minutes=used, missed_days=missed),
        terms=terms if points else None,
    )


def wish(starts: str, ends: str, **more: object) -> ReservationRequest:
    return ReservationRequest(room_id=NOBODYS, holder_id=NOBODYS, starts_at=at(starts), ends_at=at(ends), **more)  # type: ignore[arg-type]  # a test's own


def codes(found: Quote) -> list[str]:
    return [reason.code for reason in found.reasons]


# --- base and extension --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "used", "base", "extension"),
    [
        (120, 0, 120, 0),
        (135, 0, 120, 15),
        (60, 0, 60, 0),
        (120, 120, 120, 0),
        (120, 180, 60, 60),
        (120, 240, 0, 120),
        (120, 900, 0, 120),  # an override or a changed policy may have used more
    ],
)
def test_base_is_the_least_of_length_session_and_what_is_left_of_the_week(
    minutes: int, used: int, base: int, extension: int
) -> None:
    one = wish("11-27 10:00", f"11-27 {10 + minutes // 60}:{minutes % 60:02}")
    found = quote.judge(one, a_situation(used=used))
    assert (found.base_minutes, found.extension_minutes) == (base, extension)


@pytest.mark.parametrize(
    ("starts", "ends", "price"),
    [
        ("11-27 14:00", "11-27 16:30", 5),  # Friday: 16:00 off peak
        ("11-27 14:00", "11-27 16:15", 5),  # a started step
        ("11-27 15:30", "11-27 18:30", 15),  # 17:30 is 5, 18:00 is 10
        ("11-27 15:45", "11-27 18:30", 15),  # 17:45 is 5, 18:15 is 10
        ("11-27 18:00", "11-27 21:00", 20),  # 20:00 and 20:30
        ("11-27 18:45", "11-27 21:15", 10),  # 20:45 is peak, the step begins before 21:00
        ("11-27 19:00", "11-27 22:00", 10),  # 21:00 and 21:30 are off peak: 18:00 ≤ t < 21:00
        ("11-28 09:00", "11-28 12:00", 20),  # Saturday: 11:00 and 11:30
        ("11-29 21:00", "11-29 24:00", 20),  # Sunday late
    ],
)
def test_each_started_step_costs_what_its_own_start_costs(starts: str, ends: str, price: int) -> None:
    assert quote.judge(wish(starts, ends), a_situation()).price_points == price


@pytest.mark.parametrize(("tier", "most"), [("bronze", 60), ("silver", 90), ("gold", 120)])
def test_extension_reaches_exactly_as_far_as_the_tier(tier: str, most: int) -> None:
    longest = ReservationRequest(
        room_id=NOBODYS,
        holder_id=NOBODYS,
        starts_at=at("11-27 10:00"),
        ends_at=at("11-27 12:00") + timedelta(minutes=most),
    )
    longer = ReservationRequest(
        room_id=NOBODYS, holder_id=NOBODYS, starts_at=at("11-27 10:00"), ends_at=longest.ends_at + timedelta(minutes=15)
    )
    assert quote.judge(longest, a_situation(tier=tier)).allowed
    assert codes(quote.judge(longer, a_situation(tier=tier))) == ["extension_not_available"]


def test_without_standing_there_is_no_extension() -> None:
    assert codes(quote.judge(wish("11-27 10:00", "11-27 12:15"), a_situation(tier="none"))) == [
        "extension_not_available"
    ]


def test_beyond_what_is_available_the_whole_rest_is_priced_and_points_are_not_judged() -> None:
    found = quote.judge(wish("11-27 10:00", "11-27 12:30"), a_situation(tier="none", available=0))
    assert (found.base_minutes, found.extension_minutes, found.price_points) == (120, 30, 5)
    assert codes(found) == ["extension_not_available"]


def test_a_week_used_up_leaves_only_extension() -> None:
    found = quote.judge(wish("11-27 10:00", "11-27 13:00"), a_situation(used=240, available=0))
    assert (found.base_minutes, found.extension_minutes, found.price_points) == (0, 180, 30)
    assert codes(found) == ["extension_not_available"]


@pytest.mark.parametrize(("available", "allowed"), [(5, True), (4, False), (-1, False)])
def test_one_must_be_able_to_pay(available: int, allowed: bool) -> None:  # noqa: FBT001
    found = quote.judge(wish("11-27 10:00", "11-27 12:30"), a_situation(available=available))
    assert codes(found) == ([] if allowed else ["not_enough_points"])
    if not allowed:
        assert found.reasons[0].facts == {"price": 5, "available": available}


def test_in_debt_what_is_free_may_still_be_had() -> None:
    assert quote.judge(wish("11-27 10:00", "11-27 12:00"), a_situation(available=-50)).allowed


def test_residents_have_base_terms_whatever_their_standing() -> None:
    found = quote.judge(wish("11-27 10:00", "11-27 12:15"), a_situation(kind=HolderKind.RESIDENT))
    assert (codes(found), found.tier) == (["extension_not_available"], "none")


def test_with_points_off_base_terms_apply() -> None:
    found = quote.judge(wish("11-27 10:00", "11-27 12:15"), a_situation(points=False))
    assert (codes(found), found.tier, found.price_points) == (["extension_not_available"], "none", 0)


def test_the_centre_is_unbound() -> None:
    found = quote.judge(wish("12-30 08:00", "12-30 20:00"), a_situation(kind=HolderKind.CENTRE, points=False))
    assert found.allowed
    assert (found.base_minutes, found.extension_minutes, found.price_points, found.opens_at) == (720, 0, 0, None)


# --- the window ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tier", "days"), [("none", 7), ("bronze", 10), ("silver", 14), ("gold", 21)])
def test_b3_the_window_opens_at_eight_so_many_days_before(tier: str, days: int) -> None:
    # It is Thursday 26 November, 9:00. The last day that is open is the 26th plus the days.
    last = datetime.combine(NOW.date() + timedelta(days=days), at("10:00").timetz())
    for shift, allowed in ((0, True), (1, False)):
        starts = last + timedelta(days=shift)
        one = ReservationRequest(
            room_id=NOBODYS, holder_id=NOBODYS, starts_at=starts, ends_at=starts + timedelta(hours=1)
        )
        found = quote.judge(one, a_situation(tier=tier))
        assert codes(found) == ([] if allowed else ["too_early"])
    assert found.opens_at == at("11-27 08:00")


@pytest.mark.parametrize(("clock_says", "allowed"), [("11-26 07:59", False), ("11-26 08:00", True)])
def test_b3_it_opens_at_eight_sharp(clock_says: str, allowed: bool) -> None:  # noqa: FBT001
    situation = replace(a_situation(tier="none"), now=at(clock_says))
    assert quote.judge(wish("12-03 10:00", "12-03 11:00"), situation).allowed is allowed


def test_b3_the_same_situation_gives_the_same_answer() -> None:
    one, situation = wish("12-24 10:00", "12-24 13:15"), a_situation(available=3)
    assert quote.judge(one, situation) == quote.judge(one, situation)


def test_three_no_shows_close_the_early_window_until_the_end_of_the_thirtieth_day() -> None:
    # The third on 27 October; 30 days after is 26 November, today: still closed.
    closed = a_situation(tier="gold", missed=(date(2026, 9, 1), date(2026, 10, 1), date(2026, 10, 27)))
    assert codes(quote.judge(wish("12-04 10:00", "12-04 11:00"), closed)) == ["too_early"]
    assert quote.judge(wish("12-03 10:00", "12-03 11:00"), closed).allowed  # everyone's seven days
    opened = a_situation(tier="gold", missed=(date(2026, 9, 1), date(2026, 10, 1), date(2026, 10, 26)))
    assert quote.judge(wish("12-04 10:00", "12-04 11:00"), opened).allowed


@pytest.mark.parametrize(("first", "closed"), [(date(2026, 8, 29), True), (date(2026, 8, 28), False)])
def test_a_no_show_counts_on_its_own_day_and_the_fifty_nine_before(first: date, closed: bool) -> None:  # noqa: FBT001
    # 29 August is 59 days before 27 October.
    days = (first, date(2026, 10, 1), date(2026, 10, 27))
    assert (quote.early_closed_until(days, NoShowRule()) is not None) is closed


# --- everything that stands in the way ------------------------------------------------------------------------------


def test_all_reasons_are_told_in_the_order_of_the_convention() -> None:
    situation = replace(a_situation(tier="none"), taken=True, intervals=[(600, 660)])
    found = quote.judge(wish("12-30 10:05", "12-30 13:05", people=41), situation)
    assert codes(found) == [
        "off_grid",
        "outside_hours",
        "too_early",
        "too_many_people",
        "extension_not_available",
        "room_taken",
    ]
    assert found.code == "off_grid"
    closed = replace(a_situation(available=0), taken=True, intervals=[], longest=60)
    assert codes(quote.judge(wish("11-25 10:05", "11-25 13:05", people=41), closed)) == [
        "off_grid",
        "closed",
        "too_late",
        "too_long",
        "too_many_people",
        "not_enough_points",
        "room_taken",
    ]


@pytest.mark.parametrize(
    ("starts", "ends", "code"),
    [
        ("11-27 07:45", "11-27 09:00", "outside_hours"),
        ("11-27 08:00", "11-27 09:00", None),
        ("11-27 22:00", "11-27 24:00", None),  # 24:00 is a time
        ("11-27 23:00", "11-28 00:15", "outside_hours"),  # within one local day
        ("11-26 09:00", "11-26 10:00", None),  # begins now
        ("11-26 08:45", "11-26 10:00", "too_late"),
        ("11-27 10:10", "11-27 11:10", "off_grid"),
        ("11-27 10:00", "11-27 11:10", "off_grid"),
    ],
)
def test_edges_of_hours_grid_and_past(starts: str, ends: str, code: str | None) -> None:
    assert quote.judge(wish(starts, ends), a_situation()).code == code


def test_a_session_lies_in_one_interval() -> None:
    situation = replace(a_situation(), intervals=[(8 * 60, 12 * 60), (14 * 60, 20 * 60)])
    assert quote.judge(wish("11-27 10:00", "11-27 12:00"), situation).allowed
    assert quote.judge(wish("11-27 11:00", "11-27 12:15"), situation).code == "outside_hours"
    assert quote.judge(wish("11-27 11:00", "11-27 15:00"), situation).code == "outside_hours"


def test_closed_stands_alone_without_outside_hours() -> None:
    assert codes(quote.judge(wish("11-27 10:00", "11-27 11:00"), replace(a_situation(), intervals=[]))) == ["closed"]
    shut = Closure(starts_at=at("11-27 07:30"), ends_at=at("11-27 08:30"), reason="检修")
    early = replace(a_situation(), closures=[shut])  # before the hours besides
    assert codes(quote.judge(wish("11-27 07:00", "11-27 09:00"), early)) == ["closed"]


@given(
    quarter=st.integers(0, 60),
    length=st.integers(1, 32),
    used=st.integers(0, 300),
    tier=st.sampled_from(sorted(TIERS)),
)
def test_base_and_extension_are_the_length_and_the_price_is_monotone(
    quarter: int, length: int, used: int, tier: str
) -> None:
    starts = at("11-28 08:00") + timedelta(minutes=15 * quarter)
    one = ReservationRequest(
        room_id=NOBODYS, holder_id=NOBODYS, starts_at=starts, ends_at=starts + timedelta(minutes=15 * length)
    )
    found = quote.judge(one, a_situation(tier=tier, used=used))
    assert found.base_minutes + found.extension_minutes == 15 * length
    assert found.base_minutes <= max(0, min(120, 240 - used))
    steps = -(-found.extension_minutes // 30)
    assert 5 * steps <= found.price_points <= 10 * steps


# --- as rule: who asks, for whom ------------------------------------------------------------------------------------


def test_terms_are_the_holders_not_the_callers(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "silver", 50)
    one = a_wish(hall, within.choir, "12-10 10:00", "12-10 12:30")  # 14 days ahead
    for name in ("zhang", "li", "sun"):
        found = quote.quote(one, by=actor_of(name))
        assert (found.allowed, found.tier, found.price_points) == (True, "silver", 5)


def test_only_ones_own_group_unless_one_works_here(within: Cast, hall: Room) -> None:
    with pytest.raises(Forbidden):
        quote.quote(a_wish(hall, within.orchestra, "10:00", "11:00"), by=actor_of("zhang"))


def test_unknown_rooms_and_holders_are_not_found(within: Cast, hall: Room) -> None:
    with pytest.raises(NotFound):
        quote.quote(
            ReservationRequest(room_id=NOBODYS, holder_id=within.choir.id, starts_at=at("10:00"), ends_at=at("11:00")),
            by=actor_of("zhang"),
        )
    with pytest.raises(NotFound):
        quote.quote(
            ReservationRequest(room_id=hall.id, holder_id=NOBODYS, starts_at=at("10:00"), ends_at=at("11:00")),
            by=actor_of("zhang"),
        )


def test_a_wish_that_makes_no_sense_is_answered_too(within: Cast, hall: Room) -> None:
    found = quote.quote_of(
        room_id=hall.id, holder_id=within.choir.id, starts_at=at("10:00"), ends_at=at("10:00"), by=actor_of("zhang")
    )
    assert (found.allowed, found.code) == (False, "invalid")
    with pytest.raises(Invalid):
        a_wish(hall, within.choir, "10:00", "10:00")


@pytest.mark.parametrize(
    ("starts", "week_used"),
    [("11-29 10:00", True), ("11-23 10:00", True), ("11-30 10:00", False), ("11-22 10:00", False)],
)
def test_the_week_goes_from_monday_to_sunday_of_the_local_start_day(
    within: Cast,
    hall: Room,
    starts: str,
    week_used: bool,  # noqa: FBT001
) -> None:
    day = starts.split()[0]
    set_clock(f"{day} 08:00")
    a_reservation(hall, within.choir, starts, f"{day} 12:00")
    set_clock("11-23 08:00" if day != "11-22" else "11-22 08:00")
    found = quote.quote(a_wish(hall, within.choir, "11-26 15:00", "11-26 16:00"), by=actor_of("zhang"))
    left = next(one.facts["left"] for one in found.explanation if one.code == "booking.why.base")
    assert left == (120 if week_used else 240)


def test_what_was_cancelled_in_time_frees_the_week_and_what_was_late_does_not(within: Cast, hall: Room) -> None:
    for number, (status, late) in enumerate(
        [
            (Status.CONFIRMED, False),
            (Status.CHECKED_IN, False),
            (Status.MISSED, False),
            (Status.CANCELLED, True),
            (Status.CANCELLED, False),
        ]
    ):
        one: Reservation = a_reservation(hall, within.choir, f"{10 + number}:00", f"{10 + number}:30")
        one.status, one.cancelled_late = status, late
    found = quote.quote(a_wish(hall, within.choir, "20:00", "21:00"), by=actor_of("zhang"))
    left = next(one.facts["left"] for one in found.explanation if one.code == "booking.why.base")
    assert left == 240 - 4 * 30


def test_a_residents_and_a_groups_week_are_their_own(within: Cast, hall: Room) -> None:
    other, person = a_group(), a_resident()
    a_reservation(hall, other, "10:00", "12:00")
    a_reservation(hall, person, "12:00", "14:00")
    assert a_reservation(a_room("书法室"), within.choir, "10:00", "12:00").base_minutes == 120
