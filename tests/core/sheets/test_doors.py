"""Sending sheets by page and by REST: what is wrong is shown by cell, in the reader's language; twice changes nothing."""

import io
from typing import Any

import pytest
from openpyxl.reader.excel import load_workbook
from werkzeug.test import TestResponse

from tests.core.sheets.build import RESIDENTS, csv_of, xlsx
from tests.kit import Browser, BrowserOf, Client, ProgramOf

GOOD = xlsx(RESIDENTS, ("1", "张三"), ("2", "李四"))
BAD = xlsx(RESIDENTS, ("1", "张三", "x"), ("2", None))


def page(browser: Browser, content: bytes | None, act: str = "import", kind: str = "residents") -> TestResponse:
    data: dict[str, Any] = {"act": act}
    if content is not None:
        data["file"] = (io.BytesIO(content), "名册.xlsx")
    return browser.post(f"/import/{kind}", data, content_type="multipart/form-data")


def rest(
    program: Client, content: bytes | None, query: str = "", kind: str = "residents", **headers: str
) -> TestResponse:
    data = {} if content is None else {"file": (io.BytesIO(content), "名册.xlsx")}
    return program.client.post(
        f"/api/v1/{program.slug}/imports/{kind}{query}",
        data=data,
        headers={"Authorization": f"Bearer {program.token}", "Accept-Language": "en", **headers},
        content_type="multipart/form-data",
    )


def test_the_page_checks_without_writing_then_imports_once(browser_of: BrowserOf) -> None:
    li = browser_of("li")
    checked = page(li, GOOD, "check")
    assert checked.status_code == 200
    assert "Nothing is wrong: 2 rows, 2 of them new, 0 known already." in checked.text
    assert "张三" not in li.get("/residents").text
    assert page(li, GOOD).status_code == 303
    assert "Imported: 2 new rows, 0 known already." in li.get("/import/residents").text
    assert page(li, GOOD).status_code == 303
    assert "Imported: 0 new rows, 2 known already." in li.get("/import/residents").text
    assert li.get("/residents").text.count("张三") == 1


@pytest.mark.parametrize("act", ["check", "import"])
def test_the_page_names_the_cell_and_what_is_wrong(browser_of: BrowserOf, act: str) -> None:
    answer = page(browser_of("li", locale="zh-CN"), BAD, act)
    assert answer.status_code == 422
    assert "C2" in answer.text
    assert "B3" in answer.text
    english = page(browser_of("li"), BAD, act).text
    assert "A telephone number has 3 to 20 digits" in english
    assert "2 things are wrong" in english


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "Choose a file."),
        (b"PK no", "This file cannot be read as a sheet."),
        (b"\xd0\xcf\x11\xe0", "This is an old Excel file"),
        (b"", "There is nothing in this sheet."),
        (csv_of(RESIDENTS, *[("1", "a")] * 10_020), "More than 10000 rows."),
    ],
)
def test_a_file_that_is_no_sheet_gets_a_sentence_at_both_doors(
    browser_of: BrowserOf, program_of: ProgramOf, content: bytes | None, sentence: str
) -> None:
    answer = page(browser_of("li"), content)
    assert answer.status_code == 422
    assert sentence in answer.text
    problem = rest(program_of("li"), content)
    assert problem.status_code == 422
    if content is not None:
        assert sentence in problem.get_json()["detail"]


def test_rest_judges_imports_and_knows_rows_again(program_of: ProgramOf) -> None:
    li = program_of("li")
    assert rest(li, GOOD, "?dry_run=1").get_json() == {"rows": 2, "created": 2, "unchanged": 0, "faults": []}
    first = rest(li, GOOD)
    assert (first.status_code, first.get_json()["created"]) == (200, 2)
    assert rest(li, GOOD).get_json() == {"rows": 2, "created": 0, "unchanged": 2, "faults": []}


def test_rest_answers_faults_by_cell(program_of: ProgramOf) -> None:
    faults = [
        {
            "row": 2,
            "column": "telephone",
            "cell": "C2",
            "text": "A telephone number has 3 to 20 digits, perhaps with a + before them, "
            "and blanks, - or brackets between them.",
        },
        {"row": 3, "column": "name", "cell": "B3", "text": "Fill this in."},
    ]
    dry = rest(program_of("li"), BAD, "?dry_run=1")
    assert (dry.status_code, dry.get_json()) == (200, {"rows": 2, "created": 0, "unchanged": 0, "faults": faults})
    refused = rest(program_of("li"), BAD)
    body = refused.get_json()
    assert (refused.status_code, refused.content_type) == (422, "application/problem+json")
    assert (body["code"], body["rows"], body["created"], body["faults"]) == ("sheet_faults", 2, 0, faults)
    assert body["detail"] == "Nothing was imported: the sheet has 2 faults. Mend them and send it again."


