"""Every POST of a page carries a token of this browser's session. A stale one changes nothing and loses nothing typed."""

from __future__ import annotations

from flask import Flask, Response, current_app, g, request
from flask_babel import gettext
from flask_wtf.csrf import generate_csrf, validate_csrf
from werkzeug.exceptions import BadRequest
from wtforms import ValidationError

from core.db import current
from core.db.work import is_open
from core.web.request import is_api
from core.web.transactions import READS


def check() -> None:
    """Before a view: remember what is wrong with the token; the form says so, and the unit keeps nothing."""
    if request.method in READS or is_api():
        return
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        g.csrf_problem = gettext(
            "This page was open for too long or came from elsewhere. Everything is still here: send it again."
        )
        if is_open():
            current().commit = False


def refuse_success(response: Response) -> Response:
    """A view that did not look at its form must not say it did something."""
    if g.get("csrf_problem") and response.status_code < 400:
        return current_app.make_response(current_app.handle_user_exception(BadRequest(g.csrf_problem)))
    return response


def init(app: Flask) -> None:
    """Hang this on the app."""
    app.before_request(check)
    app.after_request(refuse_success)
    app.jinja_env.globals["csrf_token"] = generate_csrf
