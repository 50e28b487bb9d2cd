"""Who did what, for whom, and when: a page and a list for programs."""

from datetime import timedelta

import pytest

from core import clock
from core.accounts import signin
from core.audit import queries
from core.audit.models import Entry
from core.audit.record import record
from core.db import Database, unit
from core.errors import Forbidden, Invalid
from core.plugins import House
from tests import kit
from tests.kit import OTHER_SLUG, SLUG, BrowserOf, Cast, ProgramOf, actor_of

ACT = "core.group_changed"


@pytest.fixture
def acts(database: Database, house: House, cast: Cast) -> None:
    """Yesterday Sun, for Chen; today Li; elsewhere Wang."""
    with unit(database, write=True):
        kit.enter_slug(house, SLUG)
        clock.advance(timedelta(days=-1))
        sun = signin.on_behalf(actor_of("sun"), cast.chen.resident_id or cast.choir.id)
        record(
            ACT, by=sun, subject="合唱队", subject_id=cast.choir.id, before={"kind": "dance"}, after={"kind": "choir"}
        )
        clock.advance(timedelta(days=1))
        record(ACT, by=actor_of("li"), subject="民乐团", subject_id=cast.orchestra.id, after={"name": "民乐团"})
    with unit(database, write=True):
        kit.enter_slug(house, OTHER_SLUG)
        record(ACT, by=actor_of("wang"), subject="滨河合唱队")


pytestmark = pytest.mark.usefixtures("acts")


def test_the_page_shows_both_names_what_was_before_and_what_is_now(browser_of: BrowserOf) -> None:
    page = browser_of("li").get("/audit").text
    assert "孙红梅" in page
    assert "for 陈玉兰" in page
    assert "Changed a group" in page
    assert "<del>dance team</del> → choir" in page
    assert page.index("民乐团") < page.index("孙红梅")  # the latest first


@pytest.mark.parametrize(
    ("asked", "shown", "hidden"),
    [
        ("q=孙红", "合唱队", "民乐团"),
        ("q=陈玉", "合唱队", "民乐团"),
        ("q=民乐", "民乐团", "孙红梅"),
        ("q=孙红+合唱", "合唱队", "民乐团"),
        ("day=2026-11-25", "合唱队", "民乐团"),
        ("day=2026-11-26", "民乐团", "孙红梅"),
        ("q=%25", "Nothing is found", "合唱队"),
    ],
)
def test_the_page_is_filtered_by_words_and_day(browser_of: BrowserOf, asked: str, shown: str, hidden: str) -> None:
    page = browser_of("li").get(f"/audit?{asked}").text.partition("<main")[2]
    assert shown in page
    assert hidden not in page


def test_a_day_that_is_none_is_said_and_shown_again(browser_of: BrowserOf) -> None:
    answer = browser_of("li").get("/audit?day=yesterday")
    assert answer.status_code == 422
    assert 'value="yesterday"' in answer.text


def test_programs_read_it_page_by_page_without_gap_or_repeat(
    program_of: ProgramOf, database: Database, house: House
) -> None:
    with unit(database, write=True):
        kit.enter_slug(house, SLUG)
        for number in range(5):  # at one and the same moment
            record(ACT, by=actor_of("li"), subject=f"act {number}")
    program, seen, cursor = program_of("li"), [], ""
    for _page in range(20):
        page = program.get(f"/audit?limit=2{cursor}").get_json()
        seen += [entry["id"] for entry in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    everything = program.get("/audit?limit=200").get_json()["items"]
    assert seen == [entry["id"] for entry in everything]
    assert [entry["subject"] for entry in everything[:5]] == ["act 4", "act 3", "act 2", "act 1", "act 0"]


def test_an_entry_tells_who_for_whom_what_and_in_words(program_of: ProgramOf, cast: Cast) -> None:
    items = program_of("li").get(f"/audit?subject_id={cast.choir.id}").get_json()["items"]
    assert [
        {name: entry[name] for name in ("actor", "on_behalf_name", "act", "text", "subject", "before", "after", "at")}
        for entry in items
    ] == [
        {
            "actor": "孙红梅",
            "on_behalf_name": "陈玉兰",
            "act": ACT,
            "text": "Changed a group",
            "subject": "合唱队",
            "before": {"kind": "dance"},
            "after": {"kind": "choir"},
            "at": "2026-11-25T09:00:00+08:00",
        }
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("from=2026-11-25&to=2026-11-25&act=core.group_changed", 1),
        (f"act={ACT}", 2),
        ("act=core.no_such", 0),
        ("q=民乐&act=core.group_changed", 1),
    ],
)
def test_programs_filter_by_field(program_of: ProgramOf, asked: str, found: int) -> None:
    assert len(program_of("li").get(f"/audit?{asked}").get_json()["items"]) == found


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("cursor=none", 422),
        ("cursor=01a00000-0000-7000-8000-000000000000", 422),
        ("limit=0", 422),
        ("limit=201", 422),
        ("color=red", 422),
        ("account_id=x", 404),
        ("from=now", 422),
    ],
)
def test_what_makes_no_sense_is_refused(program_of: ProgramOf, asked: str, status: int) -> None:
    assert program_of("li").get(f"/audit?{asked}").status_code == status


