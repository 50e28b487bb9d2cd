"""A room's own rules at both doors: who may book, the longest session, notice, equipment, and changing them."""

import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from core.audit.models import Entry
from core.db import Database, Id, session, unit
from core.errors import Forbidden, Invalid, NotFound
from core.people.models import Holder
from core.plugins import House
from plugins.booking import calendar, quote, reserve, rooms
from plugins.booking.attendance import TooLate
from plugins.booking.calendar import BlockKind
from plugins.booking.models import Item, Room, Who
from plugins.booking.requests import RoomRequest
from tests.kit import SLUG, SYSTEM, Browser, BrowserOf, Cast, Client, ProgramOf, actor_of, enter_slug
from tests.plugins.booking.kit import a_reservation, a_room, a_wish, at, rule

NOBODYS = Id(int=1)


def codes(room: Room, holder: Any, starts: str, ends: str, *, by: str, **more: Any) -> list[str]:
    wish = a_wish(room, holder, starts, ends, **more)
    return [reason.code for reason in quote.quote(wish, by=actor_of(by)).reasons]


# --- who may book --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "by", "of", "why"),
    [
        ("anyone", "chen", "chen", None),
        ("anyone", "zhang", "choir", None),
        ("groups", "zhang", "choir", None),
        ("groups", "zhang", "zhang", "groups_only"),
        ("groups", "chen", "chen", "groups_only"),
        ("groups", "sun", "chen", None),  # staff book for anybody
        ("groups", "li", "centre", None),
        ("staff", "zhang", "choir", "staff_only"),
        ("staff", "chen", "chen", "staff_only"),
        ("staff", "sun", "choir", None),
        ("staff", "sun", "chen", None),
        ("staff", "li", "centre", None),
    ],
)
def test_who_may_book_a_room(within: Cast, hall: Room, who: str, by: str, of: str, why: str | None) -> None:
    rule(hall, who=who)
    ids = {
        "choir": within.choir.id,
        "centre": within.centre.id,
        **{n: one.resident_id for n, one in within.people.items()},
    }
    holder = session.scalars(select(Holder).where(Holder.id == ids[of])).one().value()
    found = quote.quote(a_wish(hall, holder, "11-27 10:00", "11-27 11:00"), by=actor_of(by))
    assert (found.code, found.allowed) == ((None, True) if why is None else ("forbidden", False))
    if why is None:
        assert reserve.reserve(a_wish(hall, holder, "11-27 10:00", "11-27 11:00"), by=actor_of(by)).room is hall
        return
    assert found.reasons[0].facts == {"why": why}
    assert not found.can_be_overridden
    with pytest.raises(Forbidden) as refusal:
        reserve.reserve(a_wish(hall, holder, "11-27 10:00", "11-27 11:00"), by=actor_of(by))
    assert refusal.value.facts["why"] == why


# --- the longest session -------------------------------------------------------------------------------------------


def test_the_longest_session_of_a_room_stands_between_the_window_and_the_people(within: Cast, hall: Room) -> None:
    rule(hall, longest_minutes=90)
    assert codes(hall, within.choir, "11-27 10:00", "11-27 11:30", by="zhang") == []
    assert codes(hall, within.choir, "11-27 10:00", "11-27 11:45", by="zhang") == ["too_long"]
    assert codes(hall, within.centre, "11-27 10:00", "11-27 11:45", by="li") == ["too_long"]
    found = codes(hall, within.choir, "12-20 10:00", "12-20 12:15", by="zhang", people=41)
    assert found == ["too_early", "too_long", "too_many_people", "extension_not_available"]


def test_a_manager_sets_the_longest_session_aside_with_a_reason(within: Cast, hall: Room) -> None:
    rule(hall, longest_minutes=90)
    wish = a_wish(hall, within.choir, "11-27 10:00", "11-27 12:00", override_reason="汇报演出")
    with pytest.raises(Forbidden):
        reserve.reserve(wish, by=actor_of("zhang"))
    made = reserve.reserve(wish, by=actor_of("li"))
    assert (made.overridden, made.base_minutes) == (["too_long"], 120)


# --- notice --------------------------------------------------------------------------------------------------------


