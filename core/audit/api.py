"""REST of audit."""

from __future__ import annotations

from flask import Blueprint

api = Blueprint("audit_api", __name__)
