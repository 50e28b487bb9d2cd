"""Making a community: its short name, its centre, its plugins."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from core.audit.models import Entry
from core.communities import creation, queries
from core.communities.models import Community
from core.communities.requests import CommunityRequest
from core.contract import HolderKind
from core.db import Database, session, unit
from core.discovery import build
from core.errors import Invalid, NotFound
from core.people.models import Holder
from core.plugins import House, here
from core.web.request import linli_of
from tests.core.communities.chain import ChoirPlugin
from tests.core.web.toy import ToyPlugin
from tests.kit import Cast, ProgramOf

NEW: dict[str, Any] = {"slug": "dongcheng", "name": "东城社区"}


@pytest.fixture
def chained() -> House:
    """A house in which one requires the other."""
    return build([ChoirPlugin(), ToyPlugin()], sentences={}, permissions=())


def test_a_community_has_a_centre_and_all_plugins_in_order(database: Database, chained: House) -> None:
    with unit(database, write=True):
        made = creation.create(chained, CommunityRequest(**NEW, phone="0931-000 0000"))
        assert (made.slug, made.name, made.zone.key) == ("dongcheng", "东城社区", "Asia/Shanghai")
        assert made.phone == "0931-000 0000"
        assert made.enabled == ("achoir", "toy")
        assert session.scalars(select(Holder.kind)).all() == [HolderKind.CENTRE]
        acts = session.execute(select(Entry.act, Entry.subject).order_by(Entry.id)).all()
        assert [tuple(act) for act in acts] == [
            ("core.community_created", "东城社区"),
            ("core.plugin_enabled", "toy"),
            ("core.plugin_enabled", "achoir"),
        ]


def test_what_a_plugin_requires_comes_with_it(database: Database, chained: House) -> None:
    with unit(database, write=True):
        assert creation.create(chained, CommunityRequest(**NEW, plugins=("achoir",))).enabled == ("achoir", "toy")


def test_none_is_none(database: Database, chained: House) -> None:
    with unit(database, write=True):
        assert creation.create(chained, CommunityRequest(**NEW, plugins=())).enabled == ()
        assert here().slug == "dongcheng"


def test_a_plugin_that_is_not_installed_is_not_found_and_nothing_is_made(database: Database, chained: House) -> None:
    request = CommunityRequest(**NEW, plugins=("nosuch",))
    with pytest.raises(NotFound), unit(database, write=True):
        creation.create(chained, request)
    with unit(database, write=False):
        assert session.scalars(select(func.count(Community.id)).where(Community.slug == "dongcheng")).one() == 0


def test_a_slug_is_taken_once(database: Database, chained: House) -> None:
    request = CommunityRequest(slug="xincheng", name="又一个")
    with pytest.raises(creation.SlugTaken), unit(database, write=True):
        creation.create(chained, request)


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        *(({"slug": slug}, "slug", "slug_reserved") for slug in ("api", "static", "verify", "ical", "health")),
        *(
            ({"slug": slug}, "slug", "slug_letters")
            for slug in ("Ab", "1a", "-a", "a-", "a", "a_b", "东城", "a/b", "a.b")
        ),
        ({"slug": ""}, "slug", "required"),
        ({"slug": "a" * 32}, "slug", "too_long_text"),
        ({"name": " "}, "name", "required"),
        ({"name": "名" * 61}, "name", "too_long_text"),
        ({"zone": "Mars/Olympus"}, "zone", "not_a_zone"),
        ({"zone": "../../etc/passwd"}, "zone", "not_a_zone"),
        ({"zone": ""}, "zone", "not_a_zone"),
        ({"phone": "call us"}, "phone", "not_a_phone"),
        ({"phone": "1" * 31}, "phone", "too_long_text"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        CommunityRequest(**NEW | wrong)
    assert [fault.code for fault in refusal.value.errors[field]] == [code]


def test_the_first_page_leads_to_the_only_community_or_lists_them(app: Flask, database: Database) -> None:
    client = app.test_client()
    page = client.get("/")
    assert page.status_code == 200
    assert "新城区社区" in page.text
    assert "滨河社区" in page.text
    assert linli_of(app).database is database


def test_health_says_ok_and_needs_nothing(app: Flask) -> None:
    answer = app.test_client().get("/health")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_health_says_so_when_the_database_does_not_answer(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "alive", lambda: False)
    assert app.test_client().get("/health").status_code == 503


def test_a_program_learns_which_community_this_is(program_of: ProgramOf, cast: Cast) -> None:
    assert program_of("chen").get("/community").get_json() == {
        "slug": "xincheng",
        "name": "新城区社区",
        "zone": "Asia/Shanghai",
        "centre_id": str(cast.centre.id),
    }
    assert program_of(None).get("/community").status_code == 401
