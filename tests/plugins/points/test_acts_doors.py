"""Objections, decisions, corrections, reversals, gifts and the past: over REST and on their pages, in the same words."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from core.communities import policy
from core.contract import Actor
from core.db import Database, session, unit
from core.notices.models import Outbox
from core.plugins import House
from plugins.points import past
from plugins.points.policy import PointsPolicy
from tests.kit import NOW, SLUG, SYSTEM, BrowserOf, Cast, Client, ProgramOf, actor_of, enter_slug
from tests.plugins.points.kit import TODAY, a_hold, a_policy, a_rule, after, an_act, on, sweep, withdraw
from tests.plugins.points.test_api import account, given, publicity
from tests.statements import statements


@pytest.fixture
def li(program_of: ProgramOf, database: Database, house: House) -> Client:
    """Manager Li's program; posting takes three days."""
    with unit(database, write=True):
        enter_slug(house, SLUG)
        a_policy(posting_days=3)
        a_rule("song", points=1)
    return program_of("li")


def inside(database: Database, house: House, act: Any) -> Any:
    with unit(database, write=True):
        enter_slug(house, SLUG)
        return act()


def test_a_resident_objects_and_the_staff_decide_and_both_words_are_kept(
    li: Client, program_of: ProgramOf, browser_of: BrowserOf, cast: Cast
) -> None:
    made = given(li.post("/points/contributions", publicity(cast)))
    path = f"/points/contributions/{made['id']}"
    chen = program_of("chen")
    said = given(chen.post(f"{path}/objection", {"reason": "They were not there."}))
    assert (said["reason"], said["upheld"], said["decided_at"]) == ("They were not there.", None, None)
    again = given(chen.post(f"{path}/objection", {"reason": "Again"}), 409)
    assert again["detail"] == "You have objected to this already. The staff will decide."
    assert given(li.get(path), 200)["state"] == "objected"
    given(chen.post(f"{path}/decision", {"upheld": False, "note": "x"}), 403)
    decided = given(li.post(f"{path}/decision", {"upheld": False, "note": "They were; see the photo."}))
    assert decided["state"] == "posted"
    given(li.post(f"{path}/decision", {"upheld": True, "note": "x"}), 409)
    page = browser_of("chen").get(f"/points/posting/{made['id']}").text
    assert "They were not there." in page
    assert "They were; see the photo." in page
    stranger = browser_of("zhao").get(f"/points/posting/{made['id']}").text
    assert cast.chen.name not in stranger


def test_objecting_is_too_late_once_points_count_by_time_and_not_by_sweep(
    li: Client, program_of: ProgramOf, cast: Cast
) -> None:
    made = given(li.post("/points/contributions", publicity(cast)))
    on(after(4))
    late = given(program_of("chen").post(f"/points/contributions/{made['id']}/objection", {"reason": "x"}), 422)
    assert late["code"] == "too_late"
    assert late["detail"].startswith("These points count already")
    given(program_of("chen").post(f"/points/contributions/{made['id']}/objection", {"reason": ""}), 422)


def test_the_page_of_postings_is_for_everybody_and_may_be_switched_off_for_strangers(
    li: Client, app: Flask, browser_of: BrowserOf, database: Database, house: House, cast: Cast
) -> None:
    client = app.test_client()
    made = given(li.post("/points/contributions", publicity(cast, note="square")))
    given(li.post("/points/contributions", {**publicity(cast), "holder_id": str(cast.chen.resident_id)}))
    page = client.get(f"/{SLUG}/points/posting", headers={"Accept-Language": "en"}).text
    assert "合唱队" in page
    assert "square" in page
    assert cast.chen.name not in page
    assert f"{cast.chen.name[0]}＊＊" in page
    assert client.get(f"/{SLUG}/points/posting/{made['id']}").status_code == 200
    with statements(database.reader) as with_two:
        client.get(f"/{SLUG}/points/posting")
    for _number in range(12):
        given(li.post("/points/contributions", publicity(cast)))
    with statements(database.reader) as with_many:
        client.get(f"/{SLUG}/points/posting")
    assert len(with_many) == len(with_two) <= 6
    inside(database, house, lambda: a_policy(posting_days=3, public_posting=False))
    assert client.get(f"/{SLUG}/points/posting").status_code == 404
    assert client.get(f"/{SLUG}/points/posting/{made['id']}").status_code == 404
    assert browser_of("chen").get("/points/posting").status_code == 200


