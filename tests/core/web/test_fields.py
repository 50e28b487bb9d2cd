"""What programs send, field by field: days that people could mean, moments, yes or no; and every message in both languages."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, g
from marshmallow import Schema, ValidationError, fields

from core.explanations import explain
from core.web.api import Day, DayOrMoment, IdField, Moment, Truth
from core.web.fields import UNKNOWN_ID
from core.web.words import say
from tests import kit
from tests.kit import Cast, ProgramOf

AN_EVENING = datetime(2026, 3, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize("kind", [Day, DayOrMoment])
@pytest.mark.parametrize("day", ["1900-01-01", "2026-03-05", "2200-01-01"])
def test_a_day_that_people_could_mean_is_read(kind: type[Day | DayOrMoment], day: str) -> None:
    assert kind().deserialize(day) == date.fromisoformat(day)


@pytest.mark.parametrize("kind", [Day, DayOrMoment])
@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2200-01-02", "9999-12-31"])
def test_a_day_that_nobody_could_mean_is_refused(kind: type[Day | DayOrMoment], day: str) -> None:
    with pytest.raises(ValidationError, match="impossible_day"):
        kind().deserialize(day)


@pytest.mark.parametrize("kind", [Moment, DayOrMoment])
@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00", "2200-01-02T00:00Z"]
)
def test_a_moment_that_nobody_could_mean_is_refused(kind: type[Moment | DayOrMoment], moment: str) -> None:
    with pytest.raises(ValidationError, match="impossible_day"):
        kind().deserialize(moment)


@pytest.mark.parametrize("kind", [Moment, DayOrMoment])
@pytest.mark.parametrize(
    "text", ["2026-03-05T17:00:00+08:00", "2026-03-05T17:00:00 08:00", "2026-03-05T17:00 0800", "2026-03-05T09:00:00Z"]
)
def test_the_plus_of_an_offset_need_not_be_escaped_in_an_address(kind: type[Moment | DayOrMoment], text: str) -> None:
    found = kind().deserialize(text)
    assert (found, found.utcoffset() in {timedelta(0), timedelta(hours=8)}) == (AN_EVENING, True)


@pytest.mark.parametrize("text", ["2026-03-05 08:00", "2026-03-05T17:00:00", "2026-03-05T17:00:00  08:00", "now", ""])
def test_no_other_blank_makes_a_moment(text: str) -> None:
    with pytest.raises(ValidationError):
        Moment().deserialize(text)


@pytest.mark.parametrize("value", [0, 1, 0.0, 1.0, "true", "no", "", [], None])
def test_only_true_and_false_are_yes_or_no(value: Any) -> None:
    for given in True, False:
        assert Truth().deserialize(given) is given
    with pytest.raises(ValidationError):
        Truth().deserialize(value)


# --- at the doors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/audit?{}", ["from", "to"]),
        ("/points/accounts/{choir}/statement?{}", ["from", "to"]),
        ("/points/contributions?{}", ["from", "to"]),
        ("/points/policy?{}", ["on"]),
        ("/booking/timetable?{}", ["from", "to"]),
        ("/booking/reservations?{}", ["from", "to"]),
        ("/booking/policy?{}", ["on"]),
    ],
)
def test_a_day_that_nobody_could_mean_is_a_fault_of_its_field(
    program_of: ProgramOf, cast: Cast, path: str, names: list[str], day: str
) -> None:
    for name in names:
        answer = program_of("li").get(path.replace("{choir}", str(cast.choir.id)).format(f"{name}={day}"))
        assert answer.status_code == 422
        assert answer.get_json()["errors"] == {name: ["This day cannot be meant."]}


@pytest.mark.parametrize("until", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_hold_until_a_moment_that_nobody_could_mean_is_a_fault_of_its_field(
    program_of: ProgramOf, cast: Cast, until: str
) -> None:
    wish = {"holder_id": str(cast.choir.id), "points": 1, "reason": "flowers", "expires_at": until}
    answer = program_of("li").post("/points/holds", wish)
    assert (answer.status_code, answer.get_json()["errors"]) == (422, {"expires_at": ["This day cannot be meant."]})


def test_a_number_switches_nothing(program_of: ProgramOf) -> None:
    program = program_of("li")
    for enabled in 0, 1, "true", None:
        assert program.put("/plugins/points", {"enabled": enabled}).get_json()["errors"].keys() == {"enabled"}
    figures = program.get("/points/policy").get_json()
    for allowed in 0, 1:
        answer = program.put("/points/policy", figures | {"allow_debt": allowed})
        assert answer.get_json()["errors"] == {"allow_debt": ["This must be true or false."]}
    assert program.get("/points/policy").get_json() == figures


def test_every_list_takes_a_limit_and_a_cursor(app: Flask, program_of: ProgramOf, cast: Cast) -> None:
    program = program_of("li")
    known = {"holder_id": str(cast.choir.id), "group_id": str(cast.choir.id), "room_id": _room(program)}
    known["contribution_id"] = _contribution(program, cast)
    paths = [
        rule.rule.partition("/<community>")[2]
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and getattr(_marks(app, rule.endpoint), "lists", False)
    ]
    assert len(paths) >= 12
    for path in paths:
        address = re.sub(r"<id:(\w+)>", lambda found: known[found[1]], path)
        assert program.get(f"{address}?limit=1").status_code == 200, path
        for asked, name in ("limit=201", "limit"), ("cursor=no%20place", "cursor"), ("colour=red", "colour"):
            answer = program.get(f"{address}?{asked}")
            assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [name]), path


def _room(program: Any) -> str:
    room = program.post("/booking/rooms", {"name": "201", "capacity": 20}).get_json()
    return str(room["id"])


def _contribution(program: Any, cast: Cast) -> str:
    act = {"holder_id": str(cast.choir.id), "category": "performance", "occurred_on": kit.NOW.date().isoformat()}
    return str(program.post("/points/contributions", act).get_json()["id"])


def _marks(app: Flask, endpoint: str) -> Any:
    return getattr(app.view_functions[endpoint], "operation", None)


# --- messages ------------------------------------------------------------------------------------------------------

ONLY_WRITTEN = {"format"}  # of a field that is answered


def _fields(found: fields.Field[Any]) -> Iterator[fields.Field[Any]]:
    yield found
    if isinstance(found, fields.List):
        yield from _fields(found.inner)
    if isinstance(found, fields.Nested):
        yield from _fields_of(found.schema)


def _fields_of(schema: Schema) -> Iterator[fields.Field[Any]]:
    for found in schema.fields.values():
        if not found.dump_only:
            yield from _fields(found)


def _messages(app: Flask) -> set[str]:
    """What reading may say, of every schema that is read."""
    found: set[str] = set()
    for endpoint in app.view_functions:
        marks = _marks(app, endpoint)
        for schema in filter(None, (marks.body, marks.query, marks.files) if marks else ()):
            found |= set(schema().error_messages.values())
            for field in _fields_of(schema()):
                assert not any(type(rule).__module__ == "marshmallow.validate" for rule in field.validators), field
                kind = {"obj_type": getattr(field, "OBJ_TYPE", ""), "awareness": "aware", "choices": "a, b"}
                for code, message in field.error_messages.items():
                    never = isinstance(field, fields.Date) and code == "invalid_awareness"
                    if code not in ONLY_WRITTEN and not never:
                        found.add(str(message).format_map(kind))
    return found


def test_every_message_of_every_schema_has_words_in_both_languages(app: Flask) -> None:
    messages = _messages(app) - {UNKNOWN_ID}
    assert "Must be one of: a, b." in messages
    for locale in "en", "zh-Hans":
        with app.test_request_context():
            g.locale_code = locale
            for message in sorted(messages):
                said = say(explain("unreadable_field", message=message))
                assert not said.startswith(("This cannot be right:", "Must be", "Not a valid")), message
                assert locale == "en" or re.search("[\u4e00-\u9fff]", said), (message, said)


def test_a_wrong_choice_is_said_in_the_readers_language(program_of: ProgramOf) -> None:
    program = program_of("li")
    for path, name in ("/points/contributions?state=no", "state"), ("/points/accounts?kind=no", "kind"):
        [said] = program.get(path, Accept_Language="zh-CN").get_json()["errors"][name]
        assert said.startswith("请选择其中之一"), said


def test_an_id_that_is_none_is_still_not_found() -> None:
    with pytest.raises(ValidationError, match=UNKNOWN_ID):
        IdField().deserialize("x")
