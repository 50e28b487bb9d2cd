"""Pages of booking: the timetable, reservations, rooms, and the pieces for other pages."""

from __future__ import annotations

from plugins.booking.views import board, lengths, move, reservations, rooms, timetable
from plugins.booking.views.base import pages

__all__ = ["board", "lengths", "move", "pages", "reservations", "rooms", "timetable"]