def test_notice_is_asked_of_all_but_staff(within: Cast, hall: Room) -> None:
    rule(hall, notice_minutes=120)
    soon = a_wish(hall, within.choir, "10:45", "11:15")
    with pytest.raises(TooLate) as refusal:
        reserve.reserve(soon, by=actor_of("zhang"))
    assert refusal.value.facts["what"] == "notice"
    assert codes(hall, within.choir, "11:00", "12:00", by="zhang") == []  # the clock stands at 9:00
    assert codes(hall, within.choir, "08:45", "09:15", by="zhang") == ["too_late"]
    assert codes(hall, within.choir, "08:45", "09:15", by="sun") == ["too_late"]
    assert reserve.reserve(soon, by=actor_of("sun")).room is hall


def test_free_times_keep_the_notice_for_whom_it_counts(within: Cast, hall: Room) -> None:
    rule(hall, notice_minutes=130)
    for who, begins in (("zhang", "11:15"), ("sun", "09:00")):
        [stretch] = calendar.free(hall.id, at("00:00"), at("24:00"), minutes=15, by=actor_of(who))
        [column] = calendar.day_of_rooms(at("00:00").date(), by=actor_of(who)).columns
        assert stretch.starts_at == column.stretches()[0].starts_at == at(begins)
        notice = [one for one in column.blocks if one.kind is BlockKind.NOTICE]
        assert [(one.starts_at, one.ends_at) for one in notice] == (
            [(at("09:00"), at("11:15"))] if who == "zhang" else []
        )
    a_reservation(hall, within.choir, "12:00", "14:00")
    found = calendar.alternatives(a_wish(hall, within.orchestra, "12:00", "12:30"), by=actor_of("zhao"))
    assert min(one["starts_at"] for one in found) == at("11:15")


# --- making and changing -------------------------------------------------------------------------------------------


def test_a_room_is_changed_whole_and_written_down_once(within: Cast, hall: Room) -> None:
    wish = RoomRequest(
        name="大排练厅",
        capacity=50,
        equipment=(Item(name="音响"), Item(name="椅子", count=40)),
        floor_area=120,
        who="groups",
        setup_minutes=15,
        clearup_minutes=30,
        longest_minutes=180,
        notice_minutes=60,
    )
    for _twice in range(2):
        rooms.change(hall.id, wish, by=actor_of("li"))
    session.expire_all()
    assert (hall.name, hall.who, [str(item) for item in hall.equipment]) == (
        "大排练厅",
        Who.GROUPS,
        ["音响", "椅子 ×40"],
    )
    assert (hall.setup_minutes, hall.clearup_minutes, hall.longest_minutes, hall.notice_minutes) == (15, 30, 180, 60)
    assert len(session.scalars(select(Entry).where(Entry.act == "booking.room_change")).all()) == 1


def test_a_change_needs_the_right_a_room_a_free_name_and_the_same_spaces(within: Cast, hall: Room) -> None:
    a_room("画室")
    same = RoomRequest(name="排练厅", capacity=3)
    for name in ("sun", "zhang", "chen"):
        with pytest.raises(Forbidden):
            rooms.change(hall.id, same, by=actor_of(name))
    with pytest.raises(NotFound):
        rooms.change(NOBODYS, same, by=SYSTEM)
    with pytest.raises(Invalid) as refusal:
        rooms.change(hall.id, RoomRequest(name="画室", capacity=3), by=SYSTEM)
    assert list(refusal.value.errors) == ["name"]
    with pytest.raises(Invalid) as refusal:
        rooms.change(hall.id, RoomRequest(name="排练厅", capacity=3, spaces=("east",)), by=SYSTEM)
    assert list(refusal.value.errors) == ["spaces"]
    session.expire_all()
    assert (hall.name, hall.capacity) == ("排练厅", 40)
    assert (
        rooms.change(hall.id, RoomRequest(name="排练厅", capacity=3, spaces=(str(hall.id),)), by=SYSTEM).capacity == 3
    )


# --- both doors ----------------------------------------------------------------------------------------------------


@pytest.fixture
def hall_id(database: Database, booking_house: House, cast: Cast) -> str:
    """The hall, open from 8 to 22 o'clock."""
    return str(ruled(database, booking_house))


