"""Who booking is, and where to look."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from core.plugins import Plugin


class BookingPlugin(Plugin):
    """Booking."""

    name, label = "booking", _l("Booking")
    summary = _l("Booking.")


plugin = BookingPlugin()
