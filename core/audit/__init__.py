"""Audit: who did what, for whom."""
