"""Statements at both doors: the page and its filter, paper, the sheet, the signed copy and the page that checks it."""

import io
import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from openpyxl.reader.excel import load_workbook
from werkzeug.test import TestResponse

from core.db import session
from plugins.points import copies, holds
from plugins.points.views import statements as page
from tests.kit import NOW, SLUG, Browser, BrowserOf, Cast, ProgramOf
from tests.plugins.points.kit import a_hold, a_policy, a_rule, after, an_act, on


@pytest.fixture
def lived(inside: Cast) -> Cast:
    """The choir earned 10 on Thursday and 5 on Friday, and spent 12 on Saturday."""
    a_policy()
    a_rule()
    an_act(inside.choir, 10, note="=the square")
    on(after(1))
    an_act(inside.choir, 5)
    on(after(2))
    held = a_hold(inside.choir, 12)
    holds.capture(held.id, None, at=NOW.replace(day=28))
    session.flush()
    return inside


def path(cast: Cast, rest: str = "/statement", **asked: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return f"/points/accounts/{cast.choir.id}{rest}?{query}"


def test_the_page_shows_lines_balances_and_what_paid(lived: Cast, browser_of: BrowserOf) -> None:
    answer = browser_of("zhang").get(path(lived))
    assert answer.status_code == 200
    assert "paid with:" in answer.text
    assert "name of song 26 Nov (10)" in answer.text
    assert "name of song 27 Nov (2)" in answer.text
    assert answer.text.count("/points/contributions/") >= 4  # two credits, and the two that paid


def test_the_page_keeps_to_period_and_kind(lived: Cast, browser_of: BrowserOf) -> None:
    li = browser_of("li")
    friday = li.get(path(lived, **{"from": "2026-11-27", "to": "2026-11-27"})).text
    assert "the square" not in friday
    assert friday.count('class="house-figure"') == 2
    assert ">10<" in friday
    assert ">15<" in friday
    assert "the square" not in li.get(path(lived, kind="spent")).text
    assert "paid with" not in li.get(path(lived, kind="earned")).text


@pytest.mark.parametrize(
    "asked",
    [
        {"from": "yesterday"},
        {"from": "0001-01-01"},
        {"from": "2026-12-01", "to": "2026-11-01"},
        {"kind": "stolen"},
        {"before": "x"},
        {"to": "9999-12-31"},
    ],
)
@pytest.mark.parametrize("rest", ["/statement", "/statement/print", "/statement.xlsx", "/statement.json"])
def test_what_cannot_be_meant_is_left_out(lived: Cast, browser_of: BrowserOf, asked: dict[str, str], rest: str) -> None:
    answer = browser_of("li").get(path(lived, rest, **asked))
    if "." in rest and {"from", "to"} & asked.keys():  # nobody takes away another period than asked for
        assert answer.headers["Location"].startswith(f"/{SLUG}{path(lived, '/statement')}")
    else:
        assert answer.status_code == 200


def test_what_was_typed_stays_with_a_sentence(lived: Cast, browser_of: BrowserOf) -> None:
    shown = browser_of("li").get(path(lived, **{"from": "2026-12-01", "to": "2026-11-01"})).text
    assert "The last day lies before the first." in shown
    assert 'value="2026-12-01"' in shown


@pytest.mark.parametrize("rest", ["/statement", "/statement/print", "/statement.xlsx", "/statement.json", "/lots"])
def test_only_who_may_see_the_points_sees_any_of_it(lived: Cast, browser_of: BrowserOf, rest: str) -> None:
    assert browser_of("zhao").get(path(lived, rest)).status_code == 403
    assert browser_of("wang").get(path(lived, rest)).status_code == 404
    assert browser_of(None).get(path(lived, rest)).status_code == 302
    assert browser_of("chen").get(path(lived, rest)).status_code == 200


def test_the_paper_names_centre_holder_period_sums_and_the_day_of_printing(lived: Cast, browser_of: BrowserOf) -> None:
    shown = browser_of("zhang").get(path(lived, "/statement/print", **{"from": "2026-11-27"})).text
    for words in ("文化活动中心", "合唱队", "since 27 Nov 2026", "Printed on 28 Nov 2026", "+5 and −12 in 2 lines"):
        assert words in shown


def ends(text: str) -> list[tuple[str, str]]:
    """The balances that sheets of paper begin and end with."""
    return re.findall(
        r'class="house-paper-only"><td></td><td><b>(.*?)</b></td><td></td><td class="house-end"><b>(.*?)<', text
    )


def test_l9_every_sheet_of_paper_begins_with_the_balance_the_one_before_ends_with(
    lived: Cast, browser_of: BrowserOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    li = browser_of("li")
    assert ends(li.get(path(lived, "/statement/print")).text) == [("Balance before", "0"), ("Balance after", "3")]
    monkeypatch.setattr(page, "FIRST_ROWS", 2)
    monkeypatch.setattr(page, "MORE_ROWS", 1)
    assert ends(li.get(path(lived, "/statement/print")).text) == [
        ("Balance before", "0"),
        ("Carried forward, sheet 1 of 2", "15"),
        ("Brought forward", "15"),
        ("Balance after", "3"),
    ]
    assert ends(li.get(path(lived, "/statement/print", kind="earned")).text) == []  # they would not add up


def test_a_statement_far_too_long_for_paper_says_how_many_lines_are_missing(
    lived: Cast, browser_of: BrowserOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MOST_PRINTED", 2)
    shown = browser_of("li").get(path(lived, "/statement/print")).text
    assert "1 earlier line is left out" in shown
    assert ends(shown) == [("Brought forward", "10"), ("Balance after", "3")]


def rows(answer: Any) -> list[tuple[Any, ...]]:
    return list(load_workbook(io.BytesIO(answer.data)).active.iter_rows(values_only=True))


def test_the_sheet_has_the_same_lines_between_opening_and_closing(lived: Cast, browser_of: BrowserOf) -> None:
    head, *lines = rows(browser_of("li").get(path(lived, "/statement.xlsx")))
    assert head[:5] == ("When", "Kind", "What", "Points", "Balance")
    assert [line[3:5] for line in lines] == [(None, 0), (10, 10), (5, 15), (-12, 3), (None, 3)]
    assert lines[1][0].isoformat() == "2026-11-26T09:00:00"
    assert lines[3][5] == "paid with: name of song 26 Nov (10); name of song 27 Nov (2)"
    chosen = rows(browser_of("li").get(path(lived, "/statement.xlsx", kind="earned", **{"from": "2026-11-27"})))
    assert [line[3:5] for line in chosen[1:]] == [(None, 10), (5, 15), (None, 3)]


def test_files_are_called_by_the_holder_and_the_period_in_any_script(lived: Cast, browser_of: BrowserOf) -> None:
    answer = browser_of("li").get(path(lived, "/statement.xlsx", **{"from": "2026-11-27"}))
    disposition = answer.headers["Content-Disposition"]
    assert disposition.isascii()
    assert "filename=linli.xlsx" in disposition
    assert quote("Points of 合唱队 2026-11-27.xlsx", safe="") in disposition


def test_the_account_shows_what_expires_next_and_the_lots_their_contributions(
    lived: Cast, browser_of: BrowserOf
) -> None:
    zhang = browser_of("zhang")
    assert "What expires next" in zhang.get(f"/points/accounts/{lived.choir.id}").text
    shown = zhang.get(path(lived, "/lots")).text
    assert "3 of 5" in shown
    assert "/points/contributions/" in shown


def test_the_contribution_shows_what_became_of_its_points(lived: Cast, browser_of: BrowserOf) -> None:
    shown = browser_of("li").get(f"/points/contributions/{_latest(browser_of('li'))}").text
    assert "What became of its points" in shown
    assert "Still there, usable until the end of" in shown
    assert "spent, 28 Nov" in shown


def _latest(browser: Browser) -> str:
    return browser.get("/points/contributions").text.split("/points/contributions/")[1].split('"')[0]


# --- signed copies -------------------------------------------------------------------------------------------------


def a_copy(browser: Browser, cast: Cast, **asked: str) -> Any:
    return json.loads(browser.get(path(cast, "/statement.json", **asked)).text)


def checked(browser: Browser, document: Any) -> str:
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    return browser.post("/points/verify", {"text": text}).text


def test_a_copy_says_what_the_statement_says_and_adds_up(lived: Cast, browser_of: BrowserOf) -> None:
    made = a_copy(browser_of("zhang"), lived, kind="spent")
    assert made["document"] == "linli.statement"
    assert made["community"] == {"slug": "xincheng", "name": "新城区社区"}
    assert made["holder"] == {"id": str(lived.choir.id), "kind": "group", "name": "合唱队"}
    assert (made["from"], made["to"], made["opening"], made["closing"]) == (None, None, 0, 3)
    assert [line["points"] for line in made["lines"]] == [10, 5, -12]  # of all kinds
    assert made["issued_at"] == "2026-11-28T09:00:00+08:00"


def test_anybody_may_check_a_copy_by_its_file_or_its_text(lived: Cast, browser_of: BrowserOf) -> None:
    made = a_copy(browser_of("zhang"), lived, **{"from": "2026-11-27", "to": "2026-11-28"})
    nobody = browser_of(None)
    shown = checked(nobody, made)
    for words in ("Genuine:", "合唱队", "Fri 27 Nov to Sat 28 Nov", "Sat 28 Nov 9:00"):
        assert words in shown
    turned = dict(reversed(made.items()))  # another order, other blanks: the same document
    file = {"file": (io.BytesIO(b"\xef\xbb\xbf" + json.dumps(turned, indent=4).encode()), "copy.json")}
    assert "Genuine:" in nobody.post("/points/verify", file, content_type="multipart/form-data").text


CHANGES: dict[str, Any] = {
    "closing": lambda made: made.update(closing=300),
    "a line's points": lambda made: made["lines"][0].update(points=100),
    "a line left out": lambda made: made["lines"].pop(),
    "holder": lambda made: made["holder"].update(name="民乐团"),
    "a member more": lambda made: made.update(more=1),
    "signature": lambda made: made.update(signature="A" * len(made["signature"])),
    "signature null": lambda made: made.update(signature=None),
    "no signature": lambda made: made.pop("signature"),
    "a fraction": lambda made: made.update(closing=3.0),
    "community's name": lambda made: made["community"].update(name="滨河社区"),
    "half a character": lambda made: made.update(closing="\ud800"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_ends_a_copy(lived: Cast, browser_of: BrowserOf, change: Any) -> None:
    made = a_copy(browser_of("li"), lived)
    change(made)
    shown = browser_of(None).post("/points/verify", {"text": json.dumps(made)}).text
    assert "Not genuine" in shown
    assert "What it says" not in shown


def test_another_secret_and_another_community_end_a_copy(lived: Cast, browser_of: BrowserOf) -> None:
    made = a_copy(browser_of("li"), lived)
    assert copies.check(made, secret="testing").genuine
    assert not copies.check(made, secret="another").genuine
    elsewhere = browser_of(None, slug="binhe")
    assert "names another community" in checked(elsewhere, made)
    assert "Not genuine" in checked(elsewhere, made | {"community": {"slug": "binhe", "name": "滨河社区"}})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Choose the file, or paste its text."),
        ("no copy", "it cannot be read"),
        ("[" * 100_000, "it cannot be read"),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, "it cannot be read"),
        ("9" * 5_000, "it cannot be read"),
        ('{"document": "linli.statement", "document": "linli.statement"}', "it cannot be read"),
        ("[]", "not a signed copy"),
        ("NaN", "not a signed copy"),
        ('{"document": "linli.statement", "version": 2}', "not a signed copy"),
        ('{"document": "linli.statement", "version": 1, "community": 5}', "Not genuine"),
        ('{"document": "linli.statement", "version": 1, "closing": NaN}', "Not genuine"),
    ],
)
def test_what_is_no_copy_gets_a_sentence(lived: Cast, browser_of: BrowserOf, text: str, words: str) -> None:
    answer = browser_of(None).post("/points/verify", {"text": text})
    assert answer.status_code in {200, 422}
    assert words in answer.text


def test_what_is_larger_than_any_copy_is_not_even_read(
    lived: Cast, browser_of: BrowserOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "LARGEST", 1_000)
    file = {"file": (io.BytesIO(b"1" * 1_001), "copy.json")}
    answer = browser_of(None).post("/points/verify", file, content_type="multipart/form-data")
    assert answer.status_code == 413
    assert "no copy of a statement is" in answer.text


def test_bytes_that_are_no_text_get_a_sentence(lived: Cast, browser_of: BrowserOf) -> None:
    file = {"file": (io.BytesIO(b"PK\x03\x04\xff\xfe"), "copy.json")}
    answer = browser_of(None).post("/points/verify", file, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "it cannot be read" in answer.text


# --- programs ------------------------------------------------------------------------------------------------------


def body(answer: TestResponse) -> Any:
    return answer.json


def test_programs_get_kinds_sources_and_a_filter(lived: Cast, program_of: ProgramOf) -> None:
    found = body(program_of("zhang").get(path(lived)))
    assert [line["kind"] for line in found["lines"]] == ["earned", "earned", "spent"]
    first, second, spent = found["lines"]
    assert spent["paid_by"] == [first["contribution_id"], second["contribution_id"]]
    chosen = body(program_of("zhang").get(path(lived, kind="spent")))
    assert chosen == found | {"lines": [spent]}
    assert program_of("zhang").get(path(lived, kind="stolen")).status_code == 422
    wrong = program_of("zhang").get(path(lived, **{"from": "2026-12-01", "to": "2026-11-01"}))
    assert (wrong.status_code, list(body(wrong)["errors"])) == (422, ["to"])


def test_programs_get_a_long_statement_in_parts(lived: Cast, program_of: ProgramOf) -> None:
    li, address = program_of("li"), f"/points/accounts/{lived.choir.id}/statement"
    whole = li.get(address).get_json()
    assert whole["next"] is None
    found, cursor = [], ""
    for _part in range(len(whole["lines"])):
        part = li.get(f"{address}?limit=1{cursor}").get_json()
        assert (part["opening"], part["closing"]) == (whole["opening"], whole["closing"])
        found += part["lines"]
        cursor = f"&cursor={part['next']}"
    assert (found, part["next"]) == (whole["lines"], None)
    for wrong in "limit=0", "limit=201", "cursor=x", f"cursor={lived.choir.id}":
        assert li.get(f"{address}?{wrong}").status_code == 422


def test_a_copy_over_rest_is_checked_by_anybody_over_rest(lived: Cast, program_of: ProgramOf) -> None:
    made = body(program_of("zhang").get(path(lived, "/statement/copy", **{"from": "2026-11-27"})))
    assert (made["from"], made["to"], made["opening"]) == ("2026-11-27", None, 10)
    nobody = program_of(None)
    answer = nobody.post("/points/verification", {"document": made})
    assert answer.status_code == 200
    assert body(answer)["genuine"] is True
    assert body(answer)["statement"] == made
    changed = body(nobody.post("/points/verification", {"document": made | {"closing": 300}}))
    assert (changed["genuine"], changed["explanation"]["code"], changed["statement"]) == (
        False,
        "points_copy_changed",
        None,
    )
    assert nobody.post("/points/verification", {}).status_code == 422
    assert nobody.post("/points/verification", {"document": "x"}).json == {
        "genuine": False,
        "explanation": body(nobody.post("/points/verification", {"document": 5}))["explanation"],
        "statement": None,
    }
    assert program_of("zhao").get(path(lived, "/statement/copy")).status_code == 403


def test_a_copy_of_moments_reads_as_moments(lived: Cast, program_of: ProgramOf, browser_of: BrowserOf) -> None:
    asked = {"from": "2026-11-27T01:00:00Z", "to": "2026-11-28T00:00:00Z"}
    made = body(program_of("li").get(path(lived, "/statement/copy", **asked)))
    assert (made["from"], made["opening"], made["closing"]) == ("2026-11-27T09:00:00+08:00", 10, 15)
    assert "Fri 27 Nov 9:00 to Sat 28 Nov 8:00" in checked(browser_of(None), made)