def test_objecting_and_deciding_on_the_page(
    li: Client, browser_of: BrowserOf, database: Database, house: House, cast: Cast
) -> None:
    made = given(li.post("/points/contributions", publicity(cast)))
    path = f"/points/posting/{made['id']}"
    chen, sun = browser_of("chen"), browser_of("sun")
    assert f'href="/{SLUG}{path}#object"' in chen.get("/points/posting").text
    assert 'id="object"' in chen.get(path).text
    assert chen.post(path, {"reason": ""}).status_code == 422
    assert chen.post(path, {"reason": "Nobody came."}).status_code == 303
    assert "was objected to" in sun.get("/").text
    empty = sun.post(f"{path}/decision", {"decision": "upheld", "note": ""})
    assert empty.status_code == 422
    assert chen.post(f"{path}/decision", {"decision": "upheld", "note": "x"}).status_code == 403
    assert sun.post(f"{path}/decision", {"decision": "upheld", "note": "A slip of ours."}).status_code == 303
    assert given(li.get(f"/points/contributions/{made['id']}"), 200)["state"] == "withdrawn"

    def told() -> list[str]:
        who = Outbox.resident_id == cast.chen.resident_id
        return [notice.words.code for notice in session.scalars(select(Outbox).where(who))]

    assert inside(database, house, told) == ["points_objection_upheld"]


def test_a_correction_and_its_reversal_in_parts_over_rest_and_page(
    li: Client, browser_of: BrowserOf, program_of: ProgramOf, cast: Cast
) -> None:
    made = given(
        li.post("/points/corrections", {"holder_id": str(cast.choir.id), "points": 30, "reason": "old paper book"})
    )
    assert (made["kind"], made["reversed"], made["moves"][-1]["points"]) == ("corrected", 0, 30)
    assert account(li, cast.choir.id)["balance"] == 30
    assert account(li, cast.choir.id)["standing"]["earned"] == 0
    for wrong in {"points": 0}, {"points": -31}, {"reason": ""}:
        body = {"holder_id": str(cast.choir.id), "points": 5, "reason": "x"} | wrong
        given(li.post("/points/corrections", body), 422)
    given(
        program_of("sun").post("/points/corrections", {"holder_id": str(cast.choir.id), "points": 5, "reason": "x"}),
        403,
    )
    path = f"/points/transfers/{made['id']}"
    part = given(li.post(f"{path}/reversal", {"points": 12, "reason": "too much"}))
    assert (part["kind"], part["reverses_id"]) == ("reversed", made["id"])
    given(li.post(f"/points/transfers/{part['id']}/reversal", {"reason": "x"}), 409)
    given(li.post(f"{path}/reversal", {"points": 19, "reason": "x"}), 422)
    browser = browser_of("li")
    assert browser.post(path, {"points": "19", "reason": "x"}).status_code == 422
    assert browser.post(path, {"points": "18", "reason": "all of it"}).status_code == 303
    assert "too much" in browser.get(path).text
    assert "The community gives" in browser.get(path).text
    assert account(li, cast.choir.id)["balance"] == 0
    given(li.post(f"{path}/reversal", {"reason": "x"}), 409)
    form = f"/points/accounts/{cast.choir.id}/correction"
    assert browser.post(form, {"points": "0", "reason": "x"}).status_code == 422
    assert browser.post(form, {"points": "7", "reason": "found"}).status_code == 303
    assert browser_of("sun").get(form).status_code == 403
    assert browser_of("zhang").get(path).status_code == 200  # the choir's leader reads it
    assert browser_of("zhao").get(path).status_code == 403


def test_two_leaders_agree_on_a_gift_and_the_month_has_a_cap(
    li: Client, program_of: ProgramOf, browser_of: BrowserOf, database: Database, house: House, cast: Cast
) -> None:
    zhang, zhao = program_of("zhang"), program_of("zhao")  # they lead the choir and the orchestra
    given(li.post("/points/corrections", {"holder_id": str(cast.choir.id), "points": 50, "reason": "start"}))
    wish = {"giver_id": str(cast.choir.id), "receiver_id": str(cast.orchestra.id), "points": 20, "reason": "thanks"}
    refused = given(zhang.post("/points/gifts", wish), 422)
    assert refused["code"] == "points_gifts_not_allowed"
    inside(database, house, lambda: a_policy(gift_monthly_cap=25))
    given(zhao.post("/points/gifts", wish), 403)
    first = given(zhang.post("/points/gifts", wish))
    assert account(li, cast.choir.id)["balance"] == 50
    given(zhang.post(f"/points/gifts/{first['id']}/acceptance"), 403)
    done = given(zhao.post(f"/points/gifts/{first['id']}/acceptance"))
    assert (done["state"], account(li, cast.orchestra.id)["balance"]) == ("accepted", 20)
    assert account(li, cast.orchestra.id)["standing"]["earned"] == 0
    assert given(zhang.post("/points/gifts", wish | {"points": 6}), 422)["code"] == "points_gift_cap"
    given(zhang.post("/points/gifts", wish | {"receiver_id": wish["giver_id"]}), 422)
    page = f"/points/accounts/{cast.choir.id}/gifts"
    zhang_browser, zhao_browser = browser_of("zhang"), browser_of("zhao")
    sent = {"receiver": str(cast.orchestra.id), "points": "5", "reason": ""}
    assert zhang_browser.post(page, sent | {"receiver": ""}).status_code == 422
    assert zhang_browser.post(page, sent).status_code == 303
    last = given(li.get("/points/gifts?limit=1"), 200)["items"][0]
    theirs = f"/points/accounts/{cast.orchestra.id}/gifts"
    assert "Accept" in zhao_browser.get(theirs).text
    assert "waits for an answer" in zhao_browser.get(theirs).text
    assert zhao_browser.post(f"{theirs}/{last['id']}/refusal", {}).status_code == 303
    again = zhao_browser.post(f"{theirs}/{last['id']}/acceptance", {})
    assert again.status_code == 409
    assert len(given(zhao.get("/points/gifts"), 200)["items"]) == 2
    assert len(given(program_of("chen").get("/points/gifts"), 200)["items"]) == 2  # a member of the choir


