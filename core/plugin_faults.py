"""What went wrong in a third party's plugin while the act it heard of went on: shown on the plugins page."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped

from core.db import Tenant


class PluginFault(Tenant):
    """A listener that failed; what it did was undone."""

    __tablename__ = "core_plugin_fault"

    plugin: Mapped[str]
    hook: Mapped[str]
    error: Mapped[str]
    at: Mapped[datetime]
