"""Entering residents and changing what is known of them."""

from datetime import date

import pytest
from sqlalchemy import func, select

from core.audit.models import Entry
from core.contract import HolderKind
from core.db import Id, session
from core.errors import Forbidden, Invalid, NotFound
from core.people import centre, queries, residents
from core.people.models import Resident
from core.people.requests import ResidentRequest
from tests.kit import BrowserOf, Cast, ProgramOf, actor_of


def test_a_resident_is_entered_with_initials_and_written_down(inside: Cast) -> None:
    made = residents.create(
        ResidentRequest(name=" 单 淑芬 ", telephone="139-0000 0009", born_on=date(1956, 3, 2)), by=actor_of("sun")
    )
    found = queries.resident(made.id, by=actor_of("li"))
    assert (found.name, found.telephone, found.holder.initials) == ("单 淑芬", "13900000009", "ssf")
    assert queries.holder(made.id).kind is HolderKind.RESIDENT
    entry = session.scalars(select(Entry).where(Entry.subject_id == made.id)).one()
    assert (entry.act, entry.actor, entry.after["born_on"]) == ("core.resident_created", "孙红梅", "1956-03-02")


def test_invisible_marks_do_not_stay_in_a_name(inside: Cast) -> None:
    made = residents.create(ResidentRequest(name="\u202e王\x00小明\u200f 😀"), by=actor_of("li"))
    assert made.name == "王小明 😀"


def test_the_same_change_again_changes_nothing_and_is_not_written_down(inside: Cast) -> None:
    request = ResidentRequest(name="陈玉兰", telephone="13900000007")
    chen = inside.chen.resident_id
    assert chen is not None
    for _time in range(2):
        residents.edit(chen, request, by=actor_of("li"))
    written = select(func.count()).select_from(Entry).where(Entry.act == "core.resident_changed")
    assert session.scalar(written) == 1


def test_only_staff_may_enter_and_change(inside: Cast) -> None:
    chen = inside.chen.resident_id
    assert chen is not None
    with pytest.raises(Forbidden):
        residents.create(ResidentRequest(name="a"), by=actor_of("zhang"))
    with pytest.raises(Forbidden):
        residents.edit(chen, ResidentRequest(name="a"), by=actor_of("zhang"))


def test_nobody_is_born_tomorrow(inside: Cast) -> None:
    with pytest.raises(Invalid) as refusal:
        ResidentRequest(name="甲", born_on=date(2026, 11, 27))
    assert [fault.code for fault in refusal.value.errors["born_on"]] == ["born_in_the_future"]


def test_p3_a_resident_of_another_community_is_not_found(inside: Cast) -> None:
    wang = inside.wang.resident_id
    assert wang is not None
    with pytest.raises(NotFound):
        queries.resident(wang, by=actor_of("li"))
    with pytest.raises(NotFound):
        residents.edit(wang, ResidentRequest(name="a"), by=actor_of("li"))


def test_there_is_one_centre(inside: Cast) -> None:
    assert queries.centre_holder() == inside.centre
    with pytest.raises(Exception, match="wrong_state"):
        centre.create()


# --- through the doors ---------------------------------------------------------------------------------------------


def test_pages_enter_show_and_change_a_resident(browser_of: BrowserOf) -> None:
    li = browser_of("li")
    made = li.post(
        "/residents/new", {"name": "马秀英", "telephone": "13900000055", "born_on": "1950-01-02", "_key": "k"}
    )
    again = li.post(
        "/residents/new", {"name": "马秀英", "telephone": "13900000055", "born_on": "1950-01-02", "_key": "k"}
    )
    assert made.status_code == again.status_code == 303
    assert made.location == again.location  # sent twice, entered once
    page = li.get(made.location.removeprefix("/xincheng")).text
    assert "马秀英" in page
    assert "13900000055" in page
    changed = li.post(f"{made.location.removeprefix('/xincheng')}/edit", {"name": "马秀芳"})
    assert changed.status_code == 303
    assert "马秀芳" in li.get("/residents?q=mxf").text


def test_a_refused_form_keeps_what_was_typed(browser_of: BrowserOf) -> None:
    answer = browser_of("li").post("/residents/new", {"name": "马秀英", "telephone": "call me"})
    assert answer.status_code == 422
    assert "A telephone number has 3 to 20 digits" in answer.text
    assert 'value="call me"' in answer.text


def test_residents_see_themselves_and_no_one_else(browser_of: BrowserOf, program_of: ProgramOf, cast: Cast) -> None:
    zhang = browser_of("zhang")
    assert zhang.get(f"/residents/{cast.zhang.resident_id}").status_code == 200
    assert zhang.get(f"/residents/{cast.chen.resident_id}").status_code == 403
    assert zhang.get("/residents/new").status_code == 403
    items = program_of("zhang").get("/residents").json["items"]  # type: ignore[index]  # JSON
    assert [item["id"] for item in items] == [str(cast.zhang.resident_id)]


def test_rest_enters_reads_and_changes_a_resident(program_of: ProgramOf, cast: Cast) -> None:
    li = program_of("li")
    made = li.post("/residents", {"name": "马秀英", "born_on": "1950-01-02"})
    assert made.status_code == 201
    body = made.get_json()
    assert body == {"id": body["id"], "name": "马秀英", "telephone": "", "born_on": "1950-01-02"}
    assert li.put(f"/residents/{body['id']}", {**body, "telephone": "110"}).get_json()["telephone"] == "110"
    assert li.get(f"/residents/{body['id']}").get_json()["telephone"] == "110"
    assert program_of("wang").get(f"/residents/{body['id']}").status_code == 404
    assert program_of("zhang").post("/residents", {"name": "x"}).status_code == 403
    assert li.get("/residents/none").status_code == 404


def test_on_behalf_both_names_are_kept(program_of: ProgramOf, cast: Cast, inside: Cast) -> None:
    made = program_of("sun").post("/residents", {"name": "新人", "on_behalf_of": str(cast.chen.resident_id)})
    entry = session.scalars(select(Entry).where(Entry.subject_id == Id(made.get_json()["id"]))).one()
    assert (entry.actor, entry.on_behalf_name) == ("孙红梅", "陈玉兰")
    assert session.scalar(select(func.count()).select_from(Resident).where(Resident.id == entry.subject_id)) == 1
