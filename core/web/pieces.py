"""Pieces of pages from plugins: called and rendered inside one guard, in their order; one that fails says so and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import g, render_template, request, url_for
from flask_login import current_user
from markupsafe import Markup

from core import clock
from core.accounts import access
from core.accounts.signin import is_staff
from core.contract import Holder, NavItem, Piece
from core.db import Id
from core.db.work import is_open
from core.hookspecs import Adds
from core.plugins import Unavailable, here
from core.web.request import actor, some_unit
from core.web.words import locale_code, moment


@dataclass(frozen=True, slots=True)
class Rendered:
    """A piece, ready for the page."""

    html: Markup
    order: int
    aside: bool
    waits: int = 0


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """An entry of the main menu, with its address."""

    label: str
    url: str
    icon: str
    order: int
    active: bool


def _render(piece: Piece) -> Rendered:
    html = Markup(render_template(piece.template, **piece.context))  # noqa: S704 - a template's
    return Rendered(html, piece.order, piece.aside, piece.waits)


def _in_order(found: Iterable[Rendered | Unavailable]) -> list[Rendered]:
    last = 1_000_000
    pieces = [
        Rendered(Markup(render_template("unavailable.html", plugin=item.plugin)), last, aside=False)  # noqa: S704
        if isinstance(item, Unavailable)
        else item
        for item in found
    ]
    return sorted(pieces, key=lambda piece: piece.order)


def home_cards() -> list[Rendered]:
    """The cards of the home page."""
    return _in_order(here().relay.gather(Adds.home_cards, _render, actor=actor()))


def holder_panels(holder: Holder) -> list[Rendered]:
    """What plugins know about a resident or a group."""
    return _in_order(here().relay.gather(Adds.holder_panels, _render, holder=holder, actor=actor()))


UNDER = {"access": "settings", "audit": "settings", "sheets": "settings", "quiet_hours": "settings"}
"""Pages that belong to another blueprint's entry of the menu."""


def _entry(item: NavItem) -> MenuEntry:
    shown = (request.endpoint or "").partition(".")[0]
    active = UNDER.get(shown, shown) == item.endpoint.partition(".")[0]
    return MenuEntry(str(item.label), url_for(item.endpoint), item.icon, item.order, active)


CORE_MENU: list[Callable[[], NavItem | None]] = []
"""The core's own entries: functions that answer None for those who may not use them."""


def navigation() -> list[MenuEntry]:
    """The main menu of who asks; strangers see what plugins show to everybody."""
    if g.get("here") is None:
        return []
    stranger = actor() is access.NOBODY
    if stranger and not is_open():
        return []  # on the page that says why nothing is shown
    with some_unit():
        own = [] if stranger else [_entry(item) for build in CORE_MENU if (item := build()) is not None]
        others = here().relay.gather(Adds.navigation, _entry, actor=actor())
    return sorted([*own, *(entry for entry in others if isinstance(entry, MenuEntry))], key=lambda entry: entry.order)


@dataclass(frozen=True, slots=True)
class Me:
    """Who looks at the page, as templates know it."""

    name: str
    signed_in: bool
    is_staff: bool
    large: bool
    unread: int = 0  # notices


def me() -> Me:
    """Who looks at the page."""
    from_cookie = request.cookies.get("linli_large") == "1"
    if not getattr(current_user, "is_authenticated", False):
        return Me("", signed_in=False, is_staff=False, large=from_cookie)
    who, large = actor(), bool(getattr(current_user, "large", False))
    return Me(who.name, signed_in=True, is_staff=is_staff(who), large=large, unread=getattr(current_user, "unread", 0))


def context() -> dict[str, Any]:
    """What every template has; made once a request, for pieces are rendered too."""
    if "page_context" not in g:
        g.page_context = _page_context()
    made: dict[str, Any] = g.page_context
    return made


def _page_context() -> dict[str, Any]:
    community = g.get("here")
    return {
        "community": community,
        "me": me(),
        "navigation": navigation(),
        "locale": locale_code(),
        "clock_banner": moment(clock.now()) if community and clock.is_moved() else None,
        "may": may,
        "acting_for": g.get("acting_for"),
    }


def may(permission: str, holder_id: Id | None = None) -> bool:
    """Whether who looks at the page may do it; with a holder, for that holder."""
    with some_unit():
        return access.allows(actor(), permission, holder_id)
