"""What leaders and residents are told of their sessions: reminders, each once, and what others did with them."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core import clock
from core.db import Database, Id, session, unit
from core.explanations import Explanation
from core.notices import mails
from core.notices.models import Mail, MailState, NoticeKind, Outbox
from core.people.models import Holder, Membership, Role
from plugins.booking import attendance, lengths, moving, notices, reserve
from plugins.booking.models import Reservation, Room, Side
from plugins.booking.requests import CancellationRequest, ChangeRequest, EndRequest
from tests import kit
from tests.core.notices.kit import with_address
from tests.kit import SLUG, BrowserOf, Cast, actor_of
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, at, set_clock
from tests.plugins.booking.test_pages import Inside, behind, hall_id  # noqa: F401 - fixtures
from tests.statements import statements


def told(resident_id: Id | None = None) -> list[Explanation]:
    """All that was said, or to one reader, the first first."""
    session.flush()
    wanted = select(Outbox.words).order_by(Outbox.at, Outbox.id)
    return list(session.scalars(wanted if resident_id is None else wanted.where(Outbox.resident_id == resident_id)))


def codes(resident_id: Id | None = None) -> list[str]:
    return [words.code.removeprefix("booking.") for words in told(resident_id)]


@pytest.fixture
def saturday(within: Cast, hall: Room, points: FakePoints) -> Reservation:
    """Saturday 14 to 16:30 of the choir, booked on Thursday at 9; the last half hour costs 10 points."""
    points.give(within.choir, "gold", 30)
    return a_reservation(hall, within.choir, "11-28 14:00", "11-28 16:30")


# --- reminders -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("11-26 23:59", []),
        ("11-27 06:59:59", []),
        ("11-27 07:00", ["day_before"]),
        ("11-27 19:00", ["day_before"]),
        ("11-27 19:00:01", []),
        ("11-28 11:59:59", []),
        ("11-28 12:00", ["soon"]),
        ("11-28 12:59:59", ["soon"]),
        ("11-28 13:00", []),
        ("11-28 14:10", []),
    ],
)
def test_a_late_sweep_still_reminds_and_one_far_too_late_says_nothing(
    within: Cast, saturday: Reservation, moment: str, said: list[str]
) -> None:
    set_clock(moment)
    for _time in range(2):
        notices.remind()
    assert codes() == said


def test_b10_each_reminder_comes_once_however_often_it_is_swept(within: Cast, saturday: Reservation) -> None:
    new = 0
    for minutes in range(0, 54 * 60, 20):
        clock.start_at(kit.NOW + timedelta(minutes=minutes), frozen=True)
        new += notices.remind()
    day_before, soon = told(within.zhang.resident_id)
    assert new == len(told()) == 2
    assert day_before.facts == {
        "holder": "合唱队",
        "room": "排练厅",
        "day": date(2026, 11, 28),
        "times": "14:00–16:30",
        "until": at("11-27 14:00"),
        "points": 10,
    }
    assert soon.facts["opens"], soon.facts["closes"] == ("13:30", "14:15")
    about = session.scalars(select(Outbox).order_by(Outbox.at)).first()
    assert about is not None
    assert (about.kind, about.page, about.about_id, about.begins_at) == (
        NoticeKind.REMINDER,
        "booking.reservation",
        saturday.id,
        at("11-28 14:00"),
    )


def test_what_was_booked_after_the_moment_is_not_reminded_of_it(within: Cast, hall: Room) -> None:
    set_clock("11-27 07:01")
    a_reservation(hall, within.choir, "11-28 14:00", "11-28 15:00")
    notices.remind()
    set_clock("11-28 12:01")
    a_reservation(hall, within.orchestra, "11-28 15:00", "11-28 16:00")
    a_reservation(a_room("书法室"), within.orchestra, "11-28 14:00", "11-28 15:00")
    notices.remind()
    assert codes() == ["soon"]
    assert codes(within.zhang.resident_id) == ["soon"]


def test_the_resident_reads_it_itself_all_leaders_do_and_the_centre_has_no_reader(within: Cast, hall: Room) -> None:
    assert within.chen.resident_id is not None
    session.add(
        Membership(
            group_id=within.choir.id, resident_id=within.zhao.resident_id, role=Role.LEADER, from_day=kit.MEMBER_SINCE
        )
    )
    resident = session.scalars(select(Holder).where(Holder.id == within.chen.resident_id)).one().value()
    a_reservation(hall, within.choir, "11-28 14:00", "11-28 15:00")
    a_reservation(hall, within.centre, "11-28 15:00", "11-28 16:00")
    a_reservation(hall, resident, "11-28 16:00", "11-28 17:00")
    set_clock("11-27 08:00")
    notices.remind()
    readers = session.execute(select(Outbox.resident_id, Outbox.words)).all()
    assert {(reader, words.facts["holder"]) for reader, words in readers} == {
        (within.zhang.resident_id, "合唱队"),
        (within.zhao.resident_id, "合唱队"),
        (within.chen.resident_id, "陈玉兰"),
    }


@pytest.mark.parametrize("fate", ["cancelled", "moved", "checked in"])
def test_a_session_that_is_no_longer_so_is_reminded_of_no_more_but_a_moved_one_at_its_new_time(
    within: Cast, saturday: Reservation, fate: str
) -> None:
    with_address("zhang")
    leader = actor_of("zhang")
    set_clock("11-27 07:00")
    notices.remind()
    mails.sweep()
    assert session.scalars(select(Mail.state)).all() == [MailState.WAITING]
    if fate == "cancelled":
        reserve.cancel(saturday.id, CancellationRequest(), by=leader)
    elif fate == "moved":
        wish = ChangeRequest(starts_at=at("11-29 10:00"), ends_at=at("11-29 11:00"))
        moving.change(saturday.id, wish, by=leader)
    else:
        set_clock("11-28 13:40")
        attendance.check_in(saturday.id, by=leader)
    gone = fate != "checked in"
    assert codes() == ([] if gone else ["day_before"])
    assert session.scalars(select(Mail.state)).all() == ([] if gone else [MailState.WAITING])
    for moment in ("11-28 12:00", "11-28 13:45", "11-28 18:00", "11-29 08:00"):
        set_clock(moment)
        notices.remind()
    assert [(words.code, words.facts["day"]) for words in told()][0 if gone else 1 :] == (
        [("booking.day_before", date(2026, 11, 29)), ("booking.soon", date(2026, 11, 29))] if fate == "moved" else []
    )


def test_forty_sessions_are_reminded_of_in_as_many_statements_as_one(
    within: Cast, hall: Room, database: Database
) -> None:
    counts = []
    for number in (1, 40):
        for at_once in range(number):
            leader = kit.a_resident()
            group = kit.a_group(leaders=[leader])
            a_reservation(a_room(f"房间{number}-{at_once}"), group, "11-28 10:00", "11-28 11:00")
        session.flush()
        set_clock("11-27 08:00")
        with statements(database.writer) as sent:
            assert notices.remind() == number
        counts.append(len(sent))
        set_clock("09:00")
    assert counts[0] == counts[1] == 4


# --- what others did -----------------------------------------------------------------------------------------------


def test_leaders_are_told_what_the_staff_do_for_them_and_not_what_they_do_themselves(
    within: Cast, hall: Room, points: FakePoints
) -> None:
    points.give(within.choir, "gold", 30)
    zhang, sun = actor_of("zhang"), actor_of("sun")
    for number, by in ((27, zhang), (28, sun)):
        one = a_reservation(hall, within.choir, f"11-{number} 14:00", f"11-{number} 16:30", by=by)
        starts_at, ends_at = at(f"11-{number} 10:00"), at(f"11-{number} 12:30")
        moving.change(one.id, ChangeRequest(starts_at=starts_at, ends_at=ends_at, title="彩排"), by=by)
        moving.change(one.id, ChangeRequest(title="合练"), by=by)  # is where and when it was
        lengths.shorten(one.id, EndRequest(ends_at=at(f"11-{number} 12:00")), by=by)
        reserve.cancel(one.id, CancellationRequest(reason="有事"), by=by)
    assert codes() == ["booked", "moved", "shortened", "cancelled_for_you"]
    assert codes(within.zhang.resident_id) == codes()
    booked, moved, shortened, cancelled = told()
    assert booked.facts["price"] == 10
    assert (moved.facts["was_times"], moved.facts["times"]) == ("14:00–16:30", "10:00–12:30")
    assert shortened.facts["times"] == "10:00–12:00"
    assert (cancelled.facts["reason"], cancelled.facts["back"], cancelled.facts["taken"]) == ("有事", 0, 0)
    changes = session.scalars(select(Outbox)).all()
    assert {(one.kind, one.page) for one in changes} == {(NoticeKind.CHANGE, "booking.reservation")}
    assert [one.begins_at for one in changes][1] == at("11-28 10:00")


def test_when_the_centre_cancels_they_read_why_and_what_comes_back_whoever_of_them_did_it(
    within: Cast, saturday: Reservation
) -> None:
    session.add(
        Membership(
            group_id=within.choir.id, resident_id=within.li.resident_id, role=Role.LEADER, from_day=kit.MEMBER_SINCE
        )
    )
    session.flush()
    reserve.cancel(saturday.id, CancellationRequest(by=Side.CENTRE, reason="停电"), by=actor_of("li"))
    [words] = told()
    assert codes(within.zhang.resident_id) == ["cancelled_by_centre"]  # Li leads it too, and knows
    assert (words.facts["reason"], words.facts["back"], words.facts["taken"]) == ("停电", 10, 0)


def test_several_given_up_at_once_are_told_in_one_sentence(within: Cast, hall: Room) -> None:
    for day in (27, 28, 29):
        a_reservation(hall, within.choir, f"11-{day} 10:00", f"11-{day} 11:00")
    reserve.cancel_to_come(within.choir.id, by=actor_of("li"))
    [words] = told()
    assert (words.code, words.facts["count"], words.facts["day"]) == (
        "booking.cancelled_by_centre_several",
        3,
        date(2026, 11, 27),
    )


def test_a_change_of_what_begins_in_the_night_does_not_wait_for_the_morning(within: Cast) -> None:
    with_address("zhang")
    rooms = {closes: a_room(f"{closes}点关", opens=6, closes=closes) for closes in (22, 23)}
    for starts, ends in (("11-27 06:30", "11-27 07:30"), ("11-27 10:00", "11-27 11:00")):
        a_reservation(rooms[23], within.choir, starts, ends)
    set_clock("21:30")
    early, late = session.scalars(select(Reservation).order_by(Reservation.starts_at)).all()
    for one in (late, early):
        reserve.cancel(one.id, CancellationRequest(by=Side.CENTRE), by=actor_of("li"))
    mails.sweep()
    taken = mails.take()
    assert taken is not None
    assert taken.words.facts["times"] == "6:30–7:30"
    assert mails.take() is None
    set_clock("11-27 07:00")
    assert mails.take() is not None


# --- no-shows ------------------------------------------------------------------------------------------------------


def test_every_no_show_is_told_once_with_what_it_means(within: Cast, hall: Room, points: FakePoints) -> None:
    points.give(within.choir, "gold", 30)
    for day, until in ((27, "12:30"), (28, "11:00"), (29, "11:00")):
        a_reservation(hall, within.choir, f"11-{day} 10:00", f"11-{day} {until}")
    for day in (27, 28, 29):
        set_clock(f"11-{day} 13:00")
        attendance.sweep()
        attendance.sweep()
    assert codes(within.zhang.resident_id) == codes() == ["no_show", "no_show_warning", "no_show_closed"]
    first, second, third = told()
    assert (first.facts["taken"], first.facts["day"]) == (5, date(2026, 11, 27))
    assert second.facts["days"] == 30
    assert third.facts["until"] == date(2026, 12, 29)


# --- in words ------------------------------------------------------------------------------------------------------


SAID = {
    "en": """
