"""The pages of figures and of the ranking: who may read them, that every number leads to what it sums up, their sheets."""

import io
import re
from datetime import date
from functools import partial
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from openpyxl.reader.excel import load_workbook

from core.db import Database, Id, unit
from core.plugins import House
from tests.kit import SLUG, Browser, BrowserOf, Cast, a_resident, enter_slug
from tests.plugins.points.kit import TODAY, a_policy, a_rule, after, an_act, many_groups, on, withdraw
from tests.statements import statements

NOVEMBER = "from=2026-11-01&to=2026-11-30"


class Scene:
    """A community the tests fill, in units of their own."""

    def __init__(self, database: Database, house: House, cast: Cast) -> None:
        self.database, self.house, self.cast = database, house, cast

    def do(self, act: Any) -> Any:
        with unit(self.database, write=True):
            enter_slug(self.house, SLUG)
            return act()


@pytest.fixture
def scene(database: Database, house: House, cast: Cast) -> Scene:
    """October: the choir earns 5. November: the choir 20 for songs, 3 for help, less 3; the orchestra 7; a resident 4."""
    found = Scene(database, house, cast)

    def fill() -> None:
        on(date(2026, 10, 5))
        a_policy()
        a_rule("song")
        a_rule("help")
        an_act(cast.choir, 5)
        on(TODAY)
        an_act(cast.choir, 20)
        wrong = an_act(cast.choir, 3, category="help")
        withdraw(wrong)
        an_act(cast.orchestra, 7)
        an_act(a_resident("陈小兰"), 4)

    found.do(fill)
    return found


def page(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return unescape(answer.text)


def table(text: str, name: str) -> dict[str, list[tuple[str, str | None]]]:
    """Rows of the table in the element with this id: name → number and address of each cell."""
    body = text.split(f'id="{name}"')[1].split("<tbody>")[1].split("</tbody>")[0]
    found = {}
    for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL):
        first, *cells = re.findall(r"<td.*?</td>", row, re.DOTALL)
        links = [re.search(r'href="([^"]+)"', cell) for cell in cells]
        numbers = [re.sub(r"<[^>]+>|\s", "", cell) for cell in cells]
        label = re.sub(r"<span data-short.*?</span>|<[^>]+>", "", first).strip()
        found[label] = [(number, link and link[1]) for number, link in zip(numbers, links, strict=True)]
    return found


def numbers(text: str, name: str) -> dict[str, list[str]]:
    return {label: [number for number, _link in row] for label, row in table(text, name).items()}


# --- figures -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("scene")
@pytest.mark.parametrize(("user", "status"), [("li", 200), ("sun", 200), ("zhang", 403), ("chen", 403), (None, 302)])
def test_figures_are_for_those_who_see_everybodys_points(browser_of: BrowserOf, user: str | None, status: int) -> None:
    browser = browser_of(user)
    assert browser.get("/points/figures").status_code == status
    assert browser.get("/points/figures/months.xlsx").status_code == status
    assert ('href="/xincheng/points/figures"' in browser.get("/points/ranking").text) == (status == 200)


@pytest.mark.usefixtures("scene")
def test_another_communitys_manager_sees_nothing_of_it(browser_of: BrowserOf) -> None:
    assert "合唱队" not in page(browser_of("wang"), "/points/figures").replace("滨河合唱队", "")


@pytest.mark.usefixtures("scene")
def test_the_tables_add_up(browser_of: BrowserOf) -> None:
    text = page(browser_of("li"), "/points/figures")
    assert numbers(text, "months") == {
        "Oct 2026": ["+5", "", "", "", "5"],
        "Nov 20261 Nov – 26 Nov": ["+34", "", "", "−3", "36"],
        "Together": ["+39", "", "", "−3", "36"],
    }
    assert numbers(text, "groups") == {
        "合唱队": ["+28", "", "", "−3"],
        "民乐团": ["+7", "", "", ""],
        "Together": ["+35", "", "", "−3"],
    }
    assert numbers(text, "categories") == {"name of song": ["4", "36", "0"], "Together": ["4", "36", "0"]}
    residents = page(browser_of("li"), "/points/figures?who=resident")
    assert numbers(residents, "residents") == {"陈小兰": ["+4", "", ""], "Together": ["+4", "", ""]}


