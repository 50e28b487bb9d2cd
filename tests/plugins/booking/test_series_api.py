"""REST of series, as an outside program uses it."""

from typing import Any

import pytest

from tests.kit import Cast, Client, ProgramOf
from tests.plugins.booking.kit import FakePoints, at
from tests.plugins.booking.test_api import a_wish, li, room_id, zhang  # noqa: F401 - pytest finds them here


def every_thursday(room_id: str, holder_id: object, **more: Any) -> dict[str, Any]:  # noqa: F811
    wish = a_wish(room_id, holder_id, "11-26 14:00", "11-26 16:00", **more)
    return {"recurrence": "FREQ=WEEKLY;BYDAY=TH;UNTIL=20261217T060000Z", **wish}


def starts(occurrences: list[dict[str, Any]]) -> list[str]:
    return [one["starts_at"][5:16] for one in occurrences]


def test_preview_make_look_change_and_cancel(li: Client, room_id: str, cast: Cast) -> None:  # noqa: F811
    li.post("/booking/reservations", a_wish(room_id, cast.centre.id, "12-10 15:00", "12-10 16:00"))
    wish = every_thursday(room_id, cast.centre.id, title="书法", exceptions=["2026-12-03"], on_conflict="skip")
    shown = li.post("/booking/series/preview", wish)
    assert shown.status_code == 200, shown.text
    preview = shown.get_json()
    assert (preview["allowed"], preview["price_points"]) == (False, 0)
    assert [(one["starts_at"][5:16], one["code"]) for one in preview["dates"]] == [
        ("11-26T14:00", None),
        ("12-10T14:00", "room_taken"),
        ("12-17T14:00", None),
    ]
    assert preview["dates"][1]["alternatives"][0]["starts_at"] == "2026-12-10T13:00:00+08:00"
    made = li.post("/booking/reservations", wish)
    assert made.status_code == 201, made.text
    body = made.get_json()
    assert (body["id"], starts(body["occurrences"])) == (body["occurrences"][0]["id"], ["11-26T14:00", "12-17T14:00"])
    [skipped] = body["skipped"]
    assert (skipped["starts_at"], skipped["code"]) == ("2026-12-10T14:00:00+08:00", "room_taken")
    assert skipped["reasons"][0]["text"].startswith("Somebody else has the room")
    found = li.get(f"/booking/series/{body['series_id']}").get_json()
    assert (found["text"], found["ended"], found["exceptions"]) == (
        "Every Thursday until 17 Dec, but not on 3 Dec",
        False,
        ["2026-12-03"],
    )
    assert found["recurrence"] == "FREQ=WEEKLY;BYDAY=TH;UNTIL=20261217T060000Z"
    assert [(one["day"], one["state"]) for one in found["dates"]] == [
        ("2026-11-26", "confirmed"),
        ("2026-12-17", "confirmed"),
    ]
    assert [(one["day"], one["reasons"][0]["code"]) for one in found["skipped"]] == [("2026-12-10", "room_taken")]
    path = f"/booking/reservations/{body['id']}"
    changed = li.patch(path, {"scope": "all", "ends_at": at("11-26 15:30").isoformat()}).get_json()
    assert [one["ends_at"][11:16] for one in changed["occurrences"]] == ["15:30", "15:30"]
    gone = li.post(f"{path}/cancellation", {"scope": "following", "by": "centre", "reason": "放假"})
    assert (gone.status_code, len(gone.get_json()["occurrences"])) == (201, 2)
    assert li.get(f"/booking/series/{body['series_id']}").get_json()["ended"] is True