The centre has booked 排练厅 for 合唱队: Fri 27 Nov, 10:00–12:30. 5 points are set aside for it.
The centre has moved the session of 合唱队 in 排练厅 on Fri 27 Nov, 10:00–12:30: it is now in 排练厅 on Fri 27 Nov, 14:00–16:30.
合唱队 has 排练厅 soon: Fri 27 Nov, 14:00–16:30. Check in from 13:30 to 14:15; later it counts as missed.
Nobody checked in for 合唱队 in 排练厅 on Fri 27 Nov, 14:00–16:30: the session counts as missed. 5 points were taken for it.
""",
    "zh": """
中心已为合唱队预约排练厅：11月27日 星期五 10:00–12:30。已为此冻结 5 分。
中心把合唱队原定 11月27日 星期五 10:00–12:30 在排练厅的预约改到了 11月27日 星期五 14:00–16:30，场地是排练厅。
快到时间了：合唱队 11月27日 星期五 14:00–16:30 在排练厅。请在 13:30–14:15 之间签到，过时算作爽约。
合唱队 11月27日 星期五 14:00–16:30 在排练厅的活动没有人签到，算作爽约。已扣除 5 分。
""",
}


def kept(behind: Inside, act: Callable[[], Any]) -> Any:  # noqa: F811
    """Do something in the database behind the pages."""
    with unit(behind.database, write=True):
        kit.enter_slug(behind.house, SLUG)
        return act()


@pytest.mark.parametrize("language", list(SAID))
def test_the_inbox_says_it_in_whole_sentences_with_a_link_to_the_session(
    browse: BrowserOf,
    behind: Inside,  # noqa: F811
    hall_id: Id,  # noqa: F811
    cast: Cast,
    points: FakePoints,
    language: str,
) -> None:
    points.give(cast.choir, "gold", 30)

    def act() -> Any:
        room = session.scalars(select(Room).where(Room.id == hall_id)).one()
        one = a_reservation(room, cast.choir, "11-27 10:00", "11-27 12:30", by=actor_of("sun"))
        there = ChangeRequest(starts_at=at("11-27 14:00"), ends_at=at("11-27 16:30"))
        moving.change(one.id, there, by=actor_of("sun"))
        set_clock("11-27 12:00")
        notices.remind()
        set_clock("11-27 14:20")
        attendance.sweep()
        return one.id

    reservation_id = kept(behind, act)
    browser = browse("zhang", locale=language)
    page = browser.get("/notices").text
    for sentence in SAID[language].strip().splitlines():
        assert sentence in page
    notice_id = kept(behind, lambda: session.scalars(select(Outbox.id)).first())
    assert browser.get(f"/notices/{notice_id}").location == f"/{SLUG}/booking/reservations/{reservation_id}"
    assert browser.get(f"/booking/reservations/{reservation_id}").status_code == 200
