"""REST of accounts."""

from __future__ import annotations

from flask import Blueprint

api = Blueprint("accounts_api", __name__)
