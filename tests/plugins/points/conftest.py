"""What the tests of points begin with, unless they say otherwise."""

import pytest

from tests.kit import Cast
from tests.plugins.points.kit import a_policy, a_rule, an_act


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
