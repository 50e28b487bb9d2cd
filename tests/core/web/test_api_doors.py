"""The door of programs: what is refused, in which words, and how a key makes an act happen once."""

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate
from werkzeug.exceptions import TooManyRequests
from werkzeug.test import TestResponse

from core import clock
from core.db import Database, unit
from core.web import problems, replay
from core.web.request import linli_of
from tests import kit
from tests.core.web.conftest import count_acts, on
from tests.core.web.test_forms_doors import conflicts
from tests.core.web.toy import Doors
from tests.kit import SLUG, Client, ProgramOf, find_cast

Acted = Callable[[], int]
NOTE = {"note": "亲爱的 choir 🎶"}


def problem(answer: TestResponse) -> dict[str, Any]:
    """The problem, checked for what every one has."""
    assert answer.content_type == "application/problem+json"
    found: dict[str, Any] = json.loads(answer.data)
    assert found["status"] == answer.status_code
    assert found["type"] == f"urn:linli:problem:{found['code']}"
    assert found["title"]
    assert found["detail"]
    return found


def raw(program: Client, data: bytes | str, content_type: str = "application/json", **headers: str) -> TestResponse:
    """A POST of these very bytes."""
    sent = {"Authorization": f"Bearer {program.token}", "Content-Type": content_type, "Accept-Language": "en"} | headers
    return program.client.post(f"/api/v1/{SLUG}/toy/notes", data=data, headers=sent)


def test_an_act_answers_201_with_the_thing(toy_program: ProgramOf, acted: Acted) -> None:
    answer = toy_program("li").post("/toy/notes", NOTE)
    assert (answer.status_code, answer.get_json(), acted()) == (201, NOTE, 1)


def test_an_act_that_answers_nothing_is_204_and_needs_no_body(toy_program: ProgramOf, acted: Acted) -> None:
    program = toy_program("li")
    assert program.call("POST", "/toy/notes/bell").status_code == 204
    assert program.post("/toy/notes/bell", {}).status_code == 204
    assert acted() == 2
    assert problem(program.post("/toy/notes/bell", {"loud": True}))["errors"].keys() == {"loud"}


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", ["{", "", "nonsense", "[" * 100_000, '{"note": NaN', b"\xff\xfe", '{"note": "a"} x'], ids=range(7)
)
def test_400_what_cannot_be_read(toy_program: ProgramOf, acted: Acted, body: Any) -> None:
    answer = raw(toy_program("li"), body)
    if body == "":  # nothing was sent: what is needed is named
        assert problem(answer)["errors"] == {"note": ["This is missing."]}
    else:
        assert (answer.status_code, problem(answer)["code"]) == (400, "bad_request")
    assert acted() == 0


def test_401_without_a_token_or_with_one_that_is_none(toy_program: ProgramOf, acted: Acted) -> None:
    program = toy_program("li")
    for token in None, "", f"{SLUG}.wrong", "nonsense", "no.such", "binhe.wrong", "b\x00.x", f"{program.token}x":
        answer = Client(program.client, SLUG, token).post("/toy/notes", NOTE)
        assert (answer.status_code, problem(answer)["code"]) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert acted() == 0


def test_401_a_browsers_session_is_no_token(toy_app: Flask, toy_program: ProgramOf, acted: Acted) -> None:
    browser = kit.BrowserOf(toy_app, find_cast(linli_of(toy_app).database))("li")
    assert browser.client.post(f"/api/v1/{SLUG}/toy/notes", json=NOTE).status_code == 401
    assert acted() == 0


def test_403_who_may_not(toy_program: ProgramOf, acted: Acted) -> None:
    assert problem(toy_program("sun").post("/toy/notes", NOTE))["code"] == "forbidden"
    assert problem(toy_program("li", scopes=["core.audit"]).post("/toy/notes", NOTE))["code"] == "forbidden"
    assert acted() == 0


@pytest.mark.parametrize("path", ["/toy/no-such", "/nothing", "/toy/notes/no-id"])
def test_404_what_is_not_there(toy_program: ProgramOf, path: str) -> None:
    assert problem(toy_program("li").get(path))["code"] in {"not_found", "method_not_allowed"}


def test_404_a_token_of_another_community(toy_program: ProgramOf, acted: Acted) -> None:
    assert problem(toy_program("wang", slug=SLUG).post("/toy/notes", NOTE))["code"] == "not_found"
    assert problem(toy_program("li", slug="atlantis").post("/toy/notes", NOTE))["code"] == "not_found"
    assert acted() == 0


def test_404_an_id_that_is_none(toy_program: ProgramOf, acted: Acted) -> None:
    assert problem(toy_program("li").post("/toy/notes", NOTE | {"other_id": "no-id"}))["code"] == "not_found"
    assert acted() == 0


def test_405_says_what_the_address_takes(toy_program: ProgramOf) -> None:
    answer = toy_program("li").call("DELETE", "/toy/notes")
    assert problem(answer)["code"] == "method_not_allowed"
    assert "POST" in answer.headers["Allow"]


def test_413_what_is_too_large(toy_program: ProgramOf, acted: Acted) -> None:
    answer = raw(toy_program("li"), b"x" * (16 * 2**20 + 1))
    assert (answer.status_code, problem(answer)["code"]) == (413, "too_large")
    assert acted() == 0


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_415_what_is_no_json(toy_program: ProgramOf, acted: Acted, content_type: str) -> None:
    answer = raw(toy_program("li"), "note=a", content_type)
    assert (answer.status_code, problem(answer)["code"]) == (415, "unsupported_media_type")
    assert acted() == 0


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"colour": "red"}, "colour", "There is no such field; take it out."),
        ({"note": None}, "note", "This may not be empty."),
        ({"note": 5}, "note", "This must be text."),
        ({"note": ""}, "note", "Fill this in."),
        ({"note": "\x00\u202e"}, "note", "Fill this in."),
        ({"note": "\ud83c"}, "note", "Fill this in."),
        ({"note": "x" * 501}, "note", "At most 500 characters; this has 501."),
        ({"number": 1.5}, "number", "This must be a whole number."),
        ({"number": "5"}, "number", "This must be a whole number."),
        ({"at": "2026-11-26T09:00"}, "at", "This must be a moment with its offset, like 2026-03-02T10:00+08:00."),
        ({"at": "soon"}, "at", "This must be a moment with its offset, like 2026-03-02T10:00+08:00."),
    ],
)
def test_422_names_the_field_and_says_what_is_wrong(
    toy_program: ProgramOf, acted: Acted, change: dict[str, Any], field: str, sentence: str
) -> None:
    found = problem(raw(toy_program("li"), json.dumps(NOTE | change)))
    assert (found["status"], found["code"], found["errors"]) == (422, "invalid", {field: [sentence]})
    assert acted() == 0


