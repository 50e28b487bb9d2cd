"""The board in the hall: what strangers read of today, and who may switch it off."""

from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import Request, expect

from core import clock
from core.db import Database, unit
from core.plugins import House
from core.web.request import linli_of
from plugins.booking import board, queries, reserve
from plugins.booking.board import Part
from plugins.booking.models import Side
from plugins.booking.requests import CancellationRequest
from tests import kit
from tests.end_to_end.chromium import chromium
from tests.end_to_end.installation import served
from tests.kit import SLUG, SYSTEM, BrowserOf, Cast, ProgramOf
from tests.plugins.booking.kit import a_reservation, a_room, at, set_clock
from tests.statements import statements

PATH = "/booking/board"


def book_a_day(database: Database, house: House, cast: Cast) -> None:
    """Sessions of the choir, of a resident and of the centre today, from 9 o'clock on."""
    chen = cast.people["chen"].resident_id
    assert chen is not None
    with unit(database, write=True):
        kit.enter_slug(house, SLUG)
        hall, chess = a_room(), a_room("棋牌室")
        a_reservation(chess, cast.centre, "09:00", "17:00", title="棋牌开放")
        a_reservation(hall, cast.choir, "10:00", "12:00", title="给张三过生日")
        a_reservation(hall, queries.holder(chen).value(), "14:00", "15:00", title="私事")
        a_reservation(hall, cast.orchestra, "18:30", "20:00")
        gone = a_reservation(hall, cast.orchestra, "16:00", "17:00")
        reserve.cancel(gone.id, CancellationRequest(by=Side.CENTRE), by=SYSTEM)


@pytest.fixture
def booked(database: Database, booking_house: House, cast: Cast) -> Cast:
    """The cast, with such a day."""
    book_a_day(database, booking_house, cast)
    return cast


def lines(database: Database, house: House) -> list[tuple[str | None, str]]:
    """What stands on the board now."""
    with unit(database, write=False):
        kit.enter_slug(house, SLUG)
        return [(line.what, line.part.value) for line in board.board().lines]


def test_the_board_says_what_is_on_what_comes_next_and_what_comes_later(
    booked: Cast, database: Database, booking_house: House
) -> None:
    choir, orchestra = booked.choir.name, booked.orchestra.name
    later = [(None, Part.AFTERNOON), (orchestra, Part.EVENING)]
    assert lines(database, booking_house) == [("棋牌开放", Part.NOW), (choir, Part.NEXT), *later]
    set_clock("10:15")
    assert lines(database, booking_house)[:3] == [("棋牌开放", Part.NOW), (choir, Part.NOW), (None, Part.NEXT)]
    set_clock("10:16")  # nobody has checked in: the room is free again
    assert lines(database, booking_house)[:2] == [("棋牌开放", Part.NOW), (None, Part.NEXT)]
    set_clock("17:00")  # over is over, to the minute
    assert lines(database, booking_house) == [(orchestra, Part.NEXT)]


def test_when_nothing_is_left_today_the_next_day_with_a_session_stands_there(
    booked: Cast, database: Database, booking_house: House
) -> None:
    with unit(database, write=True):
        kit.enter_slug(booking_house, SLUG)
        a_reservation(a_room("绘画室"), booked.choir, "11-28 09:00", "11-28 10:00")
    set_clock("21:00")
    with unit(database, write=False):
        kit.enter_slug(booking_house, SLUG)
        found = board.board()
        assert (found.day, [line.what for line in found.lines]) == (at("11-28 09:00").date(), [booked.choir.name])


def test_strangers_read_names_of_groups_and_activities_and_of_nobody_else(browse: BrowserOf, booked: Cast) -> None:
    page = browse(None).get(PATH)
    assert page.status_code == 200
    for shown in (booked.choir.name, "棋牌开放", "reserved", "on now", "coming next"):
        assert shown in page.text
    for hidden in (booked.people["chen"].name, "私事", "给张三过生日", "<script>", "style="):
        assert hidden not in page.text
    assert '<noscript><meta http-equiv="refresh" content="60"></noscript>' in page.text
    assert "Set-Cookie" not in page.headers


