"""Pages: the list of communities, a community's home, its settings, its particulars and its plugins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import ServiceUnavailable

from core import clock
from core.accounts.signin import is_staff
from core.communities import particulars, queries, switching
from core.communities.forms import ParticularsForm
from core.contract import NavItem
from core.errors import Forbidden
from core.plugins import here
from core.web.forms import ActForm
from core.web.guard import public, requires
from core.web.pieces import CORE_MENU, home_cards, may
from core.web.request import actor
from core.web.words import at_clock

front = Blueprint("front", __name__)
pages = Blueprint("home", __name__)
settings_pages = Blueprint("settings", __name__)

LATELY = timedelta(days=14)  # plugin faults wait for somebody so long
NIGHT_ENDS, NOON, EVENING = 5, 12, 18  # hours of the day at which people greet differently


@dataclass(frozen=True, slots=True)
class Setting:
    """A page on which something is set: which permission it needs, where it is, and what it is for."""

    needs: str
    endpoint: str
    title: Any  # lazy translated
    purpose: Any
    icon: str


SETTINGS = (
    Setting(
        particulars.EDIT,
        "settings.community",
        _l("The community"),
        _l("Its name and the telephone number of the centre."),
        icon="building-community",
    ),
    Setting(
        "core.plugins",
        "settings.plugins",
        _l("Plugins"),
        _l("Switch on and off what this community uses."),
        icon="puzzle",
    ),
    Setting("core.grants", "access.permissions", _l("Permissions"), _l("Who may do what."), icon="lock"),
    Setting(
        "core.accounts",
        "access.list_accounts",
        _l("Accounts"),
        _l("Who can sign in; new accounts and passwords."),
        icon="users",
    ),
    Setting(
        "core.import",
        "sheets.index",
        _l("Import"),
        _l("Residents, groups and contributions from a sheet."),
        icon="file-import",
    ),
    Setting(
        "core.quiet_hours",
        "quiet_hours.quiet_hours",
        _l("Quiet hours"),
        _l("When no e-mail is sent."),
        icon="moon",
    ),
    Setting("core.audit", "audit.entries", _l("Audit"), _l("Who did what, for whom, and when."), icon="history"),
)


# --- without a community -------------------------------------------------------------------------------------------


@front.get("/")
@public
def index() -> ResponseReturnValue:
    """The only community, or all of them by name."""
    communities = queries.communities()
    if len(communities) == 1:
        return redirect(url_for("home.home", community=communities[0].slug))
    return render_template("index.html", communities=communities)


@front.get("/health")
@public
def health() -> ResponseReturnValue:
    """For whoever watches the installation: `ok`, or 503 when the database does not answer."""
    if not queries.alive():
        raise ServiceUnavailable
    return Response("ok\n", content_type="text/plain; charset=utf-8")


# --- home ----------------------------------------------------------------------------------------------------------


@pages.get("/")
@requires(None)
def home() -> ResponseReturnValue:
    """What there is to do and to see now; what waits for a decision first."""
    found, today, staff = home_cards(), here().today(), is_staff(actor())
    waiting, cards = [one for one in found if one.waits], [one for one in found if not one.waits]
    faults = queries.faults_since(clock.now() - LATELY) if may("core.plugins") else 0
    columns = ([card for card in cards if not card.aside], [card for card in cards if card.aside])
    if not staff or not columns[1]:  # most residents hold a telephone: one column, the most urgent first
        columns = (cards, [])
    return render_template(
        "home.html", greeting=_greeting(), today=today, columns=columns, waiting=waiting, faults=faults
    )


def _greeting() -> str:
    name, hour = actor().name, int(at_clock(clock.now()).partition(":")[0])
    if NIGHT_ENDS <= hour < NOON:
        return _("Good morning, %(name)s", name=name)
    if NOON <= hour < EVENING:
        return _("Good afternoon, %(name)s", name=name)
    return _("Good evening, %(name)s", name=name)


# --- settings ------------------------------------------------------------------------------------------------------


@settings_pages.get("/settings")
@requires(None)
def settings() -> ResponseReturnValue:
    """What this person may set."""
    entries = [setting for setting in SETTINGS if may(setting.needs)]
    if not entries:
        raise Forbidden
    return render_template("communities/settings.html", entries=entries)


@settings_pages.get("/settings/community")
@requires(particulars.EDIT)
def community() -> ResponseReturnValue:
    """The community's name and telephone number, to be changed."""
    return _community_page(ParticularsForm.of_here())


@settings_pages.post("/settings/community")
@requires(particulars.EDIT)
def change_community() -> ResponseReturnValue:
    """Keep them; every page shows them from now on."""
    form = ParticularsForm.of_here()
    if form.submitted():
        with form.refusing():
            particulars.change(form.to_request(), by=actor())
            flash(_("The changes have been kept."), "success")
            return redirect(url_for("settings.community"), code=303)
    return _community_page(form)


def _community_page(form: ParticularsForm) -> ResponseReturnValue:
    return render_template("communities/particulars.html", form=form, zone=here().zone.key), form.status


@settings_pages.get("/plugins")
@requires("core.plugins")
def plugins() -> ResponseReturnValue:
    """The installed plugins, and what is wrong with some."""
    return _plugins_page(ActForm())


@settings_pages.post("/plugins/<name>/<any(on, off):wanted>")
@requires("core.plugins")
def switch(name: str, wanted: str) -> ResponseReturnValue:
    """Switch a plugin on or off."""
    form = ActForm()
    if form.submitted():
        with form.refusing():
            if wanted == "on":
                switching.enable(name, by=actor())
            else:
                switching.disable(name, by=actor())
            label = queries.plugin(name).label
            said = _("%(plugin)s is on.", plugin=label) if wanted == "on" else _("%(plugin)s is off.", plugin=label)
            flash(said, "success")
            return redirect(url_for("settings.plugins"), code=303)
    return _plugins_page(form)


def _plugins_page(form: ActForm) -> ResponseReturnValue:
    page = render_template(
        "communities/plugins.html",
        form=form,
        plugins=queries.plugins(),
        quarantined=[(aside.name, aside.error) for aside in here().house.quarantined],
        faults=queries.plugin_faults(),
    )
    return page, form.status


# --- the menu ------------------------------------------------------------------------------------------------------


def _home_entry() -> NavItem:
    return NavItem(label=_("Home"), endpoint="home.home", order=0, icon="home")


def _settings_entry() -> NavItem | None:
    own = [setting for setting in SETTINGS if setting.endpoint != "sheets.index"]  # staff find it on the people's pages
    if not any(may(setting.needs) for setting in own):
        return None
    return NavItem(label=_("Settings"), endpoint="settings.settings", order=900, icon="settings")


CORE_MENU += [_home_entry, _settings_entry]
