"""Every POST of a page carries a token of this browser's session. A stale one changes nothing and loses nothing typed."""

from __future__ import annotations

from flask import Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_wtf.csrf import generate_csrf, validate_csrf
from werkzeug.exceptions import default_exceptions
from wtforms import ValidationError

from core.accounts import access
from core.web.guard import lead_to_sign_in
from core.web.request import Stale, actor, hold_back, is_api
from core.web.transactions import READS


def check() -> ResponseReturnValue | None:
    """Before a view: remember what is wrong with the token; the form says so, and the unit keeps nothing.

    Whoever was signed out meanwhile cannot send that form again, however fresh: they are led to sign in.
    """
    if request.method in READS or is_api():
        return None
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        if _needs_account() and actor() is access.NOBODY:
            return lead_to_sign_in()
        shown = gettext(
            "This page was open for too long or came from elsewhere. Everything is still here: send it again."
        )
        lost = gettext(
            "The page was open for too long or came from elsewhere. Nothing was done: go back, load it again and repeat it."
        )
        hold_back(Stale(400, shown, lost))
    return None


def _needs_account() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "permission", "") != ""  # what `requires` and `public` left there


def refuse_success(response: Response) -> Response:
    """A view that did not look at its form must not say it did something."""
    stale: Stale | None = g.get("stale")
    if stale and response.status_code < 400:
        return current_app.make_response(current_app.handle_user_exception(default_exceptions[stale.status]()))
    return response


def init(app: Flask) -> None:
    """Hang this on the app."""
    app.before_request(check)
    app.after_request(refuse_success)
    app.jinja_env.globals["csrf_token"] = generate_csrf
