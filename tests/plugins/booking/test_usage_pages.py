"""The page of what rooms were used for, its workbook, and the same over REST: the same figures at every door."""

import io
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from openpyxl.reader.excel import load_workbook

from core.db import Database, unit
from core.plugins import House
from plugins.booking.models import Room
from tests.kit import SLUG, Browser, BrowserOf, Cast, ProgramOf, a_resident, enter_slug
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, rule, set_clock
from tests.statements import statements

WEEK = "from=2026-11-23&to=2026-11-29"
PAGE = f"/booking/statistics?{WEEK}"


@pytest.fixture
def rooms(database: Database, booking_house: House, cast: Cast, points: FakePoints) -> dict[str, str]:
    """A hall open 8–22 every day and a studio open 8–10, since Monday; four sessions, one of them missed. Thursday noon."""
    points.give(cast.choir, "gold", 100)
    with unit(database, write=True):
        enter_slug(booking_house, SLUG)
        set_clock("11-23 07:00")
        hall = rule(a_room(), floor_area=100)
        studio = rule(a_room("画室", closes=10), floor_area=25, purpose="office")
        a_reservation(hall, cast.choir, "11-24 09:00", "11-24 11:30")
        a_reservation(hall, cast.centre, "11-25 09:00", "11-25 17:00")
        a_reservation(studio, a_resident("陈小兰"), "11-27 08:00", "11-27 09:00")
        ids = {room.name: str(room.id) for room in (hall, studio)}
    set_clock("11-26 12:00")
    return ids


def page(browser: Browser, path: str = PAGE) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return unescape(answer.text)


def table(text: str, name: str) -> dict[str, list[str]]:
    """Rows of the table in the element with this id."""
    body = text.split(f'id="{name}"')[1].split("<tbody>")[1].split("</tbody>")[0]
    rows = [re.findall(r"<td.*?</td>", row, re.DOTALL) for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)]
    cells = [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in rows]
    return {first: rest for first, *rest in cells}


def heat(text: str) -> dict[str, list[str]]:
    body = text.split('class="house-heat"')[1].split("<tbody>")[1].split("</tbody>")[0]
    return {
        hour: re.findall(r"<td[^>]*>([^<]*)</td>", row)
        for hour, row in re.findall(r'<tr><th scope="row">([^<]+)</th>(.*?)</tr>', body, re.DOTALL)
    }


def test_the_page_says_what_stands_in_the_tables_and_the_heat_map(
    rooms: dict[str, str], browse: BrowserOf, cast: Cast
) -> None:
    text = page(browse("li"))
    # The choir's session of Tuesday was missed by Wednesday: it is none of the hall's.
    assert table(text, "rooms") == {
        "排练厅": ["1", "8", "98", "8%"],
        "画室": ["1", "1", "14", "7%"],
        "Together": ["2", "9", "112", "8%"],
    }
    assert table(text, "holders") == {
        cast.centre.name: ["1", "8", "0", "0%", "0", "–"],
        cast.choir.name: ["0", "0", "0", "–", "1", "100%"],
        "1 resident": ["1", "1", "0", "0%", "0", "–"],
        "Together": ["2", "9", "0", "0%", "1", "100%"],
    }
    assert table(text, "weekdays")["Wed"] == ["16", "8", "50%"]
    assert table(text, "hours")["8:00"] == ["14", "1", "7%"]
    assert table(text, "purposes") == {
        "service": ["100", "80%", "800", "97%"],
        "offices": ["25", "20%", "25", "3%"],
        "Together": ["125", "100%", "825", "100%"],
    }
    shown = heat(text)
    assert shown["9:00"] == ["0", "0", "50", "0", "0", "0", "0"]
    assert shown["8:00"][4] == "50"
    assert list(shown)[-1] == "21:00"


def test_one_room_alone(rooms: dict[str, str], browse: BrowserOf) -> None:
    text = page(browse("sun"), f"{PAGE}&room={rooms['画室']}")
    assert heat(text) == {"8:00": ["0", "0", "0", "0", "100", "0", "0"], "9:00": ["0"] * 7}
    assert "画室." in text
    assert heat(page(browse("sun"), f"{PAGE}&room=nonsense")) == heat(page(browse("sun")))


