"""Page: who poured how much."""

from __future__ import annotations

from flask import Blueprint, render_template

from core.web.guard import requires

from . import pouring

pages = Blueprint("tea", __name__, template_folder="templates")


@pages.get("/")
@requires("tea.pour")
def cups() -> str:
    """Everybody's cups."""
    return render_template("tea/cups.html", poured=pouring.poured())
