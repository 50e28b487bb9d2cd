"""Pages of points: award, contributions, accounts and their statements, the rules."""

from __future__ import annotations

from plugins.points.views import accounts, award, contributions, copies, rulebook, statements
from plugins.points.views.base import pages

__all__ = ["accounts", "award", "contributions", "copies", "pages", "rulebook", "statements"]