@pytest.mark.usefixtures("scene")
def test_a_period_is_of_all_tables_and_a_month_leads_to_the_holders_behind_it(browser_of: BrowserOf) -> None:
    browser = browser_of("li")
    months = table(page(browser, "/points/figures"), "months")
    link = months["Oct 2026"][0][1]
    assert link is not None
    text = page(browser, link.removeprefix("/xincheng"))
    assert numbers(text, "months") == {"Oct 2026": ["+5", "", "", "5"], "Together": ["+5", "", "", "5"]}
    assert numbers(text, "groups") == {"合唱队": ["+5", "", ""], "Together": ["+5", "", ""]}


@pytest.mark.usefixtures("scene")
def test_every_number_leads_to_the_lines_that_it_sums_up(browser_of: BrowserOf) -> None:
    browser = browser_of("li")
    text = page(browser, f"/points/figures?{NOVEMBER}")
    earned, _spent, _expired, taken_back = table(text, "groups")["合唱队"]
    for (number, link), kind, lines in ((earned, "earned", ["+20", "+3"]), (taken_back, "withdrawn,reversed", ["−3"])):
        assert link is not None
        assert parse_qs(urlsplit(link).query) == {"kind": [kind], "from": ["2026-11-01"], "to": ["2026-11-30"]}
        statement = page(browser, link.removeprefix("/xincheng"))
        shown = re.findall(r'house-signed \w+">([+−]\d+)<', statement)
        assert sorted(shown) == sorted(lines)
        assert sum(int(one.replace("−", "-")) for one in shown) == int(number.replace("−", "-"))
    count, points, _posted = table(text, "categories")["name of song"]
    assert (count[0], points[0]) == ("3", "31")
    assert points[1] is not None
    listed = page(browser, points[1].removeprefix("/xincheng"))
    assert sorted(re.findall(r'house-signed \w+">([+−]\d+)<', listed)) == ["+20", "+4", "+7"]


@pytest.mark.usefixtures("scene")
@pytest.mark.parametrize(
    ("name", "head", "rows"),
    [
        ("months", "Month", [("Nov 2026", 34, 0, 0, -3, 36), ("Together", 34, 0, 0, -3, 36)]),
        ("groups", "Group", [("合唱队", 23, 0, 0, -3), ("民乐团", 7, 0, 0, 0), ("Together", 30, 0, 0, -3)]),
        ("residents", "Resident", [("陈小兰", 4, 0, 0), ("Together", 4, 0, 0)]),
        ("categories", "What was done", [("name of song", 3, 31, 0), ("Together", 3, 31, 0)]),
    ],
)
def test_every_table_is_a_sheet_too(browser_of: BrowserOf, name: str, head: str, rows: list[tuple[Any, ...]]) -> None:
    answer = browser_of("li").get(f"/points/figures/{name}.xlsx?{NOVEMBER}")
    sheet = load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    found = list(sheet.iter_rows(values_only=True))
    assert found[0][0] == head
    assert found[1:] == rows


@pytest.mark.usefixtures("scene")
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("from=x", "This must be a day like 2026-03-02."),
        ("from=2026-11-02&to=2026-11-01", None),
        ("from=1900-01-01", "At most 10 years at once."),
        ("from=0001-01-01", "This must be a day like 2026-03-02."),
    ],
)
def test_a_period_that_makes_no_sense_is_said_and_the_year_is_shown(
    browser_of: BrowserOf, asked: str, words: str | None
) -> None:
    text = page(browser_of("li"), f"/points/figures?{asked}")
    assert 'role="alert"' in text
    assert words is None or words in text
    assert numbers(text, "groups")["Together"] == ["+35", "", "", "−3"]


@pytest.mark.usefixtures("scene")
def test_where_nothing_moved_the_tables_say_so(browser_of: BrowserOf) -> None:
    text = page(browser_of("li"), "/points/figures?from=2020-01-01&to=2020-02-01")
    assert text.count("Nothing moved.") == 2
    assert numbers(text, "months") == {
        "Feb 20201 Feb 2020 – 1 Feb 2020": ["", "", "", "0"],
        "Together": ["", "", "", "0"],
    }
    assert page(browser_of("li"), "/points/figures?from=2030-01-01")


@pytest.mark.parametrize(("path", "many"), [("/points/figures", 195), ("/points/ranking", 195)])
def test_pages_take_as_many_statements_for_many_groups_as_for_five(
    scene: Scene, browser_of: BrowserOf, database: Database, path: str, many: int
) -> None:
    browser, counts = browser_of("li"), []
    for number in (3, many):
        scene.do(partial(many_groups, number))
        browser.get(path)
        with statements(database.writer) as sent:
            assert browser.get(path).text.count("团队") >= number
        counts.append(len(sent))
    assert counts[0] == counts[1]


