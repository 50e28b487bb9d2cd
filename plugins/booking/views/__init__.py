"""Pages of booking: the timetable, reservations, rooms, and the pieces for other pages."""

from __future__ import annotations

from plugins.booking.views import board, changes, door, paper, reservations, rooms, timetable, usage
from plugins.booking.views.base import pages

__all__ = ["board", "changes", "door", "pages", "paper", "reservations", "rooms", "timetable", "usage"]
