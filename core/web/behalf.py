"""On behalf of (代办): staff say once for whom they act; the browser keeps it, a banner shows it, the audit keeps both names."""

from __future__ import annotations

from flask import Flask, g
from flask import session as kept

from core.db import Id
from core.errors import Forbidden, NotFound
from core.people import queries
from core.web.request import act_for, is_api, some_unit

_KEPT = "on_behalf_of"


def begin(resident_id: Id) -> str:
    """From here on pages act for a resident, in this browser and community; answers the name.

    Raises:
        Forbidden: only staff act for others.
        NotFound: no such resident lives here.
    """
    act_for(resident_id)
    kept[_KEPT] = [g.slug, str(resident_id)]
    return queries.holder(resident_id).name


def stop() -> None:
    """Act for oneself again."""
    kept.pop(_KEPT, None)


def take_up() -> None:
    """Before a page: act for whom this browser says, if it still may."""
    slug, resident_id = kept.get(_KEPT) or (None, "")
    if is_api() or slug is None or slug != g.get("slug"):
        return
    with some_unit():
        try:
            act_for(Id(resident_id))
            g.acting_for = queries.holder(Id(resident_id)).name
        except (Forbidden, NotFound):
            stop()


def init(app: Flask) -> None:
    """Hang this on the app."""
    app.before_request(take_up)
