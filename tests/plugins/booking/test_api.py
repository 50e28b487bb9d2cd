"""REST of booking, as an outside program uses it."""

from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.db import Database, unit
from core.plugins import House
from tests.kit import OTHER_SLUG, Cast, Client, ProgramOf, a_group, enter_slug
from tests.plugins.booking.kit import FakePoints, a_room, at, set_clock

WEEK = [{"weekday": day, "opens": "08:00", "closes": "24:00"} for day in range(7)]


@pytest.fixture
def li(call: ProgramOf) -> Client:
    """The manager's program."""
    return call("li")


@pytest.fixture
def zhang(call: ProgramOf) -> Client:
    """The choir leader's program."""
    return call("zhang")


@pytest.fixture
def room_id(li: Client) -> str:
    """A hall of 40, open every day from 8 to 24 o'clock."""
    made = li.post("/booking/rooms", {"name": "排练厅", "capacity": 40, "equipment": "音响"})
    assert made.status_code == 201
    body = made.get_json()
    assert (body["name"], body["capacity"], body["spaces"]) == ("排练厅", 40, [body["id"]])
    put = li.put(f"/booking/rooms/{body['id']}/hours", {"hours": WEEK})
    assert put.status_code == 200
    assert put.get_json() == {"hours": WEEK}
    return str(body["id"])


def a_wish(room_id: str, holder_id: object, starts: str, ends: str, **more: Any) -> dict[str, Any]:
    return {
        "room_id": room_id,
        "holder_id": str(holder_id),
        "starts_at": at(starts).isoformat(),
        "ends_at": at(ends).isoformat(),
        **more,
    }


def quote_of(client: Client, wish: dict[str, Any]) -> Any:
    query = "&".join(f"{name}={str(value).replace('+', '%2B')}" for name, value in wish.items())
    answer = client.get(f"/booking/quote?{query}")
    assert answer.status_code == 200, answer.text
    return answer.get_json()


# --- reserving -----------------------------------------------------------------------------------------------------


def test_quote_then_reserve_then_look(zhang: Client, room_id: str, cast: Cast, points: FakePoints) -> None:
    points.give(cast.choir, "gold", 30)
    wish = a_wish(room_id, cast.choir.id, "12-17 19:00", "12-17 22:00")
    quoted = quote_of(zhang, wish)
    assert quoted["allowed"] is True
    assert (quoted["code"], quoted["reasons"]) == (None, [])
    assert (quoted["base_minutes"], quoted["extension_minutes"], quoted["price_points"]) == (120, 60, 10)
    assert (quoted["tier"], quoted["opens_at"]) == ("gold", "2026-11-26T08:00:00+08:00")
    made = zhang.post("/booking/reservations", {**wish, "title": "新年音乐会", "people": 30})
    assert made.status_code == 201
    body = made.get_json()
    assert (body["state"], body["room"], body["price_points"]) == ("confirmed", {"id": room_id, "name": "排练厅"}, 10)
    assert body["holder"] == {"id": str(cast.choir.id), "kind": "group", "name": "合唱队"}
    assert (body["starts_at"], body["ends_at"]) == ("2026-12-17T19:00:00+08:00", "2026-12-17T22:00:00+08:00")
    assert body["occurrences"] == [
        {"id": body["id"], "starts_at": body["starts_at"], "ends_at": body["ends_at"]},
    ]
    assert {line["code"] for line in body["explanation"]} >= {"booking.why.base", "booking.why.extension"}
    assert all(line["text"] for line in body["explanation"])
    assert zhang.get(f"/booking/reservations/{body['id']}").get_json() == body
    listed = zhang.get("/booking/timetable?from=2026-12-17&to=2026-12-17").get_json()["items"]
    assert [one["id"] for one in listed] == [body["id"]]


