"""Finding people by words, initials in pinyin, the end of a telephone; lists page by page."""

import pytest

from core.db import Database
from core.errors import Invalid
from core.people import queries
from tests.kit import BrowserOf, Cast, ProgramOf, a_group, a_resident, actor_of
from tests.statements import statements


def names(words: str, who: str = "li") -> list[str]:
    return [resident.name for resident in queries.residents(words, by=actor_of(who), limit=50)]


@pytest.mark.parametrize("words", ["淑芬", "zsf", "ZS", "张", "0001", "13900000001", "张 0001", " 张\u200f "])
def test_zhang_is_found(inside: Cast, words: str) -> None:
    assert names(words) == ["张淑芬"]


@pytest.mark.parametrize("words", ["sf", "%", "_", "0001x", "13900000", "张 9999", "\\", "'; drop"])
def test_nobody_is_found(inside: Cast, words: str) -> None:
    assert names(words) == []


def test_percent_and_underline_are_letters_like_others(inside: Cast) -> None:
    a_resident("100%_x")
    assert names("%_") == ["100%_x"]


def test_nobody_of_another_community_is_found(inside: Cast) -> None:
    assert names("王主任") == []


def test_a_list_comes_in_the_order_of_initials_page_by_page(inside: Cast) -> None:
    everybody = names("")
    assert everybody == ["陈玉兰", "李主任", "孙红梅", "赵国强", "张淑芬"]
    seen: list[str] = []
    cursor = None
    while True:
        found = queries.residents(by=actor_of("li"), limit=2, cursor=cursor)
        seen += [resident.name for resident in found[:2]]
        if len(found) <= 2:
            break
        cursor = str(found[1].id)
    assert seen == everybody


@pytest.mark.parametrize("cursor", ["x", "01a20c8e-4304-7741-bab4-c1d3513679ce"])
def test_a_cursor_that_is_none_is_refused(inside: Cast, cursor: str) -> None:
    with pytest.raises(Invalid):
        queries.residents(by=actor_of("li"), limit=2, cursor=cursor)


def test_the_search_page_shows_groups_and_residents(browser_of: BrowserOf) -> None:
    li = browser_of("li")
    assert "合唱队" in li.get("/search?q=hcd").text
    assert "张淑芬" in li.get("/search?q=zsf").text
    assert "Nothing is found" in li.get("/search?q=nobody").text
    assert li.get("/search").status_code == 200


def test_rest_pages_on_with_a_cursor(program_of: ProgramOf) -> None:
    li = program_of("li")
    first = li.get("/residents?limit=3").get_json()
    rest = li.get(f"/residents?limit=3&cursor={first['next']}").get_json()
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (3, 2, None)
    assert li.get("/residents?cursor=x").status_code == 422
    assert li.get("/residents?limit=0").status_code == 422
    assert li.get("/residents?no=1").status_code == 422


def test_the_list_of_groups_tells_who_leads_and_takes_as_many_statements_however_many_there_are(
    browser_of: BrowserOf, inside: Cast, database: Database
) -> None:
    li = browser_of("li")
    li.get("/groups")  # fills what is kept for each community
    counted = []
    for more in 0, 30:
        for _number in range(more):
            a_group(leaders=[a_resident()])
        with statements(database.writer) as sent:
            page = li.get("/groups").text
        counted.append(len(sent))
    assert counted[0] == counted[1] > 0
    assert "张淑芬" in page
    assert queries.people_of([inside.choir.id]) == {inside.choir.id: queries.People(count=2, leaders=("张淑芬",))}


LONG = "x " * 5_000 + "淑" * 5_000


@pytest.mark.parametrize(
    "path",
    ["/search", "/residents", "/groups", "/accounts", "/behalf", "/points/", "/points/contributions", "/audit"],
)
def test_a_search_has_200_characters_and_five_words(browser_of: BrowserOf, path: str) -> None:
    assert browser_of("li").get(path, query_string={"q": LONG}).status_code == 200


def test_programs_search_as_people_do(program_of: ProgramOf) -> None:
    program = program_of("li")
    for path in "/residents", "/groups", "/audit":
        assert program.get(f"{path}?q={'x' * 5_000}").get_json()["items"] == []


def test_what_stands_behind_200_characters_or_five_words_is_not_searched_for(inside: Cast) -> None:
    assert names("淑芬" + " " * 200 + "nobody") == ["张淑芬"]
    assert names("张 淑 芬 张 淑 nobody") == ["张淑芬"]
    assert names("张 淑 芬 张 nobody") == []
