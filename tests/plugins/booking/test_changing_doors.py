"""Shortening, going on and moving through both doors: what a browser and a program do, and that both hear the same."""

import re
from html import unescape
from typing import Any

import pytest

from core.db import Id
from tests.kit import SLUG, BrowserOf, Cast, ProgramOf
from tests.plugins.booking.kit import FakePoints, at, set_clock
from tests.plugins.booking.test_pages import Inside, behind, hall_id, hidden, links  # noqa: F401 - two are fixtures
from tests.statements import statements


@pytest.fixture
def one(behind: Inside, hall_id: Id, cast: Cast, points: FakePoints) -> Id:  # noqa: F811
    """Friday 10 to 12:30 of the choir: 5 of 30 points."""
    points.give(cast.choir, "gold", 30)
    return behind.book(hall_id, cast.choir.id, "11-27 10:00", "11-27 12:30")


def test_a_program_shortens_moves_and_goes_on(
    call: ProgramOf,
    one: Id,
    hall_id: Id,  # noqa: F811
    cast: Cast,
    points: FakePoints,
) -> None:
    zhang = call("zhang")
    path = f"/booking/reservations/{one}"
    moved = zhang.patch(path, {"starts_at": "2026-11-27T14:00:00+08:00", "ends_at": "2026-11-27T17:00:00+08:00"})
    assert moved.status_code == 200, moved.text
    body = moved.get_json()
    assert (body["id"], body["starts_at"], body["price_points"]) == (str(one), "2026-11-27T14:00:00+08:00", 10)
    assert body["shorten_until"] == "2026-11-27T12:00:00+08:00"
    shorter = zhang.post(f"{path}/shortening", {"ends_at": "2026-11-27T16:30:00+08:00"})
    assert (shorter.status_code, shorter.get_json()["price_points"]) == (201, 5)
    assert "booking.why.shortened" in {line["code"] for line in shorter.get_json()["explanation"]}
    set_clock("11-27 14:00")
    assert zhang.post(f"{path}/check-in").status_code == 201
    longer = zhang.post(f"{path}/extension", {"ends_at": "2026-11-27T17:00:00+08:00"})
    assert (longer.status_code, longer.get_json()["price_points"]) == (201, 10)
    assert (longer.get_json()["base_minutes"], longer.get_json()["extension_minutes"]) == (120, 60)
    assert points.available[cast.choir.id] == 20
    assert zhang.get(path).get_json() == longer.get_json()


def test_going_on_with_the_same_key_pays_once(call: ProgramOf, one: Id, cast: Cast, points: FakePoints) -> None:
    zhang, path = call("zhang"), f"/booking/reservations/{one}"
    set_clock("11-27 10:00")
    zhang.post(f"{path}/check-in")
    wish = {"ends_at": "2026-11-27T13:00:00+08:00"}
    answers = [zhang.post(f"{path}/extension", wish, Idempotency_Key="k").get_json() for _time in range(2)]
    assert answers[0] == answers[1]
    assert points.available[cast.choir.id] == 20


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"scope": "some", "title": "x"}, 422, "invalid"),
        ({"scope": None}, 422, "invalid"),
        ({"colour": "red"}, 422, "invalid"),
        ({"title": None}, 422, "invalid"),
        ({"people": 2.5}, 422, "invalid"),
        ({"people": 0}, 422, "invalid"),
        ({"people": 41}, 422, "too_many_people"),
        ({"starts_at": None}, 422, "invalid"),
        ({"starts_at": "soon"}, 422, "invalid"),
        ({"ends_at": "2026-11-27T10:00:00+08:00"}, 422, "invalid"),
        ({"ends_at": "9999-12-31T23:00:00+08:00"}, 422, "invalid"),
        ({"room_id": "nothing"}, 404, "not_found"),
        ({"room_id": "00000000-0000-0000-0000-000000000001"}, 404, "not_found"),
        ({"starts_at": "2026-11-27T10:01:00+08:00"}, 422, "off_grid"),
        ({"starts_at": "2026-11-25T10:00:00+08:00", "ends_at": "2026-11-25T11:00:00+08:00"}, 422, "too_late"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_and_nothing_changes(
    call: ProgramOf, one: Id, body: dict[str, Any], status: int, code: str
) -> None:
    zhang, path = call("zhang"), f"/booking/reservations/{one}"
    before = zhang.get(path).get_json()
    answer = zhang.patch(path, body)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code), answer.text
    assert zhang.get(path).get_json() == before


