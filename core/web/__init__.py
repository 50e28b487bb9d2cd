"""The floor under pages and REST."""
