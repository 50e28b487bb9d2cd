"""One table of bad input for each act, through both doors: the same sentence, nothing written, everything typed still there."""

import html

import pytest
from sqlalchemy import func, select

from core.db import session
from core.people.models import Holder, Membership
from tests.kit import BrowserOf, Cast, ProgramOf

RESIDENT = {"name": "马秀英", "telephone": "13900000055", "born_on": "1950-01-02"}
GROUP = {"name": "书法社", "kind": "calligraphy"}
MEMBER = {"role": "member"}
TELEPHONE = (
    "A telephone number has 3 to 20 digits, perhaps with a + before them, and blanks, - or brackets between them."
)

BAD = [
    ("/residents", RESIDENT, "name", " ", "Fill this in."),
    ("/residents", RESIDENT, "name", "\u200f\x00", "Fill this in."),
    ("/residents", RESIDENT, "name", "马" * 61, "At most 60 characters; this has 61."),
    ("/residents", RESIDENT, "name", "马" * 1_000_000, "At most 60 characters; this has 1000000."),
    *[
        ("/residents", RESIDENT, "telephone", written, TELEPHONE)
        for written in ("one two three", "12", "0001-01-01", "2026-3-2", "139#0000", "1" * 21, "0931+1234567")
    ],
    ("/residents", RESIDENT, "born_on", "2026-11-27", "Nobody is born after today. Look at the year."),
    ("/residents", RESIDENT, "born_on", "1066-10-14", "This day cannot be meant."),
    ("/residents", RESIDENT, "born_on", "1950-02-30", "This must be a day like 2026-03-02."),
    ("/groups", GROUP, "name", "", "Fill this in."),
    ("/groups", GROUP, "name", "合唱队", "There is a group called 合唱队 already. Give this one another name."),
    ("/groups", GROUP, "kind", "Two Words", "The kind is one of the list, or a word of small letters a to z."),
    ("/groups/{choir}/members", MEMBER, "role", "boss", "Choose one of: leader, member."),
    (
        "/groups/{choir}/members",
        MEMBER,
        "to",
        "2026-11-25",
        "The last day comes before the first. Change one of the two.",
    ),
]
FORM_NAMES = {"to": "to_day", "resident_id": "resident"}


@pytest.mark.parametrize(("path", "good", "field", "value", "sentence"), BAD)
def test_bad_input_gets_the_same_sentence_at_both_doors(
    inside: Cast,
    browser_of: BrowserOf,
    program_of: ProgramOf,
    path: str,
    good: dict[str, str],
    field: str,
    value: str,
    sentence: str,
) -> None:
    sent = {**good, field: value}
    if "members" in path:
        path = path.format(choir=inside.choir.id)
        sent["resident_id"] = str(inside.zhao.resident_id)
    before = _count()
    answer = program_of("li").post(path, sent)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid")
    assert sentence in answer.get_json()["errors"][field]
    page = browser_of("li").post(f"{path}/new", {FORM_NAMES.get(name, name): text for name, text in sent.items()})
    assert page.status_code == 422
    assert sentence in html.unescape(page.text)
    assert _count() == before


def _count() -> tuple[int | None, int | None]:
    return (
        session.scalar(select(func.count()).select_from(Holder)),
        session.scalar(select(func.count()).select_from(Membership)),
    )


def test_unknown_fields_are_refused_by_name(program_of: ProgramOf) -> None:
    answer = program_of("li").post("/residents", {**RESIDENT, "household_id": "1"})
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == ["household_id"]


def test_wrong_methods_and_no_token(program_of: ProgramOf, browser_of: BrowserOf) -> None:
    assert program_of("li").call("PATCH", "/residents").status_code == 405
    assert program_of(None, slug="xincheng").get("/residents").status_code == 401
    assert browser_of(None).get("/residents").status_code == 302
    assert browser_of("wang", slug="xincheng").get("/residents").status_code == 302