@pytest.mark.parametrize("act", ["shortening", "extension"])
@pytest.mark.parametrize(
    "ends_at",
    [
        "soon",
        "2026-11-27T12:00:00",
        "9999-12-31T00:00:00+08:00",
        "2026-11-27T12:20:00+08:00",
        "2026-11-27T12:50:00+08:00",
        "2026-11-27T12:30:00+08:00",
        "2026-11-27T10:00:00+08:00",
        "2026-11-27T23:00:00+08:00",
    ],
)
def test_both_doors_refuse_an_end_in_the_same_words(
    call: ProgramOf, browse: BrowserOf, one: Id, act: str, ends_at: str
) -> None:
    zhang, path = call("zhang"), f"/booking/reservations/{one}"
    set_clock("11-27 10:00")
    zhang.post(f"{path}/check-in")
    answer = zhang.post(f"{path}/{act}", {"ends_at": ends_at}).get_json()
    said = answer.get("errors", {}).get("ends_at", [answer["detail"]])[0]
    page = browse("zhang").post(f"{path}/{act}", {"ends_at": ends_at})
    assert page.status_code == answer["status"]
    assert said in unescape(page.text)


@pytest.mark.parametrize(
    "change",
    [
        {"starts_at": "soon"},
        {"ends_at": "2026-11-27T10:00:00+08:00"},
        {"ends_at": "2026-11-27T12:20:00+08:00"},
        {"starts_at": "1980-01-01T00:00:00+08:00"},
        {"starts_at": "2026-12-27T10:00:00+08:00", "ends_at": "2026-12-27T11:00:00+08:00"},
        {"starts_at": "2026-11-27T18:00:00+08:00", "ends_at": "2026-11-27T21:00:00+08:00"},
    ],
)
def test_both_doors_refuse_a_move_in_the_same_words(
    call: ProgramOf,
    browse: BrowserOf,
    one: Id,
    hall_id: Id,  # noqa: F811
    change: dict[str, str],
    points: FakePoints,
    cast: Cast,
) -> None:
    points.available[cast.choir.id] = 0
    path = f"/booking/reservations/{one}"
    whole = {"starts_at": "2026-11-27T10:00:00+08:00", "ends_at": "2026-11-27T12:30:00+08:00"} | change
    answer = call("zhang").patch(path, whole).get_json()
    said = next(iter(answer["errors"].values()))[0] if answer.get("errors") else answer["detail"]
    page = browse("zhang").post(f"{path}/move", {"room": str(hall_id)} | whole)
    assert page.status_code == answer["status"]
    assert said in unescape(page.text)


def test_who_may_not_book_for_the_group_may_not_change_it(call: ProgramOf, browse: BrowserOf, one: Id) -> None:
    path = f"/booking/reservations/{one}"
    wish = {"ends_at": "2026-11-27T12:00:00+08:00"}
    for name, status in (("chen", 403), ("zhao", 403), ("wang", 404)):
        program = call(name)
        assert program.patch(path, wish).status_code == status
        for act in ("shortening", "extension"):
            assert program.post(f"{path}/{act}", wish).status_code == status
        assert browse(name).get(f"{path}/move").status_code == status
    shown = browse("chen").get(path)
    assert "Move or change" not in shown.text
    assert "End earlier" not in shown.text


def the_move(html: str, action: str) -> dict[str, str]:
    """What the last tap sends: the form behind the one that only asks."""
    return hidden(html[html.index('class="house-form"') - 20 :], action)


# --- pages ---------------------------------------------------------------------------------------------------------


def test_a_leader_moves_with_the_price_shown_before(
    browse: BrowserOf,
    behind: Inside,  # noqa: F811
    hall_id: Id,  # noqa: F811
    one: Id,
    cast: Cast,
    points: FakePoints,
) -> None:
    zhang, path = browse("zhang"), f"/booking/reservations/{one}"
    studio = behind.room("画室")
    # Three taps: the page to move it from, a free place, and the last one.
    [move] = links(zhang.get(path).text, r"/move$")
    assert "Move it there" not in zhang.get(move).text
    [free] = set(links(zhang.get(f"{move}?day=2026-11-28").text, f"room={studio}&start=10:00$"))
    card = zhang.get(free)
    assert "Move it to 画室" in card.text
    assert "10 points" in card.text
    assert "instead of 5 points" in card.text
    assert behind.one().starts_at == at("11-27 10:00")  # nothing has moved yet
    sent = zhang.post(f"{path}/move", the_move(card.text, f"{path}/move"))
    assert sent.status_code == 303
    found = behind.one()
    assert (found.room_id, found.starts_at, found.price_points) == (studio, at("11-28 10:00"), 10)
    assert "Moved: 画室, this Saturday 10:00–12:30." in zhang.get(path).text
    assert points.available[cast.choir.id] == 20


