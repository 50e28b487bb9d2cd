"""Contributions from a sheet, on the award page: checked and mended line by line, recorded all or not at all, and once."""

import io
import re
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from core.db import Database, session, unit
from core.people.models import Holder
from core.plugins import House
from core.sheets import drafts, progress
from core.sheets.models import SheetDraft
from plugins.points.models import Award, Contribution
from tests.core.sheets.build import CONTRIBUTIONS, xlsx
from tests.kit import Browser, BrowserOf, Cast, enter_slug
from tests.plugins.points.kit import a_rule

PAGE = "/points/award/sheet"
GOOD = "团队\t类别\t日期\t次数\n合唱队\t演出\t2026-11-24\t1\n民乐团\t演出\t2026-11-25\t2\n"


def paste(browser: Browser, text: str) -> str:
    """The path of the page where the lines are looked through."""
    answer = browser.post(PAGE, {"text": text})
    assert answer.status_code == 303, answer.text
    return answer.location.partition(f"/{browser.slug}")[2]


def upload(browser: Browser, content: bytes, name: str = "贡献.xlsx") -> TestResponse:
    data = {"file": (io.BytesIO(content), name)}
    return browser.post(PAGE, data, content_type="multipart/form-data")


def version(page: str) -> str:
    return str(re.findall(r'name="version" value="(\d+)"', page)[0])


def record(browser: Browser, path: str, **more: str) -> TestResponse:
    return browser.post(f"{path}/record", {"version": version(browser.get(path).text), **more})


def mend(browser: Browser, path: str, **changes: str) -> TestResponse:
    return browser.post(f"{path}/mend", {"version": version(browser.get(path).text), **changes})


@pytest.fixture(autouse=True)
def rules_since_long_ago(database: Database, house: House, cast: Cast) -> None:
    with unit(database, write=True):
        enter_slug(house, cast.slug)
        a_rule("performance", points=20)


@pytest.fixture
def recorded(database: Database, house: House, cast: Cast) -> Any:
    """`recorded()`: who did what on which day, and the points."""

    def look() -> list[tuple[str, str, int | None, int]]:
        with unit(database, write=False):
            enter_slug(house, cast.slug)
            points = dict(
                session.execute(
                    select(Award.contribution_id, func.sum(Award.points)).group_by(Award.contribution_id)
                ).all()
            )
            found = session.scalars(select(Contribution).order_by(Contribution.occurred_on, Contribution.id))
            return [(one.holder.name, one.category.code, one.acts or one.minutes, points[one.id]) for one in found]

    return look


def test_lines_are_pasted_looked_at_and_recorded_once(browser_of: BrowserOf, recorded: Any) -> None:
    li = browser_of("li")
    path = paste(li, GOOD)
    page = li.get(path).text
    assert "Every line is right" in page
    assert "Record 2 contributions" in page
    assert page.count("+20") == page.count("+40") == 1
    assert recorded() == []
    sent = {"version": version(page), "_key": "k"}
    assert li.post(f"{path}/record", sent).status_code == 303
    assert li.post(f"{path}/record", sent).status_code == 303
    assert recorded() == [("合唱队", "performance", 1, 20), ("民乐团", "performance", 2, 40)]
    again = li.post(f"{path}/record", {"version": version(page)})
    assert again.status_code == 409
    assert len(recorded()) == 2
    after = li.get(path).text
    assert len(re.findall(r'/points/contributions/[0-9a-f-]{36}"', after)) == 2
    assert 'name="version"' not in after


def test_the_same_paste_on_another_day_is_meant_again(browser_of: BrowserOf, recorded: Any) -> None:
    li = browser_of("li")
    assert record(li, paste(li, GOOD)).status_code == 303
    assert record(li, paste(li, GOOD), once_more="y").status_code == 303
    assert len(recorded()) == 4


def test_a_paste_sent_twice_by_one_form_makes_one_sheet(
    browser_of: BrowserOf, database: Database, house: House
) -> None:
    li = browser_of("li")
    answers = [li.post(PAGE, {"text": GOOD, "_key": "k"}) for _time in range(2)]
    assert answers[0].location == answers[1].location


