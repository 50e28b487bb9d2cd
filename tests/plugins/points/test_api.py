"""Points over REST."""

from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from core.db import Database, unit
from core.plugins import House
from tests.kit import NOW, SLUG, Cast, Client, ProgramOf, enter_slug
from tests.plugins.points.kit import TODAY, a_policy, after, on, sweep


@pytest.fixture
def li(program_of: ProgramOf, database: Database, house: House) -> Client:
    """Manager Li's program, in a community where points count at once."""
    with unit(database, write=True):
        enter_slug(house, SLUG)
        a_policy()
    return program_of("li")


def publicity(cast: Cast, **fields: Any) -> dict[str, Any]:
    """A contribution of the choir worth 20 points an act."""
    return {"holder_id": str(cast.choir.id), "category": "customs_publicity", "occurred_on": str(TODAY)} | fields


def given(answer: TestResponse, status: int = 201) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json


def account(program: Client, holder_id: Any) -> Any:
    return given(program.get(f"/points/accounts/{holder_id}"), 200)


# --- contributions -------------------------------------------------------------------------------------------------


def test_a_contribution_is_recorded_with_its_award(li: Client, cast: Cast) -> None:
    made = given(li.post("/points/contributions", publicity(cast, acts=2, note="square")))
    [award] = made["awards"]
    assert (made["state"], award["points"], award["state"]) == ("credited", 40, "credited")
    assert award["holder"] == {"id": str(cast.choir.id), "kind": "group", "name": "合唱队"}
    assert award["reason"] == {
        "code": "award_acts", "text": "2 × 20 points = 40.", "acts": 2, "each": 20, "points": 40,
    }  # fmt: skip
    assert award["transfer_id"] is not None
    assert given(li.get(f"/points/contributions/{made['id']}"), 200) == made
    found = account(li, cast.choir.id)
    assert (found["balance"], found["held"], found["available"]) == (40, 0, 40)
    assert found["lots"] == [{"expires_on": str(after(365)), "remaining": 40, "held": 0}]
    assert found["standing"] == {
        "tier": "none",
        "earned": 40,
        "window_days": 180,
        "next": {"on": str(after(180)), "earned": 0, "tier": "none"},
    }


def test_one_act_is_the_default_and_a_posted_award_has_no_transfer_yet(
    program_of: ProgramOf, cast: Cast, database: Database, house: House
) -> None:
    li = program_of("li")
    made = given(li.post("/points/contributions", publicity(cast)))
    assert (made["acts"], made["minutes"], made["state"], made["credits_on"]) == (1, None, "posted", str(after(4)))
    assert made["awards"][0]["transfer_id"] is None
    assert account(li, cast.choir.id)["balance"] == 0
    on(after(6))
    with unit(database, write=True):
        enter_slug(house, SLUG)
        sweep()
    [line] = given(li.get(f"/points/accounts/{cast.choir.id}/statement"), 200)["lines"]
    assert (line["at"], line["points"]) == ("2026-11-30T00:00:00+08:00", 20)


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"acts": 0}, "acts", "At least 1."),
        ({"acts": -3}, "acts", "At least 1."),
        ({"acts": 1.5}, "acts", "This must be a whole number."),
        ({"acts": 10**25}, "acts", "At most 1000."),
        ({"acts": 1, "minutes": 5}, "acts", "Give the number of acts or the minutes, not both."),
        ({"category": "nonsense"}, "category", "There is no category nonsense."),
        ({"occurred_on": str(after(1))}, "occurred_on", "Fri 27 Nov is still to come. Record what has happened."),
        ({"occurred_on": "tomorrow"}, "occurred_on", "This must be a day like 2026-03-02."),
        ({"occurred_on": None}, "occurred_on", "This may not be empty."),
        ({"note": "x" * 10_000}, "note", "At most 200 characters; this has 10000."),
        ({"colour": "red"}, "colour", "There is no such field; take it out."),
    ],
)
def test_l15_bad_fields_are_refused_by_name(
    li: Client, cast: Cast, fields: dict[str, Any], field: str, sentence: str
) -> None:
    answer = given(li.post("/points/contributions", publicity(cast) | fields), 422)
    assert answer["code"] == "invalid"
    assert answer["errors"] == {field: [sentence]}
    assert given(li.get("/points/contributions"), 200)["items"] == []