def test_its_own_time_is_shown_free_for_itself_and_no_place_to_tap(
    browse: BrowserOf,
    behind: Inside,  # noqa: F811
    hall_id: Id,  # noqa: F811
    one: Id,
) -> None:
    zhang, path = browse("zhang"), f"/booking/reservations/{one}/move"
    page = zhang.get(path).text
    assert "<b>So far</b>" in page
    assert "Here it is now." in page
    own = [link for link in links(page, f"room={hall_id}") if re.search("start=(10:|11:|12:00)", link)]
    assert {link.partition("start=")[2] for link in own} == {
        "10:30&minutes=150",
        "10:00&minutes=120",
        "10:00&minutes=180",
    }
    later = zhang.get(f"{path}?day=2026-11-27&room={hall_id}&start=10:30&minutes=150")
    assert "Move it to 排练厅" in later.text
    assert zhang.post(path, the_move(later.text, path)).status_code == 303
    assert behind.one().starts_at == at("11-27 10:30")


def test_a_telephone_goes_on_showing_the_room_it_looked_at(
    browse: BrowserOf,
    behind: Inside,  # noqa: F811
    one: Id,
) -> None:
    studio = behind.room("画室")
    zhang, path = browse("zhang"), f"/booking/reservations/{one}/move"
    assert re.search(r'<h2 class="h3">排练厅', zhang.get(f"{path}?day=2026-11-28").text)
    looked = zhang.get(f"{path}?day=2026-11-28&room={studio}").text
    assert re.search(r'<h2 class="h3">画室', looked)
    assert links(looked, rf"/move\?day=2026-11-29&room={studio}$")


def elsewhere(hall_id: Id) -> str:  # noqa: F811
    """Two hours of Saturday, chosen on the timetable."""
    return f"day=2026-11-28&room={hall_id}&start=10:00&minutes=120"


def test_a_slot_lost_meanwhile_is_said_and_another_may_be_chosen(
    browse: BrowserOf,
    behind: Inside,  # noqa: F811
    hall_id: Id,  # noqa: F811
    one: Id,
    cast: Cast,
) -> None:
    zhang, path = browse("zhang"), f"/booking/reservations/{one}"
    card = zhang.get(f"{path}/move?{elsewhere(hall_id)}")
    behind.book(hall_id, cast.orchestra.id, "11-28 11:00", "11-28 12:00")
    sent = zhang.post(f"{path}/move", the_move(card.text, f"{path}/move"))
    assert sent.status_code == 409
    assert "Somebody else has the room in that time." in sent.text
    assert sent.text.count("Somebody else has the room in that time.") == 1
    assert links(sent.text, f"room={hall_id}&start=09:00&minutes=120$")  # what is free near it
    looked = zhang.get(f"{path}/move?{elsewhere(hall_id)}")
    assert "Somebody else has the room in that time." in looked.text
    assert "Move it there" not in looked.text


@pytest.mark.parametrize(
    "query", ["day=never&start=x&minutes=x&room=x", "room={hall}&start=12:00&minutes=0", "day=9999-01-01"]
)
def test_b12_an_address_that_cannot_be_read_shows_the_page(
    browse: BrowserOf,
    one: Id,
    hall_id: Id,  # noqa: F811
    query: str,
) -> None:
    page = browse("zhang").get(f"/booking/reservations/{one}/move?{query.format(hall=hall_id)}")
    assert page.status_code == 200
    assert "Move it there" not in page.text


def test_b12_what_for_and_how_many_change_nothing_else(
    browse: BrowserOf,
    behind: Inside,  # noqa: F811
    one: Id,
    points: FakePoints,
) -> None:
    zhang, path = browse("zhang"), f"/booking/reservations/{one}"
    too_many = zhang.post(f"{path}/details", {"title": "合练", "people": "41"})
    assert (too_many.status_code, 'value="合练"' in too_many.text) == (422, True)
    assert "The room holds 40 people, not 41." in too_many.text
    assert zhang.post(f"{path}/details", {"title": "合练", "people": "12"}).status_code == 303
    found = behind.one()
    assert (found.title, found.people, found.starts_at, found.price_points) == ("合练", 12, at("11-27 10:00"), 5)
    assert points.said == []


