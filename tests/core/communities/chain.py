"""Two plugins of which one requires the other, for tests of switching."""

from dataclasses import replace
from functools import cache

from flask import Flask
from sqlalchemy import select

from app import create_app
from core.communities.models import Community
from core.config import Config
from core.contract import Contribution
from core.db import Database, connect, session, unit
from core.hookspecs import Happened
from core.plugins import Plugin, Quarantined, implements
from core.web.request import Linli, linli_of


class ChoirPlugin(Plugin):
    """It requires the toy, and comes before it in the alphabet."""

    name, label, summary = "achoir", "Choir", "Sings."
    requires = ("toy",)

    @implements(Happened.contribution_recorded)
    def contribution_recorded(self, contribution: Contribution) -> None:
        """Fails whatever it hears."""
        raise RuntimeError(f"cannot sing of {contribution.key}")


@cache
def _made(plugins: tuple[type[Plugin], ...]) -> tuple[Flask, Linli]:
    """Made once for each order of plugins: assembling takes a while."""
    config = Config(env="testing", secret_key="testing")
    app = create_app(config, database=connect("sqlite://"), plugins=[plugin() for plugin in plugins])
    return app, linli_of(app)


def an_app(database: Database, *plugins: type[Plugin]) -> Flask:
    """One process: an app of its own, which found the plugins in this order."""
    app, linli = _made(plugins)
    app.extensions["linli"] = replace(linli, database=database)
    return app


def set_aside(app: Flask, name: str, error: str) -> None:
    """As if a plugin could not have been imported."""
    found = linli_of(app)
    house = replace(found.house, quarantined=(Quarantined(name, error),))
    app.extensions["linli"] = replace(found, house=house)


def use(database: Database, *names: str) -> None:
    """The communities use these plugins, whatever was before."""
    with unit(database, write=True):
        for community in session.scalars(select(Community)):
            community.plugins = list(names)
