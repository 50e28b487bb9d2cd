"""Pages: signing in and out, language, large print."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from core.web.guard import public
from core.web.transactions import runs_in

pages = Blueprint("accounts", __name__)


@pages.route("/sign-in", methods=["GET", "POST"])
@public
@runs_in("own")
def sign_in() -> ResponseReturnValue:
    """Sign in with user name and password."""
    return "sign in"


@pages.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """Sign out."""
    return "out"


@pages.post("/large-print")
@public
def large_print() -> ResponseReturnValue:
    """Large print on or off."""
    return "large"


@pages.post("/language")
@public
def language() -> ResponseReturnValue:
    """The language of pages."""
    return "language"