def test_422_a_note_of_10_mb(toy_program: ProgramOf, acted: Acted) -> None:
    found = problem(toy_program("li").post("/toy/notes", {"note": "x" * 10_000_000}))
    assert found["errors"] == {"note": ["At most 500 characters; this has 10000000."]}
    assert acted() == 0


@pytest.mark.parametrize("body", [[], [NOTE], "text", 5, None, True])
def test_422_a_body_that_is_no_object(toy_program: ProgramOf, body: Any) -> None:
    found = problem(raw(toy_program("li"), json.dumps(body)))
    assert found["code"] == "invalid"


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=many", "colour=red", "limit=5&colour=red"])
def test_422_a_query_that_makes_no_sense(toy_program: ProgramOf, query: str) -> None:
    found = problem(toy_program("li").get(f"/toy/notes?{query}"))
    assert found["errors"].keys() <= {"limit", "colour"}


def test_a_list_that_is_read_whole_is_answered_page_by_page(toy_program: ProgramOf) -> None:
    program, cursor, pages = toy_program("li"), "", 0
    seen: list[str] = []
    while pages < 9:
        page = program.get(f"/toy/notes?limit=2{cursor}").get_json()
        seen, pages = [*seen, *(item["note"] for item in page["items"])], pages + 1
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert (seen, pages) == ([f"note {number}" for number in range(5)], 3)
    assert program.get("/toy/notes").get_json()["next"] is None
    assert len(program.get("/toy/notes?limit=5").get_json()["items"]) == 5
    for cursor in "x", "-1", "²", "9" * 30:
        assert problem(program.get(f"/toy/notes?cursor={cursor}"))["errors"].keys() == {"cursor"}


def test_422_a_query_where_there_is_nothing_to_choose(toy_program: ProgramOf, acted: Acted) -> None:
    program = toy_program("li")
    answers = program.get("/toy/writes?colour=red"), program.post("/toy/notes/bell?limit=5", None)
    assert [problem(answer)["errors"] for answer in answers] == [
        {"colour": ["There is no such field; take it out."]},
        {"limit": ["There is no such field; take it out."]},
    ]
    assert acted() == 0


