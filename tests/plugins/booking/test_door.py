"""At a room's door: the sheet with its code, and what whoever scans it finds and may do."""

import re
from html import unescape
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from core.db import Database, Id, session, unit
from core.people.models import Holder
from core.plugins import House
from plugins.booking import door, queries, reserve
from plugins.booking.door import Standing, WrongRoom
from plugins.booking.models import Reservation, Room, Side, Status
from plugins.booking.requests import CancellationRequest
from plugins.booking.views.paper import code_of
from tests import kit
from tests.kit import SLUG, SYSTEM, BrowserOf, Cast, actor_of
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, set_clock
from tests.statements import statements


class Doors:
    """Rooms behind the pages, and what stands in them."""

    def __init__(self, database: Database, house: House) -> None:
        self.database, self.house = database, house
        self.hall, self.chess = self.room("排练厅"), self.room("棋牌室")

    def room(self, name: str, spaces: tuple[str, ...] | None = None) -> Id:
        with unit(self.database, write=True):
            kit.enter_slug(self.house, SLUG)
            return a_room(name, spaces=spaces).id

    def book(self, room_id: Id, holder: Id, starts: str, ends: str) -> Id:
        with unit(self.database, write=True):
            kit.enter_slug(self.house, SLUG)
            room = session.scalars(select(Room).where(Room.id == room_id)).one()
            who = session.scalars(select(Holder).where(Holder.id == holder)).one().value()
            return a_reservation(room, who, starts, ends).id

    def status(self, reservation_id: Id) -> Status:
        with unit(self.database, write=False):
            kit.enter_slug(self.house, SLUG)
            return session.scalars(select(Reservation.status).where(Reservation.id == reservation_id)).one()


@pytest.fixture
def doors(database: Database, booking_house: House, cast: Cast) -> Doors:
    """A hall and a chess room."""
    return Doors(database, booking_house)


# --- the sheet -----------------------------------------------------------------------------------------------------


def test_the_sheet_holds_an_address_and_no_secret_and_the_code_passes_the_policy(
    browse: BrowserOf, doors: Doors
) -> None:
    sheet = browse("sun").get(f"/booking/rooms/{doors.hall}/door-sheet").text
    address = f"http://localhost/{SLUG}/booking/door/{doors.hall}"
    assert f"The code leads to {address}." in sheet
    assert code_of(address) in sheet
    assert "style=" not in code_of(address)
    assert "from 30 minutes before they begin to 15 minutes after" in sheet


def test_a_sheet_names_groups_and_never_residents_whoever_prints_it(
    browse: BrowserOf, doors: Doors, cast: Cast
) -> None:
    chen = cast.people["chen"]
    assert chen.resident_id is not None
    doors.book(doors.hall, cast.choir.id, "10:00", "11:00")
    doors.book(doors.hall, chen.resident_id, "12:00", "13:00")
    for path in ("door-sheet", "door-sheet?show=today", "poster"):
        sheet = browse("li").get(f"/booking/rooms/{doors.hall}/{path}").text
        paper = sheet[sheet.index("<article") :]
        assert cast.choir.name in paper
        assert "reserved" in paper
        assert chen.name not in paper
    assert cast.choir.name not in browse("li").get(f"/booking/rooms/{doors.hall}/door-sheet?show=code").text


# --- scanning it ---------------------------------------------------------------------------------------------------


def test_who_is_not_signed_in_signs_in_and_is_back_at_the_door(browse: BrowserOf, doors: Doors) -> None:
    browser = browse(None)
    led = browser.get(f"/booking/door/{doors.hall}")
    assert led.status_code == 302
    assert led.location == f"/{SLUG}/sign-in?next=/{SLUG}/booking/door/{doors.hall}"
    assert urlsplit(led.location).netloc == ""


@pytest.mark.parametrize("who", ["zhang", "chen"])  # leader, member
def test_one_tap_at_the_door_checks_in_the_session_that_runs_now(
    browse: BrowserOf, doors: Doors, cast: Cast, points: FakePoints, who: str
) -> None:
    points.give(cast.choir, "gold", 100)
    booked = doors.book(doors.hall, cast.choir.id, "10:00", "12:30")
    set_clock("09:45")
    browser, path = browse(who), f"/booking/door/{doors.hall}"
    page = browser.get(path).text
    assert "Check in until 10:15" in page
    act = re.findall(rf'action="/{SLUG}({path}/check-in/[^"]*)"', page)
    assert act == [f"{path}/check-in/{booked}"]
    for _twice in range(2):
        browser.post(act[0])
    assert doors.status(booked) is Status.CHECKED_IN
    assert points.said == [("captured", 5, points.said[0][2])]
    assert "The room is yours until 12:30." in browser.get(path).text


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("09:29", "Check-in opens at 9:30. Scan the sheet again then."),
        ("10:16", "Nobody had checked in by 10:15, so it counts as missed"),
        ("12:00", "Nothing of yours is booked here today."),
    ],
)
def test_too_early_too_late_and_nothing_each_say_what_to_do(
    browse: BrowserOf, doors: Doors, cast: Cast, now: str, said: str
) -> None:
    booked = doors.book(doors.hall, cast.choir.id, "10:00", "12:00")
    set_clock(now)
    browser, path = browse("zhang"), f"/booking/door/{doors.hall}"
    page = browser.get(path).text
    assert said in page
    assert "/check-in/" not in page
    refused = browser.post(f"{path}/check-in/{booked}")
    assert refused.status_code == (403 if now == "09:29" else 422)
    assert doors.status(booked) is Status.CONFIRMED


