"""What pages read of communities."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from core.communities.models import Community
from core.db import session


def communities() -> Sequence[Community]:
    """All of them, by name."""
    return session.scalars(select(Community).order_by(Community.name)).all()
