"""Residents, groups, and the floors every plugin stands on. Imports no plugin, ever."""
