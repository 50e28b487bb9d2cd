"""The whole house, lived in, for whoever walks through its pages."""

from collections.abc import Iterator

import pytest
from flask import Flask

from core.web.request import linli_of
from tests.contract.test_subsets import BUNDLED, an_installation


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The whole house with some days lived through."""
    app = an_installation(tmp_path_factory.mktemp("lived"), BUNDLED)
    yield app
    linli_of(app).database.close()