def ruled(database: Database, house: House, **rules: Any) -> Id:
    """The hall with these rules, made where there is none."""
    with unit(database, write=True):
        enter_slug(house, SLUG)
        found = session.scalar(select(Room).where(Room.name == "排练厅")) or a_room()
        return rule(found, **rules).id


@pytest.fixture
def li(call: ProgramOf) -> Client:
    """The manager's program."""
    return call("li")


FULL: dict[str, Any] = {
    "name": "大排练厅",
    "capacity": 50,
    "equipment": [{"name": "音响", "count": 1}, {"name": "椅子", "count": 40}],
    "floor_area": 120,
    "purpose": "office",
    "who": "groups",
    "setup_minutes": 15,
    "clearup_minutes": 30,
    "longest_minutes": 180,
    "notice_minutes": 60,
}
PLAIN: dict[str, Any] = {
    "equipment": [],
    "floor_area": None,
    "purpose": "service",
    "who": "anyone",
    "setup_minutes": 0,
    "clearup_minutes": 0,
    "longest_minutes": None,
    "notice_minutes": 0,
}


def test_programs_make_read_and_change_a_room_with_its_rules(li: Client, call: ProgramOf) -> None:
    made = li.post("/booking/rooms", FULL)
    assert made.status_code == 201
    body = made.get_json()
    path = f"/booking/rooms/{body['id']}"
    assert body == {**FULL, "id": body["id"], "spaces": [body["id"]]}
    assert li.get(path).get_json() == body
    assert li.get("/booking/rooms").get_json()["items"] == [body]
    assert li.put(path, body).get_json() == body  # what a GET answered may be put back
    changed = li.put(path, {"name": "排练厅", "capacity": 40})
    assert changed.get_json() == {**PLAIN, "name": "排练厅", "capacity": 40, "id": body["id"], "spaces": [body["id"]]}
    assert call("zhang").put(path, FULL).status_code == 403
    assert li.get(f"/booking/rooms/{NOBODYS}").status_code == 404
    assert li.put(f"/booking/rooms/{NOBODYS}", FULL).status_code == 404


def test_older_programs_send_equipment_as_a_text(li: Client) -> None:
    made = li.post("/booking/rooms", {"name": "画室", "capacity": 16, "equipment": "投影、画架 12"})
    assert made.get_json()["equipment"] == [{"name": "投影、画架 12", "count": 1}]
    made = li.post("/booking/rooms", {"name": "棋牌室", "capacity": 16, "equipment": " "})
    assert made.get_json()["equipment"] == []


TYPED = {
    "name": "大排练厅",
    "capacity": "50",
    "equipment": "音响\n\n 椅子 ×40 \n话筒 x 4\n凳子 12\nMP3\n",
    "floor_area": "120",
    "purpose": "office",
    "who": "groups",
    "setup_minutes": "15",
    "clearup_minutes": "30",
    "longest_minutes": "180",
    "notice_minutes": "60",
}


def test_the_manager_types_the_rules_and_sees_them_again(browse: BrowserOf, li: Client) -> None:
    page = browse("li")
    made = page.post("/booking/rooms", TYPED)
    assert made.status_code == 303
    [room] = li.get("/booking/rooms").get_json()["items"]
    equipment = [("音响", 1), ("椅子", 40), ("话筒", 4), ("凳子", 12), ("MP3", 1)]
    assert room == {
        **FULL,
        "equipment": [{"name": name, "count": count} for name, count in equipment],
        "id": room["id"],
        "spaces": [room["id"]],
    }
    path = f"/booking/rooms/{room['id']}"
    shown = page.get(path).text
    assert re.search(r"<textarea[^>]*>\s*音响 1\s+椅子 40\s+话筒 4\s+凳子 12\s+MP3 1</textarea>", shown)
    assert re.search(r'checked[^>]*value="groups"', shown)
    assert "音响, 椅子 ×40" in page.get("/booking/rooms").text
    again = {**TYPED, "name": "排练厅", "who": "anyone", "longest_minutes": "", "setup_minutes": ""}
    changed = page.post(f"{path}/details", again)
    assert (changed.status_code, changed.location) == (303, f"/{SLUG}{path}")
    assert "has been changed" in page.get(path).text
    kept = li.get(path).get_json()
    assert (kept["name"], kept["who"], kept["longest_minutes"], kept["setup_minutes"]) == ("排练厅", "anyone", None, 0)
    assert browse("zhang").post(f"{path}/details", TYPED).status_code == 403
    assert page.get(f"{path}/details").status_code == 405