# --- ranking -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("scene")
def test_strangers_read_the_ranking_with_what_it_is_made_up_of_and_no_way_further(browser_of: BrowserOf) -> None:
    text = page(browser_of(None), "/points/ranking")
    assert "the last 180 days" in text
    assert re.search(r"1\.\s+合唱队", text)
    assert "name of song 25" in text
    assert "/points/accounts/" not in text
    assert "陈小兰" not in text


def test_where_the_policy_hides_it_strangers_find_nothing_and_who_has_signed_in_still_does(
    scene: Scene, browser_of: BrowserOf
) -> None:
    scene.do(lambda: a_policy(public_ranking=False))
    for path in ("/points/ranking", "/points/ranking.xlsx"):
        assert browser_of(None).get(path).status_code == 404
        for user in ("li", "zhang", "chen"):
            assert browser_of(user).get(path).status_code == 200
    assert "/points/ranking" not in browser_of(None).get("/points/posting").text


def test_one_who_may_see_an_account_gets_there_and_to_the_contributions_that_count(
    scene: Scene, browser_of: BrowserOf
) -> None:
    text = page(browser_of("chen"), "/points/ranking")
    assert f"/points/accounts/{scene.cast.choir.id}" in text
    assert f"/points/accounts/{scene.cast.orchestra.id}" not in text
    link = re.search(r'href="/xincheng(/points/contributions\?[^"]+)">25<', text)
    assert link is not None
    assert parse_qs(urlsplit(link[1]).query) == {
        "holder": [str(scene.cast.choir.id)],
        "state": ["credited"],
        "from": [str(after(-179))],
        "to": [str(TODAY)],
    }
    listed = page(browser_of("chen"), link[1])
    assert sorted(re.findall(r'house-signed \w+">([+−]\d+)<', listed)) == ["+20", "+5"]


@pytest.mark.usefixtures("scene")
def test_the_ranking_is_a_sheet_too(browser_of: BrowserOf) -> None:
    answer = browser_of(None).get("/points/ranking.xlsx")
    sheet = load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    assert list(sheet.iter_rows(values_only=True)) == [
        ("Place", "Group", "Standing", "Points", "Made up of"),
        (1, "合唱队", "no tier", 25, "name of song 25"),
        (2, "民乐团", "no tier", 7, "name of song 7"),
    ]


# --- filters of the contributions ----------------------------------------------------------------------------------


def test_contributions_are_filtered_by_day_and_holder(scene: Scene, browser_of: BrowserOf) -> None:
    browser = browser_of("li")

    def shown(asked: str) -> list[str]:
        return sorted(re.findall(r'house-signed \w+">([+−]\d+)<', page(browser, f"/points/contributions?{asked}")))

    assert shown("to=2026-10-05") == ["+5"]
    assert shown("from=2026-10-06&category=help") == []  # withdrawn: struck out
    assert '<s class="house-soft">+3</s>' in page(browser, "/points/contributions?category=help")
    assert "2 contributions, 27 points together" in page(
        browser, "/points/contributions?who=group&from=2026-11-01&category=song"
    )
    assert shown(f"holder={scene.cast.orchestra.id}") == ["+7"]
    assert "Only those of 民乐团." in page(browser, f"/points/contributions?holder={scene.cast.orchestra.id}")
    assert "This must be a day like" in page(browser, "/points/contributions?from=x")
    assert shown("from=2027-01-01") == []


def test_contributions_of_a_holder_one_may_not_see_are_refused(scene: Scene, browser_of: BrowserOf) -> None:
    zhang = browser_of("zhang")
    assert zhang.get(f"/points/contributions?holder={scene.cast.choir.id}").status_code == 200
    assert zhang.get(f"/points/contributions?holder={scene.cast.orchestra.id}").status_code == 403
    assert zhang.get(f"/points/contributions?holder={Id(int=1)}").status_code == 404
    assert zhang.get("/points/contributions?holder=x").status_code == 404


def test_the_page_of_a_group_leads_to_the_contributions_behind_its_standing(
    scene: Scene, browser_of: BrowserOf
) -> None:
    text = page(browser_of("zhang"), f"/points/accounts/{scene.cast.choir.id}")
    link = re.search(r'href="/xincheng(/points/contributions\?[^"]+)">The contributions behind it<', text)
    assert link is not None
    listed = page(browser_of("zhang"), link[1])
    assert sorted(re.findall(r'house-signed \w+">([+−]\d+)<', listed)) == ["+20", "+5"]