def test_a_quote_answers_also_when_it_cannot_be(zhang: Client, room_id: str, cast: Cast) -> None:
    quoted = quote_of(zhang, a_wish(room_id, cast.choir.id, "12-17 19:10", "12-17 22:00"))
    assert quoted["allowed"] is False
    assert quoted["code"] == "off_grid"
    assert [one["code"] for one in quoted["reasons"]] == ["off_grid", "too_early", "extension_not_available"]
    assert quoted["opens_at"] == "2026-12-10T08:00:00+08:00"
    backwards = quote_of(zhang, a_wish(room_id, cast.choir.id, "12-17 19:00", "12-17 19:00"))
    assert (backwards["allowed"], backwards["code"]) == (False, "invalid")


def test_a_refusal_is_a_problem_with_the_facts_of_the_case(zhang: Client, room_id: str, cast: Cast) -> None:
    early = zhang.post("/booking/reservations", a_wish(room_id, cast.choir.id, "12-17 19:00", "12-17 20:00"))
    assert early.status_code == 403
    assert early.content_type == "application/problem+json"
    problem = early.get_json()
    assert (problem["code"], problem["opens_at"]) == ("too_early", "2026-12-10T08:00:00+08:00")
    assert problem["detail"] == "That day cannot be booked yet. It opens on Thu 10 Dec 8:00."
    assert [(one["code"], bool(one["text"])) for one in problem["reasons"]] == [("too_early", True)]


def test_points_that_are_not_there_are_told_with_price_and_available(
    zhang: Client, room_id: str, cast: Cast, points: FakePoints
) -> None:
    points.give(cast.choir, "gold", 4)
    poor = zhang.post("/booking/reservations", a_wish(room_id, cast.choir.id, "11-27 10:00", "11-27 12:30"))
    problem = poor.get_json()
    assert (poor.status_code, problem["code"], problem["price"], problem["available"]) == (
        422,
        "not_enough_points",
        5,
        4,
    )


def test_a_taken_room_is_409_with_alternatives(zhang: Client, call: ProgramOf, room_id: str, cast: Cast) -> None:
    wish = a_wish(room_id, cast.choir.id, "11-27 10:00", "11-27 11:00")
    assert zhang.post("/booking/reservations", wish).status_code == 201
    again = call("zhao").post("/booking/reservations", {**wish, "holder_id": str(cast.orchestra.id)})
    assert again.status_code == 409
    problem = again.get_json()
    assert problem["code"] == "room_taken"
    assert problem["alternatives"][0] == {
        "starts_at": "2026-11-27T09:00:00+08:00",
        "ends_at": "2026-11-27T10:00:00+08:00",
    }


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"starts_at": "2026-11-27T11:00:00"}, 422, "invalid"),  # no offset
        ({"ends_at": "2026-11-27T10:00:00+08:00"}, 422, "invalid"),  # zero length
        ({"starts_at": "9999-12-31T23:00:00+08:00"}, 422, "invalid"),
        ({"people": -1}, 422, "invalid"),
        ({"people": 2.5}, 422, "invalid"),
        ({"people": 10**30}, 422, "invalid"),
        ({"people": 41}, 422, "too_many_people"),
        ({"title": "长" * 61}, 422, "invalid"),
        ({"room_id": "nothing"}, 404, "not_found"),
        ({"room_id": "00000000-0000-0000-0000-000000000001"}, 404, "not_found"),
        ({"holder_id": "00000000-0000-0000-0000-000000000001"}, 404, "not_found"),
        ({"colour": "red"}, 422, "invalid"),
        ({"starts_at": "2026-11-25T10:00:00+08:00", "ends_at": "2026-11-25T11:00:00+08:00"}, 422, "too_late"),
        ({"starts_at": "2026-11-27T07:00:00+08:00"}, 422, "outside_hours"),
        ({"starts_at": "2026-11-27T10:01:00+08:00"}, 422, "off_grid"),
        ({"ends_at": "2026-11-27T13:00:00+08:00"}, 422, "extension_not_available"),
    ],
)
def test_what_breaks_a_rule_is_refused_and_nothing_is_kept(
    zhang: Client, room_id: str, cast: Cast, change: dict[str, Any], status: int, code: str
) -> None:
    wish = {**a_wish(room_id, cast.choir.id, "11-27 10:00", "11-27 11:00"), **change}
    answer = zhang.post("/booking/reservations", wish)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code), answer.text
    assert zhang.get("/booking/reservations").get_json() == {"items": [], "next": None}


