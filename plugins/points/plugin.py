"""Who points is, and where to look."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from core.plugins import Plugin


class PointsPlugin(Plugin):
    """Points."""

    name, label = "points", _l("Points")
    summary = _l("Points.")


plugin = PointsPlugin()