@pytest.mark.parametrize(
    "text",
    [
        "合唱队\t演出\t2026-11-24\t1\n民乐团\t演出\t2026-11-25\t2",
        "1\t合唱队\t演出\t2026-11-24\t1\r\n2\t民乐团\t演出\t2026-11-25\t2\r\n",
        "合唱队,演出,2026-11-24,1\n民乐团,演出,2026-11-25,2",
        "演出；合唱队；2026年11月24日；1\n演出；民乐团；2026年11月25日；2".replace("；", ";"),
        "合唱队，演出，2026/11/24，1\n民乐团，演出，2026/11/25，2",
        "2026年11月积分\n\n" + GOOD,
        "编号\t团队或居民\t类别\t日期\t次数\t说明\na1\t合唱队\tperformance\t20261124\t\t\na2\t民乐团\t演出\t2026-11-25\t2\t",
    ],
    ids=["no header", "counted lines", "commas", "semicolons", "Chinese commas", "a title above", "numbered"],
)
def test_lines_are_understood_however_they_are_pasted(browser_of: BrowserOf, recorded: Any, text: str) -> None:
    li = browser_of("li")
    path = paste(li, text)
    page = li.get(path).text
    assert "Record 2 contributions" in page, page
    assert record(li, path).status_code == 303
    assert recorded() == [("合唱队", "performance", 1, 20), ("民乐团", "performance", 2, 40)]


def test_what_is_wrong_stands_beside_its_cell_and_is_mended_there(browser_of: BrowserOf, recorded: Any) -> None:
    li = browser_of("li")
    path = paste(li, GOOD + "合唱团\t跳伞\t2026-11-25\tmuch\n合计\t\t\t3\n")
    page = li.get(path).text
    assert "2 lines must be mended first" in page
    assert 'name="c-4-0" value="合唱团"' in page
    assert "合唱团" in re.findall(r'id="c-4-0-errors">(.*?)</span></span>', page)[0]
    assert 'id="c-4-3-errors"' in page
    assert 'name="c-2-0"' not in page  # what is right is no box
    assert "/record" not in page
    assert recorded() == []
    answer = mend(li, path, **{"c-4-0": "合唱队", "c-4-1": "演出", "c-4-3": "1", "line-5": "1", "out-5": "on"})
    assert answer.status_code == 303
    page = li.get(path).text
    assert "Record 3 contributions" in page
    assert "left out" in page
    assert record(li, path).status_code == 303
    assert len(recorded()) == 3


def test_a_line_left_out_can_be_taken_in_again(browser_of: BrowserOf) -> None:
    li = browser_of("li")
    path = paste(li, GOOD + "合唱团\t演出\t2026-11-25\t1\n无名\t演出\t2026-11-25\t1\n")
    mend(li, path, **{"line-4": "1", "out-4": "on"})
    assert "1 line must be mended first" in li.get(path).text
    mend(li, path, **{"line-4": "1"})
    assert "2 lines must be mended first" in li.get(path).text


def test_columns_that_nobody_knows_or_that_are_missing_are_said_on_the_page(
    browser_of: BrowserOf, recorded: Any
) -> None:
    li = browser_of("li")
    path = paste(li, "团队\t次数\t天气\n合唱队\t1\t晴\n民乐团\t2\t雨\n")
    page = li.get(path).text
    assert "Say what stands in the column “天气”" in page
    assert "The column “Category” is missing" in page
    assert 'name="all-category"' in page
    answer = mend(li, path, **{"at-2": "", "all-category": "演出", "all-occurred_on": "2026-11-24"})
    assert answer.status_code == 303
    assert record(li, path).status_code == 303
    assert recorded() == [("合唱队", "performance", 1, 20), ("民乐团", "performance", 2, 40)]


def test_what_is_entered_late_asks_for_the_number_of_its_paper(browser_of: BrowserOf, recorded: Any) -> None:
    li = browser_of("li")
    path = paste(li, "队名\t次数\t日期\t类别\n合唱队\t1\t2026-11-12\t演出\n合唱队\t1\t2026-11-11\t演出\n")
    page = li.get(path).text
    assert "1 line must be mended first" in page
    assert "This was more than 14 days ago." in re.findall(r'id="c-3-4-errors">(.*?)</span></span>', page)[0]
    mend(li, path, **{"c-3-4": "签到表 12"})
    assert record(li, path).status_code == 303
    assert len(recorded()) == 2


