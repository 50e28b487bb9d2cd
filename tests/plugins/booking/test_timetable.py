"""The timetable: what stands in a grey place and why, and the plan of the house that it is drawn from."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from core.db import Database, Id, session, unit
from core.people.models import Holder
from core.plugins import House
from plugins.booking import closures, plan
from plugins.booking.models import Closure
from plugins.booking.requests import ClosureRequest
from tests.kit import SLUG, SYSTEM, Browser, BrowserOf, Cast, ProgramOf, enter_slug
from tests.plugins.booking.kit import a_reservation, a_room, at, rule
from tests.statements import statements

TODAY, FRIDAY = "2026-11-26", "2026-11-27"


@pytest.fixture
def house_of_rooms(database: Database, booking_house: House, cast: Cast) -> dict[str, Id]:
    """Rooms of every rule: with sessions, set-up time, a closed hour, notice, and who may book."""
    with unit(database, write=True):
        enter_slug(booking_house, SLUG)
        found = {name: a_room(name) for name in ("大厅", "鼓房", "舞蹈室", "急用室", "团队室", "办公室")}
        rule(found["鼓房"], setup_minutes=30, clearup_minutes=30)
        rule(found["急用室"], notice_minutes=120)
        rule(found["团队室"], who="groups")
        rule(found["办公室"], who="staff")
        a_reservation(found["大厅"], cast.orchestra, "11-27 10:00", "11-27 11:00")
        chen = session.scalars(select(Holder).where(Holder.id == cast.chen.resident_id)).one().value()
        a_reservation(found["大厅"], chen, "11-27 12:00", "11-27 13:00")
        a_reservation(found["鼓房"], cast.orchestra, "11-27 10:00", "11-27 11:00")
        repair = ClosureRequest(starts_at=at("11-27 09:00"), ends_at=at("11-27 09:40"), reason="修地板")
        closures.close(found["舞蹈室"].id, repair, by=SYSTEM)
        return {name: room.id for name, room in found.items()}


ALWAYS = [  # what anybody reads: the day, the room, the time, the sentence
    (FRIDAY, "大厅", "10:30", "民乐团 has the room from 10:00–11:00."),
    (FRIDAY, "鼓房", "9:30", "9:00–10:00 is kept free to set up and to clear up."),
    (FRIDAY, "舞蹈室", "9:30", "The room is closed 9:00–9:40: 修地板."),
    (FRIDAY, "大厅", "7:00", "That is outside the opening hours of that day (8:00–22:00). Choose a time within them."),
    (TODAY, "大厅", "8:00", "That time has passed. Choose one that has not begun yet."),
]
NOT_OF_STAFF = [
    (TODAY, "急用室", "10:00", "This room must be booked 2 hours ahead. Choose a later time, or ask the centre."),
    (FRIDAY, "办公室", "10:00", "Only the centre's staff book this room. Ask them, or choose another room."),
    ("2027-01-08", "大厅", "10:00", "That day cannot be booked yet. It opens on Fri 1 Jan 2027 8:00."),
]


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("li", [*ALWAYS, (FRIDAY, "大厅", "12:30", "陈玉兰 has the room from 12:00–13:00.")]),
        ("zhang", [*ALWAYS, *NOT_OF_STAFF, (FRIDAY, "大厅", "12:30", "A resident has the room from 12:00–13:00.")]),
        (
            "chen",
            [
                *ALWAYS,
                *NOT_OF_STAFF,
                (FRIDAY, "团队室", "10:00", "This room is for groups. Choose another room, or book it for a group"),
            ],
        ),
    ],
)
def test_every_obstacle_is_said_in_a_sentence(
    browse: BrowserOf, house_of_rooms: dict[str, Id], name: str, reads: list[tuple[str, str, str, str]]
) -> None:
    browser = browse(name)
    for day, room, start, sentence in reads:
        page = browser.get(f"/booking/why?day={day}&room={house_of_rooms[room]}&start={start}")
        assert page.status_code == 200
        assert sentence in unescape(page.text), (room, start)


def grey(page: str) -> list[str]:
    """Where the grey places of a timetable lead, below the community."""
    found = [unescape(one) for one in re.findall(r'href="([^"]*/booking/why[^"]*)"', page)]
    return [one.removeprefix(f"/{SLUG}") for one in dict.fromkeys(found)]


def free_instead(page: str) -> list[tuple[str, str]]:
    """What the page offers: the room and the time that each tap asks for."""
    found = re.findall(r'href="[^"]*room=([^&"]*)&amp;start=([^&#"]*)#confirm"', page)
    return [(room, start) for room, start in found]


@pytest.mark.parametrize("name", ["li", "zhang", "chen"])
def test_each_grey_place_is_a_plain_link_to_its_reason(
    browse: BrowserOf, house_of_rooms: dict[str, Id], name: str
) -> None:
    browser = browse(name)
    found = [one for day in (TODAY, FRIDAY) for one in grey(browser.get(f"/booking/?day={day}").text)]
    assert {str(room) for room in house_of_rooms.values()} & {re.findall("room=([^&]*)", one)[0] for one in found}
    for address in found:
        page = browser.get(address).text
        card = page[page.index('id="why"') :]
        assert re.search(r"<p>[^<]+\.", card), address
        assert "Nothing stands in the way" not in card, address


def test_what_is_free_instead_is_one_tap_from_its_card(browse: BrowserOf, house_of_rooms: dict[str, Id]) -> None:
    hall, drums = str(house_of_rooms["大厅"]), str(house_of_rooms["鼓房"])
    zhang = browse("zhang")
    page = zhang.get(f"/booking/why?day={FRIDAY}&room={hall}&start=10:00").text
    # Before it, after it up to noon, and after one o'clock; at ten in the rooms that a leader may book, the drums' not.
    assert free_instead(page)[:3] == [(hall, "09:00"), (hall, "11:00"), (hall, "13:00")]
    elsewhere = {room for room, _start in free_instead(page)[3:]}
    assert elsewhere == {str(house_of_rooms[name]) for name in ("舞蹈室", "急用室", "团队室")}
    assert drums not in elsewhere
    tap = re.search(r'href="/xincheng([^"]*start=11:00)#confirm"', page)
    assert tap
    assert "Confirm the booking" in zhang.get(unescape(tap[1])).text
    too_early = zhang.get(f"/booking/why?day=2027-01-08&room={hall}&start=10:00").text
    assert not free_instead(too_early)
    assert "day=2026-12-03" in too_early  # the last day that is open
    assert "Nothing stands in the way any more" in zhang.get(f"/booking/why?day={FRIDAY}&room={hall}&start=11:00").text


@pytest.mark.parametrize(
    "query", ["", "room=nothing&start=10:00", "room={}&start=late", "room={}&start=25:00", "room={}&start=10:00&day=x"]
)
def test_an_address_that_asks_no_question_leads_to_the_timetable(
    browse: BrowserOf, house_of_rooms: dict[str, Id], query: str
) -> None:
    page = browse("zhang").get("/booking/why?" + query.format(house_of_rooms["大厅"]))
    assert page.status_code == (200 if "day=x" in query else 302)  # no day is today


def test_of_another_community_nobody_learns_anything(browse: BrowserOf, house_of_rooms: dict[str, Id]) -> None:
    path = f"/booking/why?day={FRIDAY}&room={house_of_rooms['大厅']}&start=10:00"
    assert browse("wang").get(path).status_code == 404
    assert browse("zhang").get(path.replace(str(house_of_rooms["大厅"]), str(Id(int=1)))).status_code == 404


# --- the next free time ---------------------------------------------------------------------------------------------


def offered(page: str) -> list[tuple[str, str]]:
    """When and where, as the page of the next free time lists them."""
    return re.findall(r'class="house-slot free"[^>]*><b>([^<]*)</b><span>([^<]*)', page)


def test_the_next_free_time_of_some_length_in_a_room_and_those_like_it(
    browse: BrowserOf, call: ProgramOf, behind_rooms: Id, house_of_rooms: dict[str, Id]
) -> None:
    hall, zhang = house_of_rooms["大厅"], browse("zhang")
    full = {"starts_at": "2026-11-26T09:00:00+08:00", "ends_at": "2026-11-26T22:00:00+08:00", "reason": "停电"}
    assert call("li").post(f"/booking/rooms/{hall}/closures", full).status_code == 201
    assert f"next-free?room={hall}" in zhang.get(f"/booking/?room={hall}").text
    page = zhang.get(f"/booking/next-free?room={hall}").text
    assert offered(page) == [
        ("today 9:00–10:30", "团队室"),
        ("today 9:00–10:30", "舞蹈室"),
        ("today 9:00–10:30", "鼓房"),
        ("today 11:00–12:30", "急用室"),  # two hours' notice; the office is the staff's, the study too small
        ("tomorrow 8:00–9:30", "大厅"),
    ]
    long = zhang.get(f"/booking/next-free?room={hall}&minutes=180").text
    assert ("tomorrow 13:00–16:00", "大厅") in offered(long)
    tap = re.search(r'href="/xincheng([^"]*start=13:00[^"]*)#confirm"', long)
    assert tap
    assert "13:00–16:00" in zhang.get(unescape(tap[1])).text
    assert offered(browse("chen").get(f"/booking/next-free?room={behind_rooms}&minutes=60").text)[0][1] == "书房"
    assert zhang.get("/booking/next-free?room=nothing").status_code == 302
    assert zhang.get(f"/booking/next-free?room={Id(int=1)}").status_code == 404
    assert browse("wang").get(f"/booking/next-free?room={hall}").status_code == 404


@pytest.fixture
def behind_rooms(database: Database, booking_house: House) -> Id:
    """A study of eight, too small to be like a hall."""
    with unit(database, write=True):
        enter_slug(booking_house, SLUG)
        return a_room("书房", capacity=8).id


def test_when_nothing_is_free_for_so_long_the_page_says_what_to_do(
    browse: BrowserOf, database: Database, booking_house: House
) -> None:
    with unit(database, write=True):
        enter_slug(booking_house, SLUG)
        room_id = a_room("小间", opens=8, closes=9).id
    page = browse("zhang").get(f"/booking/next-free?room={room_id}").text
    assert "Nothing is free for so long." in page
    assert "Up to Thu 3 Dec neither this room nor one like it is." in page


# --- the plan -------------------------------------------------------------------------------------------------------


class Elsewhere:
    """Another process: it has read the plan, and hears nothing of what this one does."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.browser.get(f"/booking/?day={FRIDAY}")
        self.known = dict(plan._CACHE)

    def looks(self) -> str:
        """The timetable, as that process draws it now."""
        plan._CACHE.clear()
        plan._CACHE.update(self.known)
        return self.browser.get(f"/booking/?day={FRIDAY}").text


