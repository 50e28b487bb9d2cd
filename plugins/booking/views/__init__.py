"""Pages of booking: the timetable, reservations, rooms, and the pieces for other pages."""

from __future__ import annotations

from plugins.booking.views import (
    board,
    door,
    lengths,
    move,
    next_free,
    paper,
    reservations,
    rooms,
    series,
    timetable,
    usage,
    why,
)
from plugins.booking.views.base import pages

__all__ = [
    "board",
    "door",
    "lengths",
    "move",
    "next_free",
    "pages",
    "paper",
    "reservations",
    "rooms",
    "series",
    "timetable",
    "usage",
    "why",
]