@pytest.mark.parametrize("holder_id", ["no-id", "00000000-0000-7000-8000-000000000000"])
def test_an_unknown_holder_is_not_found(li: Client, cast: Cast, holder_id: str) -> None:
    given(li.post("/points/contributions", publicity(cast, holder_id=holder_id)), 404)
    given(li.get(f"/points/accounts/{holder_id}"), 404)


def test_a_batch_is_all_or_nothing_with_faults_by_place(li: Client, cast: Cast) -> None:
    bad = {"items": [publicity(cast), publicity(cast, acts=0), publicity(cast, acts=2000, note="y" * 300)]}
    answer = given(li.post("/points/contributions/batch", bad), 422)
    assert set(answer["errors"]) == {"items.1.acts", "items.2.acts", "items.2.note"}
    answer = given(
        li.post("/points/contributions/batch", {"items": [publicity(cast), publicity(cast, minutes=3)]}), 422
    )
    assert set(answer["errors"]) == {"items.1.minutes"}
    answer = given(li.post("/points/contributions/batch", {"items": [publicity(cast, acts="x")]}), 422)
    assert set(answer["errors"]) == {"items.0.acts"}
    given(li.post("/points/contributions/batch", {"items": []}), 422)
    assert given(li.get("/points/contributions"), 200)["items"] == []
    both = {"items": [publicity(cast), publicity(cast, holder_id=str(cast.orchestra.id))]}
    made = given(li.post("/points/contributions/batch", both))
    assert [item["holder"]["name"] for item in made["items"]] == ["合唱队", "民乐团"]


def test_l4_the_same_key_acts_once_and_another_body_is_refused(li: Client, cast: Cast) -> None:
    first = li.post("/points/contributions", publicity(cast), Idempotency_Key="k1")
    second = li.post("/points/contributions", publicity(cast), Idempotency_Key="k1")
    assert (given(first), second.headers["Idempotent-Replay"]) == (given(second), "true")
    given(li.post("/points/contributions", publicity(cast, acts=2), Idempotency_Key="k1"), 409)
    assert account(li, cast.choir.id)["balance"] == 20


