"""What came of a sweep."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep did for a community: how many things, or why it failed."""

    community: str
    sweep: str
    things: int = 0
    error: str | None = None
