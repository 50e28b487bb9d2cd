"""The same act entered twice: a person is told before it is kept, and may mean it; programs and plugins are not asked."""

import re
from functools import partial
from typing import Any

import pytest

from core.db import Database, session, unit
from core.plugins import House
from plugins.points import awards, repeats
from plugins.points.models import Contribution
from plugins.points.requests import ContributionRequest
from tests.kit import SLUG, SYSTEM, BrowserOf, Cast, ProgramOf, enter_slug
from tests.plugins.points.kit import TODAY, a_policy, a_rule, after, an_act, withdraw
from tests.plugins.points.test_award_sheet import mend, paste, record, version
from tests.plugins.points.test_pages import Scene, typed
from tests.plugins.points.test_races import at_once
from tests.plugins.points.test_races import racing as racing
from tests.statements import statements

TOLD = "Already recorded on Thu 26 Nov 9:00 by linli: name of song, Thu 26 Nov, 2 times."


@pytest.fixture
def scene(database: Database, house: House, cast: Cast) -> Scene:
    """The choir sang twice today, so it is written already. An act gives 10 points."""
    found = Scene(database, house, cast)

    def fill() -> None:
        a_policy()
        a_rule("song", points=10)
        a_rule("dance", points=10)
        an_act(cast.choir, 2)

    found.do(fill)
    return found


def kept(scene: Scene) -> int:
    return int(scene.do(lambda: session.query(Contribution).count()))


def test_the_award_page_tells_it_in_its_row_and_keeps_nothing_until_it_is_meant(
    browser_of: BrowserOf, scene: Scene
) -> None:
    li, choir, orchestra = browser_of("li"), scene.box(scene.cast.choir), scene.box(scene.cast.orchestra)
    sent = typed(scene, **{choir: "2", orchestra: "2"})
    assert "once_more" not in li.get("/points/award").text
    assert TOLD in li.post("/points/award/preview", sent).text
    refused = li.post("/points/award", sent)
    assert refused.status_code == 422
    assert TOLD in re.findall(rf'id="{choir}-errors">(.*?)</div>', refused.text, flags=re.DOTALL)[0]
    assert f'id="{orchestra}-errors"' not in refused.text
    assert 'name="once_more"' in refused.text
    assert kept(scene) == 1
    assert li.post("/points/award", sent | {"once_more": "y"}).status_code == 303
    assert kept(scene) == 3


def test_the_page_of_one_holder_tells_it_too(browser_of: BrowserOf, scene: Scene) -> None:
    choir = scene.cast.choir
    refused = browser_of("li").post(f"/points/award?holder={choir.id}", typed(scene, **{scene.box(choir): "2"}))
    assert (refused.status_code, TOLD in refused.text) == (422, True)


def test_what_differs_in_more_than_its_note_is_not_the_same(inside: Cast) -> None:
    a_rule("song")
    an_act(inside.choir, 2)
    same: dict[str, Any] = {"holder_id": inside.choir.id, "category": "song", "occurred_on": TODAY, "acts": 2}
    differing: list[dict[str, Any]] = [
        {"note": "another note"},
        {"acts": 3},
        {"category": "dance"},
        {"occurred_on": after(-1)},
        {"holder_id": inside.orchestra.id},
        {"acts": None, "minutes": 2},
    ]
    assert list(repeats.before([ContributionRequest(**same | other) for other in differing])) == [0]


def test_what_was_withdrawn_may_be_recorded_anew(inside: Cast) -> None:
    a_rule("song")
    first, again = an_act(inside.choir, 2), an_act(inside.choir, 2)
    assert [one.id for one in repeats.like(first)] == [again.id]
    for one in first, again:
        withdraw(one)
    request = ContributionRequest(holder_id=inside.choir.id, category="song", occurred_on=TODAY, acts=2)
    assert repeats.before([request]) == {}


def test_however_many_are_asked_it_is_one_statement(inside: Cast, database: Database) -> None:
    a_rule("song")
    an_act(inside.choir, 2)
    holders = [inside.choir.id, inside.orchestra.id]
    many = [
        ContributionRequest(holder_id=holder_id, category="song", occurred_on=after(-day))
        for day in range(100)
        for holder_id in holders
    ]
    with statements(database.writer) as sent:
        repeats.before(many)
    assert len(sent) == 1


