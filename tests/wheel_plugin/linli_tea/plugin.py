"""Who tea is: everything a third party can bring, and a listener that fails."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from core import clock
from core.contract import Actor, Contribution, NavItem
from core.db import session
from core.explanations import Explanation, explain
from core.hookspecs import Adds, Happened, Keeps
from core.plugins import Permission, Plugin, Sweep, implements

from . import views
from .api import resources
from .models import Cup

MOST = 1000


class TeaPlugin(Plugin):
    """Tea for those who work."""

    name, label = "tea", _l("Tea")
    summary = _l("Who poured how many cups of tea.")
    version = "1.2"
    pages, api = views.pages, resources
    permissions = (
        Permission(name="tea.pour", label=_l("Pour tea"), grants={"manager": "all", "staff": "all", "resident": "own"}),
    )
    sentences = {"tea.too_much": _l("%(cups)d cups were poured: that is too much tea.")}
    sweeps = (Sweep(name="tea.wash", order=55, run=lambda: 0),)

    @implements(Adds.navigation)
    def navigation(self, actor: Actor) -> Sequence[NavItem]:
        return [NavItem(label=str(self.label), endpoint="tea.cups", order=80, icon="cup")]

    @implements(Keeps.invariants)
    def invariants(self) -> Iterable[Explanation]:
        cups = session.scalar(select(func.sum(Cup.cups))) or 0
        if cups > MOST:
            yield explain("tea.too_much", cups=int(cups))

    @implements(Happened.contribution_recorded)
    def contribution_recorded(self, contribution: Contribution) -> None:
        session.add(Cup(holder_id=contribution.holder.id, cups=1, at=clock.now()))
        session.flush()
        raise ValueError("the kettle is empty")


plugin = TeaPlugin()