BAD: list[tuple[dict[str, Any], dict[str, str], str]] = [
    ({"setup_minutes": 20}, {"setup_minutes": "20"}, "Give whole quarters of an hour, like 15, 30 or 45 minutes."),
    ({"clearup_minutes": 5}, {"clearup_minutes": "5"}, "Give whole quarters of an hour, like 15, 30 or 45 minutes."),
    ({"setup_minutes": 255}, {"setup_minutes": "255"}, "At most 240."),
    ({"clearup_minutes": -15}, {"clearup_minutes": "-15"}, "At least 0."),
    ({"longest_minutes": 0}, {"longest_minutes": "0"}, "At least 15."),
    (
        {"longest_minutes": 100},
        {"longest_minutes": "100"},
        "Give whole quarters of an hour, like 15, 30 or 45 minutes.",
    ),
    ({"longest_minutes": 1455}, {"longest_minutes": "1455"}, "At most 1440."),
    ({"notice_minutes": -1}, {"notice_minutes": "-1"}, "At least 0."),
    ({"notice_minutes": 43_201}, {"notice_minutes": "43201"}, "At most 43200."),
    ({"notice_minutes": "soon"}, {"notice_minutes": "soon"}, "This must be a whole number."),
    ({"purpose": "fun"}, {"purpose": "fun"}, "Choose one of: office, service."),
    ({"who": "nobody"}, {"who": "nobody"}, "Choose one of: anyone, groups, staff."),
    ({"equipment": [{"name": "椅子", "count": 0}]}, {"equipment": "椅子 0"}, "There are 1 to 10000 of a kind."),
    (
        {"equipment": [{"name": "椅子", "count": 10_001}]},
        {"equipment": "椅子 10001"},
        "There are 1 to 10000 of a kind.",
    ),
    ({"equipment": [{"name": "长" * 501}]}, {"equipment": "长" * 501}, "At most 500 characters; this has 501."),
    ({"equipment": [{"name": "椅"}] * 51}, {"equipment": "椅\n" * 51}, "At most 50 kinds of equipment."),
]


@pytest.mark.parametrize(("sent", "typed", "sentence"), BAD)
def test_what_cannot_be_is_refused_by_both_doors_in_the_same_words(
    browse: BrowserOf, li: Client, hall_id: str, sent: dict[str, Any], typed: dict[str, str], sentence: str
) -> None:
    path, before = f"/booking/rooms/{hall_id}", li.get("/booking/rooms").get_json()
    for answer in (
        li.post("/booking/rooms", {"name": "画室", "capacity": 3, **sent}),
        li.put(path, {"name": "排练厅", "capacity": 3, **sent}),
    ):
        assert answer.status_code == 422
        [faults] = answer.get_json()["errors"].values()
        assert faults == [sentence]
    for address, name in (("/booking/rooms", "画室"), (f"{path}/details", "排练厅")):
        page = browse("li").post(address, {"name": name, "capacity": "3", **typed})
        assert page.status_code == 422
        assert f"</svg>{sentence}</span>" in page.text.replace("\n", "")
    assert li.get("/booking/rooms").get_json() == before


SAID: list[tuple[dict[str, Any], str, int, str]] = [
    (
        {"who": "groups"},
        "forbidden",
        403,
        "This room is for groups. Choose another room, or book it for a group that you lead.",
    ),
    (
        {"who": "staff"},
        "forbidden",
        403,
        "Only the centre's staff book this room. Ask them, or choose another room.",
    ),
    (
        {"longest_minutes": 45},
        "too_long",
        422,
        "A session in this room has at most 45 min, this has 1 hour. Choose a shorter time.",
    ),
    (
        {"notice_minutes": 90},
        "too_late",
        422,
        "This room must be booked 1 hour 30 min ahead. Choose a later time, or ask the centre.",
    ),
]