def test_a_refusal_of_the_rule_carries_its_code_and_facts(toy_program: ProgramOf, acted: Acted) -> None:
    found = problem(toy_program("li").post("/toy/notes", {"note": "refuse"}))
    assert (found["status"], found["code"], found["state"]) == (409, "wrong_state", "refused")
    assert acted() == 0


def test_500_shows_no_trace(toy_program: ProgramOf, acted: Acted) -> None:
    answer = toy_program("li").post("/toy/notes", {"note": "fault"})
    assert problem(answer)["code"] == "fault"
    assert "RuntimeError" not in answer.text
    assert acted() == 0


def test_409_what_the_database_refuses_last(toy_program: ProgramOf, acted: Acted) -> None:
    assert problem(toy_program("li").post("/toy/notes", {"note": "twin"}))["code"] == "conflict"
    assert acted() == 0


def test_a_get_that_writes_is_refused(toy_program: ProgramOf, acted: Acted) -> None:
    assert problem(toy_program("li").get("/toy/writes"))["status"] == 500
    assert acted() == 0


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("zh-CN", "zh-Hans"),
        ("en-GB,en;q=0.9", "en"),
        ("de", "zh-Hans"),
        ("", "zh-Hans"),
        ("en;q=0.1, zh;q=0.9", "zh-Hans"),
    ],
)
def test_sentences_are_in_the_language_that_is_asked_for(toy_program: ProgramOf, asked: str, language: str) -> None:
    answer = toy_program(None).get("/toy/notes", Accept_Language=asked)
    assert problem(answer)["code"] == "unauthorized"
    assert answer.headers["Content-Language"] == language


def test_429_says_when_to_come_back(toy_app: Flask) -> None:
    with toy_app.test_request_context(f"/api/v1/{SLUG}/toy/notes", headers={"Accept-Language": "en"}):
        answer = problems.on_http(TooManyRequests(retry_after=7))
    found = json.loads(answer.data)
    assert (answer.status_code, found["code"], answer.headers["Retry-After"]) == (429, "too_many_requests", "7")
    assert found["detail"] == "That was too often in a short time. Wait a little and try again."


# --- keys ----------------------------------------------------------------------------------------------------------


def test_the_same_key_and_body_answer_the_same_and_act_once(toy_program: ProgramOf, acted: Acted) -> None:
    program = toy_program("li")
    first = program.post("/toy/notes", NOTE | {"name": "a"}, Idempotency_Key="k")
    again = program.post("/toy/notes", {"name": "a"} | NOTE, Idempotency_Key="k")  # fields in another order
    assert "Idempotent-Replay" not in first.headers
    assert again.headers["Idempotent-Replay"] == "true"
    assert (again.status_code, again.data, again.content_type) == (first.status_code, first.data, first.content_type)
    assert acted() == 1


@pytest.mark.parametrize("other", [{"note": "other"}, {"note": "a", "name": "b"}, {"note": "a "}])
def test_the_same_key_with_another_body_is_refused_and_nothing_is_done(
    toy_program: ProgramOf, acted: Acted, other: dict[str, str]
) -> None:
    program = toy_program("li")
    program.post("/toy/notes", {"note": "a"}, Idempotency_Key="k")
    found = problem(program.post("/toy/notes", other, Idempotency_Key="k"))
    assert (found["status"], found["code"]) == (409, "key_reused")
    assert acted() == 1


def test_numbers_are_compared_as_values(toy_program: ProgramOf, acted: Acted) -> None:
    program = toy_program("li")
    raw(program, '{"note": "a", "number": 1}', **{"Idempotency-Key": "k"})
    again = raw(program, '{ "number": 1.0, "note": "\\u0061"}', **{"Idempotency-Key": "k"})
    assert again.headers["Idempotent-Replay"] == "true"
    assert acted() == 1


def test_a_refusal_frees_the_key(toy_program: ProgramOf, acted: Acted) -> None:
    program = toy_program("li")
    for body, status in [({"note": "refuse"}, 409), ({"note": ""}, 422), ({"note": "fault"}, 500), (NOTE, 201)]:
        assert program.post("/toy/notes", body, Idempotency_Key="k").status_code == status
    assert acted() == 1


def test_an_answer_without_a_body_is_answered_again_without_one(toy_program: ProgramOf, acted: Acted) -> None:
    program = toy_program("li")
    answers = [program.post("/toy/notes/bell", Idempotency_Key="k") for _time in range(2)]
    assert [(answer.status_code, answer.data) for answer in answers] == [(204, b"")] * 2
    assert acted() == 1


