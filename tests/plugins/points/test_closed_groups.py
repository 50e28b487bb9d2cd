"""Groups that are no more: whoever led them, and whoever may read the group that goes on, still reads what they had."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from core.contract import Holder
from core.db import Database, session, unit
from core.people import dissolving, merging
from core.people import members as membership
from core.people.models import Membership, Role
from core.people.requests import DissolutionRequest, MergingRequest
from core.plugins import House
from plugins.points import queries
from tests.kit import MEMBER_SINCE, OTHER_SLUG, SLUG, SYSTEM, BrowserOf, Cast, ProgramOf, a_group, actor_of, enter_slug
from tests.plugins.points.kit import a_policy, a_rule, after, an_act
from tests.statements import statements

READABLE = ["", "/statement", "/statement/print", "/statement.xlsx", "/statement.json", "/lots", "/past"]
Do = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def do(database: Database, house: House) -> Do:
    """Something done in a unit of its own."""

    def run(act: Callable[[], Any]) -> Any:
        with unit(database, write=True):
            enter_slug(house, SLUG)
            return act()

    return run


@pytest.fixture
def earned(do: Do, cast: Cast) -> None:
    """The choir has three points."""

    def fill() -> None:
        a_policy()
        a_rule()
        an_act(cast.choir, 3)

    do(fill)


def dissolve(group: Holder) -> None:
    dissolving.dissolve(group.id, DissolutionRequest(reason="no members"), by=SYSTEM)


def merge(merged: Holder, kept: Holder) -> None:
    merging.merge(merged.id, MergingRequest(into_id=kept.id, reason="entered twice"), by=SYSTEM)


def status(browser_of: BrowserOf, user_name: str, group: Holder) -> set[int]:
    """What the pages of a group's account answer."""
    browser = browser_of(user_name)
    return {browser.get(f"/points/accounts/{group.id}{page}").status_code for page in READABLE}


@pytest.mark.usefixtures("earned")
def test_whoever_led_a_dissolved_group_to_its_end_reads_its_account_and_nobody_else_does(
    browser_of: BrowserOf, program_of: ProgramOf, cast: Cast, do: Do
) -> None:
    do(lambda: dissolve(cast.choir))
    assert status(browser_of, "zhang", cast.choir) == status(browser_of, "li", cast.choir) == {200}
    assert status(browser_of, "chen", cast.choir) == status(browser_of, "zhao", cast.choir) == {403}
    page = browser_of("zhang").get("/points/").text
    assert f"/points/accounts/{cast.choir.id}" in page
    assert "Groups that are no more" in page
    account = browser_of("zhang").get(f"/points/accounts/{cast.choir.id}").text
    assert "nothing new can be done for it" in account
    assert "/gifts" not in account
    path = f"/points/accounts/{cast.choir.id}/statement"
    assert [line["points"] for line in program_of("zhang").get(path).get_json()["lines"]] == [3, -3]
    assert program_of("zhao").get(path).status_code == 403


@pytest.mark.usefixtures("earned")
def test_who_may_read_the_group_that_goes_on_reads_the_merged_one_also_when_that_was_merged_again(
    browser_of: BrowserOf, cast: Cast, do: Do
) -> None:
    third = do(lambda: a_group("合唱三队"))
    do(lambda: merge(cast.choir, third))
    assert status(browser_of, "zhang", cast.choir) == status(browser_of, "chen", cast.choir) == {200}
    assert status(browser_of, "zhao", cast.choir) == {403}
    do(lambda: merge(third, cast.orchestra))
    for name in "zhang", "chen", "zhao":
        assert status(browser_of, name, cast.choir) == status(browser_of, name, third) == {200}
    do(lambda: membership.remove(cast.orchestra.id, cast.zhang.resident_id or cast.choir.id, by=SYSTEM))
    assert status(browser_of, "zhang", cast.choir) == {403}


def test_who_stopped_leading_before_the_end_reads_no_more(browser_of: BrowserOf, cast: Cast, do: Do) -> None:
    late = do(lambda: a_group("晚队"))
    for name, until in (("zhang", after(-1)), ("zhao", after(-2))):
        person = cast.people[name].resident_id
        do(
            partial(
                session.add,
                Membership(group_id=late.id, resident_id=person, role=Role.LEADER, from_day=MEMBER_SINCE, to_day=until),
            )
        )
    do(lambda: dissolve(late))
    assert status(browser_of, "zhang", late) == {200}
    assert status(browser_of, "zhao", late) == {403}


@pytest.mark.usefixtures("earned")
def test_p3_the_list_of_closed_groups_is_the_managers_and_of_one_community(
    browser_of: BrowserOf, cast: Cast, do: Do
) -> None:
    do(lambda: dissolve(cast.choir))
    assert "合唱队" in browser_of("li").get("/points/?kind=closed").text
    assert "No group was merged" in browser_of("wang", slug=OTHER_SLUG).get("/points/?kind=closed").text
    assert "合唱队" not in browser_of("zhao").get("/points/?kind=closed").text
    assert browser_of("wang", slug=OTHER_SLUG).get(f"/points/accounts/{cast.choir.id}").status_code == 404


def test_what_is_ones_own_is_found_in_two_statements_however_many_groups_are_no_more(
    inside: Cast, database: Database
) -> None:
    for number in range(10):
        dissolve(a_group(f"旧队{number}"))
    zhang = actor_of("zhang")
    with statements(database.writer) as sent:
        assert queries.own(zhang) == {inside.choir.id, inside.zhang.resident_id}
    assert len(sent) == 2
