"""Pages: the list of communities, a community's home, its plugins."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from core.communities import queries
from core.web.guard import public, requires
from core.web.pieces import home_cards

front = Blueprint("front", __name__)
pages = Blueprint("home", __name__)


@front.get("/")
@public
def index() -> ResponseReturnValue:
    """The only community, or all of them by name."""
    communities = queries.communities()
    if len(communities) == 1:
        return redirect(url_for("home.home", community=communities[0].slug))
    return render_template("index.html", communities=communities)


@pages.get("/")
@requires(None)
def home() -> ResponseReturnValue:
    """What there is to do and to see now."""
    return render_template("home.html", cards=home_cards())
