"""Pages of audit."""

from __future__ import annotations

from flask import Blueprint

pages = Blueprint("audit", __name__)