def test_shortening_on_the_page_of_the_reservation(
    browse: BrowserOf,
    behind: Inside,  # noqa: F811
    one: Id,
    points: FakePoints,
    cast: Cast,
) -> None:
    zhang, path = browse("zhang"), f"/booking/reservations/{one}"
    page = zhang.get(path)
    assert "Up to Fri 27 Nov 8:00 the points for it come back." in page.text
    sent = zhang.post(f"{path}/shortening", {"ends_at": at("11-27 12:00").isoformat()})
    assert sent.status_code == 303
    assert (behind.one().ends_at, points.available[cast.choir.id]) == (at("11-27 12:00"), 30)
    shown = zhang.get(path).text
    assert "It ends at 12:00 now; what comes after is free for others." in shown
    assert "5 points came back" in shown
    set_clock("11-27 12:00")
    assert "End earlier" not in zhang.get(path).text


@pytest.mark.parametrize("who", ["zhang", "sun"])
def test_half_an_hour_more_is_one_tap_with_its_price_before(
    browse: BrowserOf,
    behind: Inside,  # noqa: F811
    one: Id,
    who: str,
    points: FakePoints,
    cast: Cast,
) -> None:
    browser, path = browse(who), f"/booking/reservations/{one}"
    assert f"{path}/extension" not in browser.get(path).text
    set_clock("11-27 10:00")
    browser.post(f"{path}/check-in")
    page = browser.get(path)
    assert "Until 13:00 for 5 points, taken at once." in page.text
    sent = browser.post(f"{path}/extension", hidden(page.text, f"{path}/extension"))
    assert sent.status_code == 303
    assert (behind.one().ends_at, points.available[cast.choir.id]) == (at("11-27 13:00"), 20)
    assert "10 points, taken" in browser.get(path).text
    points.available[cast.choir.id] = 0
    assert "30 minutes longer is not possible: This costs 5 points; 0 are there to spend." in browser.get(path).text


def test_pages_speak_chinese(browse: BrowserOf, one: Id) -> None:
    zhang = browse("zhang", locale="zh-CN")
    path = f"/booking/reservations/{one}"
    assert "提前结束" in zhang.get(path).text
    assert "再确认改期" in zhang.get(f"{path}/move").text


def test_the_pages_ask_as_often_however_much_there_is(
    browse: BrowserOf,
    behind: Inside,  # noqa: F811
    hall_id: Id,  # noqa: F811
    one: Id,
    cast: Cast,
) -> None:
    zhang = browse("zhang")
    paths = [f"/booking/reservations/{one}", f"/booking/reservations/{one}/move?{elsewhere(hall_id)}"]

    def asked() -> list[int]:
        found = []
        for path in paths:
            with statements(behind.database.writer) as seen:
                assert zhang.get(path).status_code == 200
            found.append(len(seen))
        return found

    asked()
    before = asked()
    for number in range(3):
        behind.room(f"画室{number}")
        behind.book(hall_id, cast.orchestra.id, f"11-28 1{number + 3}:00", f"11-28 1{number + 4}:00")
    asked()  # what is kept of rooms and rights is read anew once
    assert asked() == before


def test_what_can_no_longer_be_moved_leads_back_and_says_so(
    browse: BrowserOf,
    behind: Inside,  # noqa: F811
    one: Id,
    hall_id: Id,  # noqa: F811
) -> None:
    zhang, path = browse("zhang"), f"/booking/reservations/{one}"
    card = zhang.get(f"{path}/move?day=2026-11-28&room={hall_id}&start=10:00&minutes=150")
    set_clock("11-27 10:00:01")
    sent = zhang.post(f"{path}/move", the_move(card.text, f"{path}/move"))
    assert sent.status_code == 409
    assert zhang.post(f"{path}/details", {"title": "合练"}).status_code == 409
    answer = zhang.get(f"{path}/move")
    assert (answer.status_code, answer.location) == (303, f"/{SLUG}{path}")
    assert "This reservation can no longer be moved or changed." in zhang.get(path).text
    assert (behind.one().starts_at, behind.one().title) == (at("11-27 10:00"), "")
