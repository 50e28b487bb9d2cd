"""REST of communities."""

from __future__ import annotations

from flask import Blueprint

api = Blueprint("communities_api", __name__)