def test_a_key_belongs_to_one_person_method_and_address(toy_program: ProgramOf, acted: Acted) -> None:
    for user_name in "li", "zhang":
        assert toy_program(user_name).post("/toy/notes", NOTE, Idempotency_Key="k").status_code == 201
    assert toy_program("li").post("/toy/notes/bell", Idempotency_Key="k").status_code == 204
    assert acted() == 3


@pytest.mark.parametrize(("key", "status"), [("k" * 200, 201), ("k" * 201, 422), ("a b", 201), ("", 201)])
def test_a_key_has_a_length(toy_program: ProgramOf, key: str, status: int) -> None:
    assert toy_program("li").post("/toy/notes", NOTE, Idempotency_Key=key).status_code == status


def test_a_key_is_forgotten_after_30_days(toy_app: Flask, toy_program: ProgramOf, acted: Acted) -> None:
    program = toy_program("li")
    program.post("/toy/notes", NOTE, Idempotency_Key="k")
    for days, gone in [(29, 0), (2, 1)]:
        clock.advance(timedelta(days=days))
        with unit(linli_of(toy_app).database, write=True):
            kit.enter_slug(linli_of(toy_app).house, SLUG)
            assert replay.sweep() == gone
    assert program.post("/toy/notes", NOTE, Idempotency_Key="k").status_code == 201
    assert acted() == 2


@pytest.mark.race
def test_twins_in_parallel_act_once_and_both_get_the_answer(real_database: Database) -> None:
    app = on(real_database)
    program_of = ProgramOf(app, find_cast(real_database))
    programs = [program_of("li") for _number in range(6)]
    start, answers = threading.Barrier(6), []
    Doors.hook = staticmethod(lambda: time.sleep(0.05))

    def send(program: Client) -> None:
        start.wait()
        answers.append(program.post("/toy/notes", NOTE, Idempotency_Key="k"))

    threads = [threading.Thread(target=send, args=(program,)) for program in programs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Doors.hook = staticmethod(lambda: None)
    assert {(answer.status_code, answer.data) for answer in answers} == {(201, answers[0].data)}
    assert sum("Idempotent-Replay" in answer.headers for answer in answers) == 5
    assert count_acts(app) == 1


def test_a_conflict_is_tried_again_and_acts_once(toy_program: ProgramOf, acted: Acted) -> None:
    Doors.hook = staticmethod(conflicts(2))
    assert toy_program("li").post("/toy/notes", NOTE, Idempotency_Key="k").status_code == 201
    assert acted() == 1


def test_one_conflict_too_many_says_when_to_come_back(toy_program: ProgramOf, acted: Acted) -> None:
    Doors.hook = staticmethod(conflicts(99))
    answer = toy_program("li").post("/toy/notes", NOTE)
    assert (problem(answer)["code"], answer.headers["Retry-After"], acted()) == ("busy", "1", 0)


# --- the document --------------------------------------------------------------------------------------------------


def test_the_document_is_valid_and_needs_no_token(toy_app: Flask) -> None:
    document = toy_app.test_client().get("/api/v1/openapi.json").get_json()
    validate(document)
    operation = document["paths"]["/api/v1/{community}/toy/notes"]["post"]
    assert operation["security"] == [{"token": ["toy.write"]}]
    assert "Idempotency-Key" in {parameter["name"] for parameter in operation["parameters"]}
    assert operation["responses"].keys() == {"201", "default"}


def test_the_document_of_all_bundled_plugins_is_valid_and_complete() -> None:
    app = kit.the_app()
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    validate(document)
    described = {
        (path, method.upper())
        for path, methods in document["paths"].items()
        for method in methods
        if method != "parameters"
    }
    existing = {
        (rule.rule.replace("<id:", "{").replace("<path:", "{").replace("<", "{").replace(">", "}"), method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/<")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method in existing if "{any(" not in path} <= described
    assert all(operation["summary"] for methods in document["paths"].values() for operation in methods.values())


def test_the_page_shows_every_act_of_all_bundled_plugins(app: Flask) -> None:
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    page = app.test_client().get("/api/v1/").text
    assert page.count("<summary>") == sum(len(methods) for methods in document["paths"].values())


def test_the_document_can_be_read_by_people(toy_app: Flask) -> None:
    page = toy_app.test_client().get("/api/v1/", headers={"Accept-Language": "en"}).text
    assert "/api/v1/{community}/toy/notes" in page
    assert "Write a note." in page
    assert "toy.write" in page
    assert "<code>note</code> string · needed" in page