def test_contributions_are_listed_the_latest_first_by_pages_and_filters(li: Client, cast: Cast) -> None:
    given(li.post("/points/rules", {"category": "mediation", "per": "act", "points": 1, "valid_from": "2026-01-01"}))
    for back in range(5):
        item = publicity(cast, category="mediation", occurred_on=str(after(-back)), note=f"n{back}")
        given(li.post("/points/contributions", item))
    given(li.post("/points/contributions", publicity(cast, holder_id=str(cast.orchestra.id))))
    notes, cursor = [], ""
    while True:
        page = given(li.get(f"/points/contributions?limit=2&category=mediation{cursor}"), 200)
        notes += [item["note"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert notes == ["n0", "n1", "n2", "n3", "n4"]
    dated = given(li.get(f"/points/contributions?from={after(-3)}&to={after(-2)}"), 200)
    assert [item["note"] for item in dated["items"]] == ["n2", "n3"]
    of_orchestra = given(li.get(f"/points/contributions?holder_id={cast.orchestra.id}&state=credited"), 200)
    assert len(of_orchestra["items"]) == 1
    for wrong in "limit=0", "limit=201", "cursor=x", "state=odd", "colour=red":
        given(li.get(f"/points/contributions?{wrong}"), 422)


def test_a_contribution_is_withdrawn_once(li: Client, cast: Cast) -> None:
    made = given(li.post("/points/contributions", publicity(cast)))
    path = f"/points/contributions/{made['id']}/withdrawal"
    given(li.post(path, {"reason": ""}), 422)
    gone = given(li.post(path, {"reason": "a slip"}))
    assert (gone["state"], gone["awards"][0]["state"], gone["withdrawn_reason"]) == ("withdrawn", "withdrawn", "a slip")
    assert given(li.post(path, {"reason": "again"}), 409)["code"] == "wrong_state"
    assert account(li, cast.choir.id)["balance"] == 0


# --- accounts ------------------------------------------------------------------------------------------------------


def test_l9_a_statements_closing_is_the_next_ones_opening_and_says_who_paid(li: Client, cast: Cast) -> None:
    earned = given(li.post("/points/contributions", publicity(cast)))
    on(after(1))
    hold = given(li.post("/points/holds", a_hold(cast, 5)))
    given(li.post(f"/points/holds/{hold['id']}/capture"))
    path = f"/points/accounts/{cast.choir.id}/statement"
    first = given(li.get(f"{path}?to={TODAY}"), 200)
    second = given(li.get(f"{path}?from={after(1)}&to={after(9)}"), 200)
    assert (first["opening"], first["closing"], second["opening"], second["closing"]) == (0, 20, 20, 15)
    [line] = second["lines"]
    assert (line["points"], line["balance"], line["paid_by"]) == (-5, 15, [earned["id"]])
    assert line["reason"]["text"] == "hall"
    at = line["at"].replace("+", "%2B")
    assert given(li.get(f"{path}?to={at}"), 200)["closing"] == 20  # moments are half-open
    assert given(li.get(f"{path}?from={at}"), 200)["opening"] == 20
    assert len(given(li.get(path), 200)["lines"]) == 2
    given(li.get(f"{path}?from=2026-11-26T10:00"), 422)


def test_accounts_are_listed_by_kind_with_zeros(li: Client, cast: Cast) -> None:
    given(li.post("/points/contributions", publicity(cast, acts=3)))
    groups = given(li.get("/points/accounts?kind=group"), 200)["items"]
    assert {item["holder"]["name"]: (item["balance"], item["standing"]["tier"]) for item in groups} == {
        "合唱队": (60, "bronze"),
        "民乐团": (0, "none"),
    }
    names, cursor = [], ""
    while True:
        page = given(li.get(f"/points/accounts?limit=3{cursor}"), 200)
        names += [item["holder"]["name"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(names) == len(set(names)) == 8  # five residents, two groups, the centre


# --- holds ---------------------------------------------------------------------------------------------------------


def a_hold(cast: Cast, points: Any, **fields: Any) -> dict[str, Any]:
    later = (NOW + timedelta(days=9)).isoformat()
    return {"holder_id": str(cast.choir.id), "points": points, "reason": "hall", "expires_at": later} | fields


def test_points_are_held_captured_and_released_in_parts(li: Client, cast: Cast) -> None:
    given(li.post("/points/contributions", publicity(cast)))
    hold = given(li.post("/points/holds", a_hold(cast, 15)))
    assert (hold["points"], hold["state"], hold["holder"]["name"]) == (15, "open", "合唱队")
    refusal = given(li.post("/points/holds", a_hold(cast, 6)), 422)
    assert (refusal["code"], refusal["price"], refusal["available"]) == ("not_enough_points", 6, 5)
    assert refusal["detail"] == "This takes 6 points; 5 are there to spend."
    path = f"/points/holds/{hold['id']}"
    assert given(li.post(f"{path}/capture", {"points": 4}))["captured"] == 4
    assert given(li.post(f"{path}/release", {"points": 5}))["released"] == 5
    assert given(li.post(f"{path}/capture", {"points": 7}), 422)["errors"] == {"points": ["At most 6."]}
    assert given(li.post(f"{path}/release"))["state"] == "captured"
    assert given(li.post(f"{path}/release"), 409)["code"] == "wrong_state"
    found = account(li, cast.choir.id)
    assert (found["balance"], found["held"]) == (16, 0)


@pytest.mark.parametrize("points", [0, -1, 1.5, "5", None, 10**20])
def test_l15_senseless_amounts_are_refused(li: Client, cast: Cast, points: Any) -> None:
    given(li.post("/points/contributions", publicity(cast)))
    assert "points" in given(li.post("/points/holds", a_hold(cast, points)), 422)["errors"]
    past = NOW.isoformat()
    assert "expires_at" in given(li.post("/points/holds", a_hold(cast, 5, expires_at=past)), 422)["errors"]
    assert account(li, cast.choir.id)["held"] == 0


# --- categories, rules, policy -------------------------------------------------------------------------------------


def test_categories_and_rules_are_versions(li: Client, cast: Cast) -> None:
    given(li.post("/points/categories", {"code": "song", "name": "唱歌"}))
    assert given(li.post("/points/categories", {"code": "song", "name": "x"}), 409)["code"] == "points_category_exists"
    given(li.post("/points/categories", {"code": "Song!", "name": "x"}), 422)
    assert len(given(li.get("/points/categories"), 200)["items"]) == 7
    rule = {"category": "song", "per": "hour", "points": 3, "daily_cap": 5, "valid_from": "2026-01-01"}
    made = given(li.post("/points/rules", rule))
    assert (made["member_share"], made["daily_cap"], made["monthly_cap"]) == (0, 5, None)
    again = {name: made[name] for name in rule | {"member_share": 0, "monthly_cap": None}}
    given(li.post("/points/rules", again | {"points": 4}))
    newest, older = given(li.get("/points/rules?category=song"), 200)["items"]
    assert (newest["points"], older["points"]) == (4, 3)
    song = given(li.post("/points/contributions", publicity(cast, category="song", minutes=120)))
    assert song["awards"][0]["points"] == 5
    for wrong in {"per": "year"}, {"points": 0}, {"category": "x"}, {"daily_cap": 0}, {"member_share": 101}:
        given(li.post("/points/rules", rule | wrong), 422)


def test_the_policy_is_versioned_and_what_was_got_may_be_put(program_of: ProgramOf, cast: Cast) -> None:
    li = program_of("li")
    found = given(li.get("/points/policy"), 200)
    assert (found["posting_days"], found["valid_from"], found["expiry_days"]) == (3, None, 365)
    assert found["peak"][0] == {"weekday": 0, "opens": "18:00", "closes": "21:00"}
    assert found["peak"][6] == {"weekday": 6, "opens": "00:00", "closes": "24:00"}
    assert found["standing"]["tiers"][2] == {
        "tier": "gold",
        "points": 300,
        "early_days": 21,
        "extension_minutes": 120,
    }
    assert given(li.put("/points/policy", found), 200) == found | {"valid_from": str(TODAY)}
    later = found | {"posting_days": 0, "valid_from": str(after(2))}
    assert given(li.put("/points/policy", later), 200) == later
    assert given(li.get("/points/policy"), 200)["posting_days"] == 3
    assert given(li.get(f"/points/policy?on={after(2)}"), 200) == later
    older = found | {"posting_days": 1, "valid_from": "2020-01-01"}
    assert given(li.put("/points/policy", older), 200)["valid_from"] == str(TODAY)
    assert given(li.post("/points/contributions", publicity(cast)))["credits_on"] == str(after(2))


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"posting_days": -1}, {"posting_days"}),
        ({"step_minutes": 20}, {"step_minutes"}),
        ({"expiry_days": 0}, {"expiry_days"}),
        ({"price_peak": -5}, {"price_peak"}),
        ({"resident_daily_cap": -1}, {"resident_daily_cap"}),
        ({"allow_debt": "perhaps"}, {"allow_debt"}),
        ({"peak": [{"weekday": 7, "opens": "10:00", "closes": "09:00"}]}, {"peak.0.weekday", "peak.0.closes"}),
        ({"peak": [{"weekday": 1, "opens": "25:00", "closes": "09:00"}]}, {"peak.0.opens"}),
        ({"standing": {"window_days": 0, "mode": "odd", "tiers": []}}, {"standing.window_days", "standing.mode"}),
        ({"colour": "red"}, {"colour"}),
    ],
)
def test_a_senseless_policy_is_refused_by_field(
    program_of: ProgramOf, change: dict[str, Any], fields: set[str]
) -> None:
    li = program_of("li")
    found = given(li.get("/points/policy"), 200)
    assert set(given(li.put("/points/policy", found | change), 422)["errors"]) == fields
    swapped = found["standing"] | {"tiers": found["standing"]["tiers"][::-1]}
    errors = given(li.put("/points/policy", found | {"standing": swapped}), 422)["errors"]
    assert "standing.tiers.1.tier" in errors
    assert given(li.get("/points/policy"), 200) == found


