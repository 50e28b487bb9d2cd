"""REST of communities: who this is, and its plugins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint

from core.communities import queries, switching
from core.communities.schemas import CommunityOut, PluginOut, SwitchIn
from core.web.api import operation
from core.web.request import actor

api = Blueprint("communities_api", __name__)


@api.get("/community")
@operation(gives=CommunityOut)
def community() -> queries.CommunityView:
    """This community, and the id of its centre."""
    return queries.community()


@api.get("/plugins")
@operation(needs="core.plugins", gives=PluginOut, lists=True)
def plugins() -> Sequence[queries.PluginView]:
    """The installed plugins, each after those it requires."""
    return queries.plugins()


@api.put("/plugins/<name>")
@operation(needs="core.plugins", body=SwitchIn, gives=PluginOut)
def switch(name: str, body: Mapping[str, bool]) -> queries.PluginView:
    """Switch a plugin on or off; twice is once.

    409 names what requires it, or what it requires.
    """
    if body["enabled"]:
        switching.enable(name, by=actor())
    else:
        switching.disable(name, by=actor())
    return queries.plugin(name)
