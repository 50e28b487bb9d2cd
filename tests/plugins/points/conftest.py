"""What the tests of points begin with, unless they say otherwise; and a scene for those of rules and policy."""

import pytest
from sqlalchemy import delete

from core.db import Database, session
from core.notices.models import Outbox
from core.plugins import House
from tests.kit import Cast
from tests.plugins.points.kit import a_policy, a_rule, an_act
from tests.plugins.points.rules_kit import Scene


@pytest.fixture
def ready(inside: Cast) -> Cast:
    """Points count at once, one an act."""
    a_policy()
    a_rule()
    return inside


@pytest.fixture
def rich(ready: Cast) -> Cast:
    """The choir has 20 points, usable until the end of the 365th day after today."""
    an_act(ready.choir, 20)
    return ready


@pytest.fixture
def scene(database: Database, house: House, cast: Cast) -> Scene:
    found = Scene(database, house, cast)

    def fill() -> None:
        a_rule("song", points=10, monthly_cap=60)
        session.execute(delete(Outbox))  # what leaders were told of it

    found.do(fill)
    return found
