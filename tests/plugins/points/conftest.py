"""A scene for tests of rules and policy."""

import pytest
from sqlalchemy import delete

from core.db import Database, session
from core.notices.models import Outbox
from core.plugins import House
from tests.kit import Cast
from tests.plugins.points.kit import a_rule
from tests.plugins.points.rules_kit import Scene


@pytest.fixture
def scene(database: Database, house: House, cast: Cast) -> Scene:
    found = Scene(database, house, cast)

    def fill() -> None:
        a_rule("song", points=10, monthly_cap=60)
        session.execute(delete(Outbox))  # what leaders were told of it

    found.do(fill)
    return found