def test_another_communitys_group_is_not_found(
    li: Client, room_id: str, database: Database, booking_house: House
) -> None:
    with unit(database, write=True):
        enter_slug(booking_house, OTHER_SLUG)
        foreign, there = a_group("外地合唱队"), a_room("外地厅").id
    answer = li.post("/booking/reservations", a_wish(room_id, foreign.id, "11-27 10:00", "11-27 11:00"))
    assert answer.status_code == 404
    assert li.get(f"/booking/rooms/{there}/hours").status_code == 404


def test_wang_of_the_other_community_sees_nothing(call: ProgramOf, zhang: Client, room_id: str, cast: Cast) -> None:
    made = zhang.post("/booking/reservations", a_wish(room_id, cast.choir.id, "11-27 10:00", "11-27 11:00")).get_json()
    wang = call("wang")
    for path in (f"/booking/reservations/{made['id']}", f"/booking/rooms/{room_id}/hours"):
        assert wang.get(path).status_code == 404
    for act in ("check-in", "cancellation"):
        assert wang.post(f"/booking/reservations/{made['id']}/{act}").status_code == 404
    assert wang.get("/booking/rooms").get_json()["items"] == []
    assert call("wang", slug="xincheng").get("/booking/rooms").status_code == 404


def test_the_same_key_books_once(zhang: Client, room_id: str, cast: Cast, points: FakePoints) -> None:
    points.give(cast.choir, "gold", 30)
    wish = a_wish(room_id, cast.choir.id, "11-27 10:00", "11-27 12:30")
    first = zhang.post("/booking/reservations", wish, Idempotency_Key="k1")
    again = zhang.post("/booking/reservations", wish, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.get_json() == first.get_json()
    assert points.available[cast.choir.id] == 25


def test_staff_book_for_an_elder_and_both_names_are_kept(call: ProgramOf, li: Client, room_id: str, cast: Cast) -> None:
    wish = a_wish(room_id, cast.choir.id, "11-27 10:00", "11-27 11:00")
    chen = str(cast.people["chen"].resident_id)
    assert call("sun").post("/booking/reservations", {**wish, "on_behalf_of": chen}).status_code == 201
    assert call("zhang").post("/booking/reservations", {**wish, "on_behalf_of": chen}).status_code == 403


def test_only_managers_override(call: ProgramOf, li: Client, room_id: str, cast: Cast) -> None:
    wish = a_wish(room_id, cast.choir.id, "12-24 10:00", "12-24 11:00", override_reason="年会")
    assert call("sun").post("/booking/reservations", wish).status_code == 403
    made = li.post("/booking/reservations", wish)
    assert made.status_code == 201
    assert (made.get_json()["override_reason"], made.get_json()["overridden"]) == ("年会", ["too_early"])


def test_the_centre_books_for_itself(call: ProgramOf, room_id: str, cast: Cast) -> None:
    quoted = quote_of(call("sun"), a_wish(room_id, cast.centre.id, "12-31 10:00", "12-31 20:00"))
    assert (quoted["allowed"], quoted["opens_at"], quoted["base_minutes"]) == (True, None, 600)
    assert call("zhang").get("/booking/quote").status_code == 422


def test_nobody_and_members_are_kept_out(call: ProgramOf, room_id: str, cast: Cast) -> None:
    wish = a_wish(room_id, cast.choir.id, "11-27 10:00", "11-27 11:00")
    assert call(None).post("/booking/reservations", wish).status_code == 401
    assert call("chen").post("/booking/reservations", wish).status_code == 403
    assert call("zhang", scopes=["booking.read"]).post("/booking/reservations", wish).status_code == 403


# --- checking in, cancelling ----------------------------------------------------------------------------------------


def booked(zhang: Client, room_id: str, cast: Cast) -> str:
    made = zhang.post("/booking/reservations", a_wish(room_id, cast.choir.id, "14:00", "16:30"))
    assert made.status_code == 201
    return str(made.get_json()["id"])


def test_check_in_and_its_edges(zhang: Client, room_id: str, cast: Cast, points: FakePoints) -> None:
    points.give(cast.choir, "gold", 30)
    path = f"/booking/reservations/{booked(zhang, room_id, cast)}"
    early = zhang.post(f"{path}/check-in")
    assert (early.status_code, early.get_json()["code"]) == (403, "too_early")
    assert early.get_json()["opens_at"] == "2026-11-26T13:30:00+08:00"
    set_clock("13:30")
    assert zhang.post(f"{path}/check-in").get_json()["state"] == "checked_in"
    again = zhang.post(f"{path}/check-in")
    assert (again.status_code, again.get_json()["code"]) == (409, "wrong_state")
    set_clock("16:30")
    assert zhang.get(path).get_json()["state"] == "attended"


def test_a_missed_session_leaves_the_timetable(zhang: Client, room_id: str, cast: Cast, points: FakePoints) -> None:
    points.give(cast.choir, "gold", 30)
    path = f"/booking/reservations/{booked(zhang, room_id, cast)}"
    set_clock("14:15:01")
    assert zhang.get(path).get_json()["state"] == "missed"
    late = zhang.post(f"{path}/check-in")
    assert (late.status_code, late.get_json()["code"]) == (422, "too_late")
    assert zhang.get("/booking/timetable").get_json()["items"] == []


def test_cancelling_by_the_group_and_by_the_centre(
    zhang: Client, li: Client, room_id: str, cast: Cast, points: FakePoints
) -> None:
    points.give(cast.choir, "gold", 30)
    path = f"/booking/reservations/{booked(zhang, room_id, cast)}/cancellation"
    assert zhang.post(path, {"by": "centre"}).status_code == 403
    assert zhang.post(path, {"by": "somebody"}).status_code == 422
    assert li.post(path, {"by": "centre", "reason": "漏水"}).get_json()["state"] == "cancelled"
    assert zhang.get("/booking/timetable").get_json()["items"] == []
    assert zhang.post(path).status_code == 409
    assert points.available[cast.choir.id] == 30


def test_forgiving_a_no_show(zhang: Client, li: Client, room_id: str, cast: Cast, points: FakePoints) -> None:
    points.give(cast.choir, "gold", 30)
    path = f"/booking/reservations/{booked(zhang, room_id, cast)}/forgiveness"
    assert li.post(path, {"reason": "停电"}).status_code == 409
    clock.advance(timedelta(days=1))
    assert zhang.post(path, {"reason": "停电"}).status_code == 403
    assert li.post(path, {}).status_code == 422
    assert li.post(path, {"reason": "停电"}).status_code == 201


# --- rooms ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {"name": "", "capacity": 3},
        {"name": "画室"},
        {"name": "画室", "capacity": 0},
        {"name": "画室", "capacity": "three"},
        {"name": "画室", "capacity": 3, "spaces": []},
        {"name": "画室", "capacity": 3, "spaces": ["East Wing!"]},
        {"name": "画室", "capacity": 3, "approval": True},
        {"name": "排练厅", "capacity": 3},
    ],
)
def test_rooms_that_cannot_be(li: Client, room_id: str, body: dict[str, Any]) -> None:
    assert li.post("/booking/rooms", body).status_code == 422
    assert len(li.get("/booking/rooms").get_json()["items"]) == 1