def test_rows_with_numbers_taken_in_before_are_not_recorded_again(browser_of: BrowserOf, recorded: Any) -> None:
    li = browser_of("li")
    rows = [("1", "合唱队", "演出", "2026-11-24", 1), ("2", "民乐团", "演出", "2026-11-25", 2)]
    first = upload(li, xlsx(CONTRIBUTIONS, *rows))
    assert record(li, first.location.partition("/xincheng")[2]).status_code == 303
    second = upload(li, xlsx(CONTRIBUTIONS, *rows, ("3", "合唱队", "演出", "2026-11-26", 1))).location.partition(
        "/xincheng"
    )[2]
    page = li.get(second).text
    assert page.count("recorded before") >= 2
    assert "Record 1 contribution" in page
    assert record(li, second).status_code == 303
    assert len(recorded()) == 3


def test_formulas_and_merged_cells_are_told_in_place_and_typed_over(browser_of: BrowserOf, recorded: Any) -> None:
    def change(sheet: Any) -> None:
        sheet["E2"] = "=1+1"
        sheet.merge_cells("C3:C4")

    li = browser_of("li")
    rows = [(str(number), "合唱队", "演出", "2026-11-24", 1) for number in range(1, 4)]
    path = upload(li, xlsx(CONTRIBUTIONS, *rows, change=change)).location.partition("/xincheng")[2]
    page = li.get(path).text
    assert "This cell holds a formula." in page
    assert page.count("This cell is merged with others.") == 2
    mend(li, path, **{"c-2-4": "2", "c-3-2": "演出", "c-4-2": "演出"})
    assert record(li, path, once_more="y").status_code == 303
    assert len(recorded()) == 3


def test_what_a_cap_leaves_is_shown_before_it_is_recorded(browser_of: BrowserOf, recorded: Any) -> None:
    li = browser_of("li")
    path = paste(li, "".join(f"张淑芬\t演出\t2026-11-24\t{acts}\n" for acts in (1, 2, 1)))
    page = li.get(path).text
    assert "40 points" in page  # of one resident on one day
    assert record(li, path, once_more="y").status_code == 303
    assert sorted(points for *_others, points in recorded()) == [0, 20, 20]


def test_rules_that_changed_meanwhile_record_nothing_and_keep_the_lines(
    browser_of: BrowserOf, recorded: Any, database: Database, house: House, cast: Cast
) -> None:
    li = browser_of("li")
    path = paste(li, GOOD)
    seen = version(li.get(path).text)
    with unit(database, write=True):
        enter_slug(house, cast.slug)
        session.scalars(select(Holder).where(Holder.name == "民乐团")).one().name = "新民乐团"
    answer = li.post(f"{path}/record", {"version": seen})
    assert answer.status_code == 422
    assert 'name="c-3-0" value="民乐团"' in answer.text
    assert recorded() == []


def test_a_change_in_another_window_is_not_overwritten_and_nothing_typed_is_lost(browser_of: BrowserOf) -> None:
    li = browser_of("li")
    path = paste(li, GOOD + "合唱团\t演出\t2026-11-25\t1\n无名\t演出\t2026-11-25\t1\n")
    seen = version(li.get(path).text)
    assert li.post(f"{path}/mend", {"version": seen, "c-4-0": "合唱队"}).status_code == 303
    late = li.post(f"{path}/mend", {"version": seen, "c-5-0": "民乐团"})
    assert late.status_code == 409
    assert 'name="c-5-0" value="民乐团"' in late.text
    assert li.post(f"{path}/mend", {"version": version(late.text), "c-5-0": "民乐团"}).status_code == 303
    assert "Record 4 contributions" in li.get(path).text


def test_a_page_open_too_long_loses_nothing(browser_of: BrowserOf) -> None:
    li = browser_of("li")
    answer = li.post(PAGE, {"text": GOOD, "csrf_token": "x"})
    assert answer.status_code == 400
    assert "民乐团" in answer.text
    path = paste(li, GOOD + "合唱团\t演出\t2026-11-25\t1\n")
    answer = li.post(f"{path}/mend", {"version": "1", "c-4-0": "合唱", "csrf_token": "x"})
    assert answer.status_code == 400
    assert 'value="合唱"' in answer.text