@pytest.mark.parametrize("case", SAID)
def test_a_rooms_rule_is_said_in_the_same_words_by_both_doors(
    browse: BrowserOf,
    call: ProgramOf,
    database: Database,
    booking_house: House,
    cast: Cast,
    case: tuple[dict[str, Any], str, int, str],
) -> None:
    rules, code, status, sentence = case
    room_id, chen = ruled(database, booking_house, **rules), cast.people["chen"].resident_id
    wish = {"room_id": str(room_id), "holder_id": str(chen)}
    wish |= {"starts_at": at("10:15").isoformat(), "ends_at": at("11:15").isoformat()}
    query = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in wish.items())
    quoted = call("chen").get(f"/booking/quote?{query}").get_json()
    assert (quoted["allowed"], quoted["code"]) == (False, code)
    assert [(one["code"], one["text"]) for one in quoted["reasons"]] == [(code, sentence)]
    refused = call("chen").post("/booking/reservations", wish)
    assert (refused.status_code, refused.get_json()["code"], refused.get_json()["detail"]) == (status, code, sentence)
    card = browse("chen").get(f"/booking/?room={room_id}&start=10:15&minutes=60")
    assert sentence in unescape(card.text)
    form = {"room": str(room_id), "holder": str(chen), "starts_at": wish["starts_at"], "ends_at": wish["ends_at"]}
    page = browse("chen").post("/booking/reservations", form)
    assert (page.status_code, sentence in unescape(page.text)) == (status, True)
    words = browse("chen", locale="zh-Hans").post("/booking/reservations", form)
    assert "这个场地" in words.text


# --- the timetable -------------------------------------------------------------------------------------------------


def cells(page: Browser, day: str = "2026-11-27") -> int:
    return page.get(f"/booking/?day={day}").text.count('class="tt-free')


def test_a_room_that_one_may_not_book_has_no_white_places_and_says_why(
    browse: BrowserOf, database: Database, booking_house: House, cast: Cast
) -> None:
    ruled(database, booking_house, who="staff")
    assert cells(browse("sun")) == 28
    for name in ("zhang", "chen"):
        text = browse(name).get("/booking/?day=2026-11-27").text
        assert 'class="tt-free' not in text
        assert 'class="house-slot free' not in text
        assert text.count("only the staff book this room") == 2  # on the desk and on a telephone
    ruled(database, booking_house, who="groups")
    assert cells(browse("zhang")) == 28
    assert "only for groups" in browse("chen").get("/booking/?day=2026-11-27").text
    assert cells(browse("chen")) == 0


def test_the_timetable_shows_buffers_and_notice_as_times_not_to_be_had(
    browse: BrowserOf, database: Database, booking_house: House, cast: Cast
) -> None:
    room_id = ruled(database, booking_house, setup_minutes=30, clearup_minutes=30)
    with unit(database, write=True):
        enter_slug(booking_house, SLUG)
        hall = session.scalars(select(Room)).one()
        a_reservation(hall, cast.choir, "11-27 12:00", "11-27 14:00")
    zhang = browse("zhang")
    text = zhang.get("/booking/?day=2026-11-27").text
    # Two hours of the choir, and an hour on each side: a neighbour needs as much as the choir does.
    assert cells(zhang) == 28 - 8
    assert text.count("set-up, clear-up") == 4
    assert not re.search(r'tt-free[^>]*start=11:00"', text)
    card = unescape(zhang.get(f"/booking/?day=2026-11-27&room={room_id}&start=09:00").text)
    assert "The room is held for 30 minutes before to set up and 30 after to clear up; they cost nothing." in card
    ruled(database, booking_house, notice_minutes=180)
    text = zhang.get("/booking/?day=2026-11-26").text
    assert text.count("to be booked 3 hours ahead") == 2
    assert 'start=11:30"' not in text
    assert re.search(r"start=12:00[\"#]", text)


def test_a_wish_without_a_length_fits_into_the_longest_session(
    browse: BrowserOf, database: Database, booking_house: House, cast: Cast
) -> None:
    room_id = ruled(database, booking_house, longest_minutes=90)
    card = browse("zhang").get(f"/booking/?day=2026-11-27&room={room_id}&start=10:00").text
    assert "1 hour 30 min" in card
    assert re.search(r"<button[^>]*disabled>\+ 30 min", card)
