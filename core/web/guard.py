"""`requires(permission)`: the guard on a page. REST says it in `operation(needs=…)`; rules check again for the holder."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import redirect, request, url_for

from core.accounts import access
from core.errors import Forbidden
from core.web.request import actor, some_unit

V = TypeVar("V", bound=Callable[..., Any])


def requires(permission: str | None) -> Callable[[V], V]:
    """Show the page only to those with the permission; None: to everyone signed in. Others are led to sign in, or refused."""

    def guard(view: V) -> V:
        @wraps(view)
        def guarded(*args: Any, **values: Any) -> Any:
            who = actor()
            if who is access.NOBODY:
                return redirect(url_for("accounts.sign_in", next=_back()), code=302)
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


def _back() -> str:
    return request.full_path.rstrip("?") if request.method == "GET" else request.path
