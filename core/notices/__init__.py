"""Notices: what leaves the house, through the outbox."""
