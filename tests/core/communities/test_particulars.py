"""The community's own particulars: changed by its manager, shown on every page, kept in the audit."""

import re
from html import unescape

import pytest
from sqlalchemy import select

from core.audit.models import Entry
from core.communities import particulars
from core.communities.requests import LONGEST_NAME, ParticularsRequest
from core.db import session
from core.errors import Forbidden
from core.plugins import here
from tests.kit import SLUG, BrowserOf, Cast, ProgramOf, actor_of

PATH = "/settings/community"
NEW = {"name": "新城社区", "phone": "+86 931-111 2222"}


def test_a_manager_changes_them_and_every_page_shows_them_at_once(browser_of: BrowserOf, program_of: ProgramOf) -> None:
    li = browser_of("li")
    page = li.get(PATH).text
    assert 'value="新城区社区"' in page
    assert 'value="0931-000 0000"' in page
    answer = li.post(PATH, NEW)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/{SLUG}{PATH}")
    for who in "li", "chen", None:
        page = browser_of(who).get("/points/rules").text
        assert "新城社区" in page
        assert "新城区社区" not in page
        assert 'href="tel:+86931-1112222"' in page
    assert program_of("chen").get("/community").get_json()["name"] == "新城社区"
    assert "滨河社区" in browser_of("wang").get("/").text
    li.post(PATH, {"name": "新城社区", "phone": ""})
    assert "tel:" not in browser_of("chen").get("/").text


def test_who_changed_what_is_in_the_audit_once(inside: Cast) -> None:
    for _time in range(2):
        particulars.change(ParticularsRequest(**NEW), by=actor_of("li"))
    entry = session.scalars(select(Entry).where(Entry.act == "core.community_changed")).one()
    assert (entry.actor, entry.before["name"], entry.after) == ("李主任", "新城区社区", NEW)
    assert (here().name, here().phone) == (NEW["name"], NEW["phone"])


def test_only_who_may_gets_the_page_or_changes_anything(browser_of: BrowserOf, inside: Cast) -> None:
    for who in "sun", "zhang":
        assert browser_of(who).get(PATH).status_code == 403
        assert browser_of(who).post(PATH, NEW).status_code == 403
        with pytest.raises(Forbidden):
            particulars.change(ParticularsRequest(**NEW), by=actor_of(who))
    assert "/sign-in" in browser_of("wang", slug=SLUG).post(PATH, NEW).headers["Location"]
    assert here().name == "新城区社区"


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"name": ""}, "name", "Fill this in."),
        ({"name": " \u200b "}, "name", "Fill this in."),
        ({"name": "社" * (LONGEST_NAME + 1)}, "name", f"At most {LONGEST_NAME} characters; this has 61."),
        ({"phone": "call us"}, "phone", "Digits, with spaces or hyphens between"),
        ({"phone": "1" * 31}, "phone", "At most 30 characters; this has 31."),
    ],
)
def test_what_makes_no_sense_is_marked_and_nothing_typed_is_lost(
    browser_of: BrowserOf, typed: dict[str, str], field: str, sentence: str
) -> None:
    page = browser_of("li").post(PATH, NEW | typed)
    assert page.status_code == 422
    marked = re.search(rf'id="{field}-errors">(.*?)</div>', page.text, re.DOTALL)
    assert marked is not None
    assert sentence in unescape(marked[1])
    assert f'value="{(NEW | typed)[field]}"' in page.text
    assert "新城区社区" in browser_of("li").get("/").text