def test_refused_is_the_first_reason_of_the_first_date_with_all_dates(
    li: Client,  # noqa: F811
    zhang: Client,  # noqa: F811
    room_id: str,  # noqa: F811
    cast: Cast,
    points: FakePoints,
) -> None:
    points.give(cast.choir, "silver", 0)
    li.post("/booking/reservations", a_wish(room_id, cast.centre.id, "12-03 15:00", "12-03 16:00"))
    answer = zhang.post("/booking/reservations", every_thursday(room_id, cast.choir.id))
    assert answer.status_code == 409
    problem = answer.get_json()
    assert problem["code"] == "room_taken"
    assert [(one["starts_at"][5:10], one["code"]) for one in problem["dates"]] == [
        ("12-03", "room_taken"),
        ("12-17", "too_early"),
    ]
    assert all(reason["text"] for one in problem["dates"] for reason in one["reasons"])
    assert zhang.get("/booking/reservations").get_json()["items"] == []


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"recurrence": "FREQ=WEEKLY"}, "endless_recurrence", None),
        ({"recurrence": "FREQ=DAILY;COUNT=401"}, "too_many_dates", None),
        ({"recurrence": "FREQ=DAILY;UNTIL=20990101"}, "too_many_dates", None),
        ({"recurrence": "FREQ=SECONDLY;COUNT=999999999"}, "invalid", "recurrence"),
        ({"recurrence": "X" * 10_000}, "invalid", "recurrence"),
        ({"recurrence": ""}, "invalid", "recurrence"),
        ({"recurrence": 7}, "invalid", "recurrence"),
        ({"recurrence": "FREQ=WEEKLY;UNTIL=20261101"}, "invalid", "recurrence"),
        ({"recurrence": None, "exceptions": ["2026-12-03"]}, "invalid", "recurrence"),
        ({"exceptions": ["soon"]}, "invalid", "exceptions.0"),
        ({"exceptions": ["2026-12-03"] * 2}, None, None),
        ({"exceptions": [f"2027-{1 + n // 28:02}-{1 + n % 28:02}" for n in range(336)]}, None, None),
        ({"on_conflict": "perhaps"}, "invalid", "on_conflict"),
        ({"rrule": "FREQ=DAILY;COUNT=3"}, "invalid", "rrule"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    li: Client,  # noqa: F811
    room_id: str,  # noqa: F811
    cast: Cast,
    more: dict[str, Any],
    code: str | None,
    field: str | None,
) -> None:
    answer = li.post("/booking/reservations", {**every_thursday(room_id, cast.centre.id), **more})
    if code is None:
        assert answer.status_code == 201, answer.text
        return
    problem = answer.get_json()
    assert (answer.status_code, problem["code"]) == (422, code), answer.text
    assert field is None or list(problem["errors"]) == [field]
    assert li.get("/booking/reservations").get_json()["items"] == []


def test_a_series_sent_twice_under_one_key_is_made_once(li: Client, room_id: str, cast: Cast) -> None:  # noqa: F811
    wish = every_thursday(room_id, cast.centre.id)
    first, again = (li.post("/booking/reservations", wish, Idempotency_Key="k") for _time in range(2))
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotent-Replay"] == "true"
    assert len(li.get("/booking/reservations").get_json()["items"]) == 4


def test_a_series_is_read_by_whoever_may_read_its_dates(
    zhang: Client,  # noqa: F811
    call: ProgramOf,
    room_id: str,  # noqa: F811
    cast: Cast,
) -> None:
    wish = a_wish(room_id, cast.choir.id, "11-26 14:00", "11-26 15:00", recurrence="FREQ=DAILY;COUNT=2")
    made = zhang.post("/booking/reservations", wish).get_json()
    path = f"/booking/series/{made['series_id']}"
    statuses = [call(name).get(path).status_code for name in ("zhang", "li", "zhao")]
    assert statuses == [200, 200, 403]
    assert call("wang", slug="binhe").get(path).status_code == 404
    for act in (call("zhao").post("/booking/series/preview", wish), call("zhao").post("/booking/reservations", wish)):
        assert act.status_code == 403


def test_one_tap_of_a_program_keeps_a_date(zhang: Client, li: Client, room_id: str, cast: Cast) -> None:  # noqa: F811
    wish = a_wish(room_id, cast.choir.id, "11-26 14:00", "11-26 15:00", recurrence="FREQ=DAILY;COUNT=2")
    made = zhang.post("/booking/reservations", wish).get_json()
    assert made["confirm_until"] is None
    answer = zhang.post(f"/booking/reservations/{made['id']}/confirmation")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "wrong_state")
    figures = li.get("/booking/policy").get_json()
    assert figures["series_confirm_days"] == 0
    put = li.put("/booking/policy", {**figures, "series_confirm_days": 7}).get_json()
    assert put["series_confirm_days"] == 7
    without = {name: value for name, value in figures.items() if name != "series_confirm_days"}
    assert li.put("/booking/policy", without).get_json()["series_confirm_days"] == 7  # left out it stays
