"""An app with one plugin made of doors only, switched on in both communities of the cast."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import create_app
from core.audit.models import Entry
from core.communities.models import Community
from core.config import Config
from core.db import Database, connect, session, unit
from core.web.request import linli_of
from tests import kit
from tests.core.web.toy import Doors, ToyPlugin
from tests.kit import BrowserOf, Cast, ProgramOf


@lru_cache(maxsize=1)
def a_toy_app() -> Flask:
    """One for the whole run."""
    config = Config(env="testing", secret_key="testing")
    return create_app(config, database=connect("sqlite://"), plugins=[ToyPlugin()])


def on(database: Database) -> Flask:
    """The app on a database, the toy switched on."""
    app = a_toy_app()
    app.extensions["linli"] = replace(linli_of(app), database=database)
    with unit(database, write=True):
        for community in session.scalars(select(Community)):
            community.plugins = ["toy"]
    return app


@pytest.fixture
def toy_app(database: Database) -> Iterator[Flask]:
    """The app on the test's database."""
    yield on(database)
    Doors.hook = staticmethod(lambda: None)


@pytest.fixture
def toy_browser(toy_app: Flask, cast: Cast) -> BrowserOf:
    """Browsers of that app."""
    return BrowserOf(toy_app, cast)


@pytest.fixture
def toy_program(toy_app: Flask, cast: Cast) -> ProgramOf:
    """Programs that ask that app."""
    return ProgramOf(toy_app, cast)


@pytest.fixture
def acted(toy_app: Flask) -> Callable[[], int]:
    """How often the toy acted and it was kept."""
    return lambda: count_acts(toy_app)


def count_acts(app: Flask) -> int:
    """How many entries of the toy there are in the community of the cast."""
    with unit(linli_of(app).database, write=False):
        kit.enter_slug(linli_of(app).house, kit.SLUG)
        return session.scalars(select(func.count(Entry.id)).where(Entry.act == "toy.note")).one()