@pytest.mark.parametrize("closes", ["24:15", "8", "25:00", "08:00", "20:07", 800, None])
def test_hours_that_cannot_be(li: Client, room_id: str, closes: object) -> None:
    body = {"hours": [{"weekday": 0, "opens": "08:00", "closes": closes}]}
    assert li.put(f"/booking/rooms/{room_id}/hours", body).status_code == 422


def test_closures(li: Client, zhang: Client, call: ProgramOf, room_id: str, cast: Cast) -> None:
    made = zhang.post("/booking/reservations", a_wish(room_id, cast.choir.id, "11-27 10:00", "11-27 11:00")).get_json()
    path = f"/booking/rooms/{room_id}/closures"
    body = {"starts_at": at("11-27 09:00").isoformat(), "ends_at": at("11-27 12:00").isoformat(), "reason": "检修"}
    hit = li.post(path, body)
    assert (hit.status_code, hit.get_json()["code"]) == (409, "reservations_in_the_way")
    assert hit.get_json()["reservations"][0]["id"] == made["id"]
    assert hit.get_json()["reservations"][0]["starts_at"] == "2026-11-27T10:00:00+08:00"
    body["starts_at"] = at("11-27 11:00").isoformat()
    closure = li.post(path, body)
    assert closure.status_code == 201
    assert li.get(path).get_json()["items"] == [closure.get_json()]
    free = zhang.get(f"/booking/rooms/{room_id}/free?from=2026-11-27&to=2026-11-27&minutes=90").get_json()["items"]
    assert [(one["starts_at"][11:16], one["minutes"]) for one in free] == [("08:00", 120), ("12:00", 720)]
    assert call("sun").call("DELETE", f"/booking/closures/{closure.get_json()['id']}").status_code == 403
    assert li.call("DELETE", f"/booking/closures/{closure.get_json()['id']}").status_code == 204
    assert li.call("DELETE", f"/booking/closures/{closure.get_json()['id']}").status_code == 404


