"""Fixtures of booking: a house of booking and a points plugin of the test's own, and an app made of them."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import pytest
from flask import Flask

from app import create_app
from core.config import Config
from core.db import Database, connect, unit
from core.plugins import House
from core.web.request import linli_of
from plugins.booking.models import Room
from plugins.booking.plugin import BookingPlugin
from tests import kit
from tests.kit import Cast
from tests.plugins.booking.kit import FakePoints, a_room

FAKE = FakePoints()


@lru_cache(maxsize=1)
def the_booking_app() -> Flask:
    """An app of booking and the test's points."""
    config = Config(env="testing", secret_key="testing")
    return create_app(config, database=connect("sqlite://"), plugins=[FAKE, BookingPlugin()])


@pytest.fixture
def points() -> FakePoints:
    """The test's points plugin, with nothing in its book."""
    FAKE.empty()
    return FAKE


@pytest.fixture
def booking_house(points: FakePoints) -> House:
    """Booking and the test's points."""
    return linli_of(the_booking_app()).house


@pytest.fixture
def within(database: Database, booking_house: House, cast: Cast) -> Iterator[Cast]:
    """A unit that writes, in the community of the cast, with booking and the test's points."""
    with unit(database, write=True) as work:
        kit.enter_slug(booking_house, cast.slug)
        yield cast
        work.commit = False


@pytest.fixture
def hall(within: Cast) -> Room:
    """The rehearsal hall, open from 8 to 22 o'clock."""
    return a_room()


@pytest.fixture
def booking_app(database: Database, points: FakePoints) -> Flask:
    """The app of booking and the test's points, on the test's database."""
    found = the_booking_app()
    found.extensions["linli"] = replace(linli_of(found), database=database)
    return found


@pytest.fixture
def browse(booking_app: Flask, cast: Cast) -> kit.BrowserOf:
    """`browse("zhang")`: a browser."""
    return kit.BrowserOf(booking_app, cast)


@pytest.fixture
def call(booking_app: Flask, cast: Cast) -> kit.ProgramOf:
    """`call("zhang")`: a program."""
    return kit.ProgramOf(booking_app, cast)
