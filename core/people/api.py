"""REST of people."""

from __future__ import annotations

from flask import Blueprint

api = Blueprint("people_api", __name__)