# --- who may -------------------------------------------------------------------------------------------------------


def test_residents_see_their_own_and_act_for_nobody(program_of: ProgramOf, li: Client, cast: Cast) -> None:
    given(li.post("/points/contributions", publicity(cast)))
    zhang, chen = program_of("zhang"), program_of("chen")
    assert account(zhang, cast.choir.id)["balance"] == 20
    assert account(chen, cast.chen.resident_id)["balance"] == 0
    assert account(chen, cast.choir.id)["balance"] == 20  # her choir's, to read
    given(chen.get(f"/points/accounts/{cast.orchestra.id}"), 403)
    given(zhang.get(f"/points/accounts/{cast.orchestra.id}/statement"), 403)
    assert len(given(zhang.get("/points/contributions"), 200)["items"]) == 1
    assert len(given(chen.get("/points/contributions"), 200)["items"]) == 1
    assert len(given(zhang.get("/points/accounts"), 200)["items"]) == 2
    given(zhang.post("/points/contributions", publicity(cast)), 403)
    given(zhang.post("/points/contributions/batch", {"items": [publicity(cast)]}), 403)
    given(zhang.post("/points/holds", a_hold(cast, 5)), 403)
    given(program_of("sun").put("/points/policy", given(li.get("/points/policy"), 200)), 403)
    given(program_of("sun").post("/points/categories", {"code": "x", "name": "x"}), 403)
    given(program_of(None).get("/points/categories"), 401)
    given(program_of("li", scopes=["points.read"]).post("/points/contributions", publicity(cast)), 403)