# --- lists and policy -----------------------------------------------------------------------------------------------


def test_residents_stand_on_the_timetable_without_a_name(call: ProgramOf, room_id: str, cast: Cast) -> None:
    chen = cast.people["chen"].resident_id
    assert (
        call("chen").post("/booking/reservations", a_wish(room_id, chen, "11-27 10:00", "11-27 11:00")).status_code
        == 201
    )
    path = "/booking/timetable?from=2026-11-27&to=2026-11-27"
    assert call("zhang").get(path).get_json()["items"][0]["holder"] is None
    for name in ("chen", "li"):
        assert call(name).get(path).get_json()["items"][0]["holder"]["name"] == "陈玉兰"


def test_the_timetable_takes_days_and_moments(zhang: Client, room_id: str, cast: Cast) -> None:
    zhang.post("/booking/reservations", a_wish(room_id, cast.choir.id, "11-27 10:00", "11-27 11:00"))
    for query, found in [
        ("from=2026-11-27&to=2026-11-27", 1),
        ("from=2026-11-26&to=2026-11-26", 0),
        ("from=2026-11-27T10:45:00%2B08:00&to=2026-11-27T12:00:00%2B08:00", 1),
        ("from=2026-11-27T11:00:00%2B08:00&to=2026-11-27T12:00:00%2B08:00", 0),
        (f"from=2026-11-20&to=2026-11-30&room_id={room_id}", 1),
    ]:
        assert len(zhang.get(f"/booking/timetable?{query}").get_json()["items"]) == found, query
    for query in ("from=yesterday", "from=2026-11-27&to=2026-11-20", "from=2026-01-01&to=2027-01-01", "room=1"):
        assert zhang.get(f"/booking/timetable?{query}").status_code == 422


@pytest.mark.parametrize(
    ("query", "field"),
    [("minutes=0", "minutes"), ("minutes=-15", "minutes"), ("minutes=1.5", "minutes"), ("from=soon", "from")],
)
def test_free_times_of_no_length_are_refused(zhang: Client, room_id: str, query: str, field: str) -> None:
    answer = zhang.get(f"/booking/rooms/{room_id}/free?{query}")
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [field])