def test_only_who_may_reads_it(browser_of: BrowserOf, program_of: ProgramOf) -> None:
    for user_name in "sun", "zhang", "chen":
        assert browser_of(user_name).get("/audit").status_code == 403
        assert program_of(user_name).get("/audit").status_code == 403
    assert program_of(None).get("/audit").status_code == 401
    assert browser_of(None).get("/audit").status_code == 302


def test_p3_nothing_of_another_community_is_in_it(browser_of: BrowserOf, program_of: ProgramOf) -> None:
    assert "滨河" not in browser_of("li").get("/audit").text
    assert "滨河" not in program_of("li").get("/audit?limit=200").text
    theirs = program_of("wang").get("/audit").get_json()["items"][0]["id"]
    assert program_of("li").get(f"/audit?cursor={theirs}").status_code == 422


def test_the_rule_itself_refuses_too(database: Database, house: House) -> None:
    with unit(database, write=False):
        kit.enter_slug(house, SLUG)
        with pytest.raises(Forbidden):
            queries.entries(queries.Filter(), by=actor_of("chen"), limit=1)
        with pytest.raises(Invalid):
            queries.entries(queries.Filter(), by=actor_of("li"), limit=1, cursor="")


def test_changes_are_told_thing_by_thing() -> None:
    entry = Entry(before={"a": 1, "same": 2, "inner": {"x": [1, 2]}}, after={"a": 3, "same": 2, "new": True})
    assert [(change.name, change.before, change.after) for change in queries.changes(entry)] == [
        ("a", "1", "3"),
        ("inner.x", "1, 2", ""),
        ("new", "", "yes"),
    ]


@pytest.mark.parametrize(
    "name", ["9999-12-31T23:59:59Z", "0001-01-01", "2026-03-02", "2026-03-02T10:00:00+08:00", "-", "T-"]
)
def test_a_name_stays_a_name_whatever_it_looks_like(
    browser_of: BrowserOf, database: Database, house: House, name: str
) -> None:
    with unit(database, write=True):
        kit.enter_slug(house, SLUG)
        record(ACT, by=actor_of("li"), subject=name, before={"name": "合唱队"}, after={"name": name})
    answer = browser_of("li").get("/audit")
    assert answer.status_code == 200
    assert f"<del>合唱队</del> → {name}" in answer.text


@pytest.mark.parametrize(
    ("fact", "value", "said"),
    [
        ("born_on", "2026-11-26", "Thu 26 Nov"),
        ("to", "2026-11-26", "Thu 26 Nov"),
        ("starts_at", "2026-11-26T01:00:00+00:00", "Thu 26 Nov 9:00"),
        ("to", "9999-12-31", "9999-12-31"),
        ("ends_at", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59-12:00"),
        ("ends_at", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("from", "2026-02-30", "2026-02-30"),
        ("from", "Thu-T-26", "Thu-T-26"),
    ],
)
def test_a_fact_that_is_a_day_is_said_in_words_and_one_that_cannot_be_as_it_is(
    browser_of: BrowserOf, database: Database, house: House, fact: str, value: str, said: str
) -> None:
    with unit(database, write=True):
        kit.enter_slug(house, SLUG)
        record(ACT, by=actor_of("li"), subject="合唱队", after={fact: value})
    answer = browser_of("li").get("/audit")
    assert answer.status_code == 200
    assert f"{said}</" in answer.text


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "9999-12-31"])
def test_a_day_that_nobody_could_mean_is_said_and_shown_again(browser_of: BrowserOf, day: str) -> None:
    answer = browser_of("li").get(f"/audit?day={day}&q=乐")
    assert answer.status_code == 422
    assert "This day cannot be meant." in answer.text
    assert f'value="{day}"' in answer.text
    assert 'value="乐"' in answer.text


def test_a_search_of_any_length_is_a_search(browser_of: BrowserOf, program_of: ProgramOf) -> None:
    long = "民乐%20" * 2 + "x%20" * 2_000
    assert browser_of("li").get(f"/audit?q={long}").status_code == 200
    assert program_of("li").get(f"/audit?q={'民' * 2_000}").get_json()["items"] == []
