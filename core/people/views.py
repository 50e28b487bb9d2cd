"""Pages of people."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("people", __name__)


@pages.get("/search")
def search() -> str:
    """Search."""
    return "search"
