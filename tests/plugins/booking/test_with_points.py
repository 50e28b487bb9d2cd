"""Booking together with the bundled points plugin: the figures worked out by hand."""

from typing import Any

from flask import Flask

from core.db import Database, unit
from core.web.request import linli_of
from tests.kit import SLUG, Browser, BrowserOf, Cast, Client, ProgramOf, enter_slug
from tests.plugins.booking.kit import at, set_clock


def sweep(app: Flask, database: Database) -> None:
    """All sweeps once, in their order."""
    house = linli_of(app).house
    for one in sorted((one for plugin in house.installed for one in plugin.sweeps), key=lambda one: one.order):
        with unit(database, write=True):
            enter_slug(house, SLUG)
            one.run()


def account(client: Client, holder: object) -> tuple[int, int, int]:
    """Balance, held, available."""
    found = client.get(f"/points/accounts/{holder}").get_json()
    return found["balance"], found["held"], found["available"]


def checked(app: Flask, database: Database) -> None:
    """What `linli check` would say."""
    house = linli_of(app).house
    with unit(database, write=False):
        enter_slug(house, SLUG)
        assert [fault for plugin in house.installed for fault in getattr(plugin, "invariants", list)()] == []


def holds_lead_to_reservations(li: Client, zhang: Browser, choir: object, reservations: list[str]) -> None:
    """What is set aside leads to what it is for, as long as there is a page of it."""
    held = zhang.get(f"/points/accounts/{choir}/holds").text
    assert [held.count(f"/booking/reservations/{one}") for one in reservations] == [1, 1]
    assert li.put("/plugins/booking", {"enabled": False}).status_code == 200
    held = zhang.get(f"/points/accounts/{choir}/holds").text
    assert "20 points" in held
    assert "/booking/" not in held
    assert li.put("/plugins/booking", {"enabled": True}).status_code == 200


def test_good_deeds_become_rehearsal_time(
    app: Flask, database: Database, program_of: ProgramOf, browser_of: BrowserOf, cast: Cast
) -> None:
    li, zhang = program_of("li"), program_of("zhang")
    choir = cast.choir.id
    room = li.post("/booking/rooms", {"name": "排练厅", "capacity": 40}).get_json()["id"]
    week = [{"weekday": day, "opens": "08:00", "closes": "22:00"} for day in range(7)]
    li.put(f"/booking/rooms/{room}/hours", {"hours": week})

    # 16 acts of 20 points: 320, credited as of 0:00 of the 30th; gold needs 300.
    told = {"holder_id": str(choir), "category": "customs_publicity", "occurred_on": "2026-11-26", "acts": 16}
    assert li.post("/points/contributions", told).status_code == 201
    set_clock("11-30 09:00")
    sweep(app, database)
    assert account(li, choir) == (320, 0, 320)

    def book(starts: str, ends: str, status: int = 201) -> Any:
        times = {"starts_at": at(starts).isoformat(), "ends_at": at(ends).isoformat()}
        answer = zhang.post("/booking/reservations", {"room_id": room, "holder_id": str(choir), **times})
        assert answer.status_code == status, answer.text
        return answer.get_json()

    # Gold books 21 days ahead: 21 December from 8:00 of 30 November on, the 22nd a day later.
    assert book("12-22 19:00", "12-22 21:00", status=403)["opens_at"] == "2026-12-01T08:00:00+08:00"
    # Two hours are base, 19:00 to 20:00 is extension in the evening: two steps of 10.
    first = book("12-21 17:00", "12-21 20:00")
    assert (first["base_minutes"], first["extension_minutes"], first["price_points"]) == (120, 60, 20)
    assert account(li, choir) == (320, 20, 300)
    # A quarter of an hour more costs a step of 5 in the morning.
    third = book("12-01 10:00", "12-01 12:15")
    assert third["price_points"] == 5
    assert account(li, choir) == (320, 25, 295)
    holds_lead_to_reservations(li, browser_of("zhang"), choir, [first["id"], third["id"]])

    # Checked in: 5 are taken.
    set_clock("12-01 10:15")
    assert zhang.post(f"/booking/reservations/{third['id']}/check-in").status_code == 201
    assert account(li, choir) == (315, 20, 295)
    checked(app, database)

    # Cancelled exactly 24 hours before: 20 come back.
    set_clock("12-20 17:00")
    assert zhang.post(f"/booking/reservations/{first['id']}/cancellation").status_code == 201
    assert account(li, choir) == (315, 0, 315)

    # Missed: the sweep takes 5 as of a quarter past the start.
    book("12-21 10:00", "12-21 12:30")
    set_clock("12-21 23:00")
    sweep(app, database)
    assert account(li, choir) == (310, 0, 310)
    lines = li.get(f"/points/accounts/{choir}/statement?from=2026-12-21&to=2026-12-21").get_json()["lines"]
    assert [(line["points"], line["at"]) for line in lines] == [(-5, "2026-12-21T10:15:00+08:00")]

    # While points is off a check-in owes; it is settled when points is back, dated as it was.
    late = book("12-22 10:00", "12-22 12:30")
    assert li.put("/plugins/points", {"enabled": False}).status_code == 200
    set_clock("12-22 10:00")
    assert zhang.post(f"/booking/reservations/{late['id']}/check-in").status_code == 201
    set_clock("12-23 10:00")
    assert li.put("/plugins/points", {"enabled": True}).status_code == 200
    assert account(li, choir) == (305, 0, 305)
    sweep(app, database)
    assert account(li, choir) == (305, 0, 305)
    checked(app, database)


