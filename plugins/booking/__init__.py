"""Booking: rooms, opening hours, reservations."""