def test_the_manager_hides_the_board_and_shows_it_again(browse: BrowserOf, call: ProgramOf, booked: Cast) -> None:
    assert browse("sun").post("/booking/board/hidden").status_code == 403
    li = browse("li")
    assert "Hide it from strangers" in li.get("/booking/views").text
    ahead = call("li").get("/booking/policy").get_json()
    call("li").put("/booking/policy", {**ahead, "base_early_days": 9, "valid_from": "2026-12-01"})
    for _twice in range(2):
        assert li.post("/booking/board/hidden").status_code == 303
    hidden = browse(None).get(PATH)
    assert hidden.status_code == 404
    assert "The board is not shown in public." in hidden.text
    assert booked.choir.name not in hidden.text
    assert booked.choir.name in browse("chen").get(PATH).text
    later = call("li").get("/booking/policy?on=2026-12-01").get_json()
    assert (later["public_board"], later["base_early_days"]) == (False, 9)
    without = {name: value for name, value in ahead.items() if name not in {"public_board", "valid_from"}}
    assert call("li").put("/booking/policy", without).get_json()["public_board"] is False
    assert li.post("/booking/board/public").status_code == 303
    assert browse(None).get(PATH).status_code == 200


def test_the_board_takes_as_many_statements_whatever_is_booked(
    browse: BrowserOf, booked: Cast, database: Database, booking_house: House
) -> None:
    browser = browse(None)
    sent = []
    for hour in (0, 12):
        with unit(database, write=True):
            kit.enter_slug(booking_house, SLUG)
            rooms = [a_room(f"{hour}-{number}") for number in range(2)]
            for room in rooms:
                for start in range(10, 10 + hour):
                    a_reservation(room, booked.centre, f"{start}:00", f"{start}:30", title="课")
        browser.get(PATH)
        with statements(database.writer) as seen:
            page = browser.get(PATH).text
        sent.append(len(seen))
    assert sent[0] == sent[1] <= 6
    assert "and 8 more" in page


@pytest.mark.browser
@pytest.mark.slow
def test_the_board_goes_on_by_itself_and_stays_when_the_network_is_gone(
    booking_app: Flask, real_database: Database, cast: Cast
) -> None:
    here = booking_app.extensions["linli"] = replace(linli_of(booking_app), database=real_database)
    book_a_day(real_database, here.house, cast)
    with served(booking_app) as port, chromium() as program:
        context = program.new_context(locale="en")
        page, lost = context.new_page(), list[Request]()
        page.on("requestfailed", lambda asked: lost.append(asked))  # noqa: PLW0108 - it marks what it is given
        page.clock.install(time=at("09:00"))  # the screen's own, which goes on when it is told to
        page.goto(f"http://127.0.0.1:{port}/{SLUG}{PATH}")
        page.clock.pause_at(at("09:01"))
        expect(page.locator("tr.on")).to_have_count(1)
        clock.start_at(at("10:01"), frozen=True)
        page.clock.run_for(61_000)
        expect(page.locator("tr.on")).to_have_count(2)
        expect(page.locator(".lost")).to_be_hidden()
        context.set_offline(True)
        page.clock.run_for(61_000)
        expect(page.locator(".lost")).to_have_text("As of 10:01, no connection.")
        expect(page.locator("tr.on")).to_have_count(2)  # never blank
        for pause in (5, 10, 20):  # seconds: it is tried again, later each time
            tried, waited = len(lost), 0
            while len(lost) == tried and waited < 2 * pause:
                page.clock.run_for(1000)
                page.wait_for_timeout(50)  # real time, for what fails to be told
                waited += 1
            assert pause - 1 <= waited < 2 * pause  # a second more or less: the failure itself takes a moment
        expect(page.locator("header .clock")).to_have_text("10:02")  # the hour goes on
        clock.start_at(at("10:16"), frozen=True)
        context.set_offline(False)  # the browser says so, and the board does not wait any longer
        expect(page.locator("tr.on")).to_have_count(1)
        expect(page.locator(".lost")).to_be_hidden()
        context.close()
