"""The blueprint of points' pages, and what several of them need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from flask import Blueprint, url_for
from flask_babel import gettext as _

from core.accounts import access
from core.communities import policy
from core.contract import HoldPage
from core.db import Id
from core.errors import NotFound
from core.hookspecs import Adds
from core.plugins import here
from core.web.periods import between
from core.web.request import actor
from plugins.points.models import State
from plugins.points.policy import PointsPolicy

pages = Blueprint("points", __name__, template_folder="../templates")
LINES = 50  # of a list on one page
MOVEMENTS = 20  # of a statement or of contributions on one page: a telephone shows each as a block
MOST_GROUPS = 200  # a community has eight; beyond this the page would be no page


def check_open(switch: str) -> None:
    """Whether strangers may read this page: `switch` names what the policy says of it. Who has signed in always may.

    Raises:
        NotFound: it is switched off, and a stranger asks.
    """
    if actor() is access.NOBODY and not getattr(policy.at(PointsPolicy, here().today()), switch):
        raise NotFound(what="page")


def hold_pages(hold_ids: Sequence[Id]) -> Mapping[Id, str]:
    """Where whoever asks can look at what holds pay for, as far as another plugin says so."""
    if not hold_ids:
        return {}
    found = here().relay.gather(Adds.hold_pages, lambda page: page, hold_ids=hold_ids, actor=actor())
    return {one.hold_id: one.url for one in found if isinstance(one, HoldPage)}


@pages.app_template_global()
def points_behind(holder_id: Id, window_days: int, category: str | None = None) -> str:
    """The contributions that the standing of a holder sums up today; of a `category` where one is said."""
    today = here().today()
    window = between(today - timedelta(days=window_days - 1), today)
    return url_for("points.contributions", holder=holder_id, state=State.CREDITED.value, category=category, **window)


@pages.app_template_global()
def points_tabs(active: str) -> list[dict[str, object]]:
    """The pages of points that whoever asks may open; `active` is the name of one."""
    by, figures = actor(), policy.at(PointsPolicy, here().today())
    reach, stranger = access.reach(by, "points.read"), by is access.NOBODY
    offered = (
        ("overview", _("Who has what"), ".overview", reach is not None),
        ("contributions", _("Contributions"), ".contributions", reach is not None),
        ("posting", _("Posted in public"), ".posting", figures.public_posting or not stranger),
        ("ranking", _("Ranking"), ".ranking", figures.public_ranking or not stranger),
        ("rules", _("Rules"), ".rulebook", figures.public_rules or not stranger),
        ("figures", _("Figures"), ".show_figures", reach == "all"),
    )
    return [
        {"label": label, "url": url_for(f"points{endpoint}"), "active": name == active}
        for name, label, endpoint, may_open in offered
        if may_open
    ]
