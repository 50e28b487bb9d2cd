"""The life of a third party's plugin: run by test_wheel.py in an environment that has `tea` installed."""

import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select

from app import create_app
from core import clock
from core.accounts import passwords
from core.communities import switching
from core.communities.models import Community
from core.config import Config
from core.contract import Contribution
from core.db import migrate, session, unit
from core.hookspecs import Happened
from core.plugin_faults import PluginFault
from core.plugins import enter
from core.web.request import linli_of
from plugins.points.models import Contribution as Recorded
from tests import kit
from tests.kit import BrowserOf, ProgramOf

STEPS: list[Callable[["Story"], None]] = []


def step(tell: Callable[["Story"], None]) -> Callable[["Story"], None]:
    STEPS.append(tell)
    return tell


class Story:
    """An installation with the bundled plugins, `tea`, and `broken`, which cannot be imported."""

    def __init__(self, url: str) -> None:
        clock.start_at(kit.NOW, frozen=True)
        passwords.use_cheap_hashes()
        self.app = create_app(Config(env="testing", secret_key="testing", database_url=url))
        self.linli = linli_of(self.app)
        self.database, self.house = self.linli.database, self.linli.house
        kit.prepare(self.database, self.house)
        self.cast = kit.find_cast(self.database)
        self.li = BrowserOf(self.app, self.cast)("li")
        self.program = ProgramOf(self.app, self.cast)("li")

    def count(self, model: Any) -> int:
        with unit(self.database, write=False):
            enter(self.house, session.scalars(select(Community).where(Community.slug == kit.SLUG)).one())
            return session.scalar(select(func.count()).select_from(model)) or 0


@step
def it_is_found_beside_the_bundled_ones_and_the_broken_one_is_set_aside(story: Story) -> None:
    assert {"booking", "points", "tea"} <= story.house.by_name.keys()
    assert story.house.by_name["tea"].version == "1.2"
    assert not story.house.by_name["tea"].strict
    assert [aside.name for aside in story.house.quarantined] == ["broken"]
    page = story.li.get("/plugins").text
    assert "broken" in page
    assert "made for a core of long ago" in page


@step
def its_tables_are_made_by_its_own_history(story: Story) -> None:
    tea = story.house.by_name["tea"]
    assert migrate.pending(story.database, story.house.installed) == []
    assert migrate.check(story.database, tea) == []
    assert migrate.ownerless(story.house.installed) == []


@step
def its_page_speaks_both_languages_and_stands_in_the_menu(story: Story) -> None:
    page = story.li.get("/tea/")
    assert page.status_code == 200
    assert "Cups of tea" in page.text
    assert f"/{kit.SLUG}/tea/" in story.li.get("/").text
    story.li.locale = "zh-CN"
    assert "茶几杯" in story.li.get("/tea/").text
    story.li.locale = "en"


@step
def its_resource_acts_and_is_in_the_document(story: Story) -> None:
    made = story.program.post("/tea/cups", {"holder_id": str(story.cast.choir.id), "cups": 3})
    assert made.status_code == 201, made.text
    assert "合唱队: 3" in story.li.get("/tea/").text
    refused = story.program.post("/tea/cups", {"holder_id": str(story.cast.choir.id), "cups": 0})
    assert refused.status_code == 422
    document = story.app.test_client().get("/api/v1/openapi.json").get_json()
    assert any(path.endswith("/tea/cups") for path in document["paths"])


def tell_of_a_contribution(story: Story, key: str) -> None:
    """As a plugin would that counts volunteers' hours; points awards it."""
    with unit(story.database, write=True):
        kit.enter_slug(story.house, kit.SLUG).relay.tell(
            Happened.contribution_recorded,
            contribution=Contribution(
                key=key,
                source="test",
                category="performance",
                holder=story.cast.choir,
                occurred_on=kit.NOW.date(),
                acts=1,
                by=kit.SYSTEM,
            ),
        )
    assert story.count(Recorded) == {"first": 1, "second": 2}[key]


@step
def its_listener_that_fails_is_undone_and_the_act_goes_on(story: Story) -> None:
    tell_of_a_contribution(story, "first")
    assert story.count(PluginFault) == 1
    assert "合唱队: 3" in story.li.get("/tea/").text  # the cup it poured before it failed is gone
    assert "the kettle is empty" in story.li.get("/plugins").text


@step
def switched_off_it_is_silent_and_keeps_its_data(story: Story) -> None:
    switch(story, "disable")
    assert story.li.get("/tea/").status_code == 404
    assert story.program.post("/tea/cups", {"holder_id": str(story.cast.choir.id), "cups": 1}).status_code == 404
    assert f"/{kit.SLUG}/tea/" not in story.li.get("/").text
    tell_of_a_contribution(story, "second")
    assert story.count(PluginFault) == 1


@step
def switched_on_again_it_is_as_before(story: Story) -> None:
    switch(story, "enable")
    assert "合唱队: 3" in story.li.get("/tea/").text


def switch(story: Story, how: str) -> None:
    with unit(story.database, write=True), story.app.app_context():
        kit.enter_slug(story.house, kit.SLUG)
        {"enable": switching.enable, "disable": switching.disable}[how]("tea", by=kit.SYSTEM)


if __name__ == "__main__":
    the_story = Story(sys.argv[1])
    for told in STEPS:
        told(the_story)
        print(told.__name__)  # noqa: T201 - the test reads it
