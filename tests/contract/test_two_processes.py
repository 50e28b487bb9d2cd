"""Two processes of one installation, their plugins found in opposite order, agree at the next request on what is on."""

import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from app import create_app
from core.config import Config
from core.db import Database
from core.web.request import linli_of
from tests import kit

PROJECT = Path(__file__).parents[2]
SWITCH = """
import sys
from app import create_app
from core.communities import switching
from core.config import Config
from core.db import connect, unit
from core.web.request import linli_of
from tests import kit
plugins = linli_of(kit.the_app()).house.installed[::-1]
app = create_app(Config(env="testing", secret_key="testing"), database=connect(sys.argv[1]), plugins=plugins)
with app.app_context(), unit(linli_of(app).database, write=True):
    kit.enter_slug(linli_of(app).house, kit.SLUG)
    {"on": switching.enable, "off": switching.disable}[sys.argv[2]]("points", by=kit.SYSTEM)
"""


def status(app: Flask, path: str) -> int:
    return kit.BrowserOf(app, kit.find_cast(linli_of(app).database))("li").get(path).status_code


@pytest.mark.race
@pytest.mark.slow
def test_switched_off_in_one_process_is_off_in_the_other_at_its_next_request(real_database: Database) -> None:
    assert isinstance(real_database.writer, Engine)
    url = real_database.writer.url.render_as_string(hide_password=False)
    app = create_app(
        Config(env="testing", secret_key="testing"),
        database=real_database,
        plugins=linli_of(kit.the_app()).house.installed,
    )
    for how, expected in (("off", 404), ("on", 200)):
        before = status(app, "/points/award")  # fills every cache of this process
        assert before != expected
        done = subprocess.run([sys.executable, "-c", SWITCH, url, how], cwd=PROJECT, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert status(app, "/points/award") == expected
