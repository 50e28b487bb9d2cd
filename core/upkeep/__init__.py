"""Upkeep: the command line, sweeps, check, demo."""