def test_programs_are_not_asked_and_the_page_of_either_names_the_other(
    browser_of: BrowserOf, program_of: ProgramOf, scene: Scene
) -> None:
    body = {"holder_id": str(scene.cast.choir.id), "category": "song", "occurred_on": str(TODAY), "acts": 2}
    made = program_of("li").post("/points/contributions", body)
    assert made.status_code == 201
    page = browser_of("li").get(f"/points/contributions/{made.get_json()['id']}").text
    other = re.findall(r"The same is recorded more than once.*?/points/contributions/([0-9a-f-]{36})", page, re.DOTALL)
    assert (
        f"/points/contributions/{made.get_json()['id']}"
        in browser_of("li").get(f"/points/contributions/{other[0]}").text
    )


@pytest.mark.race
def test_two_who_type_the_same_paper_at_once_record_it_once(racing: tuple[Database, House, Cast]) -> None:
    database, house, cast = racing
    paper = ContributionRequest(holder_id=cast.choir.id, category="song", occurred_on=TODAY, acts=2)

    def type_it() -> str:
        awards.refuse_repeats([paper], by=SYSTEM)
        awards.record(paper, by=SYSTEM)
        return "recorded"

    answers = at_once(racing, [type_it] * 4)
    assert sorted(map(str, answers)) == ["invalid"] * 3 + ["recorded"]
    with unit(database, write=False):
        enter_slug(house, SLUG)
        assert session.query(Contribution).count() == 1


# --- the sheet -----------------------------------------------------------------------------------------------------

LINES = f"团队\t类别\t日期\t次数\n合唱队\tsong\t{TODAY}\t2\n民乐团\tsong\t{TODAY}\t1\n民乐团\tsong\t{TODAY}\t1\n"


def test_a_sheet_tells_it_line_by_line_and_records_when_it_is_meant(browser_of: BrowserOf, scene: Scene) -> None:
    li = browser_of("li")
    path = paste(li, LINES)
    page = li.get(path).text
    assert "2 lines seem to be recorded already" in page
    assert page.count(TOLD) == 1
    assert page.count("Line 3 says the same.") == 1
    refused = record(li, path)
    assert refused.status_code == 422
    assert "2 lines seem to be recorded already. Leave them out" in refused.text
    assert kept(scene) == 1
    assert record(li, path, once_more="y").status_code == 303
    assert kept(scene) == 4
    assert TOLD not in li.get(path).text


def test_the_lines_are_left_out_by_one_press(browser_of: BrowserOf, scene: Scene) -> None:
    li = browser_of("li")
    path = paste(li, LINES)
    assert li.post(f"{path}/leave-out", {"version": version(li.get(path).text)}).status_code == 303
    page = li.get(path).text
    assert "Record 1 contribution" in page
    assert "once_more" not in page
    assert record(li, path).status_code == 303
    assert kept(scene) == 2


def test_what_another_recorded_meanwhile_is_told_before_it_is_kept_twice(browser_of: BrowserOf, scene: Scene) -> None:
    li = browser_of("li")
    path = paste(li, f"团队\t类别\t日期\n民乐团\tsong\t{TODAY}\n")
    assert "once_more" not in li.get(path).text
    scene.do(partial(an_act, scene.cast.orchestra, 1))
    refused = record(li, path)
    assert refused.status_code == 422
    assert "1 line seems to be recorded already: it says so at its end." in refused.text
    assert 'name="once_more"' in refused.text


def test_a_day_without_its_year_is_shown_whole_and_an_unsure_one_is_mended(browser_of: BrowserOf, scene: Scene) -> None:
    li = browser_of("li")
    path = paste(li, "团队\t类别\t日期\t凭证编号\n民乐团\tsong\t12月3日\t签到表 1\n民乐团\tsong\t11-22\t\n")
    page = li.get(path).text
    assert "Wed 3 Dec 2025" in page
    assert page.count("This must be a day like 2026-03-02.") == 1
    mend(li, path, **{"c-3-2": "11月22号"})
    assert "Sun 22 Nov" in li.get(path).text
    assert record(li, path).status_code == 303
