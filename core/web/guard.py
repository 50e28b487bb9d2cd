"""`requires(permission)`: the guard on a page. REST says it in `operation(needs=…)`; rules check again for the holder."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from core.accounts import access
from core.errors import Forbidden, Unauthorized
from core.web.request import actor, own_path, some_unit
from core.web.transactions import READS

V = TypeVar("V", bound=Callable[..., Any])


def requires(permission: str | None) -> Callable[[V], V]:
    """Show the page only to those with the permission; None: to everyone signed in. Others are led to sign in, or refused."""

    def guard(view: V) -> V:
        @wraps(view)
        def guarded(*args: Any, **values: Any) -> Any:
            who = actor()
            if who is access.NOBODY:
                return lead_to_sign_in()
            with some_unit():
                if permission is not None and access.reach(who, permission) is None:
                    raise Forbidden(permission=permission)
            return view(*args, **values)

        guarded.permission = permission  # type: ignore[attr-defined]  # a test walks the routes and looks for it
        return guarded  # type: ignore[return-value]

    return guard


def public(view: V) -> V:
    """Mark a page that anyone may see without signing in."""
    view.permission = ""  # type: ignore[attr-defined]
    return view


def lead_to_sign_in() -> ResponseReturnValue:
    """To the page to sign in, and from there back; who sent a form is told that it was not taken.

    Raises:
        Unauthorized: a piece of a page was asked for, where no page may stand; the page stays as it is.
    """
    if request.headers.get("HX-Request"):
        raise Unauthorized
    if request.method in READS:
        return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")), code=302)
    flash(_("You have been signed out, and what you sent was not kept. Sign in and send it again."), "warning")
    return redirect(url_for("accounts.sign_in", next=_sent_from()), code=303)


def _sent_from() -> str | None:
    """The page on which the form stood, if there is such a page: some addresses only take forms."""
    came = urlsplit(request.referrer or "")
    own = came.path if came.netloc == request.host else ""
    for path in filter(None, (own, request.path)):
        try:
            current_app.url_map.bind_to_environ(request.environ).match(path, method="GET")
        except HTTPException:
            continue
        return own_path(f"{path}?{came.query}" if path == own and came.query else path)
    return None
