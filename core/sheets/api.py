"""REST of sheets."""

from __future__ import annotations

from flask import Blueprint

api = Blueprint("sheets_api", __name__)
