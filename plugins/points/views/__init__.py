"""Pages of points: award, contributions, accounts and their statements, the rules."""

from __future__ import annotations

from plugins.points.views import (
    accounts,
    award,
    award_sheet,
    contributions,
    copies,
    corrections,
    figures,
    gifts,
    past,
    policy,
    posting,
    rulebook,
    statements,
)
from plugins.points.views.base import pages

__all__ = [
    "accounts",
    "award",
    "award_sheet",
    "contributions",
    "copies",
    "corrections",
    "figures",
    "gifts",
    "pages",
    "past",
    "policy",
    "posting",
    "rulebook",
    "statements",
]