def test_nothing_booked_names_the_next_time_and_leads_to_booking(browse: BrowserOf, doors: Doors, cast: Cast) -> None:
    doors.book(doors.chess, cast.choir.id, "11-27 14:00", "11-27 15:00")
    page = browse("chen").get(f"/booking/door/{doors.hall}").text
    assert "Your next time: 棋牌室, tomorrow 14:00–15:00." in page
    assert f'href="/{SLUG}/booking/?room={doors.hall}"' in unescape(page)


def test_the_wrong_door_names_the_right_one_and_checks_nobody_in(
    browse: BrowserOf, doors: Doors, cast: Cast, points: FakePoints
) -> None:
    points.give(cast.choir, "gold", 100)
    booked = doors.book(doors.hall, cast.choir.id, "09:00", "11:30")
    browser, path = browse("zhang"), f"/booking/door/{doors.chess}"
    assert "This session is in another room: 排练厅." in browser.get(path).text
    refused = browser.post(f"{path}/check-in/{booked}")
    assert refused.status_code == 409
    assert "Go there and scan the sheet at that door." in refused.text
    assert doors.status(booked) is Status.CONFIRMED
    assert points.said == []


def test_the_door_of_a_part_is_a_door_of_the_whole_hall(browse: BrowserOf, doors: Doors, cast: Cast) -> None:
    whole, east = doors.room("大厅", ("east", "west")), doors.room("东厅", ("east",))
    booked = doors.book(whole, cast.choir.id, "09:00", "11:00")
    assert browse("zhang").post(f"/booking/door/{east}/check-in/{booked}").status_code == 303
    assert doors.status(booked) is Status.CHECKED_IN


def test_others_can_neither_see_nor_check_in_what_is_not_theirs_and_staff_check_in_anybody(
    browse: BrowserOf, doors: Doors, cast: Cast
) -> None:
    booked = doors.book(doors.hall, cast.orchestra.id, "09:00", "11:00")
    path = f"/booking/door/{doors.hall}"
    assert cast.orchestra.name not in browse("chen").get(path).text
    assert browse("chen").post(f"{path}/check-in/{booked}").status_code == 403
    assert cast.orchestra.name in browse("sun").get(path).text
    assert browse("sun").post(f"{path}/check-in/{booked}").status_code == 303


def test_members_check_in_at_the_door_alone(browse: BrowserOf, doors: Doors, cast: Cast) -> None:
    booked = doors.book(doors.hall, cast.choir.id, "09:00", "11:00")
    assert browse("chen").post(f"/booking/reservations/{booked}/check-in").status_code == 403
    assert browse("chen").post(f"/booking/door/{doors.hall}/check-in/{booked}").status_code == 303


def test_every_standing_at_the_door_has_its_case(within: Cast) -> None:
    hall = a_room()
    early = a_reservation(hall, within.choir, "18:00", "19:00")
    gone = a_reservation(hall, within.choir, "09:00", "10:00")

    reserve.cancel(gone.id, CancellationRequest(by=Side.CENTRE, reason="检修"), by=SYSTEM)
    own = a_reservation(hall, within.centre, "09:00", "09:30")
    zhang = door.at(hall.id, by=actor_of("zhang"))
    assert [(one.session.id, one.standing) for one in zhang.meetings] == [
        (gone.id, Standing.CANCELLED),
        (early.id, Standing.EARLY),
    ]
    staff = [(one.session.id, one.standing) for one in door.at(hall.id, by=actor_of("sun")).meetings]
    assert (own.id, Standing.OWN) in staff
    now = a_reservation(a_room("书法室"), within.choir, "09:00", "09:45")
    with pytest.raises(WrongRoom):
        door.check_in(hall.id, now.id, by=actor_of("zhang"))


def test_the_door_takes_as_many_statements_whatever_is_booked(within: Cast, database: Database) -> None:
    hall, sent = a_room(), []
    door.at(hall.id, by=actor_of("sun"))  # a new room is a new revision: the policy is read once more
    for hours in ((9, 10, 11), (13, 14, 15, 16, 17, 18)):
        for hour in hours:
            a_reservation(hall, within.orchestra, f"{hour}:00".zfill(5), f"{hour}:15".zfill(5))
        session.flush()
        session.expire_all()
        queries.room(hall.id)
        with statements(database.writer) as seen:
            found = door.at(hall.id, by=actor_of("sun"))
        assert len(found.meetings) == (3 if hours[0] == 9 else 9)
        sent.append(len(seen))
    assert sent[0] == sent[1] <= 6
