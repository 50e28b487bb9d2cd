"""The blueprint of points' pages, and what several of them need."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("points", __name__, template_folder="../templates")
LINES = 50  # of a list on one page
MOVEMENTS = 20  # of a statement or of contributions on one page: a telephone shows each as a block
MOST_GROUPS = 200  # a community has eight; beyond this the page would be no page
