"""It needs what nobody has."""

raise RuntimeError("made for a core of long ago")