def test_the_workbook_has_the_same_figures(rooms: dict[str, str], browse: BrowserOf) -> None:
    answer = browse("li").get(f"/booking/statistics.xlsx?{WEEK}")
    book = load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == [
        "By room",
        "By who had them",
        "By weekday and hour",
        "By weekday",
        "By hour of the day",
        "Floor area for service",
    ]
    hall = [cell.value for cell in book["By room"][2]]
    assert hall[:2] == ["排练厅", 1]
    assert hall[2] == timedelta(hours=8)
    assert hall[4] == pytest.approx(8 / 98)
    assert book["By room"].cell(2, 3).number_format == "[h]:mm"
    heat_row = [cell.value for cell in book["By weekday and hour"][3]]
    assert heat_row[0] == "9:00"
    assert heat_row[3] == pytest.approx(0.5)


def test_programs_get_the_same(rooms: dict[str, str], call: ProgramOf, cast: Cast) -> None:
    answer = call("li").get(f"/booking/statistics?{WEEK}")
    assert answer.status_code == 200
    found: Any = answer.json
    assert (found["from"], found["to"], found["share"]) == ("2026-11-23", "2026-11-29", pytest.approx(9 / 112))
    hall = next(one for one in found["rooms"] if one["room"]["name"] == "排练厅")
    assert (hall["sessions"], hall["minutes"], hall["open_minutes"], hall["used_minutes"]) == (1, 480, 98 * 60, 480)
    [cell] = [one for one in found["hours"] if (one["weekday"], one["hour"]) == (2, 9)]
    assert (cell["open_minutes"], cell["used_minutes"]) == (120, 60)
    [choir] = [one for one in found["holders"] if one["holder"]["id"] == str(cast.choir.id)]
    assert (choir["sessions"], choir["due"], choir["missed"], choir["forgiven"]) == (0, 1, 1, 0)
    assert found["areas"][0] == {"purpose": "service", "floor_area": 100.0, "square_metre_hours": 800.0}
    default: Any = call("li").get("/booking/statistics").json
    assert default["from"] == "2026-11-01"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=2026-11-30&to=2026-11-01", "The last day lies before the first."),
        ("from=yesterday", "This must be a day like"),
        ("from=2000-01-01&to=2026-11-01", "At most 5 years at once."),
    ],
)
def test_a_period_nobody_can_mean_is_answered_with_a_sentence_and_this_month(
    rooms: dict[str, str], browse: BrowserOf, call: ProgramOf, query: str, words: str
) -> None:
    text = page(browse("li"), f"/booking/statistics?{query}")
    assert words in text
    assert 'value="2026-11-01"' in text
    assert call("li").get(f"/booking/statistics?{query}").status_code == 422


def test_only_those_who_work_there_and_nobody_of_another_community(
    rooms: dict[str, str], browse: BrowserOf, call: ProgramOf
) -> None:
    for name in ("zhang", "chen"):
        assert browse(name).get(PAGE).status_code == 403
        assert browse(name).get(f"/booking/statistics.xlsx?{WEEK}").status_code == 403
        assert call(name).get("/booking/statistics").status_code == 403
        assert "/booking/statistics" not in browse(name).get("/booking/").text
    assert browse(None).get(PAGE).status_code == 302
    assert "排练厅" not in page(browse("wang"))
    assert "No room was open." in page(browse("wang"))


def test_the_page_takes_as_many_statements_for_many_rooms_and_sessions(
    rooms: dict[str, str], browse: BrowserOf, database: Database, booking_house: House, cast: Cast
) -> None:
    counts = []
    for number in range(2):
        page(browse("li"))
        with statements(database.writer) as sent:
            page(browse("li"))
        counts.append(len(sent))
        with unit(database, write=True):
            enter_slug(booking_house, SLUG)
            for more in range(8):
                room: Room = a_room(f"房间 {number} {more}")
                a_reservation(room, cast.centre, "11-28 08:00", "11-28 09:00")
    assert counts[0] == counts[1]