def test_another_community_sees_and_reaches_nothing(program_of: ProgramOf, li: Client, cast: Cast) -> None:
    made = given(li.post("/points/contributions", publicity(cast)))
    hold = given(li.post("/points/holds", a_hold(cast, 5)))
    wang = program_of("wang")
    given(wang.get(f"/points/accounts/{cast.choir.id}"), 404)
    given(wang.get(f"/points/contributions/{made['id']}"), 404)
    given(wang.post(f"/points/contributions/{made['id']}/withdrawal", {"reason": "x"}), 404)
    given(wang.post("/points/contributions", publicity(cast)), 404)
    given(wang.post(f"/points/holds/{hold['id']}/capture"), 404)
    given(wang.post("/points/holds", a_hold(cast, 5)), 404)
    assert given(wang.get("/points/contributions"), 200)["items"] == []
    given(wang.get(f"/points/contributions?cursor={made['id']}"), 422)
    given(program_of("wang", slug=SLUG).get("/points/policy"), 404)
    assert account(li, cast.choir.id)["balance"] == 20


def test_switched_off_it_is_not_found(li: Client, cast: Cast) -> None:
    off = li.put("/plugins/points", {"enabled": False})
    assert off.status_code == 200, off.text
    given(li.get("/points/policy"), 404)
    given(li.post("/points/contributions", publicity(cast)), 404)
