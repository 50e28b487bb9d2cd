"""Pages of series: choosing how it repeats, looking at every date, the tap, and the series as it stands."""

from sqlalchemy import select

from core.contract import Holder
from core.db import Database, Id, session, unit
from core.plugins import House
from plugins.booking import series
from plugins.booking.models import Reservation, Room, Status
from tests.kit import SLUG, SYSTEM, BrowserOf, Cast, enter_slug
from tests.plugins.booking.kit import a_series, at, set_clock
from tests.plugins.booking.test_pages import Inside, behind, hall_id, hidden, links  # noqa: F401 - pytest finds them here
from tests.statements import statements


def repeated(database: Database, house: House, holder: Holder, room_id: Id, text: str) -> Id:
    """From today on, 14:00 to 16:00."""
    with unit(database, write=True):
        enter_slug(house, SLUG)
        room = session.scalars(select(Room).where(Room.id == room_id)).one()
        wish = a_series(room, holder, "11-26 14:00", "11-26 16:00", text, override_reason="演出")
        made = series.make(wish, by=SYSTEM).series
        assert made is not None
        return made.id


def chosen(room_id: Id, holder: Holder, **more: str) -> dict[str, str]:
    fields = {
        "holder": str(holder.id),
        "room": str(room_id),
        "first_day": "2026-11-26",
        "starts": "14:00",
        "ends": "16:00",
    }
    return {**fields, "how": "weekly", "last_day": "2026-12-17", "title": "书法活动", **more}


def test_every_date_is_shown_before_the_tap_and_only_those_ticked_are_booked(
    browse: BrowserOf,
    hall_id: Id,  # noqa: F811
    behind: Inside,  # noqa: F811
    cast: Cast,
) -> None:
    behind.book(hall_id, cast.centre.id, "12-10 15:00", "12-10 16:00")
    li = browse("li")
    assert li.get(f"/booking/series/new?room={hall_id}&start=14:00").status_code == 200
    shown = li.post("/booking/series/preview", chosen(hall_id, cast.centre))
    assert "1 date cannot be had" in shown.text
    assert "Somebody else has the room" in shown.text
    assert [one for one in links(shown.text, "day=2026-12-10") if "start=13:00" in one]
    assert behind.count(Reservation) == 1
    fields = hidden(shown.text, "/booking/series")
    sent = li.post("/booking/series", {**fields, "kept": ["2026-11-26", "2026-12-10", "2026-12-17"]})
    assert sent.status_code == 303, sent.text
    page = li.get(sent.location.removeprefix(f"/{SLUG}"))
    assert "Booked: 2 dates." in page.text
    assert "but not on 3 Dec" in page.text
    assert "Could not be had" in page.text
    assert len(links(page.text, "/booking/reservations/[^/]*$")) == 2
    for name, status in (("zhang", 403), ("chen", 403), ("sun", 200)):
        assert browse(name).get(sent.location.removeprefix(f"/{SLUG}")).status_code == status


def test_faults_are_said_at_the_fields_that_people_see_and_nothing_typed_is_lost(
    browse: BrowserOf,
    hall_id: Id,  # noqa: F811
    cast: Cast,
) -> None:
    li = browse("li")
    for more, sentence in (
        ({"last_day": ""}, "Say when it ends"),
        ({"last_day": "2029-12-31", "how": "daily"}, "at most 400 dates"),
        ({"times": "3"}, "not both"),
        ({"ends": "13:00"}, "The end must be after the beginning"),
    ):
        page = li.post("/booking/series/preview", chosen(hall_id, cast.centre, **more))
        assert 400 <= page.status_code < 500
        assert sentence in page.text, sentence
        assert "书法活动" in page.text


def test_several_dates_are_changed_and_cancelled_from_their_pages(
    browse: BrowserOf,
    hall_id: Id,  # noqa: F811
    cast: Cast,
    database: Database,
    booking_house: House,
) -> None:
    address = f"/booking/series/{repeated(database, booking_house, cast.choir, hall_id, 'FREQ=WEEKLY;COUNT=4')}"
    zhang, li = browse("zhang"), browse("li")
    [move] = links(li.get(address).text, "/move")
    later = li.get(f"{move}&room={hall_id}&start=15:00")
    assert "This one and those that follow: 4 dates" in later.text  # of the first date, that is all
    own = zhang.get(f"{move}&room={hall_id}&start=15:00")  # for whom the later days are not open yet
    assert "cannot all go along: 2 cannot. The first, Thu 10 Dec: That day cannot be booked yet." in own.text
    assert "This one and those that follow: " not in own.text
    fields = hidden(later.text, move.partition("?")[0])
    assert li.post(move.partition("?")[0], {**fields, "scope": "following"}).status_code == 303
    dates = links(zhang.get(address).text, "/booking/reservations/[^/]*$")
    assert "15:00–17:00" in zhang.get(address).text
    gone = zhang.post(f"{dates[2]}/cancellation", {"scope": "following"})
    assert gone.status_code == 303
    assert "2 dates are cancelled." in zhang.get("/booking/reservations").text
    with unit(database, write=False):
        enter_slug(booking_house, SLUG)
        found = session.scalars(select(Reservation).order_by(Reservation.starts_at)).all()
        assert [(one.starts_at, one.status) for one in found] == [
            (at("11-26 15:00"), Status.CONFIRMED),
            (at("12-03 15:00"), Status.CONFIRMED),
            (at("12-10 15:00"), Status.CANCELLED),
            (at("12-17 15:00"), Status.CANCELLED),
        ]


def test_the_page_of_a_series_costs_the_same_however_long_it_is(
    browse: BrowserOf,
    hall_id: Id,  # noqa: F811
    behind: Inside,  # noqa: F811
    cast: Cast,
    database: Database,
    booking_house: House,
) -> None:
    def cost(series_id: Id) -> int:
        browser.get(f"/booking/series/{series_id}")
        with statements(database.writer) as sent:
            assert browser.get(f"/booking/series/{series_id}").status_code == 200
        return len(sent)

    browser = browse("li")
    few, many = (
        repeated(database, booking_house, cast.choir, room_id, f"FREQ=WEEKLY;COUNT={count}")
        for room_id, count in ((hall_id, 2), (behind.room("画室"), 60))
    )
    set_clock("12-08 09:00")
    assert cost(many) == cost(few)
