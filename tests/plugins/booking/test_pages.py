"""Pages of booking, as people tap through them."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from core.db import Database, Id, session, unit
from core.people.models import Holder
from core.plugins import House
from core.web.words import LOCALES
from plugins.booking.models import Closure, Hours, Reservation, Room, Status
from tests.kit import SLUG, Browser, BrowserOf, Cast, ProgramOf, a_group, enter_slug
from tests.plugins.booking.kit import FakePoints, a_reservation, a_room, at, set_clock
from tests.statements import statements


class Inside:
    """Acts in the database behind the pages."""

    def __init__(self, database: Database, house: House) -> None:
        self.database, self.house = database, house

    def room(self, name: str = "排练厅") -> Id:
        with unit(self.database, write=True):
            enter_slug(self.house, SLUG)
            return a_room(name).id

    def book(self, room_id: Id, holder: Id, starts: str, ends: str) -> Id:
        with unit(self.database, write=True):
            enter_slug(self.house, SLUG)
            room = session.scalars(select(Room).where(Room.id == room_id)).one()
            who = session.scalars(select(Holder).where(Holder.id == holder)).one().value()
            return a_reservation(room, who, starts, ends).id

    def one(self) -> Reservation:
        with unit(self.database, write=False):
            enter_slug(self.house, SLUG)
            found = session.scalars(select(Reservation)).one()
            session.expunge(found)
            return found

    def count(self, model: type[object]) -> int:
        with unit(self.database, write=False):
            enter_slug(self.house, SLUG)
            return len(session.scalars(select(model)).all())


@pytest.fixture
def behind(database: Database, booking_house: House, cast: Cast) -> Inside:
    """What lies behind the pages."""
    return Inside(database, booking_house)


@pytest.fixture
def hall_id(behind: Inside) -> Id:
    """The hall."""
    return behind.room()


def links(html: str, pattern: str) -> list[str]:
    """Addresses on a page, below the community."""
    found = [unescape(one) for one in re.findall(r'href="([^"#]*)', html)]
    return [one.removeprefix(f"/{SLUG}") for one in found if re.search(pattern, one)]


def hidden(html: str, action: str) -> dict[str, str]:
    """The hidden fields of a form."""
    form = re.search(rf'<form[^>]*action="/{SLUG}{action}"[^>]*>(.*?)</form>', html, re.DOTALL)
    assert form, f"no form {action}"
    inputs = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", form[1])
    fields = {}
    for text in inputs:
        name, value = re.search(r'name="([^"]*)"', text), re.search(r'value="([^"]*)"', text)
        assert name
        fields[name[1]] = unescape(value[1]) if value else ""
    return fields


# --- booking in three taps -----------------------------------------------------------------------------------------


def test_home_timetable_free_slot_confirm_and_nothing_typed(
    browse: BrowserOf, call: ProgramOf, hall_id: Id, behind: Inside, cast: Cast, points: FakePoints
) -> None:
    points.give(cast.choir, "gold", 100)
    zhang = browse("zhang")
    assert links(zhang.get("/").text, r"/booking/$")  # tap 1: book a room
    page = zhang.get("/booking/?day=2026-11-27")
    taps = links(page.text, r"start=")
    card = zhang.get(next(one for one in taps if "start=10:00" in one))  # tap 2: a free time
    assert card.status_code == 200
    assert "Confirm the booking" in card.text
    longer = next(one for one in links(card.text, "minutes=150"))
    card = zhang.get(longer)
    assert "5 points" in card.text
    sent = zhang.post("/booking/reservations", hidden(card.text, "/booking/reservations"))  # tap 3
    assert sent.status_code == 303
    made = behind.one()
    assert (made.starts_at, made.ends_at) == (at("11-27 10:00"), at("11-27 12:30"))
    assert (made.base_minutes, made.price_points, made.holder_id) == (120, 5, cast.choir.id)
    shown = zhang.get(sent.location.removeprefix(f"/{SLUG}"))
    assert "5 points, taken at check-in" in shown.text
    assert "Booked: 排练厅, tomorrow 10:00–12:30." in shown.text
    told = call("zhang").get(f"/booking/reservations/{made.id}").get_json()["explanation"]
    assert len(told) >= 4
    assert all(line["text"] in unescape(shown.text) for line in told)  # why, in the same words at both doors


def test_a_telephone_lists_a_free_day_in_parts_so_that_every_part_is_one_tap(
    browser_of: BrowserOf, behind: Inside, hall_id: Id, cast: Cast
) -> None:
    behind.book(hall_id, cast.orchestra.id, "11-27 10:00", "11-27 11:30")
    page = browser_of("zhang").get("/booking/?day=2026-11-27")
    free = re.findall(r'class="house-slot free"[^>]*><b>([^<]*)', page.text)
    assert free[:3] == ["8:00–10:00", "11:30–13:30", "13:30–15:30"]
    assert free[-2:] == ["19:30–21:30", "21:30–22:00"]


def test_a_day_on_which_nothing_is_free_says_so_and_leads_to_the_next_that_has_a_free_time(
    browse: BrowserOf, call: ProgramOf, behind: Inside, hall_id: Id, cast: Cast
) -> None:
    behind.book(hall_id, cast.centre.id, "11-27 08:00", "11-27 22:00")
    behind.book(hall_id, cast.centre.id, "11-28 08:00", "11-28 22:00")
    zhang = browse("zhang")
    full = zhang.get("/booking/?day=2026-11-27").text
    assert "Nothing is free in this room on this day." in full
    assert not re.search("Tap a (white place|free time)", full)
    ahead = links(full, rf"day=2026-11-29&holder=[^&]*&room={hall_id}$")  # Saturday is full too
    assert links(zhang.get(ahead[0]).text, "start=08:00")
    call("li").put(f"/booking/rooms/{hall_id}/hours", {"hours": []})
    assert "Nothing is free on the days after it either, up to Thu 3 Dec." in zhang.get("/booking/?day=2026-11-27").text


def test_a_form_sent_twice_books_once(browse: BrowserOf, hall_id: Id, behind: Inside) -> None:
    zhang = browse("zhang")
    card = zhang.get(f"/booking/?day=2026-11-27&room={hall_id}&start=10:00")
    fields = hidden(card.text, "/booking/reservations")
    first, again = zhang.post("/booking/reservations", fields), zhang.post("/booking/reservations", fields)
    assert (first.status_code, again.status_code) == (303, 303)
    assert first.location == again.location
    assert behind.count(Reservation) == 1


def test_a_slot_lost_meanwhile_is_said_with_other_times_and_nothing_is_lost(
    browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast
) -> None:
    zhang = browse("zhang")
    card = zhang.get(f"/booking/?day=2026-11-27&room={hall_id}&start=10:00&minutes=60")
    behind.book(hall_id, cast.orchestra.id, "11-27 10:00", "11-27 11:00")
    sent = zhang.post("/booking/reservations", {**hidden(card.text, "/booking/reservations"), "title": "排练"})
    assert sent.status_code == 409
    assert "Somebody else has the room in that time." in sent.text
    assert links(sent.text, "start=11:00&minutes=60")
    assert behind.count(Reservation) == 1


def test_what_was_typed_stays_when_overtaken_and_goes_along_to_other_times(
    browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast
) -> None:
    zhang = browse("zhang")
    card = zhang.get(f"/booking/?day=2026-11-27&room={hall_id}&start=10:00&minutes=60")
    behind.book(hall_id, cast.orchestra.id, "11-27 10:00", "11-27 11:00")
    typed = {"title": "排练 & 试音", "people": "12"}
    sent = zhang.post("/booking/reservations", {**hidden(card.text, "/booking/reservations"), **typed})
    assert sent.status_code == 409
    shown = unescape(sent.text)
    assert "<dt>What for</dt><dd>排练 & 试音</dd>" in shown
    assert "<dt>How many people</dt><dd>12</dd>" in shown
    other = zhang.get(links(sent.text, "start=11:00&minutes=60")[0])
    assert 'value="排练 & 试音"' in unescape(other.text)
    assert 'value="12"' in other.text
    made = zhang.post("/booking/reservations", {**hidden(other.text, "/booking/reservations"), **typed})
    assert made.status_code == 303


@pytest.mark.parametrize("wrong", [{"starts_at": "soon"}, {"room": str(Id(int=1))}, {"ends_at": "9999-12-31T00:00:00"}])
def test_what_was_typed_stays_when_the_time_or_room_makes_no_sense(
    browse: BrowserOf, hall_id: Id, cast: Cast, wrong: dict[str, str]
) -> None:
    zhang = browse("zhang")
    card = zhang.get(f"/booking/?day=2026-11-27&room={hall_id}&start=10:00")
    fields = {**hidden(card.text, "/booking/reservations"), "title": "排练", "people": "12", **wrong}
    sent = zhang.post("/booking/reservations", fields)
    assert sent.status_code in {404, 422}
    if "ends_at" in wrong:  # the card can still be drawn, and sent again as it stands
        assert 'value="排练"' in sent.text
        again = {**hidden(sent.text, "/booking/reservations"), "title": "排练"}
        assert zhang.post("/booking/reservations", again).status_code == 303
        return
    assert "<dt>What for</dt><dd>排练</dd>" in sent.text
    free = links(sent.text, "start=18:00")[0]
    assert 'value="排练"' in zhang.get(free).text


def test_too_many_people_can_be_corrected_on_the_card(browse: BrowserOf, hall_id: Id, behind: Inside) -> None:
    zhang = browse("zhang")
    card = zhang.get(f"/booking/?day=2026-11-27&room={hall_id}&start=10:00")
    fields = {**hidden(card.text, "/booking/reservations"), "title": "排练", "people": "4000"}
    sent = zhang.post("/booking/reservations", fields)
    assert "The room holds 40 people, not 4000." in sent.text
    assert 'value="4000"' in sent.text
    assert 'value="排练"' in sent.text
    fields = {**hidden(sent.text, "/booking/reservations"), "title": "排练", "people": "40"}
    assert zhang.post("/booking/reservations", fields).status_code == 303
    assert behind.one().people == 40


def test_earlier_later_and_longer_stop_at_the_hours_others_and_now(
    browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast
) -> None:
    behind.book(hall_id, cast.orchestra.id, "11-27 10:00", "11-27 11:00")
    behind.book(hall_id, cast.orchestra.id, "12:00", "13:00")
    zhang = browse("zhang")

    def ways(day: str, start: str) -> list[str]:
        page = zhang.get(f"/booking/?day=2026-{day}&room={hall_id}&start={start}&minutes=60").text
        card = page[page.index('id="confirm"') :]
        return re.findall(r'<a class="btn house-plain"[^>]*>(Earlier|Later|− 30 min|\+ 30 min)</a>', card)

    assert ways("11-27", "8:00") == ["Later", "− 30 min", "+ 30 min"]  # opening
    assert ways("11-27", "9:00") == ["Earlier", "− 30 min"]  # somebody at 10:00
    assert ways("11-27", "14:00") == ["Earlier", "Later", "− 30 min", "+ 30 min"]
    assert ways("11-27", "21:00") == ["Earlier", "− 30 min"]  # closing
    assert ways("11-26", "9:00") == ["Later", "− 30 min", "+ 30 min"]  # now
    page = zhang.get(f"/booking/?day=2026-11-27&room={hall_id}&start=8:00&minutes=60").text
    assert '<button class="btn" type="button" disabled>Earlier</button>' in page


def test_hours_of_today_that_are_over_are_said_so_and_cannot_be_tapped(
    browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast
) -> None:
    behind.book(hall_id, cast.orchestra.id, "10:00", "11:00")
    set_clock("10:05")
    page = browse("zhang").get("/booking/").text
    # 8:00 to 10:00; nothing where somebody is
    assert re.search(r'class="tt-block past c-1 r-0 s-8" href="[^"]*start=8:00"[^>]*><b>over</b></a>', page)
    assert page.count('class="tt-block past') == 1
    assert ">Over</span>" in page
    assert not links(page, r"booking/\?.*start=9:")
    assert links(page, r"booking/\?.*start=11:00")
    assert "tt-block past" not in browse("zhang").get("/booking/?day=2026-11-27").text


def test_the_card_speaks_of_the_week_of_the_session(browse: BrowserOf, hall_id: Id) -> None:
    path = f"/booking/?day=2026-12-01&room={hall_id}&start=10:00"
    assert "240 were left of its week." in browse("zhang").get(path).text
    assert "那一周还剩 240 分钟" in browse("zhang", locale="zh-Hans").get(path).text


def test_the_day_of_check_in_is_named_unless_it_is_today(
    browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast
) -> None:
    today = behind.book(hall_id, cast.choir.id, "17:00", "18:00")
    later = behind.book(hall_id, cast.choir.id, "11-30 17:00", "11-30 18:00")
    zhang = browse("zhang")
    assert "Check-in opens at 16:30." in zhang.get(f"/booking/reservations/{today}").text
    assert "Check-in opens on Mon 30 Nov 16:30." in zhang.get(f"/booking/reservations/{later}").text
    set_clock("11-27 09:00")
    assert "Check-in opens on Mon 30 Nov 16:30." in zhang.get("/").text


def test_staff_choose_any_group_or_the_centre(browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast) -> None:
    sun = browse("sun")
    page = sun.get("/booking/?day=2026-11-27")
    for holder in (cast.centre, cast.choir, cast.orchestra):
        assert str(holder.id) in page.text
    card = sun.get(f"/booking/?day=2026-11-27&room={hall_id}&start=10:00&holder={cast.orchestra.id}")
    assert sun.post("/booking/reservations", hidden(card.text, "/booking/reservations")).status_code == 303
    assert behind.one().holder_id == cast.orchestra.id


def test_a_day_that_is_not_open_says_when_and_has_no_taps(browse: BrowserOf, hall_id: Id) -> None:
    page = browse("zhang").get("/booking/?day=2026-12-10")
    assert "合唱队 can book this day from Thu 3 Dec 8:00 on." in page.text
    assert links(page.text, r"booking/\?.*start=") == []


def test_a_manager_may_book_all_the_same_with_a_reason(
    browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast
) -> None:
    path = f"/booking/?day=2026-12-24&room={hall_id}&start=10:00&holder={cast.choir.id}"
    assert "Book all the same" not in browse("sun").get(path).text
    li = browse("li")
    card = li.get(path)
    assert "Book all the same" in card.text
    fields = {**hidden(card.text, "/booking/reservations"), "title": "排练", "people": "12"}
    refused = li.post("/booking/reservations", fields)
    assert refused.status_code == 403
    assert 'value="排练"' in refused.text
    assert 'value="12"' in refused.text
    assert li.post("/booking/reservations", {**fields, "override_reason": "年会"}).status_code == 303
    made = behind.one()
    assert (made.overridden, made.title, made.people) == (["too_early"], "排练", 12)


def test_a_managers_reason_goes_along_to_another_time(
    browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast
) -> None:
    li = browse("li")
    card = li.get(f"/booking/?day=2026-11-27&room={hall_id}&start=10:00&minutes=60&holder={cast.choir.id}")
    behind.book(hall_id, cast.orchestra.id, "11-27 10:00", "11-27 11:00")
    fields = {**hidden(card.text, "/booking/reservations"), "title": "排练", "override_reason": "年会"}
    taken = li.post("/booking/reservations", fields)
    assert taken.status_code == 409
    assert "<dd>年会</dd>" in taken.text
    assert "override_reason=%E5%B9%B4%E4%BC%9A" in links(taken.text, "start=11:00&minutes=60")[0]


@pytest.mark.parametrize(
    "query",
    [
        "day=never",
        "day=9999-12-31",
        "room=x&start=10:00",
        "start=25:00",
        "minutes=-5&start=10:00",
        "holder=nobody",
        "start=99",
    ],
)
def test_addresses_that_make_no_sense_show_the_timetable(browse: BrowserOf, hall_id: Id, query: str) -> None:
    assert browse("zhang").get(f"/booking/?room={hall_id}&{query}").status_code == 200


# --- bad input through both doors ----------------------------------------------------------------------------------

BAD = [
    ({"starts_at": "2026-11-27T10:05:00+08:00"}, "off_grid"),
    ({"ends_at": "2026-11-27T10:00:00+08:00"}, "invalid"),
    ({"starts_at": "2026-11-25T10:00:00+08:00", "ends_at": "2026-11-25T11:00:00+08:00"}, "too_late"),
    ({"starts_at": "2026-11-27T06:00:00+08:00"}, "outside_hours"),
    ({"starts_at": "2026-12-27T10:00:00+08:00", "ends_at": "2026-12-27T11:00:00+08:00"}, "too_early"),
    ({"ends_at": "2026-11-27T13:00:00+08:00"}, "extension_not_available"),
    ({"people": 41}, "too_many_people"),
    ({"people": -1}, "invalid"),
    ({"people": "many"}, "invalid"),
    ({"people": 2.5}, "invalid"),
    ({"people": 10**30}, "invalid"),
    ({"starts_at": "2026-11-29T10:00:00+08:00", "ends_at": "2026-11-29T11:00:00+08:00"}, "closed"),
    ({"title": "长" * 61}, "invalid"),
    ({"starts_at": "tomorrow"}, "invalid"),
]


@pytest.mark.parametrize(("change", "code"), BAD)
@pytest.mark.parametrize("locale", sorted(LOCALES))
def test_both_doors_say_the_same_sentence(
    browse: BrowserOf,
    call: ProgramOf,
    hall_id: Id,
    behind: Inside,
    cast: Cast,
    change: dict[str, object],
    code: str,
    locale: str,
) -> None:
    wish: dict[str, object] = {
        "starts_at": "2026-11-27T10:00:00+08:00",
        "ends_at": "2026-11-27T11:00:00+08:00",
        "title": "排练",
        **change,
    }
    body = {"room_id": str(hall_id), "holder_id": str(cast.choir.id), **wish}
    shut = {"starts_at": "2026-11-29T00:00:00+08:00", "ends_at": "2026-11-30T00:00:00+08:00", "reason": "检修"}
    assert call("li").post(f"/booking/rooms/{hall_id}/closures", shut).status_code == 201
    answer = call("zhang").post("/booking/reservations", body, Accept_Language=locale)
    problem = answer.get_json()
    assert problem["code"] == code
    form = {"room": str(hall_id), "holder": str(cast.choir.id), **{name: str(value) for name, value in wish.items()}}
    page = browse("zhang", locale=locale).post("/booking/reservations", form)
    assert page.status_code == answer.status_code
    assert problem["detail"] in unescape(page.text)
    for name in ("title", "people"):  # what was typed is still there
        assert str(wish.get(name, "")) in page.text
    assert behind.count(Reservation) == 0


def test_ids_that_are_none_are_not_found(browse: BrowserOf, hall_id: Id, cast: Cast) -> None:
    form = {"starts_at": at("11-27 10:00").isoformat(), "ends_at": at("11-27 11:00").isoformat()}
    for room, holder in (("x", str(cast.choir.id)), (str(hall_id), ""), (str(Id(int=1)), str(cast.choir.id))):
        sent = browse("zhang").post("/booking/reservations", {**form, "room": room, "holder": holder})
        assert sent.status_code == 404


# --- reservations --------------------------------------------------------------------------------------------------


def test_the_list_checks_in_and_cancels(
    browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast, points: FakePoints
) -> None:
    points.give(cast.choir, "gold", 100)
    today = behind.book(hall_id, cast.choir.id, "14:00", "16:30")
    behind.book(hall_id, cast.choir.id, "11-30 14:00", "11-30 16:30")
    zhang = browse("zhang")
    page = zhang.get("/booking/reservations")
    assert "It is too late to get points back: the 5 points are taken" in page.text
    assert "The room is free for others at once; the 5 points come back." in page.text
    assert "Here we are" not in page.text
    set_clock("13:30")
    assert "Here we are: check in" in zhang.get("/booking/reservations").text
    assert "Here we are: check in" in zhang.get("/").text
    sent = zhang.post(f"/booking/reservations/{today}/check-in")
    assert sent.status_code == 303
    again = zhang.post(f"/booking/reservations/{today}/check-in")
    assert again.status_code == 409
    assert "That is no longer possible" in again.text


def test_cancelling_and_forgiving_by_staff(
    browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast, points: FakePoints
) -> None:
    points.give(cast.choir, "gold", 100)
    one = behind.book(hall_id, cast.choir.id, "14:00", "16:30")
    li = browse("li")
    assert "Cancel for the centre" in li.get(f"/booking/reservations/{one}").text
    other = behind.book(hall_id, cast.orchestra.id, "18:00", "19:00")
    set_clock("18:20")
    page = li.get(f"/booking/reservations/{other}")
    assert "Let it not count" in page.text
    assert li.post(f"/booking/reservations/{other}/forgiveness", {"reason": ""}).status_code == 422
    assert li.post(f"/booking/reservations/{other}/forgiveness", {"reason": "停电"}).status_code == 303
    assert "停电" in li.get(f"/booking/reservations/{other}").text


def test_the_centre_cancels_and_everything_comes_back(
    browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast, points: FakePoints
) -> None:
    points.give(cast.choir, "gold", 100)
    one = behind.book(hall_id, cast.choir.id, "14:00", "16:30")
    path = f"/booking/reservations/{one}/cancellation"
    assert browse("zhang").post(path, {"by": "centre"}).status_code == 403
    assert browse("sun").post(path, {"by": "centre", "reason": "漏水"}).status_code == 303
    assert points.available[cast.choir.id] == 100
    assert behind.one().status is Status.CANCELLED
    assert "漏水" in browse("zhang").get(f"/booking/reservations/{one}").text


def test_others_see_nothing_of_it(browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast) -> None:
    one = behind.book(hall_id, cast.choir.id, "14:00", "15:00")
    for name in ("zhao", "chen"):
        assert browse(name).get(f"/booking/reservations/{one}").status_code == 403
        assert browse(name).post(f"/booking/reservations/{one}/check-in").status_code == 403
    assert browse("wang").get(f"/booking/reservations/{one}").status_code == 404
    assert browse(None).get("/booking/").status_code == 302
    assert browse("wang", slug=SLUG).get("/booking/").status_code == 302


def test_a_member_sees_the_times_of_the_group_and_nothing_to_press(
    browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast
) -> None:
    chen = browse("chen")
    assert "What the leader books for the group stands here." in chen.get("/booking/reservations").text
    one = behind.book(hall_id, cast.choir.id, "14:00", "15:00")
    page = chen.get("/booking/reservations").text
    assert "排练厅 · 14:00–15:00" in page
    assert str(one) not in page
    assert "Book a room" not in page
    assert "Book a room" in chen.get(f"/booking/reservations?holder={cast.people['chen'].resident_id}").text
    other = chen.get(f"/booking/reservations?holder={cast.orchestra.id}").text
    assert "民乐团" not in other


def test_a_residents_name_is_not_shown_to_others(browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast) -> None:
    chen = cast.people["chen"]
    assert chen.resident_id is not None
    behind.book(hall_id, chen.resident_id, "11-27 14:00", "11-27 15:00")
    path = "/booking/?day=2026-11-27"
    assert chen.name not in browse("zhang").get(path).text
    assert chen.name in browse("li").get(path).text


# --- home ----------------------------------------------------------------------------------------------------------


def test_a_member_sees_the_next_rehearsal_without_a_tap_and_without_buttons(
    browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast
) -> None:
    behind.book(hall_id, cast.choir.id, "14:00", "16:00")
    set_clock("13:45")
    home = browse("chen").get("/").text
    assert "14:00–16:00 排练厅" in home
    assert "check in" not in home
    assert "Cancel" not in home
    assert "Same time next week" in browse("zhang").get("/").text


def test_the_manager_sees_todays_rooms_and_who_did_not_come(
    browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast
) -> None:
    behind.book(hall_id, cast.choir.id, "10:00", "11:00")
    set_clock("10:16")
    home = browse("li").get("/").text
    assert "Rooms today" in home
    assert "Missed lately" in home
    assert "合唱队 · 排练厅" in home
    assert home.index("Waiting for you") < home.index("Nothing waits for you.") < home.index("Rooms today")


def test_a_second_missed_session_waits_first_on_the_managers_home_with_the_way_to_forgive(
    browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast
) -> None:
    behind.book(hall_id, cast.choir.id, "10:00", "11:00")
    second = behind.book(hall_id, cast.choir.id, "11-27 10:00", "11-27 11:00")
    set_clock("11-27 10:16")
    li = browse("li")
    home = li.get("/").text
    assert home.index("Waiting for you") < home.index("合唱队 missed 2 sessions") < home.index("Rooms today")
    assert "once more, and the early window is closed for 30 days" in home
    assert "Missed lately" not in home
    assert "Nothing waits for you." not in home
    assert "合唱队 missed 2 sessions" not in browse("zhang").get("/").text
    path = links(home, f"reservations/{second}")[0]
    assert li.post(f"{path}/forgiveness", {"reason": "停电"}).status_code == 303
    assert "missed 2 sessions" not in li.get("/").text
    set_clock("12-20 10:00")
    assert "missed" not in li.get("/").text


# --- rooms ---------------------------------------------------------------------------------------------------------


def test_the_manager_makes_a_room_gives_it_hours_and_closes_it(browse: BrowserOf, behind: Inside) -> None:
    li = browse("li")
    made = li.post("/booking/rooms", {"name": "画室", "capacity": "16", "equipment": "投影"})
    assert made.status_code == 303
    path = made.location.removeprefix(f"/{SLUG}")
    week = {f"day{number}": "8:00–12:00，14：00-24:00" for number in range(6)}
    assert li.post(path, week).status_code == 303
    assert behind.count(Hours) == 12
    assert 'value="8:00–12:00, 14:00–24:00"' in li.get(path).text
    closed = {
        "first_day": "2026-11-27",
        "from_time": "8:00",
        "last_day": "2026-11-27",
        "to_time": "24:00",
        "reason": "检修",
    }
    assert li.post(f"{path}/closures", closed).status_code == 303
    page = li.get(path)
    assert "检修" in page.text
    removal = re.search(rf'action="/{SLUG}({path}/closures/[^"]*/removal)"', page.text)
    assert removal
    assert li.post(removal[1]).status_code == 303
    assert behind.count(Closure) == 0


CLOSURE = {
    "first_day": "2026-12-01",
    "from_time": "8:00",
    "last_day": "2026-12-01",
    "to_time": "24:00",
    "reason": "检修灯光",
}


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"last_day": "9999-12-31"}, "last_day", "This day cannot be meant."),
        ({"first_day": "0001-01-01"}, "first_day", "This day cannot be meant."),
        ({"first_day": "2026-11-25", "last_day": "2026-11-25"}, "last_day", "That time is over already."),
        ({"last_day": "2027-12-02"}, "last_day", "A room is closed for at most 366 days at once."),
        ({"last_day": "2026-11-30"}, "last_day", "The end must be after the beginning."),
        ({"from_time": "8:00:30"}, "from_time", "This must be a time like 08:00."),
    ],
)
def test_closures_that_cannot_be_say_so_at_their_field_and_stay_typed(
    browse: BrowserOf, hall_id: Id, behind: Inside, fields: dict[str, str], field: str, sentence: str
) -> None:
    sent = CLOSURE | fields
    page = browse("li").post(f"/booking/rooms/{hall_id}/closures", sent)
    assert page.status_code == 422
    below = page.text.partition(f'id="{field}-errors"')[2].partition("</div>")[0]
    assert sentence in below
    for name, value in sent.items():
        assert value in page.text, name
    assert behind.count(Closure) == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"starts_at": "2026-12-01T08:00:30+08:00"}, "Give the time in whole minutes, without seconds."),
        ({"starts_at": "2025-12-01T08:00:00+08:00", "ends_at": "2025-12-02T08:00:00+08:00"}, "over already"),
        ({"ends_at": "2027-12-02T08:00:01+08:00"}, "whole minutes"),
        ({"ends_at": "2027-12-02T08:01:00+08:00"}, "at most 366 days"),
        ({"ends_at": "9999-12-31T00:00:00+08:00"}, "This day cannot be meant."),
    ],
)
def test_programs_hear_the_same_of_closures(
    call: ProgramOf, hall_id: Id, behind: Inside, change: dict[str, str], sentence: str
) -> None:
    wish: dict[str, object] = {
        "starts_at": "2026-12-01T08:00:00+08:00",
        "ends_at": "2026-12-01T12:00:00+08:00",
        "reason": "检修",
    }
    answer = call("li").post(f"/booking/rooms/{hall_id}/closures", {**wish, **change})
    assert answer.status_code == 422
    assert sentence in str(answer.get_json()["errors"])
    assert behind.count(Closure) == 0
    assert call("li").post(f"/booking/rooms/{hall_id}/closures", wish).status_code == 201


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"day0": "8-12"}, "Write it like 8:00–12:00, 14:00–21:00"),
        ({"day0": "8:00-24:15"}, "Opening hours go from 0:00 to 24:00"),
        ({"day0": "8:05-12:00"}, "Opening hours begin and end on a quarter of an hour."),
        ({"day2": "8:00-12:00, 11:00-14:00"}, "These hours overlap with others of the same day."),
    ],
)
def test_hours_that_cannot_be_stay_typed(
    browse: BrowserOf, hall_id: Id, behind: Inside, fields: dict[str, str], sentence: str
) -> None:
    before = behind.count(Hours)
    page = browse("li").post(f"/booking/rooms/{hall_id}", fields)
    assert page.status_code == 422
    assert sentence in page.text
    assert next(iter(fields.values())) in page.text
    assert behind.count(Hours) == before


def test_rooms_that_cannot_be_stay_typed(browse: BrowserOf, hall_id: Id) -> None:
    for fields in (
        {"name": "排练厅", "capacity": "3"},
        {"name": "画室", "capacity": "0"},
        {"name": "", "capacity": "many"},
    ):
        page = browse("li").post("/booking/rooms", fields)
        assert page.status_code == 422
        assert f'value="{fields["capacity"]}"' in page.text


def test_only_the_manager_sees_the_rooms_page(browse: BrowserOf, hall_id: Id) -> None:
    for name in ("sun", "zhang", "chen"):
        assert browse(name).get("/booking/rooms").status_code == 403
        assert browse(name).post(f"/booking/rooms/{hall_id}", {}).status_code == 403


# --- how much it costs ---------------------------------------------------------------------------------------------


def _sent(database: Database, browser: Browser, path: str) -> int:
    browser.get(path)
    with statements(database.writer) as sent:
        assert browser.get(path).status_code == 200
    return len(sent)


@pytest.mark.parametrize("name", ["zhang", "li"])
@pytest.mark.parametrize("path", ["/booking/?day=2026-11-27", "/booking/reservations", "/"])
def test_statements_are_constant_in_rooms_groups_and_history(
    browse: BrowserOf,
    hall_id: Id,
    behind: Inside,
    cast: Cast,
    booking_house: House,
    database: Database,
    name: str,
    path: str,
) -> None:
    behind.book(hall_id, cast.choir.id, "11-27 10:00", "11-27 10:30")
    behind.book(hall_id, cast.choir.id, "11:00", "11:15")
    browser = browse(name)
    before = _sent(database, browser, path)
    with unit(database, write=True):
        enter_slug(booking_house, SLUG)
        for number in range(4):
            room, group = a_room(f"房间{number}"), a_group()
            for hour in range(8, 14):
                a_reservation(room, group, f"11-27 {hour:02}:00", f"11-27 {hour:02}:15")
            a_reservation(room, cast.choir, f"11-27 {16 + number}:00", f"11-27 {16 + number}:15")
    assert _sent(database, browser, path) == before


def test_every_page_is_shown_in_both_languages(
    browse: BrowserOf, hall_id: Id, behind: Inside, cast: Cast, points: FakePoints
) -> None:
    points.give(cast.choir, "gold", 100)
    one = behind.book(hall_id, cast.choir.id, "14:00", "16:30")
    for locale in sorted(LOCALES):
        for name in ("li", "zhang", "chen"):
            for path in (
                "/",
                "/booking/",
                f"/booking/?room={hall_id}&start=17:00&minutes=150",
                f"/booking/why?room={hall_id}&start=14:30",
                "/booking/reservations",
            ):
                assert browse(name, locale=locale).get(path).status_code == 200
        for path in ("/booking/rooms", f"/booking/rooms/{hall_id}", f"/booking/reservations/{one}"):
            assert browse("li", locale=locale).get(path).status_code == 200