def test_a_list_goes_on_where_it_stopped(zhang: Client, room_id: str, cast: Cast) -> None:
    for hour in (10, 11, 12):
        zhang.post("/booking/reservations", a_wish(room_id, cast.choir.id, f"11-27 {hour}:00", f"11-27 {hour + 1}:00"))
    first = zhang.get("/booking/reservations?limit=2").get_json()
    assert len(first["items"]) == 2
    rest = zhang.get(f"/booking/reservations?limit=2&cursor={first['next']}").get_json()
    assert (len(rest["items"]), rest["next"]) == (1, None)
    assert zhang.get("/booking/reservations?cursor=x").status_code == 422
    assert zhang.get(f"/booking/reservations?holder_id={cast.orchestra.id}").status_code == 403


def test_the_policy_is_read_changed_and_put_back(li: Client, zhang: Client, call: ProgramOf) -> None:
    figures = zhang.get("/booking/policy").get_json()
    assert figures == {
        "base_session_minutes": 120,
        "base_week_minutes": 240,
        "base_early_days": 7,
        "window_opens": "08:00",
        "cancel_hours": 24,
        "shorten_hours": 2,
        "check_in_before": 30,
        "check_in_after": 15,
        "no_shows": {"count": 3, "days": 60, "closed_days": 30},
        "series_confirm_days": 0,
        "public_board": True,
        "valid_from": None,
    }
    assert call("sun").put("/booking/policy", figures).status_code == 403
    changed = li.put("/booking/policy", {**figures, "base_early_days": 9, "valid_from": "2026-12-01"})
    assert changed.get_json()["valid_from"] == "2026-12-01"
    assert zhang.get("/booking/policy").get_json()["base_early_days"] == 7
    assert zhang.get("/booking/policy?on=2026-12-01").get_json()["base_early_days"] == 9
    back = li.put("/booking/policy", {**figures, "valid_from": "2020-01-01"})
    assert back.get_json() == {**figures, "valid_from": "2026-11-26"}
    same = li.put("/booking/policy", back.get_json()).get_json()
    assert [one["code"] for one in same.pop("explanation")] == ["policy_unchanged"]
    assert same == back.get_json()


SENSELESS = [
    ({"base_week_minutes": -1}, "base_week_minutes"),
    ({"window_opens": "24:00"}, "window_opens"),
    ({"no_shows": {"count": 0, "days": 60, "closed_days": 30}}, "count"),
    ({"surprise": 1}, "surprise"),
    ({"base_session_minutes": 255}, "base_session_minutes"),  # more than a week has
    ({"base_session_minutes": 100}, "base_session_minutes"),  # no quarters of an hour
    ({"base_week_minutes": 250}, "base_week_minutes"),
    ({"shorten_hours": 25}, "shorten_hours"),  # later than one may cancel
    ({"check_in_before": 0, "check_in_after": 0}, "check_in_after"),  # nobody could
    ({"check_in_after": 121}, "check_in_after"),  # the session is over
]


@pytest.mark.parametrize(("wrong", "field"), SENSELESS)
def test_a_policy_that_makes_no_sense_is_refused_with_its_field(li: Client, wrong: dict[str, Any], field: str) -> None:
    figures = li.get("/booking/policy").get_json()
    answer = li.put("/booking/policy", {**figures, **wrong})
    assert answer.status_code == 422
    assert [name.rpartition(".")[2] for name in answer.get_json()["errors"]] == [field]
    assert li.get("/booking/policy").get_json() == figures


def test_planned_figures_are_taken_back_before_their_day(li: Client, call: ProgramOf) -> None:
    figures = li.get("/booking/policy").get_json()
    li.put("/booking/policy", {**figures, "base_early_days": 9, "valid_from": "2026-12-01"})
    path = "/booking/policy?valid_from=2026-12-01"
    assert call("sun").call("DELETE", path).status_code == 403
    assert [li.call("DELETE", path).status_code for _time in range(2)] == [204, 204]
    assert li.get("/booking/policy?on=2026-12-01").get_json() == figures
    acts = [one["act"] for one in li.get("/audit").get_json()["items"]]
    assert acts[:2] == ["booking.policy_taken_back", "booking.policy"]
    li.put("/booking/policy", {**figures, "base_early_days": 9})
    assert li.call("DELETE", "/booking/policy?valid_from=2026-11-26").get_json()["code"] == "wrong_state"