def test_b4_shortened_moved_and_made_longer_the_book_keeps_every_point(
    app: Flask, database: Database, program_of: ProgramOf, cast: Cast
) -> None:
    li, zhang = program_of("li"), program_of("zhang")
    choir = cast.choir.id
    room = li.post("/booking/rooms", {"name": "排练厅", "capacity": 40}).get_json()["id"]
    week = [{"weekday": day, "opens": "08:00", "closes": "22:00"} for day in range(7)]
    li.put(f"/booking/rooms/{room}/hours", {"hours": week})
    told = {"holder_id": str(choir), "category": "customs_publicity", "occurred_on": "2026-11-26", "acts": 16}
    assert li.post("/points/contributions", told).status_code == 201
    set_clock("11-30 09:00")
    sweep(app, database)

    def times(starts: str, ends: str) -> dict[str, str]:
        return {"starts_at": at(starts).isoformat(), "ends_at": at(ends).isoformat()}

    wish = {"room_id": room, "holder_id": str(choir), **times("12-04 17:00", "12-04 20:00")}
    made = zhang.post("/booking/reservations", wish).get_json()
    path = f"/booking/reservations/{made['id']}"
    assert account(li, choir) == (320, 20, 300)
    # Half an hour of the evening less: one step of 10 comes back.
    assert zhang.post(f"{path}/shortening", {"ends_at": at("12-04 19:30").isoformat()}).status_code == 201
    assert account(li, choir) == (320, 10, 310)
    # In the morning the same length costs 5; then an hour more.
    moved = zhang.patch(path, times("12-04 09:00", "12-04 11:30"))
    assert (moved.status_code, moved.get_json()["price_points"]) == (200, 5)
    assert account(li, choir) == (320, 5, 315)
    set_clock("12-04 09:00")
    assert zhang.post(f"{path}/check-in").status_code == 201
    assert account(li, choir) == (315, 0, 315)
    longer = zhang.post(f"{path}/extension", {"ends_at": at("12-04 12:30").isoformat()})
    assert (longer.status_code, longer.get_json()["price_points"]) == (201, 15)
    assert account(li, choir) == (305, 0, 305)
    lines = li.get(f"/points/accounts/{choir}/statement?from=2026-12-04&to=2026-12-04").get_json()["lines"]
    assert [line["points"] for line in lines] == [-5, -10]
    checked(app, database)