def test_a_sheet_is_seen_by_whoever_sent_it_and_by_staff_alone(browser_of: BrowserOf) -> None:
    path = paste(browser_of("li"), GOOD)
    for name, status in (("li", 200), ("sun", 404), ("zhang", 403)):
        assert browser_of(name).get(path).status_code == status
        assert browser_of(name).post(f"{path}/discard", {}).status_code == (303 if name == "li" else status)
    assert browser_of("wang", slug="xincheng").get(path).status_code in {302, 404}
    assert browser_of("zhang").post(PAGE, {"text": GOOD}).status_code == 403
    assert browser_of("li").get(path).status_code == 404


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "There is nothing in this sheet."),
        (b"PK no", "This file cannot be read as a sheet."),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00", "This file cannot be read as a sheet."),
        (b"\xd0\xcf\x11\xe0", "This is an old Excel file"),
        (xlsx(CONTRIBUTIONS), "There is nothing in this sheet."),
    ],
)
def test_a_file_that_is_no_sheet_gets_a_sentence(browser_of: BrowserOf, content: bytes, sentence: str) -> None:
    answer = upload(browser_of("li"), content)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert browser_of("li").post(PAGE, {"text": " "}).status_code == 422


def test_a_list_on_another_sheet_of_the_file_is_named(browser_of: BrowserOf) -> None:
    def change(sheet: Any) -> None:
        hidden = sheet.parent.create_sheet("old", 0)
        hidden.append(("x",))
        hidden.sheet_state = "hidden"
        for row in (CONTRIBUTIONS, ("9", "民乐团", "演出", "2026-11-25", 1)):
            other = (
                sheet.parent["十二月"] if "十二月" in sheet.parent.sheetnames else sheet.parent.create_sheet("十二月")
            )
            other.append(row)

    answer = upload(browser_of("li"), xlsx(CONTRIBUTIONS, ("1", "合唱队", "演出", "2026-11-24", 1), change=change))
    page = browser_of("li").get(answer.location.partition("/xincheng")[2]).text
    assert "There is a list on the sheet “十二月” too" in page
    assert "Record 1 contribution" in page


def test_long_sheets_are_checked_step_by_step_with_a_bar(
    browser_of: BrowserOf, recorded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "AT_ONCE", 4)
    li = browser_of("li")
    lines = "合唱队\t演出\t2026-11-24\t1\n" * 9 + "合唱团\t演出\t2026-11-24\t1\n"
    path = paste(li, lines)
    seen = []
    for _step in range(3):
        page = li.get(path).text
        seen.append(re.findall(r'<progress class="house-meter" value="(\d+)" max="10"', page))
        assert li.post(f"{path}/step", {}).status_code == 303
    assert seen == [["0"], ["4"], ["8"]]
    page = li.get(path).text
    assert "1 line must be mended first" in page
    mend(li, path, **{"c-10-0": "合唱队"})
    step = li.client.post(
        f"/{li.slug}{path}/step", data={"csrf_token": li.csrf_token()}, headers={"HX-Request": "true"}
    )
    assert step.status_code == 200
    assert 'value="4" max="10"' in step.text
    assert "<html" not in step.text
    li.post(f"{path}/step", {})
    last = li.client.post(
        f"/{li.slug}{path}/step", data={"csrf_token": li.csrf_token()}, headers={"HX-Request": "true"}
    )
    assert last.headers["HX-Redirect"].endswith(path)
    assert record(li, path, once_more="y").status_code == 303
    assert len(recorded()) == 10


def test_a_number_twice_is_told_also_far_apart(browser_of: BrowserOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "AT_ONCE", 2)
    li = browser_of("li")
    path = paste(li, "编号\t团队\t类别\t日期\n" + "".join(f"{ref}\t合唱队\t演出\t2026-11-24\n" for ref in "abca"))
    for _step in range(2):
        li.post(f"{path}/step", {})
    assert "The number a stands in row 2 already." in li.get(path).text


def test_what_was_begun_is_offered_again_until_a_day_is_over(
    browser_of: BrowserOf, database: Database, house: House, cast: Cast
) -> None:
    li = browser_of("li")
    path = paste(li, GOOD)
    assert path in li.get(PAGE).text
    assert path not in browser_of("sun").get(PAGE).text
    with unit(database, write=True):
        enter_slug(house, cast.slug)
        assert drafts.sweep() == 0
        draft = session.scalars(select(SheetDraft)).one()
        draft.made_at -= drafts.KEEP * 1.01
        session.flush()
        assert drafts.sweep() == 1
    assert li.get(path).status_code == 404