def test_the_account_at_a_past_moment_says_what_was_known_to_belong_to_it(
    li: Client, browser_of: BrowserOf, database: Database, house: House, cast: Cast
) -> None:
    first = given(li.post("/points/contributions", publicity(cast, acts=2)))
    before = NOW
    on(after(5))
    inside(database, house, sweep)
    credited = (NOW + timedelta(days=4)).isoformat()
    hold = {
        "holder_id": str(cast.choir.id),
        "points": 15,
        "reason": "x",
        "expires_at": after(300).isoformat() + "T09:00+08:00",
    }
    held = given(li.post("/points/holds", hold))
    on(after(6))
    given(li.post(f"/points/holds/{held['id']}/capture", {"points": 5}))
    on(after(7))
    given(li.post(f"/points/holds/{held['id']}/release", {}))
    on(after(8))
    given(li.post(f"/points/contributions/{first['id']}/withdrawal", {"reason": "slip"}))

    def at(moment: str) -> tuple[int, int, int, list[tuple[int, int]]]:
        found = given(li.get(f"/points/accounts/{cast.choir.id}?at={moment.replace('+', '%2B')}"), 200)
        lots = [(lot["remaining"], lot["held"]) for lot in found["lots"]]
        return found["balance"], found["held"], found["standing"]["earned"], lots

    assert at(before.isoformat()) == (0, 0, 0, [])
    assert at(credited) == (40, 0, 40, [(40, 0)])
    assert at((NOW + timedelta(days=5, hours=1)).isoformat()) == (40, 15, 40, [(40, 15)])
    assert at((NOW + timedelta(days=6, hours=1)).isoformat()) == (35, 10, 40, [(35, 10)])
    assert at((NOW + timedelta(days=7, hours=1)).isoformat()) == (35, 0, 40, [(35, 0)])
    assert at((NOW + timedelta(days=8)).isoformat()) == (-5, 0, 0, [])
    future = given(li.get(f"/points/accounts/{cast.choir.id}?at=2090-01-01T00:00Z"), 422)
    path = f"/points/accounts/{cast.choir.id}/past"
    page = browser_of("zhang").get(f"{path}?day={after(6)}").text
    assert "As of Wed 2 Dec 23:59" in page
    assert "35" in page
    assert browser_of("zhang").get(f"{path}?day={after(5)}&at=08:00").status_code == 200
    assert browser_of("zhang").get(path).status_code == 200
    assert future["errors"]["at"][0] in browser_of("zhang").get(f"{path}?day=2090-01-01").text
    for wrong in "day=x", "day=2026-02-30", "at=25:00":
        assert "Enter a day like 2026-03-02" in browser_of("zhang").get(f"{path}?{wrong}").text
    assert browser_of("zhao").get(path).status_code == 403


def test_the_past_costs_three_statements_however_long_the_history(
    li: Client, database: Database, house: House, cast: Cast
) -> None:
    def counted() -> int:
        with unit(database, write=False):
            enter_slug(house, SLUG)
            policy.at(PointsPolicy, TODAY)
            with statements(database.reader) as sent:
                past.account(cast.choir, at=NOW)
            return len(sent)

    assert counted() == 3
    for _number in range(5):
        given(li.post("/points/contributions", publicity(cast)))
    assert counted() == 3


def test_what_was_long_ago_asks_for_the_number_of_the_paper_on_the_page(
    li: Client, browser_of: BrowserOf, cast: Cast
) -> None:
    browser = browser_of("li")
    long_ago = str(TODAY - timedelta(days=15))
    sent = {"category": "song", "day": long_ago, "note": "", f"n_{cast.choir.id.hex}": "1"}
    asked = browser.post("/points/award", sent)
    assert asked.status_code == 422
    assert "This was more than 14 days ago." in asked.text
    assert browser.post("/points/award", sent | {"evidence": "2026-117"}).status_code == 303
    [kept] = given(li.get("/points/contributions"), 200)["items"]
    assert kept["evidence"] == "2026-117"
    recent = sent | {"day": str(TODAY - timedelta(days=14))}
    assert browser.post("/points/award", recent).status_code == 303


