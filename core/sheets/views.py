"""Pages of sheets."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("sheets", __name__)
