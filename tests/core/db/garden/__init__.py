"""A history of its own, to be moved forth and back."""