def test_the_staff_object_for_a_resident_whose_name_stands_there(
    li: Client, program_of: ProgramOf, database: Database, house: House, cast: Cast
) -> None:
    made = given(li.post("/points/contributions", publicity(cast)))
    path = f"/points/contributions/{made['id']}/objection"
    body = {"reason": "told at the counter", "on_behalf_of": str(cast.chen.resident_id)}
    said = given(program_of("sun").post(path, body))
    assert said["name"] == cast.chen.name
    given(program_of("chen").post(path, {"reason": "I said so already"}), 409)
    actor: Actor = inside(database, house, lambda: actor_of("sun"))
    assert actor.name != said["name"]
    assert SYSTEM.account_id is None


def test_members_are_named_on_the_page_of_one_group_and_share(
    li: Client, browser_of: BrowserOf, database: Database, house: House, cast: Cast
) -> None:
    inside(database, house, lambda: a_rule("song", points=10, member_share=20))
    browser = browser_of("li")
    path = f"/points/award?holder={cast.choir.id}"
    page = browser.get(path).text
    assert cast.chen.name in page
    assert "Who took part?" not in browser.get("/points/award").text
    sent = {"category": "song", "day": str(TODAY), "note": "", f"n_{cast.choir.id.hex}": "1"}
    wrong = browser.post(path, sent | {"members": str(cast.zhao.resident_id)})
    assert wrong.status_code == 422
    assert f"{cast.zhao.name} was no member" in wrong.text
    assert browser.post(path, sent | {"members": "x"}).status_code == 404
    assert browser.post(path, sent | {"members": str(cast.chen.resident_id)}).status_code == 303
    [kept] = given(li.get("/points/contributions"), 200)["items"]
    assert [(award["holder"]["name"], award["points"]) for award in kept["awards"]] == [
        (cast.choir.name, 10),
        (cast.chen.name, 2),
    ]


def test_strangers_find_what_everybody_may_read_from_the_sign_in_page(
    app: Flask, database: Database, house: House, cast: Cast
) -> None:
    client = app.test_client()
    assert f"/{SLUG}/points/posting" in client.get(f"/{SLUG}/sign-in").text
    inside(database, house, lambda: a_policy(public_posting=False, public_ranking=False))
    page = client.get(f"/{SLUG}/sign-in").text
    assert f"/{SLUG}/points/posting" not in page
    assert f"/{SLUG}/points/rules" in page


def test_a_resident_gives_nothing_and_the_page_says_so(browser_of: BrowserOf, li: Client, cast: Cast) -> None:
    inside_page = browser_of("li").get(f"/points/accounts/{cast.chen.resident_id}/gifts").text
    assert "Only groups give one another points." in inside_page
    assert 'name="receiver"' not in inside_page
    assert "/gifts" not in browser_of("li").get(f"/points/accounts/{cast.chen.resident_id}").text


def test_a_gift_refused_is_said_once(
    browser_of: BrowserOf, li: Client, cast: Cast, database: Database, house: House
) -> None:
    inside(database, house, lambda: a_policy(posting_days=0, gift_monthly_cap=20))
    sent = {"receiver": str(cast.orchestra.id), "points": "21", "reason": ""}
    refused = browser_of("zhang").post(f"/points/accounts/{cast.choir.id}/gifts", sent)
    assert refused.status_code == 422
    assert refused.text.count("so 21 more are too many.") == 1
    assert 'value="21"' in refused.text


def test_a_debt_is_called_one_and_how_it_is_repaid(
    browser_of: BrowserOf, li: Client, cast: Cast, database: Database, house: House
) -> None:
    def owe() -> None:
        a_policy(posting_days=0)
        made = an_act(cast.choir, 4)
        a_hold(cast.choir, 3)
        withdraw(made)

    inside(database, house, owe)
    owed = "3 points are owed: points were withdrawn after they were spent or set aside."
    for name, path in (("zhang", "/"), ("zhang", f"/points/accounts/{cast.choir.id}")):
        assert owed in browser_of(name).get(path).text
    assert "owed" in browser_of("li").get("/points/").text
    sent = {"points": "-1", "reason": "a slip"}
    refused = browser_of("li").post(f"/points/accounts/{cast.choir.id}/correction", sent)
    said = "This takes 1 point, but 3 are owed: what is earned next repays that first."
    assert (refused.status_code, said in unescape(refused.text)) == (422, True)
    body = {"holder_id": str(cast.choir.id), "points": -1, "reason": "a slip"}
    assert given(li.post("/points/corrections", body), 422)["detail"] == said
