"""Every POST of a page carries a token of this browser's session. A stale one changes nothing and loses nothing typed."""

from __future__ import annotations

from flask import Flask, Response, current_app, g, request
from flask_babel import gettext
from flask_wtf.csrf import generate_csrf, validate_csrf
from werkzeug.exceptions import default_exceptions
from wtforms import ValidationError

from core.web.request import Stale, hold_back, is_api
from core.web.transactions import READS


def check() -> None:
    """Before a view: remember what is wrong with the token; the form says so, and the unit keeps nothing."""
    if request.method in READS or is_api():
        return
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        sentence = gettext(
            "This page was open for too long or came from elsewhere. Everything is still here: send it again."
        )
        hold_back(Stale(400, sentence))


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