def test_a_change_of_room_hours_or_closure_is_seen_by_every_process_at_its_next_request(
    browse: BrowserOf, call: ProgramOf, house_of_rooms: dict[str, Id]
) -> None:
    hall, li = house_of_rooms["大厅"], call("li")
    other = Elsewhere(browse("zhang"))
    assert "start=20:00" in other.looks()
    closed = li.post(
        f"/booking/rooms/{hall}/closures",
        {"starts_at": "2026-11-27T20:00:00+08:00", "ends_at": "2026-11-27T22:00:00+08:00", "reason": "停电"},
    )
    assert "停电" in other.looks()
    li.call("DELETE", f"/booking/closures/{closed.get_json()['id']}")
    assert "停电" not in other.looks()
    assert f"room={hall}&amp;start=8:00" in other.looks()
    li.put(f"/booking/rooms/{hall}/hours", {"hours": [{"weekday": 4, "opens": "09:00", "closes": "21:00"}]})
    assert "outside" in browse("zhang").get(f"/booking/why?day={FRIDAY}&room={hall}&start=8:00").text
    assert f"room={hall}&amp;start=8:00" not in re.sub('/why[^"]*', "", other.looks())
    li.post("/booking/rooms", {"name": "新书房", "capacity": 8})
    assert "新书房" in other.looks()