def test_a_column_that_stands_there_twice_is_called_as_its_reader_calls_it(program_of: ProgramOf) -> None:
    twice = xlsx(("ref", "姓名", "序号"), ("1", "张三", "2"))
    for language, sentence in (("zh-CN", "“编号”一列出现了两次"), ("en", "The column “No.” stands there twice.")):
        answer = rest(program_of("li"), twice, "?dry_run=1", **{"Accept-Language": language})
        (fault,) = answer.get_json()["faults"]
        assert fault["cell"] == "C1"
        assert fault["text"].startswith(sentence)


def test_a_key_sent_again_gets_the_first_answer(program_of: ProgramOf) -> None:
    li = program_of("li")
    first = rest(li, GOOD, **{"Idempotency-Key": "k"})
    again = rest(li, GOOD, **{"Idempotency-Key": "k"})
    assert again.get_json() == first.get_json()
    assert again.headers["Idempotent-Replay"] == "true"
    assert rest(li, BAD, **{"Idempotency-Key": "k"}).status_code == 409


def test_doors_are_open_to_staff_alone(browser_of: BrowserOf, program_of: ProgramOf) -> None:
    assert page(browser_of("zhang"), GOOD).status_code == 403
    assert rest(program_of("zhang"), GOOD).status_code == 403
    assert browser_of("zhang").get("/import").status_code == 403
    assert page(browser_of("wang", slug="xincheng"), GOOD).status_code == 303
    assert rest(program_of("wang", slug="xincheng"), GOOD).status_code == 404
    assert rest(program_of("sun"), GOOD).status_code == 200


def test_what_is_no_kind_of_sheet_is_not_found(browser_of: BrowserOf, program_of: ProgramOf) -> None:
    assert browser_of("li").get("/import/rooms").status_code == 404
    assert page(browser_of("li"), GOOD, kind="rooms").status_code == 404
    assert rest(program_of("li"), GOOD, kind="rooms").status_code == 404


def test_a_page_that_was_open_too_long_imports_nothing(browser_of: BrowserOf) -> None:
    li = browser_of("li")
    answer = li.post(
        "/import/residents",
        {"csrf_token": "x", "file": (io.BytesIO(GOOD), "a.xlsx"), "act": "import"},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 400
    assert "张三" not in li.get("/residents").text


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@pytest.mark.parametrize("kind", ["residents", "groups", "contributions"])
def test_a_template_filled_in_is_understood_in_either_language(
    browser_of: BrowserOf, program_of: ProgramOf, locale: str, kind: str
) -> None:
    answer = browser_of("li", locale=locale).get(f"/import/{kind}/template.xlsx")
    assert answer.status_code == 200
    book = load_workbook(io.BytesIO(answer.data))
    sheet = book.worksheets[0]
    header = [cell.value for cell in sheet[1]]
    found = rest(program_of("li"), answer.data, "?dry_run=1", kind).get_json()
    assert found == {"rows": 0, "created": 0, "unchanged": 0, "faults": []}
    assert len(header) == len(set(header)) >= 4
    assert len(sheet.data_validations.dataValidation) == {"residents": 0, "groups": 2, "contributions": 2}[kind]


def test_the_template_offers_groups_and_categories_that_are_there(browser_of: BrowserOf) -> None:
    answer = browser_of("li", locale="zh-CN").get("/points/award/sheet/template.xlsx")
    assert answer.status_code == 200
    assert "template" not in answer.headers["Content-Disposition"]
    book = load_workbook(io.BytesIO(answer.data))
    sheet = book.worksheets[0]
    offered = {}
    for rule in sheet.data_validations.dataValidation:
        name, _mark, place = rule.formula1.partition("!")
        cells = book[name][place.replace("$", "")]
        (reach,) = rule.sqref.ranges
        head = sheet.cell(row=1, column=reach.min_col).value
        offered[head] = ([cell.value for (cell,) in cells], bool(rule.showErrorMessage))
        assert reach.max_row >= 10_000
    assert offered["团队或居民"] == (["合唱队", "民乐团"], False)  # residents may be typed
    names, only = offered["类别"]
    assert {"演出", "志愿服务时长"} <= set(names)
    assert only
    assert book["lists"].sheet_state == "hidden"
    needed = {row[0]: row[1] for row in book.worksheets[1].iter_rows(values_only=True)}
    assert (needed["编号"], needed["类别"]) == (None, "是")  # the page gives numbers itself
    assert browser_of("zhang").get("/points/award/sheet/template.xlsx").status_code == 403
