"""Pages of booking: the timetable, reservations, rooms, and the pieces for other pages."""

from __future__ import annotations

from plugins.booking.views import reservations, rooms, timetable, usage
from plugins.booking.views.base import pages

__all__ = ["pages", "reservations", "rooms", "timetable", "usage"]