def test_what_a_unit_that_is_undone_has_read_is_not_kept(
    database: Database, booking_house: House, house_of_rooms: dict[str, Id], browse: BrowserOf
) -> None:
    with unit(database, write=True) as work:
        enter_slug(booking_house, SLUG)
        wish = ClosureRequest(starts_at=at("11-27 20:00"), ends_at=at("11-27 22:00"), reason="停电")
        closures.close(house_of_rooms["大厅"], wish, by=SYSTEM)
        assert [one.reason for one in plan.plan().closed] == ["修地板", "停电"]
        work.commit = False
    assert "停电" not in browse("zhang").get(f"/booking/?day={FRIDAY}").text


def test_what_is_kept_is_nobodys_row(database: Database, booking_house: House, house_of_rooms: dict[str, Id]) -> None:
    with unit(database, write=True):
        enter_slug(booking_house, SLUG)
        closed = plan.plan().closed[0]
        closed.reason = "别的"  # of no session: nothing is written
    with unit(database, write=False):
        enter_slug(booking_house, SLUG)
        assert session.scalars(select(Closure)).one().reason == "修地板"
    plan._CACHE.clear()


def test_a_timetable_reads_what_is_booked_and_the_holders_record_and_a_reason_little_more(
    database: Database, browse: BrowserOf, house_of_rooms: dict[str, Id]
) -> None:
    zhang, sent = browse("zhang"), []
    hall = house_of_rooms["大厅"]
    for path in (
        f"/booking/?day={FRIDAY}",
        f"/booking/why?day={FRIDAY}&room={hall}&start=10:00",
        f"/booking/next-free?room={hall}",
    ):
        zhang.get(path)
        with statements(database.writer) as seen:
            assert zhang.get(path).status_code == 200
        sent.append([one for one in seen if "booking_" in one])
    assert [len(one) for one in sent] == [2, 6, 2]
