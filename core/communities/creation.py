"""A community is made by the installation's operator: its row, its centre, its plugins."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from core.accounts import access
from core.audit.record import record
from core.communities import switching
from core.communities.models import Community
from core.communities.requests import CommunityRequest
from core.db import savepoint, session
from core.errors import DomainError, NotFound
from core.people import centre
from core.plugins import Here, House, enter, here


class SlugTaken(DomainError):
    """There is a community of this slug. Facts: slug."""

    code, status = "slug_taken", 409


def create(house: House, request: CommunityRequest) -> Here:
    """Make a community, in a unit that has entered none; answers it, entered.

    What the plugins asked for require is switched on with them, in the order of `requires`.

    Raises:
        SlugTaken: another has the slug; its key decides, not a look beforehand.
        NotFound: a plugin asked for is not installed.
        OffersClash: two of the plugins do the same.
    """
    names = _with_required(house, request.plugins if request.plugins is not None else tuple(house.by_name))
    community = Community(slug=request.slug, name=request.name, zone=request.zone, phone=request.phone)
    try:
        with savepoint():
            session.add(community)
    except IntegrityError as error:
        raise SlugTaken(slug=request.slug) from error
    found = enter(house, community)
    by = access.system()
    centre.create()
    record("core.community_created", by=by, subject=found.name)
    for plugin in house.installed:
        if plugin.name in names:
            switching.enable(plugin.name, by=by)
    return here()


def _with_required(house: House, names: tuple[str, ...]) -> set[str]:
    wanted, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in house.by_name:
            raise NotFound(what="plugin", id=name)
        if name not in wanted:
            wanted.add(name)
            waiting += house.by_name[name].requires
    return wanted
