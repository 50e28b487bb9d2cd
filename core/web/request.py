"""A request on its way in: slug → community → relay → who asks, in which language; and on its way out: the last flush."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, cast

from flask import Flask, Response, current_app, g, request
from flask_login import current_user
from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import BadRequest, NotFound

from core.accounts import access, signin
from core.communities.models import Community
from core.config import Config
from core.contract import Actor
from core.db import Database, Id, ReadOnly, current, session, unit
from core.db.work import is_open
from core.plugins import Here, House, enter, here


@dataclass(frozen=True)
class Linli:
    """What the app holds: `current_app.extensions["linli"]`."""

    config: Config
    database: Database
    house: House


def linli_of(app: Flask) -> Linli:
    """The installation an app serves."""
    return cast("Linli", app.extensions["linli"])


def linli() -> Linli:
    """The installation this app serves."""
    return cast("Linli", current_app.extensions["linli"])


def is_api() -> bool:
    """Whether a program asks: its answers are JSON, its right a bearer token."""
    return request.path.startswith("/api/")


@dataclass(frozen=True)
class Stale:
    """Why a form that was sent must not act. `shown` is said by the form, with everything typed; `lost` where it is not shown."""

    status: int
    shown: str
    lost: str


def hold_back(stale: Stale) -> None:
    """Whatever the view does, nothing is kept."""
    g.stale = stale
    if is_open():
        current().commit = False


def own_path(text: str | None) -> str | None:
    """An address to lead back to, if it is one of the present community's pages; else None."""
    readable = text is not None and text.isprintable() and "\\" not in text
    return text if readable and str(text).startswith(f"/{g.slug}/") else None


# --- the community -------------------------------------------------------------------------------------------------


def take_slug(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Take `community` out of the address and enter it; a view that opens its own units learns here who asks."""
    g.slug = values.pop("community", None) if values else None
    if g.slug is None:
        if endpoint is None and is_open() and not is_api():
            with suppress(NotFound):  # an address that leads nowhere, perhaps in a community: its page says so
                enter_slug(request.path.split("/")[1])
                g.slug = here().slug
        return
    if is_open():
        enter_slug(g.slug)
        _refuse_plugin_off(endpoint)
    else:
        with reading():
            actor()


def give_slug(endpoint: str, values: dict[str, Any]) -> None:
    """Put the present community into addresses made here."""
    slug = g.get("slug")
    known = endpoint in current_app.view_functions
    if (
        slug
        and known
        and "community" not in values
        and current_app.url_map.is_endpoint_expecting(endpoint, "community")
    ):
        values["community"] = slug


_BY_SLUG = select(Community).where(Community.slug == bindparam("slug"))


def enter_slug(slug: str) -> Here:
    """Enter a community by its slug.

    Raises:
        NotFound: there is none.
    """
    readable = slug.isprintable()  # PostgreSQL would not even look for a NUL
    community = session.scalar(_BY_SLUG, {"slug": slug}) if readable else None
    if community is None:
        g.slug = None
        raise NotFound
    g.here = enter(linli().house, community)
    return here()


def _refuse_plugin_off(endpoint: str | None) -> None:
    # Blueprints are named like their plugin, those of REST with `_api` behind.
    blueprint = (endpoint or "").rpartition(".")[0].removesuffix("_api")
    if blueprint in linli().house.by_name and not here().relay.has(blueprint):
        raise NotFound


@contextmanager
def reading() -> Iterator[Here]:
    """In a view that runs in its own units: read in the present community."""
    with unit(linli().database, write=False):
        found = enter_slug(g.slug)
        _refuse_plugin_off(request.endpoint)
        yield found


@contextmanager
def some_unit() -> Iterator[None]:
    """The unit that is open, or else one to read in."""
    if is_open():
        yield
        return
    with reading():
        yield


@contextmanager
def writing() -> Iterator[Here]:
    """In a view that runs in its own units: write in the present community; a normal end keeps it."""
    if g.get("stale"):
        raise BadRequest
    with unit(linli().database, write=True):
        found = enter_slug(g.slug)
        _refuse_plugin_off(request.endpoint)
        yield found


# --- who asks ------------------------------------------------------------------------------------------------------


class Visitor:
    """The account that asks, as Flask-Login and the templates know it."""

    is_active = True
    is_anonymous = False

    def __init__(self, signed_in: signin.SignedIn) -> None:
        self.signed_in_as = signed_in
        self.actor = signed_in.actor
        self.locale = signed_in.locale
        self.large = signed_in.large_print
        self.unread = signed_in.unread

    @property
    def is_authenticated(self) -> bool:
        """Always: who is signed out has no visitor."""
        return True

    def get_id(self) -> str:
        """What the browser's session keeps; a new password makes it void."""
        return self.signed_in_as.session_key


def load_visitor(key: str) -> Visitor | None:
    """The account of a browser's session, if it is one of this community and still good."""
    # Programs show a token each time; a cookie that a browser sends along says nothing to REST.
    if is_api() or not g.get("slug") or not is_open():
        return None
    found = signin.resume(key)
    return Visitor(found) if found else None


def load_program(incoming: Any) -> Visitor | None:
    """The account of a bearer token."""
    if not is_api() or g.get("here") is None:
        return None
    scheme, _space, text = incoming.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    found = signin.by_token(text.strip())
    if found is None:
        _refuse_foreign(text.strip())
    return Visitor(found) if found else None


def _refuse_foreign(token: str) -> None:
    """A good token of another community finds nothing here; what is no token anywhere is nobody's.

    Raises:
        NotFound: it is another community's.
    """
    slug = token.partition(".")[0]
    if slug == g.slug or not slug.isprintable():
        return
    with unit(linli().database, write=False):  # beside the one that is open: a unit serves one community
        other = session.scalar(_BY_SLUG, {"slug": slug})
        if other is None:
            return
        enter(linli().house, other)
        if signin.by_token(token) is not None:
            raise NotFound


def actor() -> Actor:
    """Who asks, and for whom; `access.NOBODY` when nobody has signed in."""
    acting: Actor | None = g.get("acting")
    if acting is not None:
        return acting
    visitor = current_user._get_current_object()  # noqa: SLF001 - once, not at each look through the proxy: pages ask often
    return visitor.actor if isinstance(visitor, Visitor) else access.NOBODY


def act_for(resident_id: Id) -> None:
    """From here on the request acts for a resident; both names are kept.

    Raises:
        Forbidden: only staff act for others.
        NotFound: no such resident lives here.
    """
    with some_unit():
        g.acting = signin.on_behalf(actor(), resident_id)


def account_id() -> Id | None:
    """The account that asks."""
    return actor().account_id


# --- the way out ---------------------------------------------------------------------------------------------------


def undo() -> None:
    """After a statement that failed: give up what the unit did, so that the page that says so can still read."""
    if is_open():
        current().commit = False
        session.rollback()


def last_flush(response: Response) -> Response:
    """Send what is still unsent, so that what the database refuses last is a 409 of ours and not a fault."""
    if not is_open() or response.status_code >= 400:
        return response
    try:
        session.flush()
    except (IntegrityError, ReadOnly) as error:  # somebody else was quicker; a GET that would write
        return current_app.make_response(current_app.handle_user_exception(error))
    return response


def init(app: Flask) -> None:
    """Hang this on the app."""
    app.url_value_preprocessor(take_slug)
    app.url_defaults(give_slug)
